-- Late changes: what peers tell after a decision asks for another look at the cases it touches.
-- a case is looked at again while asked > looked
alter table cases add column asked bigint not null default 0;
alter table cases add column looked bigint not null default 0;
create index cases_asked on cases (tenant_id, id) where asked > looked;
create index cases_by_vin on cases (tenant_id, vin);

-- How far each peer's stream was followed: the resume token of a stream, the digest of a market's pack.
create table followed (
    tenant_id text not null,
    feed text not null,
    position text not null,
    primary key (tenant_id, feed)
);

drop index certificates_marked;
create index certificates_marked on certificates (status_index) where state in ('USED', 'REVOKED', 'SUPERSEDED', 'SUSPENDED');
