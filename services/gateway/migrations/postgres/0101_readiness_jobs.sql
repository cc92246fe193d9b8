-- Durable checks of many cars, with what the worker needs to go on after a restart.
create table readiness_jobs (
    tenant_id text not null,
    id uuid not null,
    markets jsonb not null,
    state text not null,
    open boolean not null,
    row_count bigint not null,
    done_count bigint not null,
    refused_count bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, id)
);

create index readiness_jobs_running on readiness_jobs (state, created_at) where state = 'running';

-- The cars of a job as handed in, each with its answer once it is there.
create table readiness_rows (
    tenant_id text not null,
    job_id uuid not null,
    row_number bigint not null,
    listing jsonb not null,
    answer jsonb,
    primary key (tenant_id, job_id, row_number)
);
