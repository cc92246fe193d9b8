-- Engine or motor number and battery id that a living vehicle shows, so that one of them on two vehicles is found when it
-- is written. Empty where there is none and once the vehicle is deregistered.
alter table vehicles add column living_engine text not null default '';
alter table vehicles add column living_battery text not null default '';

update vehicles
set living_engine = coalesce(json_extract(snapshot, '$.details.engine_number'), ''),
    living_battery = coalesce(json_extract(snapshot, '$.details.battery_id'), '')
where state <> 'Deregistered';

create index vehicles_by_engine on vehicles (tenant_id, living_engine, vin) where living_engine <> '';
create index vehicles_by_battery on vehicles (tenant_id, living_battery, vin) where living_battery <> '';

-- Marks that live beside the one of the certificate: a second one that somebody recorded or claimed.
create table living_marks (
    tenant_id text not null,
    kind text not null,
    value text not null,
    vin text not null,
    primary key (tenant_id, kind, value, vin)
) strict, without rowid;

insert or ignore into living_marks
select v.tenant_id, json_extract(m.value, '$.kind'), json_extract(m.value, '$.value'), v.vin
from vehicles v, json_each(v.snapshot, '$.marks') m
where v.state <> 'Deregistered' and json_extract(m.value, '$.kind') in ('Engine', 'Battery')
    and json_extract(m.value, '$.until') is null
    and json_extract(m.value, '$.value') not in (v.living_engine, v.living_battery);
