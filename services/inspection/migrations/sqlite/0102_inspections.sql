create table inspections (
    tenant_id text not null,
    id blob not null,
    body_id blob not null,
    report_number text not null,
    vin text not null,
    -- civil date of the test, ISO 8601
    performed text not null,
    inspector text not null,
    started_at integer,
    odometer_km integer,
    verdict text not null,
    -- SHA-256 of the measured values
    fingerprint text,
    state text not null,
    superseded_by blob,
    reason text not null,
    under_review integer not null,
    version integer not null,
    -- the inspection as stored; the columns that change win over it
    document text not null,
    updated_at integer not null,
    primary key (tenant_id, id),
    unique (tenant_id, body_id, report_number)
) strict;
create index inspections_by_vin on inspections (tenant_id, vin, id);
create index inspections_by_inspector on inspections (tenant_id, body_id, performed, inspector);
create index inspections_by_fingerprint on inspections (tenant_id, fingerprint);
