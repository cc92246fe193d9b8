-- One row a case: the whole of it as JSON, and beside it what lists, timers and statistics ask for.
create table cases (
    tenant_id text not null,
    id uuid not null,
    vin text not null,
    destination text not null,
    exporter text not null,
    state text not null,
    open_case boolean not null,
    version bigint not null,
    body jsonb not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    -- when the worker must look next: at once, when a timer ends, or never
    due_at timestamptz,
    lease_owner text,
    lease_until timestamptz,
    epoch bigint not null,
    month text not null,
    category text not null,
    powertrain text not null,
    value_usd bigint not null,
    days_registered bigint,
    clearing_seconds bigint,
    exited text,
    deregister_by text,
    deregistered text,
    primary key (tenant_id, id)
);

-- at most one open case per VIN and tenant
create unique index cases_one_open on cases (tenant_id, vin) where open_case;
create index cases_due on cases (due_at) where due_at is not null;
create index cases_by_state on cases (tenant_id, state, id);
create index cases_by_exporter on cases (tenant_id, exporter, id);
create index cases_movements on cases (tenant_id, deregister_by, id) where deregister_by is not null;

-- The audit: one line a change, append-only.
create table case_events (
    tenant_id text not null,
    case_id uuid not null,
    version bigint not null,
    kind text not null,
    state text not null,
    actor text not null,
    reason text not null,
    recorded_at timestamptz not null,
    primary key (tenant_id, case_id, version)
);

-- The journal of gathering: what was asked, and the answer pinned as it was.
create table case_steps (
    tenant_id text not null,
    case_id uuid not null,
    number bigint not null,
    round bigint not null,
    kind text not null,
    outcome text not null,
    input_sha256 text not null,
    output text not null,
    output_sha256 text not null,
    recorded_at timestamptz not null,
    primary key (tenant_id, case_id, number)
);

-- Rules that refuse a case by its decision in force, for statistics.
create table case_refusals (
    tenant_id text not null,
    case_id uuid not null,
    rule_id text not null,
    primary key (tenant_id, case_id, rule_id)
);

create table licence_batches (
    tenant_id text not null,
    id uuid not null,
    exporter text not null,
    state text not null,
    licence_number text not null,
    version bigint not null,
    body jsonb not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id)
);

-- an official licence belongs to one batch
create unique index licence_batches_number on licence_batches (tenant_id, licence_number) where licence_number <> '';

-- Certificates: the bytes to be signed are stored first, the signature where it is null, the rest once it is logged.
create table certificates (
    tenant_id text not null,
    id uuid not null,
    case_id uuid not null,
    state text not null,
    live boolean not null,
    version bigint not null,
    body jsonb not null,
    to_be_signed bytea not null,
    signature bytea,
    cose bytea,
    status_index bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id)
);

-- at most one live certificate per case, and at most one on its way
create unique index certificates_one_live on certificates (tenant_id, case_id) where live;
create unique index certificates_one_prepared on certificates (tenant_id, case_id) where state = 'PREPARED';
create unique index certificates_by_id on certificates (id);
create index certificates_marked on certificates (status_index) where state in ('USED', 'REVOKED', 'SUPERSEDED');

-- The transparency log of the issuer, append-only: ids and digests, no VIN.
create table log_entries (
    tenant_id text not null,
    log_index bigint not null,
    certificate_id uuid not null,
    entry bytea not null,
    leaf_hash bytea not null,
    primary key (log_index)
);

create unique index log_entries_certificate on log_entries (certificate_id);

create table log_checkpoints (
    tenant_id text not null,
    size bigint not null,
    note text not null,
    primary key (size)
);

create table trust_bundles (
    tenant_id text not null,
    version bigint not null,
    bundle bytea not null,
    expires_at timestamptz not null,
    primary key (version)
);

-- Numbers drawn without gaps where order matters; the row stays locked until the commit.
create table counters (
    tenant_id text not null,
    name text not null,
    next bigint not null,
    primary key (tenant_id, name)
);
