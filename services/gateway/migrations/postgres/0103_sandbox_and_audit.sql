-- How far each sandbox's clock is ahead.
create table sandbox_clocks (
    tenant_id text not null primary key,
    ahead_micros bigint not null,
    set_at timestamptz not null
);

-- API keys of sandboxes; of a secret only its hash.
create table api_keys (
    tenant_id text not null,
    id uuid not null,
    label text not null,
    roles jsonb not null,
    organisation text,
    secret_sha256 text not null,
    created_at timestamptz not null,
    revoked_at timestamptz,
    primary key (tenant_id, id)
);

create unique index api_keys_by_id on api_keys (id);

-- The end of each tenant's audit chain.
create table audit_logs (
    tenant_id text not null primary key,
    last_sequence bigint not null,
    last_sha256 text not null
);

-- Who read and wrote what; sealed rows, never changed.
create table audit_entries (
    tenant_id text not null,
    sequence bigint not null,
    answered_at timestamptz not null,
    body text not null,
    previous_sha256 text not null,
    sha256 text not null,
    primary key (tenant_id, sequence)
);

-- Which entries are about a subject.
create table audit_subjects (
    tenant_id text not null,
    subject text not null,
    sequence bigint not null,
    primary key (tenant_id, subject, sequence)
);

-- What callers abroad were shown, by year, country and subject.
create table disclosures (
    tenant_id text not null,
    year bigint not null,
    region text not null,
    subject text not null,
    answers bigint not null,
    vin_fields bigint not null,
    personal_fields bigint not null,
    without_purpose bigint not null,
    primary key (tenant_id, year, region, subject)
);
