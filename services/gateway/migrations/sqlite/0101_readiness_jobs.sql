-- Durable checks of many cars, with what the worker needs to go on after a restart.
create table readiness_jobs (
    tenant_id text not null,
    id blob not null,
    markets text not null,
    state text not null,
    open integer not null,
    row_count integer not null,
    done_count integer not null,
    refused_count integer not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (tenant_id, id)
) strict;

create index readiness_jobs_running on readiness_jobs (state, created_at) where state = 'running';

-- The cars of a job as handed in, each with its answer once it is there.
create table readiness_rows (
    tenant_id text not null,
    job_id blob not null,
    row_number integer not null,
    listing text not null,
    answer text,
    primary key (tenant_id, job_id, row_number)
) strict;
