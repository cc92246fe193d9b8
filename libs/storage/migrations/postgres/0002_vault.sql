-- Persons' data, sealed: each person has a key of its own, and destroying it erases the person.
create table vault_persons (
    tenant_id text not null,
    person uuid not null,
    wrapped_key bytea,
    created_at timestamptz not null,
    erased_at timestamptz,
    primary key (tenant_id, person)
);

create table vault_records (
    tenant_id text not null,
    person uuid not null,
    sealed bytea not null,
    stored_at timestamptz not null,
    primary key (tenant_id, person)
);

-- Who looked at whose data, for what: append-only.
create table vault_looks (
    tenant_id text not null,
    id uuid not null,
    person uuid not null,
    about text not null,
    action text not null,
    actor text not null,
    purpose text not null,
    looked_at timestamptz not null,
    primary key (tenant_id, id)
);

create function vault_looks_refuse() returns trigger language plpgsql as $$
begin
    raise exception 'vault_looks is append-only';
end
$$;
create trigger vault_looks_stay before update or delete on vault_looks for each row execute function vault_looks_refuse();
