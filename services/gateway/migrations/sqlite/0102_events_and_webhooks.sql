-- The tenants that want to hear of events, each with the end of its chain.
create table event_logs (
    tenant_id text not null primary key,
    last_sequence integer not null,
    last_sha256 text not null,
    joined_at integer not null
) strict;

-- How far each service's stream was taken over.
create table event_feeds (
    tenant_id text not null,
    feed text not null,
    resume_token text not null,
    primary key (tenant_id, feed)
) strict;

-- The log itself; sealed rows, never changed.
create table events (
    tenant_id text not null,
    sequence integer not null,
    id blob not null,
    kind text not null,
    subject text not null,
    recorded_at integer not null,
    data text not null,
    previous_sha256 text not null,
    sha256 text not null,
    primary key (tenant_id, sequence)
) strict;

-- Addresses that hear of events, with the keys that sign for them.
create table webhook_endpoints (
    tenant_id text not null,
    id blob not null,
    url text not null,
    kind_prefixes text not null,
    note text not null,
    state text not null,
    sees_vins integer not null,
    signing_keys text not null,
    delivered_through integer not null,
    failing_since integer,
    created_at integer not null,
    primary key (tenant_id, id)
) strict;

-- Messages to endpoints, with what came of them; the body is kept, so that every attempt sends the same bytes.
create table webhook_deliveries (
    tenant_id text not null,
    id blob not null,
    endpoint_id blob not null,
    event_id blob not null,
    event_sequence integer not null,
    kind text not null,
    body text not null,
    state text not null,
    attempts integer not null,
    attempts_before integer not null,
    next_attempt_at integer not null,
    last_status integer not null,
    last_failure text not null,
    created_at integer not null,
    primary key (tenant_id, id)
) strict;

create index webhook_deliveries_of_endpoint on webhook_deliveries (tenant_id, endpoint_id, id);
create index webhook_deliveries_due on webhook_deliveries (next_attempt_at) where state = 'pending';
