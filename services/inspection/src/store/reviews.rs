//! Reviews of anomalies: only ever added, and what they mean for the inspection follows in the same commit.

use std::collections::BTreeMap;

use serde_json::json;
use tongguan_storage::{
    self as storage, Database, Instant, Once, Tx, built, chunks, execute, on, transaction,
};
use tongguan_vocabulary::Tenant;
use uuid::Uuid;

use super::anomalies::Row;
use super::{Entry, Store, tell};
use crate::domain::anomaly::{Anomaly, Kind};
use crate::domain::body::Suspension;
use crate::domain::review::{Review, SYSTEM, Standing};
use crate::error::Error;

#[derive(sqlx::FromRow)]
struct ReviewRow {
    anomaly_id: Uuid,
    verdict: String,
    reviewer: String,
    reason: String,
    reviewed_at: Instant,
}

/// An inspection counts as under review by these anomalies; `$n` are the same in every statement that holds it.
const FLAGGED: &str = "select 1 from anomalies a where a.tenant_id = i.tenant_id and a.inspection_id = i.id \
                       and (a.standing = 'confirmed' or (a.standing = 'open' and a.kind = 'body_suspended'))";

impl Store {
    /// Adds a review; refuses one that changes nothing.
    pub(crate) async fn review(
        &self,
        once: &Once,
        entry: &Entry,
        id: Uuid,
        verdict: Standing,
        reason: &str,
    ) -> Result<Anomaly, Error> {
        const LOCK: &str =
            "update anomalies set standing = standing where tenant_id = $1 and id = $2 returning *";
        transaction!(self.db, Error, |tx| {
            if let Some(answer) = once.replay(tx).await? {
                return Ok(answer);
            }
            let row: Option<Row> = on!(&mut *tx, |c| sqlx::query_as(LOCK)
                .bind(entry.tenant.as_str())
                .bind(id)
                .fetch_optional(&mut **c)
                .await)?;
            let mut anomaly = row
                .map(Anomaly::try_from)
                .transpose()?
                .ok_or(Error::AnomalyNotFound { id })?;
            if anomaly.standing == verdict {
                return Err(Error::AlreadyReviewed {
                    id,
                    state: verdict.as_str(),
                    legal: verdict.legal(),
                });
            }
            anomaly.reviews = read(tx, &entry.tenant, id).await?;
            let review = Review {
                verdict,
                reviewer: entry.actor.clone(),
                reason: reason.to_owned(),
                at: entry.at,
            };
            add(tx, entry, &[id], &review).await?;
            anomaly.standing = verdict;
            anomaly.reviews.push(review);
            let under_review = settle_one(tx, entry, anomaly.inspection).await?;
            let payload = json!({
                "anomaly": id,
                "kind": anomaly.seen.kind,
                "inspection": anomaly.inspection,
                "vin": anomaly.vin,
                "body": anomaly.body,
                "verdict": verdict,
                "under_review": under_review,
            });
            tell(tx, entry, anomaly.inspection, "ANOMALY_RESOLVED", payload).await?;
            once.remember(tx, &anomaly).await?;
            Ok(anomaly)
        })
    }
}

/// Gives each anomaly its reviews.
pub(super) async fn attach(
    db: &Database,
    tenant: &Tenant,
    anomalies: &mut [Anomaly],
) -> storage::Result<()> {
    let reviewed: Vec<Uuid> = anomalies.iter().map(|anomaly| anomaly.id).collect();
    let mut all: BTreeMap<Uuid, Vec<Review>> = BTreeMap::new();
    for ids in chunks(&reviewed) {
        let rows: Vec<ReviewRow> = built!(
            db,
            "select anomaly_id, verdict, reviewer, reason, reviewed_at from anomaly_reviews where tenant_id = ",
            |query| {
                query
                    .push_bind(tenant.as_str())
                    .push(" and anomaly_id in (");
                let mut list = query.separated(", ");
                for id in ids {
                    list.push_bind(*id);
                }
                query.push(") order by anomaly_id, number");
            },
            |pool| query.build_query_as().fetch_all(pool).await
        )?;
        for row in rows {
            all.entry(row.anomaly_id).or_default().push(row.try_into()?);
        }
    }
    for anomaly in anomalies {
        anomaly.reviews = all.remove(&anomaly.id).unwrap_or_default();
    }
    Ok(())
}

impl TryFrom<ReviewRow> for Review {
    type Error = storage::Error;

    fn try_from(row: ReviewRow) -> Result<Self, Self::Error> {
        Ok(Self {
            verdict: Standing::named(&row.verdict)
                .ok_or_else(|| storage::Error::corrupt("anomaly_reviews.verdict", &row.verdict))?,
            reviewer: row.reviewer,
            reason: row.reason,
            at: row.reviewed_at.0,
        })
    }
}

async fn read(tx: &mut Tx, tenant: &Tenant, id: Uuid) -> storage::Result<Vec<Review>> {
    const READ: &str = "select anomaly_id, verdict, reviewer, reason, reviewed_at from anomaly_reviews \
                        where tenant_id = $1 and anomaly_id = $2 order by number";
    let rows: Vec<ReviewRow> = on!(&mut *tx, |c| sqlx::query_as(READ)
        .bind(tenant.as_str())
        .bind(id)
        .fetch_all(&mut **c)
        .await)?;
    rows.into_iter().map(Review::try_from).collect()
}

