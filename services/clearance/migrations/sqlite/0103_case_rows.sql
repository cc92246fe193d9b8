-- What is large and seldom changes stands beside the case: its papers, the decision in force. A case written before
-- holds them in its body until it is next written.
create table case_papers (
    tenant_id text not null,
    case_id blob not null,
    body text not null,
    primary key (tenant_id, case_id)
) strict;

create table case_decisions (
    tenant_id text not null,
    case_id blob not null,
    body text not null,
    primary key (tenant_id, case_id)
) strict;

-- What workers contend for, so that a claim never writes a case anew.
create table case_work (
    tenant_id text not null,
    case_id blob not null,
    -- when the worker must look next: at once, when a timer ends, or never
    due_at integer,
    lease_owner text,
    lease_until integer,
    epoch integer not null,
    -- a case is looked at again while asked > looked
    asked integer not null,
    looked integer not null,
    primary key (tenant_id, case_id)
) strict, without rowid;

insert into case_work (tenant_id, case_id, due_at, lease_owner, lease_until, epoch, asked, looked)
select tenant_id, id, due_at, lease_owner, lease_until, epoch, asked, looked from cases;

create index case_work_due on case_work (due_at) where due_at is not null;
create index case_work_asked on case_work (tenant_id, case_id) where asked > looked;

-- A worker of the version before must not go on under leases that nobody else sees: it fails here.
drop index cases_due;
drop index cases_asked;
alter table cases drop column due_at;
alter table cases drop column lease_owner;
alter table cases drop column lease_until;
alter table cases drop column epoch;
alter table cases drop column asked;
alter table cases drop column looked;
