//! The statements of issuing, many rows to each.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use time::OffsetDateTime;
use tongguan_storage::{self as storage, Instant, On, Tx, built, chunks, execute};
use tongguan_vocabulary::Tenant;
use uuid::Uuid;

use super::{Issuing, Signed};
use crate::domain::Case;
use crate::store::case::{self, Line};
use crate::store::certificates::body;
use crate::store::record::record_all;
use crate::store::{Draft, Entry};

#[derive(sqlx::FromRow)]
struct DraftRow {
    id: Uuid,
    case_id: Uuid,
    body: Json<DraftBody>,
    to_be_signed: Vec<u8>,
    signature: Option<Vec<u8>>,
    status_index: i64,
}

#[derive(Serialize, Deserialize)]
struct DraftBody {
    expires_at: OffsetDateTime,
    record: serde_json::Value,
}

/// Certificates on their way, by case.
pub(super) async fn prepared(
    tx: &mut Tx,
    wanted: &[(Tenant, Uuid)],
) -> Result<BTreeMap<Uuid, Draft>, storage::Error> {
    const READ: &str = "select id, case_id, body, to_be_signed, signature, status_index from certificates \
                        where state = 'PREPARED' and (tenant_id, case_id) in (";
    let mut found = BTreeMap::new();
    for chunk in chunks(wanted) {
        let rows: Vec<DraftRow> = built!(
            &mut *tx,
            READ,
            |query| {
                query.push_values(chunk, |mut row, (tenant, case)| {
                    row.push_bind(tenant.as_str()).push_bind(*case);
                });
                query.push(")");
            },
            |c| query.build_query_as().fetch_all(&mut **c).await
        )?;
        for row in rows {
            let draft = Draft {
                id: row.id,
                case: row.case_id,
                status_index: u32::try_from(row.status_index)
                    .map_err(|error| storage::Error::corrupt("certificates.status_index", error))?,
                to_be_signed: row.to_be_signed,
                signature: row.signature,
                expires_at: row.body.0.expires_at,
                record: row.body.0.record,
            };
            found.insert(draft.case, draft);
        }
    }
    Ok(found)
}

pub(super) async fn discard(
    tx: &mut Tx,
    tenant: &Tenant,
    case: Uuid,
) -> Result<(), storage::Error> {
    const DISCARD: &str = "update certificates set state = 'DISCARDED' where tenant_id = $1 and case_id = $2 and state = 'PREPARED'";
    execute!(&mut *tx, |c| sqlx::query(DISCARD)
        .bind(tenant.as_str())
        .bind(case)
        .execute(&mut **c))?;
    Ok(())
}

pub(super) async fn insert(
    tx: &mut Tx,
    made: &[(&Tenant, Draft)],
    now: OffsetDateTime,
) -> Result<u64, storage::Error> {
    const INSERT: &str = "insert into certificates (tenant_id, id, case_id, state, live, version, body, to_be_signed, signature, cose, \
                          status_index, created_at, updated_at) ";
    let mut rows = 0;
    for chunk in chunks(made) {
        rows += built!(&mut *tx, INSERT, |query| {
            query.push_values(chunk, |mut row, (tenant, draft)| {
                row.push_bind(tenant.as_str())
                    .push_bind(draft.id)
                    .push_bind(draft.case)
                    .push("'PREPARED'")
                    .push("false")
                    .push("0")
                    .push_bind(Json(DraftBody {
                        expires_at: draft.expires_at,
                        record: draft.record.clone(),
                    }))
                    .push_bind(draft.to_be_signed.as_slice())
                    .push("null")
                    .push("null")
                    .push_bind(i64::from(draft.status_index))
                    .push_bind(Instant(now))
                    .push_bind(Instant(now));
            });
            query.push(" on conflict do nothing");
        })?;
    }
    Ok(rows)
}

pub(super) async fn store_signatures(
    tx: &mut Tx,
    signed: &[Signed],
) -> Result<u64, storage::Error> {
    const STORE: &str = "update certificates set signature = v.column3 from (";
    let mut rows = 0;
    for chunk in chunks(signed) {
        rows += built!(&mut *tx, STORE, |query| {
            query.push_values(chunk, |mut row, one| {
                row.push_bind(one.tenant.as_str())
                    .push_bind(one.id)
                    .push_bind(one.signature.as_slice());
            });
            query.push(
                ") as v where certificates.tenant_id = v.column1 and certificates.id = v.column2 \
                     and certificates.signature is null",
            );
        })?;
    }
    Ok(rows)
}

/// The signatures that stand, with their places in the log.
pub(super) async fn standing(
    tx: &mut Tx,
    signed: &[Signed],
) -> Result<BTreeMap<Uuid, (Vec<u8>, Option<i64>)>, storage::Error> {
    const READ: &str = "select c.id, c.signature, l.log_index from certificates c \
                        left join log_entries l on l.certificate_id = c.id where (c.tenant_id, c.id) in (";
    let mut found = BTreeMap::new();
    for chunk in chunks(signed) {
        let rows: Vec<(Uuid, Vec<u8>, Option<i64>)> = built!(
            &mut *tx,
            READ,
            |query| {
                query.push_values(chunk, |mut row, one| {
                    row.push_bind(one.tenant.as_str()).push_bind(one.id);
                });
                query.push(")");
            },
            |c| query.build_query_as().fetch_all(&mut **c).await
        )?;
        found.extend(
            rows.into_iter()
                .map(|(id, signature, index)| (id, (signature, index))),
        );
    }
    Ok(found)
}