/// Adds the same review to anomalies that are locked.
async fn add(tx: &mut Tx, entry: &Entry, ids: &[Uuid], review: &Review) -> storage::Result<()> {
    const ADD: &str = "insert into anomaly_reviews (tenant_id, anomaly_id, number, verdict, reviewer, reason, reviewed_at) \
                       select $1, $2, coalesce(max(number), 0) + 1, $3, $4, $5, $6 from anomaly_reviews \
                       where tenant_id = $1 and anomaly_id = $2";
    const STAND: &str = "update anomalies set standing = $3 where tenant_id = $1 and id = $2";
    for id in ids {
        execute!(&mut *tx, |c| sqlx::query(ADD)
            .bind(entry.tenant.as_str())
            .bind(id)
            .bind(review.verdict.as_str())
            .bind(&review.reviewer)
            .bind(&review.reason)
            .bind(Instant(review.at))
            .execute(&mut **c))?;
        execute!(&mut *tx, |c| sqlx::query(STAND)
            .bind(entry.tenant.as_str())
            .bind(id)
            .bind(review.verdict.as_str())
            .execute(&mut **c))?;
    }
    Ok(())
}

/// Lets the inspection follow its anomalies; answers whether it is under review now.
async fn settle_one(tx: &mut Tx, entry: &Entry, id: Uuid) -> storage::Result<bool> {
    settle(tx, entry, "i.id", id).await?;
    const READ: &str = "select under_review from inspections where tenant_id = $1 and id = $2";
    on!(&mut *tx, |c| sqlx::query_scalar(READ)
        .bind(entry.tenant.as_str())
        .bind(id)
        .fetch_one(&mut **c)
        .await)
}

/// Lets inspections follow their anomalies; each that changes is a new version.
async fn settle(tx: &mut Tx, entry: &Entry, column: &str, id: Uuid) -> storage::Result<()> {
    for (now, before, flagged) in [(true, false, "exists"), (false, true, "not exists")] {
        built!(
            &mut *tx,
            "update inspections as i set under_review = ",
            |query| {
                query
                    .push_bind(now)
                    .push(", version = version + 1, updated_at = ");
                query.push_bind(Instant(entry.at));
                query
                    .push(" where i.tenant_id = ")
                    .push_bind(entry.tenant.as_str());
                query.push(format!(" and {column} = ")).push_bind(id);
                query.push(" and i.under_review = ").push_bind(before);
                query.push(format!(" and {flagged} ({FLAGGED})"));
            }
        )?;
    }
    Ok(())
}

/// Lets the queue and the inspections follow the suspensions of a body: what is covered and not queued is queued by the
/// caller before; what the system dismissed is opened again; what is covered no more is dismissed by the system. What a
/// person decided stands.
pub(super) async fn follow(
    tx: &mut Tx,
    entry: &Entry,
    body: Uuid,
    suspensions: &[Suspension],
) -> storage::Result<()> {
    const READ: &str = "select a.id, i.performed, a.standing, coalesce((select r.reviewer from anomaly_reviews r \
                        where r.tenant_id = a.tenant_id and r.anomaly_id = a.id order by r.number desc limit 1), '') \
                        from anomalies a join inspections i on i.tenant_id = a.tenant_id and i.id = a.inspection_id \
                        where a.tenant_id = $1 and a.body_id = $2 and a.kind = $3";
    const LOCK: &str = "update anomalies set standing = standing where tenant_id = $1 and body_id = $2 and kind = $3";
    execute!(&mut *tx, |c| sqlx::query(LOCK)
        .bind(entry.tenant.as_str())
        .bind(body)
        .bind(Kind::BodySuspended.as_str())
        .execute(&mut **c))?;
    let rows: Vec<(Uuid, String, String, String)> = on!(&mut *tx, |c| sqlx::query_as(READ)
        .bind(entry.tenant.as_str())
        .bind(body)
        .bind(Kind::BodySuspended.as_str())
        .fetch_all(&mut **c)
        .await)?;
    let (mut opened, mut closed) = (Vec::new(), Vec::new());
    for (id, performed, standing, reviewer) in rows {
        let day: tongguan_vocabulary::PartialDate = performed
            .parse()
            .map_err(|error| storage::Error::corrupt("inspections.performed", error))?;
        let covered = suspensions
            .iter()
            .any(|suspension| suspension.covers(day.first()));
        match (Standing::named(&standing), covered) {
            (Some(Standing::Open), false) => closed.push(id),
            (Some(Standing::Dismissed), true) if reviewer == SYSTEM => opened.push(id),
            _ => {}
        }
    }
    for (ids, verdict, reason) in [
        (
            opened,
            Standing::Open,
            "a suspension covers the day of the test again",
        ),
        (
            closed,
            Standing::Dismissed,
            "no suspension covers the day of the test any more",
        ),
    ] {
        let review = Review {
            verdict,
            reviewer: SYSTEM.to_owned(),
            reason: reason.to_owned(),
            at: entry.at,
        };
        add(tx, entry, &ids, &review).await?;
    }
    settle(tx, entry, "i.body_id", body).await
}
