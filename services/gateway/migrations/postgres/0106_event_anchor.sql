-- The newest event that is no longer kept, with its hash: the chain of the others begins behind it.
alter table event_logs add column anchor_sequence bigint not null default 0;

alter table event_logs add column anchor_sha256 text not null default '0000000000000000000000000000000000000000000000000000000000000000';
