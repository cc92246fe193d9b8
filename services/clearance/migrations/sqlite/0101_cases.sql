-- One row a case: the whole of it as JSON, and beside it what lists, timers and statistics ask for.
create table cases (
    tenant_id text not null,
    id blob not null,
    vin text not null,
    destination text not null,
    exporter text not null,
    state text not null,
    open_case integer not null,
    version integer not null,
    body text not null,
    created_at integer not null,
    updated_at integer not null,
    -- when the worker must look next: at once, when a timer ends, or never
    due_at integer,
    lease_owner text,
    lease_until integer,
    epoch integer not null,
    month text not null,
    category text not null,
    powertrain text not null,
    value_usd integer not null,
    days_registered integer,
    clearing_seconds integer,
    exited text,
    deregister_by text,
    deregistered text,
    primary key (tenant_id, id)
) strict, without rowid;

-- at most one open case per VIN and tenant
create unique index cases_one_open on cases (tenant_id, vin) where open_case;
create index cases_due on cases (due_at) where due_at is not null;
create index cases_by_state on cases (tenant_id, state, id);
create index cases_by_exporter on cases (tenant_id, exporter, id);
create index cases_movements on cases (tenant_id, deregister_by, id) where deregister_by is not null;

-- The audit: one line a change, append-only.
create table case_events (
    tenant_id text not null,
    case_id blob not null,
    version integer not null,
    kind text not null,
    state text not null,
    actor text not null,
    reason text not null,
    recorded_at integer not null,
    primary key (tenant_id, case_id, version)
) strict, without rowid;

-- The journal of gathering: what was asked, and the answer pinned as it was.
create table case_steps (
    tenant_id text not null,
    case_id blob not null,
    number integer not null,
    round integer not null,
    kind text not null,
    outcome text not null,
    input_sha256 text not null,
    output text not null,
    output_sha256 text not null,
    recorded_at integer not null,
    primary key (tenant_id, case_id, number)
) strict, without rowid;

-- Rules that refuse a case by its decision in force, for statistics.
create table case_refusals (
    tenant_id text not null,
    case_id blob not null,
    rule_id text not null,
    primary key (tenant_id, case_id, rule_id)
) strict, without rowid;

create table licence_batches (
    tenant_id text not null,
    id blob not null,
    exporter text not null,
    state text not null,
    licence_number text not null,
    version integer not null,
    body text not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, id)
) strict, without rowid;

-- an official licence belongs to one batch
create unique index licence_batches_number on licence_batches (tenant_id, licence_number) where licence_number <> '';

-- Certificates: the bytes to be signed are stored first, the signature where it is null, the rest once it is logged.
create table certificates (
    tenant_id text not null,
    id blob not null,
    case_id blob not null,
    state text not null,
    live integer not null,
    version integer not null,
    body text not null,
    to_be_signed blob not null,
    signature blob,
    cose blob,
    status_index integer not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, id)
) strict, without rowid;

-- at most one live certificate per case, and at most one on its way
create unique index certificates_one_live on certificates (tenant_id, case_id) where live;
create unique index certificates_one_prepared on certificates (tenant_id, case_id) where state = 'PREPARED';
create unique index certificates_by_id on certificates (id);
create index certificates_marked on certificates (status_index) where state in ('USED', 'REVOKED', 'SUPERSEDED');

-- The transparency log of the issuer, append-only: ids and digests, no VIN.
create table log_entries (
    tenant_id text not null,
    log_index integer not null,
    certificate_id blob not null,
    entry blob not null,
    leaf_hash blob not null,
    primary key (log_index)
) strict, without rowid;

create unique index log_entries_certificate on log_entries (certificate_id);

create table log_checkpoints (
    tenant_id text not null,
    size integer not null,
    note text not null,
    primary key (size)
) strict, without rowid;

create table trust_bundles (
    tenant_id text not null,
    version integer not null,
    bundle blob not null,
    expires_at integer not null,
    primary key (version)
) strict, without rowid;

-- Numbers drawn without gaps where order matters; the row stays locked until the commit.
create table counters (
    tenant_id text not null,
    name text not null,
    next integer not null,
    primary key (tenant_id, name)
) strict, without rowid;
