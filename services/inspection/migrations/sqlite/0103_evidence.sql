create table evidence (
    tenant_id text not null,
    sha256 text not null,
    media_type text not null,
    size integer not null,
    uploaded_by text not null,
    uploaded_at integer not null,
    primary key (tenant_id, sha256)
) strict;

-- which report carries which evidence, stored here or not
create table evidence_uses (
    tenant_id text not null,
    sha256 text not null,
    inspection_id blob not null,
    vin text not null,
    primary key (tenant_id, sha256, inspection_id)
) strict;
