-- Durable lookups: what is asked, where it stands, who works on it under which fence.
create table lookups (
    tenant_id text not null,
    id uuid not null,
    vin text not null,
    purpose text not null,
    consent text not null,
    request jsonb not null,
    state text not null,
    outcome text not null,
    failures jsonb not null,
    attempts bigint not null,
    next_attempt_at timestamptz not null,
    deadline_at timestamptz not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    owner text not null,
    lease_until timestamptz not null,
    epoch bigint not null,
    primary key (tenant_id, id)
);

-- One lookup at a time per vehicle, purpose and consent.
create unique index lookups_open on lookups (tenant_id, vin, purpose, consent) where state in ('RUNNING', 'PARKED');
create index lookups_due on lookups (next_attempt_at) where state in ('RUNNING', 'PARKED');
create index lookups_by_vin on lookups (tenant_id, vin);
