//! SQL of the audit log and the ledger of disclosures: one transaction takes up many visits.

use std::collections::BTreeMap;

use sqlx::QueryBuilder;
use time::{Duration, OffsetDateTime};
use tongguan_storage::{self as storage, Instant, Tx, execute, on, transaction};
use tongguan_vocabulary::Tenant;

use super::Store;
use crate::Error;
use crate::domain::{Basis, GENESIS, Recorded, Sealed, Shown, Visit};

/// Entries of one statement: seven binds each.
const AT_ONCE: usize = 500;

#[derive(sqlx::FromRow)]
struct EntryRow {
    sequence: i64,
    body: String,
    previous_sha256: String,
    sha256: String,
}

impl From<EntryRow> for Sealed {
    fn from(row: EntryRow) -> Self {
        Self {
            sequence: row.sequence as u64,
            body: row.body,
            previous: row.previous_sha256,
            sha256: row.sha256,
        }
    }
}

#[derive(sqlx::FromRow)]
struct ShownRow {
    region: String,
    basis: String,
    answers: i64,
    subjects: i64,
    vin_fields: i64,
    personal_fields: i64,
    without_purpose: i64,
}

impl Store {
    /// Seals visits into their tenants' chains, in the order given, and counts what left the country.
    pub(crate) async fn record(&self, visits: &[Recorded]) -> Result<(), Error> {
        let mut by_tenant: BTreeMap<&Tenant, Vec<&Visit>> = BTreeMap::new();
        for one in visits {
            by_tenant.entry(&one.tenant).or_default().push(&one.visit);
        }
        transaction!(self.db, Error, |tx| {
            // In the order of names: two writers never hold what the other waits for.
            for (tenant, visits) in &by_tenant {
                seal(tx, tenant, visits).await?;
                for visit in visits.iter().filter(|visit| visit.left_the_country()) {
                    disclose(tx, tenant, visit).await?;
                }
            }
            Ok(())
        })
    }

    /// Entries after a number, at most `limit`; about one subject where it is named.
    pub(crate) async fn visits(
        &self,
        tenant: &Tenant,
        after: u64,
        subject: &str,
        limit: u32,
    ) -> Result<Vec<Sealed>, Error> {
        const ALL: &str = "select sequence, body, previous_sha256, sha256 from audit_entries \
                           where tenant_id = $1 and sequence > $2 and $3 = '' order by sequence limit $4";
        const ABOUT: &str = "select e.sequence, e.body, e.previous_sha256, e.sha256 from audit_subjects s \
                             join audit_entries e on e.tenant_id = s.tenant_id and e.sequence = s.sequence \
                             where s.tenant_id = $1 and s.sequence > $2 and s.subject = $3 order by s.sequence limit $4";
        let sql = if subject.is_empty() { ALL } else { ABOUT };
        let rows: Vec<EntryRow> = on!(&self.db, |pool| sqlx::query_as(sql)
            .bind(tenant.as_str())
            .bind(i64::try_from(after).unwrap_or(i64::MAX))
            .bind(subject)
            .bind(i64::from(limit))
            .fetch_all(pool)
            .await)?;
        Ok(rows.into_iter().map(Sealed::from).collect())
    }

    /// The end of the tenant's chain as its head says: number and hash.
    pub(crate) async fn audit_head(&self, tenant: &Tenant) -> Result<(u64, String), Error> {
        const SQL: &str = "select last_sequence, last_sha256 from audit_logs where tenant_id = $1";
        let head: Option<(i64, String)> = on!(&self.db, |pool| sqlx::query_as(SQL)
            .bind(tenant.as_str())
            .fetch_optional(pool)
            .await)?;
        Ok(head.map_or((0, GENESIS.to_owned()), |(last, hash)| (last as u64, hash)))
    }

    /// What was shown abroad in a year, by country and ground, and how many different subjects of all of them; where a
    /// ground is named, only what was shown on it is listed.
    pub(crate) async fn shown(
        &self,
        tenant: &Tenant,
        year: i32,
        basis: Option<Basis>,
    ) -> Result<(Vec<Shown>, u64), Error> {
        const SQL: &str = "select region, basis, cast(sum(answers) as bigint) as answers, count(subject) as subjects, \
                           cast(sum(vin_fields) as bigint) as vin_fields, cast(sum(personal_fields) as bigint) as personal_fields, \
                           cast(sum(without_purpose) as bigint) as without_purpose from disclosures \
                           where tenant_id = $1 and year = $2 and ($3 = '' or basis = $3) \
                           group by region, basis order by count(subject) desc, region, basis";
        const SUBJECTS: &str =
            "select count(distinct subject) from disclosures where tenant_id = $1 and year = $2";
        let rows: Vec<ShownRow> = on!(&self.db, |pool| sqlx::query_as(SQL)
            .bind(tenant.as_str())
            .bind(i64::from(year))
            .bind(basis.map_or("", Basis::name))
            .fetch_all(pool)
            .await)?;
        let subjects: i64 = on!(&self.db, |pool| sqlx::query_scalar(SUBJECTS)
            .bind(tenant.as_str())
            .bind(i64::from(year))
            .fetch_one(pool)
            .await)?;
        let shown = rows.into_iter().map(|row| Shown {
            region: row.region,
            basis: row.basis.parse().ok(),
            answers: row.answers as u64,
            subjects: row.subjects as u64,
            vin_fields: row.vin_fields as u64,
            personal_fields: row.personal_fields as u64,
            without_purpose: row.without_purpose as u64,
        });
        Ok((shown.collect(), subjects as u64))
    }
}

