-- How far each sandbox's clock is ahead.
create table sandbox_clocks (
    tenant_id text not null primary key,
    ahead_micros integer not null,
    set_at integer not null
) strict;

-- API keys of sandboxes; of a secret only its hash.
create table api_keys (
    tenant_id text not null,
    id blob not null,
    label text not null,
    roles text not null,
    organisation text,
    secret_sha256 text not null,
    created_at integer not null,
    revoked_at integer,
    primary key (tenant_id, id)
) strict;

create unique index api_keys_by_id on api_keys (id);

-- The end of each tenant's audit chain.
create table audit_logs (
    tenant_id text not null primary key,
    last_sequence integer not null,
    last_sha256 text not null
) strict;

-- Who read and wrote what; sealed rows, never changed.
create table audit_entries (
    tenant_id text not null,
    sequence integer not null,
    answered_at integer not null,
    body text not null,
    previous_sha256 text not null,
    sha256 text not null,
    primary key (tenant_id, sequence)
) strict;

-- Which entries are about a subject.
create table audit_subjects (
    tenant_id text not null,
    subject text not null,
    sequence integer not null,
    primary key (tenant_id, subject, sequence)
) strict;

-- What callers abroad were shown, by year, country and subject.
create table disclosures (
    tenant_id text not null,
    year integer not null,
    region text not null,
    subject text not null,
    answers integer not null,
    vin_fields integer not null,
    personal_fields integer not null,
    without_purpose integer not null,
    primary key (tenant_id, year, region, subject)
) strict;
