create table anomalies (
    tenant_id text not null,
    id blob not null,
    kind text not null,
    inspection_id blob not null,
    body_id blob not null,
    vin text not null,
    related text not null,
    explanation text not null,
    found_at integer not null,
    primary key (tenant_id, id)
) strict;
create index anomalies_by_inspection on anomalies (tenant_id, inspection_id, kind);
create index anomalies_by_body on anomalies (tenant_id, body_id, id);
create index anomalies_by_vin on anomalies (tenant_id, vin, id);
