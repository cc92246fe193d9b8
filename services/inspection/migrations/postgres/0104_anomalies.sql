create table anomalies (
    tenant_id text not null,
    id uuid not null,
    kind text not null,
    inspection_id uuid not null,
    body_id uuid not null,
    vin text not null,
    related jsonb not null,
    explanation text not null,
    found_at timestamptz not null,
    primary key (tenant_id, id)
);
create index anomalies_by_inspection on anomalies (tenant_id, inspection_id, kind);
create index anomalies_by_body on anomalies (tenant_id, body_id, id);
create index anomalies_by_vin on anomalies (tenant_id, vin, id);