async fn seal(tx: &mut Tx, tenant: &Tenant, visits: &[&Visit]) -> Result<(), Error> {
    const JOIN: &str = "insert into audit_logs (tenant_id, last_sequence, last_sha256) values ($1, 0, $2) \
                        on conflict (tenant_id) do update set last_sequence = audit_logs.last_sequence";
    const READ: &str = "select last_sequence, last_sha256 from audit_logs where tenant_id = $1";
    const MOVE: &str =
        "update audit_logs set last_sequence = $2, last_sha256 = $3 where tenant_id = $1";
    // The row's lock: numbers are drawn in the order of commits.
    execute!(&mut *tx, |c| sqlx::query(JOIN)
        .bind(tenant.as_str())
        .bind(GENESIS)
        .execute(&mut **c))?;
    let (mut sequence, mut hash): (i64, String) = on!(&mut *tx, |c| sqlx::query_as(READ)
        .bind(tenant.as_str())
        .fetch_one(&mut **c)
        .await)?;
    for some in visits.chunks(AT_ONCE) {
        let mut sealed = Vec::with_capacity(some.len());
        let mut about = Vec::new();
        for visit in some {
            sequence += 1;
            let body = serde_json::to_string(visit)
                .map_err(|error| storage::Error::corrupt("audit_entries.body", error))?;
            let entry = Sealed::new(tenant, sequence as u64, body, &hash);
            hash.clone_from(&entry.sha256);
            about.extend(visit.subjects.iter().map(|subject| (subject, sequence)));
            sealed.push((entry, visit.micros));
        }
        on!(&mut *tx, |c| {
            let mut insert = QueryBuilder::new(
                "insert into audit_entries (tenant_id, sequence, answered_at, body, previous_sha256, sha256) ",
            );
            insert.push_values(&sealed, |mut row, (entry, micros)| {
                row.push_bind(tenant.as_str())
                    .push_bind(entry.sequence as i64)
                    .push_bind(Instant(instant(*micros)))
                    .push_bind(&entry.body)
                    .push_bind(&entry.previous)
                    .push_bind(&entry.sha256);
            });
            insert.build().execute(&mut **c).await.map(|_| ())
        })?;
        for some in about.chunks(AT_ONCE) {
            on!(&mut *tx, |c| {
                let mut insert =
                    QueryBuilder::new("insert into audit_subjects (tenant_id, subject, sequence) ");
                insert.push_values(some, |mut row, (subject, sequence)| {
                    row.push_bind(tenant.as_str())
                        .push_bind(*subject)
                        .push_bind(*sequence);
                });
                insert.push(" on conflict (tenant_id, subject, sequence) do nothing");
                insert.build().execute(&mut **c).await.map(|_| ())
            })?;
        }
    }
    execute!(&mut *tx, |c| sqlx::query(MOVE)
        .bind(tenant.as_str())
        .bind(sequence)
        .bind(&hash)
        .execute(&mut **c))?;
    Ok(())
}

async fn disclose(tx: &mut Tx, tenant: &Tenant, visit: &Visit) -> Result<(), Error> {
    const SQL: &str = "insert into disclosures (tenant_id, year, region, basis, subject, answers, vin_fields, personal_fields, without_purpose) \
                       values ($1, $2, $3, $4, $5, 1, $6, $7, $8) on conflict (tenant_id, year, region, basis, subject) do update set \
                       answers = disclosures.answers + 1, vin_fields = disclosures.vin_fields + excluded.vin_fields, \
                       personal_fields = disclosures.personal_fields + excluded.personal_fields, \
                       without_purpose = disclosures.without_purpose + excluded.without_purpose";
    // The year as China counts it.
    let year = (instant(visit.micros) + Duration::hours(8)).year();
    let unexplained = visit.personal_fields > 0 && visit.purpose.is_empty();
    let none = [String::new()];
    // A list without a subject in its request is one disclosure about nobody in particular.
    let subjects = if visit.subjects.is_empty() {
        &none[..]
    } else {
        &visit.subjects[..]
    };
    for (place, subject) in subjects.iter().enumerate() {
        // The fields of one answer are counted once, with its first subject.
        let first = i64::from(place == 0);
        execute!(&mut *tx, |c| sqlx::query(SQL)
            .bind(tenant.as_str())
            .bind(i64::from(year))
            .bind(&visit.region)
            .bind(visit.basis.map_or("", Basis::name))
            .bind(subject)
            .bind(visit.vin_fields as i64 * first)
            .bind(visit.personal_fields as i64 * first)
            .bind(i64::from(unexplained) * first)
            .execute(&mut **c))?;
    }
    Ok(())
}

fn instant(micros: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}
