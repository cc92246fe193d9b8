//! Marks on two vehicles: found by index when a vehicle begins to show one, told to both, taken back when one ends.

use std::collections::{BTreeMap, BTreeSet};

use tongguan_storage::{self as storage, Tx, built, chunks, execute};
use tongguan_vocabulary::{Ids, Vin};

use super::{Entry, change};
use crate::domain::{Change, Details, MarkKind, Shared, Vehicle};
use crate::error::Error;

/// A mark and the living vehicles of a tenant that show it.
pub(super) struct Held {
    kind: MarkKind,
    value: String,
    /// First and last by VIN.
    first: Vin,
    last: Vin,
    count: i64,
}

#[derive(sqlx::FromRow)]
struct HeldRow {
    mark: String,
    first: String,
    last: String,
    held: i64,
}

/// Column of the certificate's mark, and the kind's name where a mark lives beside it.
fn columns(kind: MarkKind) -> (&'static str, &'static str) {
    match kind {
        MarkKind::Battery => ("living_battery", "Battery"),
        MarkKind::Engine | MarkKind::Plate | MarkKind::StampedVin => ("living_engine", "Engine"),
    }
}

/// Which of these marks at least `least` living vehicles show.
async fn held(
    tx: &mut Tx,
    entry: &Entry,
    kind: MarkKind,
    marks: &[&str],
    least: i64,
) -> Result<Vec<Held>, storage::Error> {
    let (column, name) = columns(kind);
    let tenant = entry.tenant.as_str();
    let rows: Vec<HeldRow> = built!(
        &mut *tx,
        "select mark, min(vin) as first, max(vin) as last, count(vin) as held from (select ",
        |query| {
            query
                .push(column)
                .push(" as mark, vin from vehicles where tenant_id = ");
            query.push_bind(tenant).push(" and ").push(column);
            query.push(" <> '' and ").push(column).push(" in (");
            let mut list = query.separated(", ");
            for mark in marks {
                list.push_bind(*mark);
            }
            query
                .push(") union all select value as mark, vin from living_marks where tenant_id = ");
            query.push_bind(tenant).push(" and kind = ").push_bind(name);
            query.push(" and value in (");
            let mut list = query.separated(", ");
            for mark in marks {
                list.push_bind(*mark);
            }
            query.push(")) as shown group by mark having count(vin) >= ");
            query.push_bind(least);
        },
        |c| query.build_query_as().fetch_all(&mut **c).await
    )?;
    let vin = |text: &str| {
        text.parse::<Vin>()
            .map_err(|error| storage::Error::corrupt("vehicles.vin", error))
    };
    rows.into_iter()
        .map(|row| {
            Ok(Held {
                kind,
                first: vin(&row.first)?,
                last: vin(&row.last)?,
                count: row.held,
                value: row.mark,
            })
        })
        .collect()
}

/// Which of the marks of stored vehicles stand on another too: nearly always none.
///
/// The second vehicle in the order of the index is asked for, mark by mark: a form that PostgreSQL answers from the index
/// whatever it believes of a table that it has not analysed yet, as during a first import.
async fn repeated(
    tx: &mut Tx,
    entry: &Entry,
    kind: MarkKind,
    marks: &[&str],
) -> Result<Vec<String>, storage::Error> {
    let (column, name) = columns(kind);
    let tenant = entry.tenant.as_str();
    let mut found = Vec::new();
    for chunk in chunks(marks) {
        let some: Vec<String> = built!(
            &mut *tx,
            "select m.column1 from (",
            |query| {
                query.push_values(chunk, |mut row, mark| {
                    row.push_bind(*mark);
                });
                query.push(") as m where (select v.vin from vehicles v where v.tenant_id = ");
                query.push_bind(tenant);
                query.push(format!(
                    " and v.{column} = m.column1 and v.{column} <> '' order by v.vin limit 1 offset 1) is not null \
                     or (select l.vin from living_marks l where l.tenant_id = "
                ));
                query
                    .push_bind(tenant)
                    .push(" and l.kind = ")
                    .push_bind(name);
                query.push(" and l.value = m.column1 order by l.vin limit 1) is not null");
            },
            |c| query.build_query_scalar().fetch_all(&mut **c).await
        )?;
        found.extend(some);
    }
    Ok(found)
}

/// The marks of new vehicles that stand on another too, each with those new vehicles; `entry` says whose they are.
pub(super) async fn among<'a, P: Copy>(
    tx: &mut Tx,
    entry: &Entry,
    rows: impl Iterator<Item = (&'a Details, P)> + Clone,
) -> Result<Vec<(Held, Vec<P>)>, storage::Error> {
    let mut found = Vec::new();
    for kind in [MarkKind::Engine, MarkKind::Battery] {
        let mut of: BTreeMap<&str, Vec<P>> = BTreeMap::new();
        for (details, place) in rows.clone() {
            let mark = match kind {
                MarkKind::Battery => details.battery_id.as_str(),
                _ => details.engine_number.as_str(),
            };
            if !mark.is_empty() {
                of.entry(mark).or_default().push(place);
            }
        }
        let marks: Vec<&str> = of.keys().copied().collect();
        let repeated = repeated(tx, entry, kind, &marks).await?;
        let repeated: Vec<&str> = repeated.iter().map(String::as_str).collect();
        for chunk in chunks(&repeated) {
            for held in held(tx, entry, kind, chunk, 2).await? {
                let places = of.get(held.value.as_str()).cloned().unwrap_or_default();
                found.push((held, places));
            }
        }
    }
    Ok(found)
}

