-- Lists are in the order of VINs: with it in the index an exact plate is found by the index and not by the order.
drop index vehicles_by_plate;
create index vehicles_by_plate on vehicles (tenant_id, plate, vin) where plate <> '';
