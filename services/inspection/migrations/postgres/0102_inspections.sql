create table inspections (
    tenant_id text not null,
    id uuid not null,
    body_id uuid not null,
    report_number text not null,
    vin text not null,
    -- civil date of the test, ISO 8601
    performed text not null,
    inspector text not null,
    started_at timestamptz,
    odometer_km bigint,
    verdict text not null,
    -- SHA-256 of the measured values
    fingerprint text,
    state text not null,
    superseded_by uuid,
    reason text not null,
    under_review boolean not null,
    version bigint not null,
    -- the inspection as stored; the columns that change win over it
    document jsonb not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id),
    unique (tenant_id, body_id, report_number)
);
create index inspections_by_vin on inspections (tenant_id, vin, id);
create index inspections_by_inspector on inspections (tenant_id, body_id, performed, inspector);
create index inspections_by_fingerprint on inspections (tenant_id, fingerprint);
