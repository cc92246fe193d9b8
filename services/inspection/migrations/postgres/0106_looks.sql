-- what a photograph looks like, 100 bits; null for documents and for pictures that show nothing
alter table evidence add column look bytea;

-- the sixteen 16-bit bands of each look: pictures that look the same share at least one
create table evidence_bands (
    tenant_id text not null,
    band integer not null,
    value integer not null,
    sha256 text not null,
    primary key (tenant_id, band, value, sha256)
);
-- the last day of use that the body states, ISO 8601; 9999-12-31 where it states none
alter table inspections add column usable_until text not null default '9999-12-31';
create index inspections_under_review on inspections (tenant_id, body_id, id) where under_review;
