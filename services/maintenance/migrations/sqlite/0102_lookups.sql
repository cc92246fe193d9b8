-- Durable lookups: what is asked, where it stands, who works on it under which fence.
create table lookups (
    tenant_id text not null,
    id blob not null,
    vin text not null,
    purpose text not null,
    consent text not null,
    request text not null,
    state text not null,
    outcome text not null,
    failures text not null,
    attempts integer not null,
    next_attempt_at integer not null,
    deadline_at integer not null,
    created_at integer not null,
    updated_at integer not null,
    owner text not null,
    lease_until integer not null,
    epoch integer not null,
    primary key (tenant_id, id)
) strict, without rowid;

-- One lookup at a time per vehicle, purpose and consent.
create unique index lookups_open on lookups (tenant_id, vin, purpose, consent) where state in ('RUNNING', 'PARKED');
create index lookups_due on lookups (next_attempt_at) where state in ('RUNNING', 'PARKED');
create index lookups_by_vin on lookups (tenant_id, vin);
