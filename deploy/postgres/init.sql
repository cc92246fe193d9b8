-- One database and one login per service: no service can read another's tables.
--
-- Run by psql as a superuser, with the password in TONGGUAN_DB_PASSWORD (compose and the PostgreSQL image do both).
-- Running it again changes nothing but the passwords.

\set ON_ERROR_STOP on
\getenv password TONGGUAN_DB_PASSWORD
\if :{?password}
\else
    do $$ begin raise exception 'set TONGGUAN_DB_PASSWORD'; end $$;
\endif

select format('create role %I login', service)
  from unnest(array['registry', 'inspection', 'maintenance', 'destinations', 'clearance', 'gateway']) as service
 where not exists (select from pg_roles where rolname = service)
\gexec

select format('alter role %I password %L', service, :'password')
  from unnest(array['registry', 'inspection', 'maintenance', 'destinations', 'clearance', 'gateway']) as service
\gexec

select format('create database %I owner %I', service, service)
  from unnest(array['registry', 'inspection', 'maintenance', 'destinations', 'clearance', 'gateway']) as service
 where not exists (select from pg_database where datname = service)
\gexec

select format('revoke connect, temporary on database %I from public', service)
  from unnest(array['registry', 'inspection', 'maintenance', 'destinations', 'clearance', 'gateway']) as service
\gexec
