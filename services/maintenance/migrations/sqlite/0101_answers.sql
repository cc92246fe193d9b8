-- What sources answered: read records as JSON, raw bytes encrypted and erased by policy.
create table answers (
    tenant_id text not null,
    id blob not null,
    vin text not null,
    source text not null,
    consent text not null,
    outcome text not null,
    answer text not null,
    raw blob,
    fetched_at integer not null,
    primary key (tenant_id, id)
) strict, without rowid;

create index answers_by_vin on answers (tenant_id, vin, source, fetched_at);
create index answers_by_age on answers (fetched_at);