/// A certificate's signature with its entry in the log and the hash of that leaf.
type Leaf<'a> = (&'a Signed, (Vec<u8>, Vec<u8>));

pub(super) async fn append(tx: &mut Tx, rows: &[(i64, &Leaf<'_>)]) -> Result<(), storage::Error> {
    const INSERT: &str =
        "insert into log_entries (tenant_id, log_index, certificate_id, entry, leaf_hash) ";
    for chunk in chunks(rows) {
        built!(&mut *tx, INSERT, |query| {
            query.push_values(chunk, |mut row, (index, (one, (entry, leaf)))| {
                row.push_bind(one.tenant.as_str())
                    .push_bind(*index)
                    .push_bind(one.id)
                    .push_bind(entry.as_slice())
                    .push_bind(leaf.as_slice());
            });
        })?;
    }
    Ok(())
}

/// Cases that nobody changed since they were read, whose claim is still the latest and whose certificate is still on
/// its way; their rows are locked.
pub(super) async fn as_read(
    tx: &mut Tx,
    batch: &[Issuing],
) -> Result<BTreeSet<Uuid>, storage::Error> {
    let lock = match tx {
        On::Sqlite(_) => "",
        On::Postgres(_) => " for update of c, w, k",
    };
    let mut found = BTreeSet::new();
    for chunk in chunks(batch) {
        let ids: Vec<Uuid> = built!(
            &mut *tx,
            "select c.id from (",
            |query| {
                query.push_values(chunk, |mut row, one| {
                    row.push_bind(one.claim.tenant.as_str())
                        .push_bind(one.claim.id)
                        .push_bind(one.loaded.version() as i64)
                        .push_bind(one.claim.epoch)
                        .push_bind(one.held.id);
                });
                query.push(
                    ") as v join cases c on c.tenant_id = v.column1 and c.id = v.column2 and c.version = v.column3 \
                     join case_work w on w.tenant_id = c.tenant_id and w.case_id = c.id and w.epoch = v.column4 \
                     join certificates k on k.tenant_id = c.tenant_id and k.id = v.column5 and k.state = 'PREPARED' \
                     order by c.id",
                );
                query.push(lock);
            },
            |c| query.build_query_scalar().fetch_all(&mut **c).await
        )?;
        found.extend(ids);
    }
    Ok(found)
}

/// Certificates, cases and what workers contend for, with audit lines and events.
pub(super) async fn write(
    tx: &mut Tx,
    entry: &Entry,
    winners: &[&mut Issuing],
) -> Result<(), storage::Error> {
    const CERTIFICATES: &str = "update certificates set live = true, version = certificates.version + 1, state = v.column3, \
                                body = v.column4, cose = v.column5, updated_at = v.column6 from (";
    const CASES: &str = "update cases set state = v.column3, open_case = v.column4, version = v.column5, body = v.column6, \
                         updated_at = v.column7, clearing_seconds = v.column8 from (";
    const WORK: &str = "update case_work set due_at = v.column3, lease_owner = null, lease_until = null, \
                        looked = case when looked < v.column4 then v.column4 else looked end from (";
    const OF: &str =
        " as v where certificates.tenant_id = v.column1 and certificates.id = v.column2";
    for chunk in chunks(winners) {
        built!(&mut *tx, CERTIFICATES, |query| {
            query.push_values(chunk, |mut row, one| {
                row.push_bind(one.claim.tenant.as_str())
                    .push_bind(one.held.id)
                    .push_bind(one.held.life.as_str())
                    .push_bind(Json(body(&one.held)))
                    .push_bind(one.held.cose.as_slice())
                    .push_bind(Instant(entry.at));
            });
            query.push(")").push(OF);
        })?;
        built!(&mut *tx, CASES, |query| {
            query.push_values(chunk, |mut row, one| {
                let case = &one.loaded.case;
                row.push_bind(one.claim.tenant.as_str())
                    .push_bind(case.id)
                    .push_bind(case.state.as_str())
                    .push_bind(case.state.is_open())
                    .push_bind(case.version as i64)
                    .push_bind(Json(case))
                    .push_bind(Instant(case.updated_at))
                    .push_bind(case::clearing_seconds(case));
            });
            query.push(") as v where cases.tenant_id = v.column1 and cases.id = v.column2");
        })?;
        built!(&mut *tx, WORK, |query| {
            query.push_values(chunk, |mut row, one| {
                row.push_bind(one.claim.tenant.as_str())
                    .push_bind(one.claim.id)
                    .push_bind(one.loaded.case.due_at().map(Instant))
                    .push_bind(one.claim.asked);
            });
            query.push(
                ") as v where case_work.tenant_id = v.column1 and case_work.case_id = v.column2",
            );
        })?;
    }
    let lines: Vec<(u64, &Case, &Tenant, &Line)> = winners
        .iter()
        .map(|one| {
            let case = &one.loaded.case;
            (case.version, case, &one.claim.tenant, &one.line)
        })
        .collect();
    record_all(tx, entry, &lines).await
}
