create table bodies (
    tenant_id text not null,
    id uuid not null,
    organisation text not null,
    version bigint not null,
    -- reports in a row without failure or referral
    pass_run bigint not null,
    document jsonb not null,
    primary key (tenant_id, id),
    unique (tenant_id, organisation)
);
