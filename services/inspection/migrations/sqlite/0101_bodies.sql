create table bodies (
    tenant_id text not null,
    id blob not null,
    organisation text not null,
    version integer not null,
    -- reports in a row without failure or referral
    pass_run integer not null,
    document text not null,
    primary key (tenant_id, id),
    unique (tenant_id, organisation)
) strict;
