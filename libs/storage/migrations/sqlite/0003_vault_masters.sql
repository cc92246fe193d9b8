-- Which master key a person's key is wrapped under; null where it was wrapped before master keys had ids.
alter table vault_persons add column master text;

-- Keys of the vault itself that outlive a master key, wrapped under one.
create table vault_keys (
    name text primary key,
    master text not null,
    wrapped_key blob not null
) strict, without rowid;
