-- Every pack ever in force or proposed, by digest: old versions stay evaluable.
create table packs (
    digest text not null primary key,
    tenant_id text not null,
    market text not null,
    version text not null,
    yaml text not null,
    layers text not null,
    stored_at integer not null
) strict, without rowid;

create index packs_by_market on packs (market, stored_at);

-- Versions on their way into force: proposed by one person, confirmed by another.
create table publications (
    id blob not null primary key,
    tenant_id text not null,
    market text not null,
    version text not null,
    digest text not null unique,
    yaml text not null,
    proposed_by text not null,
    confirmed_by text not null,
    effective_at integer not null,
    emergency integer not null,
    reason text not null,
    impact_report text not null,
    created_at integer not null
) strict, without rowid;

create index publications_by_market on publications (market, effective_at);

-- What a shadow run showed.
create table impact_reports (
    tenant_id text not null,
    id text not null,
    market text not null,
    digest text not null,
    report text not null,
    created_at integer not null,
    primary key (tenant_id, id)
) strict, without rowid;

-- What a decision depended on, enough to make the same bytes again.
create table decisions (
    tenant_id text not null,
    id text not null,
    market text not null,
    digest text not null,
    engine text not null,
    facts text not null,
    answer_digest text not null,
    decided_at integer not null,
    primary key (tenant_id, id)
) strict, without rowid;

create index decisions_by_market on decisions (tenant_id, market, decided_at);
