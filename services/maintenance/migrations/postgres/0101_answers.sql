-- What sources answered: read records as JSON, raw bytes encrypted and erased by policy.
create table answers (
    tenant_id text not null,
    id uuid not null,
    vin text not null,
    source text not null,
    consent text not null,
    outcome text not null,
    answer jsonb not null,
    raw bytea,
    fetched_at timestamptz not null,
    primary key (tenant_id, id)
);

create index answers_by_vin on answers (tenant_id, vin, source, fetched_at);
create index answers_by_age on answers (fetched_at);
