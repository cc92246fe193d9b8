-- What every service's database holds besides its own tables.
create table idempotency (
    tenant_id text not null,
    method text not null,
    key text not null,
    hash blob not null,
    response text not null,
    created_at integer not null,
    primary key (tenant_id, method, key)
) strict, without rowid;

create table streams (
    tenant_id text not null,
    name text not null,
    last integer not null,
    primary key (tenant_id, name)
) strict, without rowid;

create table outbox (
    tenant_id text not null,
    stream text not null,
    seq integer not null,
    id blob not null,
    aggregate text not null,
    kind text not null,
    payload text not null,
    recorded_at integer not null,
    primary key (tenant_id, stream, seq)
) strict, without rowid;

create table inbox (
    consumer text not null,
    event blob not null,
    handled_at integer not null,
    primary key (consumer, event)
) strict, without rowid;

create table leases (
    name text not null primary key,
    owner text not null,
    epoch integer not null,
    until_at integer not null
) strict, without rowid;
