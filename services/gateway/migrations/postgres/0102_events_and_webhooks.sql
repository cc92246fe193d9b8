-- The tenants that want to hear of events, each with the end of its chain.
create table event_logs (
    tenant_id text not null primary key,
    last_sequence bigint not null,
    last_sha256 text not null,
    joined_at timestamptz not null
);

-- How far each service's stream was taken over.
create table event_feeds (
    tenant_id text not null,
    feed text not null,
    resume_token text not null,
    primary key (tenant_id, feed)
);

-- The log itself; sealed rows, never changed.
create table events (
    tenant_id text not null,
    sequence bigint not null,
    id uuid not null,
    kind text not null,
    subject text not null,
    recorded_at timestamptz not null,
    data jsonb not null,
    previous_sha256 text not null,
    sha256 text not null,
    primary key (tenant_id, sequence)
);

-- Addresses that hear of events, with the keys that sign for them.
create table webhook_endpoints (
    tenant_id text not null,
    id uuid not null,
    url text not null,
    kind_prefixes jsonb not null,
    note text not null,
    state text not null,
    sees_vins boolean not null,
    signing_keys jsonb not null,
    delivered_through bigint not null,
    failing_since timestamptz,
    created_at timestamptz not null,
    primary key (tenant_id, id)
);

-- Messages to endpoints, with what came of them; the body is kept, so that every attempt sends the same bytes.
create table webhook_deliveries (
    tenant_id text not null,
    id uuid not null,
    endpoint_id uuid not null,
    event_id uuid not null,
    event_sequence bigint not null,
    kind text not null,
    body text not null,
    state text not null,
    attempts bigint not null,
    attempts_before bigint not null,
    next_attempt_at timestamptz not null,
    last_status bigint not null,
    last_failure text not null,
    created_at timestamptz not null,
    primary key (tenant_id, id)
);

create index webhook_deliveries_of_endpoint on webhook_deliveries (tenant_id, endpoint_id, id);
create index webhook_deliveries_due on webhook_deliveries (next_attempt_at) where state = 'pending';
