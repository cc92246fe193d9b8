-- What callers abroad were shown, by year, country, ground and subject: the ground is new.
create table disclosures_by_basis (
    tenant_id text not null,
    year bigint not null,
    region text not null,
    basis text not null,
    subject text not null,
    answers bigint not null,
    vin_fields bigint not null,
    personal_fields bigint not null,
    without_purpose bigint not null,
    primary key (tenant_id, year, region, basis, subject)
);

insert into disclosures_by_basis (tenant_id, year, region, basis, subject, answers, vin_fields, personal_fields, without_purpose)
select tenant_id, year, region, '', subject, answers, vin_fields, personal_fields, without_purpose from disclosures;

drop table disclosures;

alter table disclosures_by_basis rename to disclosures;
