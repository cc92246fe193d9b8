alter table anomalies add column figures text not null default '[]';
alter table anomalies add column evidence text not null default '[]';
-- where the latest review put it: open, confirmed, dismissed
alter table anomalies add column standing text not null default 'open';
create index anomalies_by_standing on anomalies (tenant_id, standing, id);

-- reviews are only ever added
create table anomaly_reviews (
    tenant_id text not null,
    anomaly_id blob not null,
    -- rising by one within an anomaly
    number integer not null,
    verdict text not null,
    reviewer text not null,
    reason text not null,
    reviewed_at integer not null,
    primary key (tenant_id, anomaly_id, number)
) strict;
