-- Persons' data, sealed: each person has a key of its own, and destroying it erases the person.
create table vault_persons (
    tenant_id text not null,
    person blob not null,
    wrapped_key blob,
    created_at integer not null,
    erased_at integer,
    primary key (tenant_id, person)
) strict, without rowid;

create table vault_records (
    tenant_id text not null,
    person blob not null,
    sealed blob not null,
    stored_at integer not null,
    primary key (tenant_id, person)
) strict, without rowid;

-- Who looked at whose data, for what: append-only.
create table vault_looks (
    tenant_id text not null,
    id blob not null,
    person blob not null,
    about text not null,
    action text not null,
    actor text not null,
    purpose text not null,
    looked_at integer not null,
    primary key (tenant_id, id)
) strict, without rowid;

create trigger vault_looks_stay before update on vault_looks begin select raise(abort, 'vault_looks is append-only'); end;
create trigger vault_looks_remain before delete on vault_looks begin select raise(abort, 'vault_looks is append-only'); end;
