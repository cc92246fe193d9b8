-- The latest version of each vehicle, with what lists filter by; the whole of it stands in its event.
create table vehicles (
    tenant_id text not null,
    vin text not null,
    version integer not null,
    state text not null,
    exporter text not null,
    category text not null,
    plate text not null,
    first_registered text not null,
    primary key (tenant_id, vin)
) strict, without rowid;

create index vehicles_by_plate on vehicles (tenant_id, plate) where plate <> '';
create index vehicles_by_exporter on vehicles (tenant_id, exporter, vin) where exporter <> '';

-- What happened, and what the vehicle was afterwards: append-only, so that any instant can be asked for.
create table vehicle_events (
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
) strict, without rowid;

-- How far each import came.
create table imports (
    tenant_id text not null,
    id text not null,
    next_row integer not null,
    primary key (tenant_id, id)
) strict, without rowid;