impl Held {
    /// Alarms `fresh` and the first and last vehicle that show the mark, each that does not know of it yet; answers
    /// those that changed. Of many with one mark each newcomer costs one event, not one for every other.
    pub(super) async fn alarm(
        &self,
        ids: &Ids,
        tx: &mut Tx,
        entry: &Entry,
        fresh: impl Iterator<Item = Vin>,
    ) -> Result<BTreeMap<Vin, Vehicle>, Error> {
        let vins: BTreeSet<Vin> = fresh.chain([self.first, self.last]).collect();
        let mut vehicles = BTreeMap::new();
        for vin in vins {
            if let Some(vehicle) = change::lock(tx, &entry.tenant, vin).await? {
                vehicles.insert(vin, vehicle);
            }
        }
        let mut changed = BTreeMap::new();
        for (vin, vehicle) in &vehicles {
            let with = if *vin == self.first {
                self.last
            } else {
                self.first
            };
            let other_is_this = vehicles
                .get(&with)
                .is_some_and(|other| other.is_stamped(*vin));
            if other_is_this || vehicle.is_stamped(with) || vehicle.shares(self.kind, &self.value) {
                continue;
            }
            let shared = Change::Share(Shared {
                kind: self.kind,
                value: self.value.clone(),
                with,
            });
            let after = record(ids, tx, entry, vehicle, &shared).await?;
            changed.insert(*vin, after);
        }
        Ok(changed)
    }
}

/// After a change: keeps the index of marks beside the certificate's, alarms where a mark came that another shows, and
/// takes the alarm back where the last other one is left alone. Answers the vehicle as it is then.
pub(super) async fn settle(
    ids: &Ids,
    tx: &mut Tx,
    entry: &Entry,
    before: &Vehicle,
    after: Vehicle,
) -> Result<Vehicle, Error> {
    let (had, has) = (before.bears(), after.bears());
    if had == has && before.shared == after.shared {
        return Ok(after);
    }
    index(tx, entry, before, &after).await?;
    let vin = after.details.vin;
    for lost in before
        .shared
        .iter()
        .filter(|one| !after.shared.contains(one))
    {
        for left in held(tx, entry, lost.kind, &[&lost.value], 1).await? {
            let alone = match left.count {
                1 => left.first,
                2 if after.is_stamped(lost.with) => lost.with,
                _ => continue,
            };
            if alone == vin {
                continue;
            }
            let other = change::lock(tx, &entry.tenant, alone).await?;
            if let Some(other) = other.filter(|other| other.shares(lost.kind, &lost.value)) {
                let end = Change::Unshare {
                    kind: lost.kind,
                    value: lost.value.clone(),
                };
                record(ids, tx, entry, &other, &end).await?;
            }
        }
    }
    let mut after = after;
    for (kind, value) in has.difference(&had) {
        for held in held(tx, entry, *kind, &[value], 2).await? {
            let mut changed = held.alarm(ids, tx, entry, [vin].into_iter()).await?;
            after = changed.remove(&vin).unwrap_or(after);
        }
    }
    Ok(after)
}

/// Writes a change that nobody asked for: it follows from what `entry` did to another vehicle.
async fn record(
    ids: &Ids,
    tx: &mut Tx,
    entry: &Entry,
    vehicle: &Vehicle,
    follows: &Change,
) -> Result<Vehicle, Error> {
    let (after, happened) = vehicle.apply(follows, entry.at)?;
    let entry = Entry {
        event: ids.next(),
        ..entry.clone()
    };
    change::write(tx, &entry, &after, happened, &serde_json::json!(follows)).await?;
    Ok(after)
}

/// Keeps `living_marks`: what a vehicle shows beside the mark of its certificate.
async fn index(
    tx: &mut Tx,
    entry: &Entry,
    before: &Vehicle,
    after: &Vehicle,
) -> Result<(), storage::Error> {
    const DROP: &str =
        "delete from living_marks where tenant_id = $1 and kind = $2 and value = $3 and vin = $4";
    const KEEP: &str = "insert into living_marks (tenant_id, kind, value, vin) values ($1, $2, $3, $4) \
                        on conflict (tenant_id, kind, value, vin) do nothing";
    let beside = |vehicle: &Vehicle| {
        let mut marks = vehicle.bears();
        marks.retain(|(kind, value)| vehicle.shown(*kind) != value);
        marks
    };
    let (had, has) = (beside(before), beside(after));
    let steps = [(DROP, had.difference(&has)), (KEEP, has.difference(&had))];
    for (statement, marks) in steps {
        for (kind, value) in marks {
            execute!(&mut *tx, |c| sqlx::query(statement)
                .bind(entry.tenant.as_str())
                .bind(columns(*kind).1)
                .bind(value)
                .bind(after.details.vin.as_str())
                .execute(&mut **c))?;
        }
    }
    Ok(())
}
