create table evidence (
    tenant_id text not null,
    sha256 text not null,
    media_type text not null,
    size bigint not null,
    uploaded_by text not null,
    uploaded_at timestamptz not null,
    primary key (tenant_id, sha256)
);

-- which report carries which evidence, stored here or not
create table evidence_uses (
    tenant_id text not null,
    sha256 text not null,
    inspection_id uuid not null,
    vin text not null,
    primary key (tenant_id, sha256, inspection_id)
);
