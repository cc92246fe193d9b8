//! The invariants, held against what the database says after whatever happened to the processes that wrote it.
//!
//! What entries, checkpoints and status lists must agree on is the work of [`fsck`](crate::fsck); this is the rest.
//! I8 to I10 also show at the surface only, to a caller who kept what it was answered: see the suite's crash kit.

use std::collections::BTreeSet;

use time::OffsetDateTime;
use tongguan_certificate::Certificate;
use tongguan_storage::Database;
use tongguan_vocabulary::{Breach, Invariant};
use uuid::Uuid;

use crate::domain::chart::CHART;
use crate::error::Error;
use crate::store::{Counted, Store};

/// Every breach found in a database in which nothing is under way; what was due before `overdue` and is still is one.
pub async fn check(database: Database, overdue: OffsetDateTime) -> Result<Vec<Breach>, Error> {
    use Invariant::{I1, I2, I3, I6, I7, I10, I11};
    let mut breaches = tongguan_storage::invariants::check(&database).await?;
    let store = Store::new(database);
    let found = [
        (I1, "is open beside another", store.open_twice().await?),
        (I1, "is live beside another", store.live_twice().await?),
        (
            I2,
            "was issued before its evidence was pinned",
            store.unproven().await?,
        ),
        (
            I3,
            "is due and nobody moved it",
            store.overdue(overdue).await?,
        ),
        (I6, "is live and its case ended", store.revived().await?),
        (
            I7,
            "has a step pinned twice in one round",
            store.pinned_twice().await?,
        ),
        (I10, "has no case of its tenant", store.stray().await?),
        (I11, "waits and has no timer", store.without_timer().await?),
    ];
    for (invariant, problem, rows) in found {
        breaches.extend(
            rows.into_iter()
                .map(|(tenant, id)| Breach::of(invariant, format!("{id} of {tenant} {problem}"))),
        );
    }
    for counted in store.counted().await? {
        breaches.extend(changes(&counted));
    }
    breaches.extend(checkpoints(&store).await?);
    Ok(breaches)
}

/// One audit line and one event a change (I5), each a step the chart has (I6, I7).
fn changes(counted: &Counted) -> Vec<Breach> {
    let Counted {
        tenant,
        case,
        version,
        lines,
        events,
    } = counted;
    let mut breaches = Vec::new();
    let numbered = lines.iter().map(|(number, _)| *number).eq(1..=*version);
    if !numbered || events != version {
        let found = format!(
            "the case {case} of {tenant} is at version {version} with {} audit lines and {events} events",
            lines.len()
        );
        breaches.push(Breach::of(Invariant::I5, found));
    }
    for pair in lines.windows(2) {
        let (from, to) = (&pair[0].1, &pair[1].1);
        let legal = from == to
            || CHART
                .iter()
                .any(|row| row.from.as_str() == from && row.to.as_str() == to);
        if !legal {
            let invariant = match from.as_str() {
                "INVALIDATED" => Invariant::I6,
                _ => Invariant::I7,
            };
            let found = format!("the case {case} of {tenant} went from {from} to {to}");
            breaches.push(Breach::of(invariant, found));
        }
    }
    breaches
}

/// The checkpoint that proves a certificate is kept: without it a restart could not tell that the log was forked.
async fn checkpoints(store: &Store) -> Result<Vec<Breach>, Error> {
    let kept: BTreeSet<u64> = store
        .checkpoints()
        .await?
        .into_iter()
        .map(|(size, _)| size)
        .collect();
    let mut breaches = Vec::new();
    let mut breach = |id: Uuid, problem: String| {
        breaches.push(Breach::of(
            Invariant::I4,
            format!("the certificate {id} {problem}"),
        ));
    };
    for (id, cose) in store.envelopes().await? {
        let proof = Certificate::from_cose(&cose)
            .ok()
            .and_then(|certificate| certificate.proof().map(|proof| proof.size));
        match proof {
            None => breach(id, "has no proof".to_owned()),
            Some(size) if !kept.contains(&size) => {
                breach(
                    id,
                    format!("is proven by a checkpoint of {size} entries that is not kept"),
                );
            }
            Some(_) => {}
        }
    }
    Ok(breaches)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(version: i64, states: &[&str], events: i64) -> Counted {
        Counted {
            tenant: "acme".to_owned(),
            case: Uuid::nil(),
            version,
            lines: (1..).zip(states.iter().map(ToString::to_string)).collect(),
            events,
        }
    }

    fn broken(counted: &Counted) -> Vec<Invariant> {
        changes(counted)
            .iter()
            .map(|breach| breach.invariant)
            .collect()
    }

    #[test]
    fn a_change_has_one_line_one_event_and_a_row_of_the_chart() {
        let way = ["DRAFT", "DRAFT", "SUBMITTED", "GATHERING", "READY"];
        assert_eq!(broken(&counted(5, &way, 5)), []);
        assert_eq!(broken(&counted(5, &way, 4)), [Invariant::I5]);
        assert_eq!(broken(&counted(6, &way, 6)), [Invariant::I5]);
        assert_eq!(broken(&counted(2, &["DRAFT", "READY"], 2)), [Invariant::I7]);
        assert_eq!(
            broken(&counted(2, &["INVALIDATED", "CERTIFIED"], 2)),
            [Invariant::I6]
        );
    }
}
