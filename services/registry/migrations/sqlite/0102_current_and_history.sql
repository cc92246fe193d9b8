-- The latest version of a vehicle stands whole in `vehicles`, superseded ones in `vehicle_events`: a registration is one
-- row. Rows of this size are no good in a clustered index, whose inner pages would hold four of them; so both tables have
-- row ids, and the keys are narrow indexes beside them.
create table vehicles_now (
    tenant_id text not null,
    vin text not null,
    version integer not null,
    state text not null,
    exporter text not null,
    category text not null,
    plate text not null,
    first_registered text not null,
    kind text not null,
    actor text not null,
    reason text not null,
    document text not null,
    change text not null,
    snapshot text not null,
    recorded_at integer not null,
    primary key (tenant_id, vin)
) strict;

insert into vehicles_now
select v.tenant_id, v.vin, v.version, v.state, v.exporter, v.category, v.plate, v.first_registered,
       e.kind, e.actor, e.reason, e.document, e.change, e.snapshot, e.recorded_at
from vehicles v join vehicle_events e on e.tenant_id = v.tenant_id and e.vin = v.vin and e.version = v.version;

create table vehicle_history (
    tenant_id text not null,
    vin text not null,
    version integer not null,
    kind text not null,
    actor text not null,
    reason text not null,
    document text not null,
    change text not null,
    snapshot text not null,
    recorded_at integer not null,
    primary key (tenant_id, vin, version)
) strict;

insert into vehicle_history
select e.tenant_id, e.vin, e.version, e.kind, e.actor, e.reason, e.document, e.change, e.snapshot, e.recorded_at
from vehicle_events e join vehicles v on v.tenant_id = e.tenant_id and v.vin = e.vin and v.version > e.version;

drop table vehicle_events;
drop table vehicles;
alter table vehicles_now rename to vehicles;
alter table vehicle_history rename to vehicle_events;

create index vehicles_by_plate on vehicles (tenant_id, plate) where plate <> '';
create index vehicles_by_exporter on vehicles (tenant_id, exporter, vin) where exporter <> '';

-- Who owned which vehicle, as an identity in the vault that says nothing by itself.
create table owners (
    tenant_id text not null,
    vin text not null,
    version integer not null,
    person blob not null,
    primary key (tenant_id, vin, version)
) strict, without rowid;
