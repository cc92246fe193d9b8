-- What every service's database holds besides its own tables.
create table idempotency (
    tenant_id text not null,
    method text not null,
    key text not null,
    hash bytea not null,
    response text not null,
    created_at timestamptz not null,
    primary key (tenant_id, method, key)
);

create table streams (
    tenant_id text not null,
    name text not null,
    last bigint not null,
    primary key (tenant_id, name)
);

create table outbox (
    tenant_id text not null,
    stream text not null,
    seq bigint not null,
    id uuid not null,
    aggregate text not null,
    kind text not null,
    payload jsonb not null,
    recorded_at timestamptz not null,
    primary key (tenant_id, stream, seq)
);

create table inbox (
    consumer text not null,
    event uuid not null,
    handled_at timestamptz not null,
    primary key (consumer, event)
);

create table leases (
    name text not null primary key,
    owner text not null,
    epoch bigint not null,
    until_at timestamptz not null
);
