//! Registrations, one or thousands: the same statements, many rows to each.

mod conclude;

use std::collections::btree_map::Entry as Position;
use std::collections::{BTreeMap, HashMap, HashSet};

use sqlx::types::Json;
use tongguan_storage::{self as storage, Instant, Once, Tx, Vault, built, chunks, on, outbox};
use tongguan_vocabulary::{Ids, Vin};

use super::registration::{Key, Outcome, Registered, Registration, Remembered, Row};
use super::{Entry, STREAM, SnapshotRow, change, owners, shared};
use crate::domain::{Change, Vehicle};
use crate::error::Error;

/// A row of a command.
type Place = (usize, usize);

struct Run<'a> {
    commands: &'a [&'a Registration],
    outcomes: Vec<Vec<Outcome>>,
    answers: Vec<Option<Result<Registered, Error>>>,
    /// Where the import of a command stood before it.
    before: Vec<u64>,
    /// Where each import stands after the commands so far, by tenant and id.
    reached: BTreeMap<(&'a str, &'a str), u64>,
    ids: &'a Ids,
    /// The version that answers a command for one vehicle.
    versions: Vec<i64>,
}

/// Stores the rows of all commands and answers each.
pub(super) async fn run(
    vault: &Vault,
    ids: &Ids,
    tx: &mut Tx,
    commands: &[&Registration],
) -> Result<Vec<Result<Registered, Error>>, Error> {
    let mut run = Run {
        commands,
        outcomes: commands
            .iter()
            .map(|command| vec![Outcome::Stored; command.rows.len()])
            .collect(),
        answers: commands.iter().map(|_| None).collect(),
        before: vec![0; commands.len()],
        reached: BTreeMap::new(),
        ids,
        versions: vec![1; commands.len()],
    };
    let mut fresh = run.fresh(tx).await?;
    // In the order of the key: neighbours in the index are written together, and two writers never wait for each other.
    fresh.sort_unstable_by_key(|place| run.key(*place));
    for chunk in chunks(&fresh) {
        run.insert_new(tx, chunk).await?;
    }
    run.tell(tx).await?;
    run.alarm(tx).await?;
    run.keep_owners(vault, tx).await?;
    run.conclude(tx).await
}

/// What an earlier request with the key was answered; `None` where this is the first.
async fn replay(
    tx: &mut Tx,
    once: &Once,
    rows: usize,
) -> Result<Option<Result<Registered, Error>>, Error> {
    let stored = || vec![Outcome::Stored; rows];
    match once.claim(tx, &Remembered::Outcomes(stored())).await {
        Ok(None) => Ok(None),
        Ok(Some(remembered)) => {
            let (outcomes, version) = match remembered {
                Remembered::Outcomes(outcomes) => (outcomes, 1),
                Remembered::Version(version) => (stored(), version),
                Remembered::Whole(_) => (stored(), 1),
            };
            Ok(Some(Ok(Registered {
                outcomes,
                replayed: true,
                next_row: 0,
                version,
            })))
        }
        Err(error @ storage::Error::KeyReused) => Ok(Some(Err(error.into()))),
        Err(error) => Err(error.into()),
    }
}

impl<'a> Run<'a> {
    fn row(&self, (command, row): Place) -> &'a Row {
        &self.commands[command].rows[row]
    }

    fn entry(&self, (command, _): Place) -> &'a Entry {
        &self.commands[command].entry
    }

    fn key(&self, place: Place) -> (&'a str, Vin) {
        (
            self.entry(place).tenant.as_str(),
            self.row(place).details.vin,
        )
    }

    /// Rows to be stored: of commands that were not answered before, the first of each VIN.
    async fn fresh(&mut self, tx: &mut Tx) -> Result<Vec<Place>, Error> {
        let mut seen: HashSet<(&str, Vin)> = HashSet::new();
        let mut fresh = Vec::new();
        for (place, command) in self.commands.iter().enumerate() {
            let answered = match &command.key {
                Key::One(once) | Key::Batch(once) => replay(tx, once, command.rows.len()).await?,
                Key::Import { .. } => self.advance(tx, place).await?.map(Err),
            };
            if answered.is_some() {
                self.answers[place] = answered;
                continue;
            }
            for index in 0..command.rows.len() {
                if seen.insert(self.key((place, index))) {
                    fresh.push((place, index));
                } else {
                    self.outcomes[place][index] = Outcome::Taken;
                }
            }
        }
        Ok(fresh)
    }

    /// Moves an import to the end of a message; or says that the message is refused because rows before it are missing.
    async fn advance(&mut self, tx: &mut Tx, place: usize) -> Result<Option<Error>, Error> {
        // The update takes the row's lock: two streams of one import come one after the other.
        const READ: &str = "insert into imports (tenant_id, id, next_row) values ($1, $2, 0) \
                            on conflict (tenant_id, id) do update set next_row = imports.next_row returning next_row";
        let command = self.commands[place];
        let Key::Import { id, first_row, end } = &command.key else {
            return Ok(None);
        };
        let key = (command.entry.tenant.as_str(), id.as_str());
        let reached = match self.reached.entry(key) {
            Position::Occupied(known) => known.into_mut(),
            Position::Vacant(unknown) => {
                let stored: i64 = on!(&mut *tx, |c| sqlx::query_scalar(READ)
                    .bind(key.0)
                    .bind(key.1)
                    .fetch_one(&mut **c)
                    .await)?;
                unknown.insert(stored as u64)
            }
        };
        if *first_row > *reached {
            return Ok(Some(Error::ImportGap { next_row: *reached }));
        }
        self.before[place] = *reached;
        *reached = (*end).max(*reached);
        Ok(None)
    }

    /// Inserts rows; those whose VIN stands already are left out and looked at.
    async fn insert_new(&mut self, tx: &mut Tx, chunk: &[Place]) -> Result<(), Error> {
        let mut rest = chunk.to_vec();
        while !rest.is_empty() {
            storage::mark(tx).await?;
            if self.insert(tx, &rest).await? == rest.len() as u64 {
                storage::release(tx).await?;
                return Ok(());
            }
            storage::undo(tx).await?;
            storage::release(tx).await?;
            let standing = self.standing(tx, &rest).await?;
            if standing.is_empty() {
                return Err(storage::Error::corrupt("vehicles", "neither stored nor found").into());
            }
            for place in &rest {
                if let Some(vehicle) = standing.get(&self.key(*place)) {
                    self.outcomes[place.0][place.1] = self.met(tx, *place, vehicle).await?;
                }
            }
            rest.retain(|place| !standing.contains_key(&self.key(*place)));
        }
        Ok(())
    }

    async fn insert(&self, tx: &mut Tx, places: &[Place]) -> Result<u64, storage::Error> {
        const INSERT: &str = "insert into vehicles (tenant_id, vin, version, state, exporter, category, plate, first_registered, \
                              kind, actor, reason, document, change, snapshot, recorded_at, living_engine, living_battery) ";
        let mut inserted = 0;
        for places in chunks(places) {
            inserted += built!(&mut *tx, INSERT, |query| {
                query.push_values(places, |mut values, place| {
                    let (entry, row) = (self.entry(*place), self.row(*place));
                    values
                        .push_bind(entry.tenant.as_str())
                        .push_bind(row.details.vin.as_str())
                        .push("1, 'Registered', ''")
                        .push_bind(row.details.category.as_str())
                        .push_bind(row.details.plate.as_str())
                        .push_bind(row.details.first_registered.to_string())
                        .push("'REGISTERED'")
                        .push_bind(entry.actor.as_str())
                        .push_bind(entry.reason.as_str())
                        .push_bind(entry.document.as_str())
                        .push("'null'")
                        .push_bind(Json(&row.snapshot))
                        .push_bind(Instant(entry.at))
                        .push_bind(row.details.engine_number.as_str())
                        .push_bind(row.details.battery_id.as_str());
                });
                query.push(" on conflict (tenant_id, vin) do nothing");
            })?;
        }
        Ok(inserted)
    }

    /// The vehicles that stand where these rows would.
    async fn standing(
        &self,
        tx: &mut Tx,
        places: &[Place],
    ) -> Result<HashMap<(&'a str, Vin), Vehicle>, storage::Error> {
        let mut by_tenant: BTreeMap<&str, Vec<Vin>> = BTreeMap::new();
        for place in places {
            let tenant = self.entry(*place).tenant.as_str();
            by_tenant
                .entry(tenant)
                .or_default()
                .push(self.row(*place).details.vin);
        }
        let mut standing = HashMap::new();
        for (tenant, vins) in by_tenant {
            let rows: Vec<SnapshotRow> = built!(
                &mut *tx,
                "select snapshot from vehicles where tenant_id = ",
                |query| {
                    query.push_bind(tenant).push(" and vin in (");
                    let mut list = query.separated(", ");
                    for vin in &vins {
                        list.push_bind(vin.as_str());
                    }
                    query.push(")");
                },
                |c| query.build_query_as().fetch_all(&mut **c).await
            )?;
            let found = rows.into_iter().map(|row| row.snapshot.0);
            standing.extend(found.map(|vehicle| ((tenant, vehicle.details.vin), vehicle)));
        }
        Ok(standing)
    }

    /// What a row comes to whose VIN stands: the same row again, or another; where the two can not be one car, the
    /// standing vehicle tells of it.
    async fn met(&self, tx: &mut Tx, place: Place, standing: &Vehicle) -> Result<Outcome, Error> {
        let (entry, row) = (self.entry(place), self.row(place));
        let Key::Import { .. } = self.commands[place.0].key else {
            return self.contradict(tx, entry, row, standing).await;
        };
        let same = standing.version > 1 || standing.details == row.details;
        if same && row.number < self.before[place.0] {
            return Ok(Outcome::Known);
        }
        self.contradict(tx, entry, row, standing).await
    }

    async fn contradict(
        &self,
        tx: &mut Tx,
        entry: &Entry,
        row: &Row,
        standing: &Vehicle,
    ) -> Result<Outcome, Error> {
        let day = entry.at.to_offset(time::macros::offset!(+8)).date();
        let marks = standing.contradicted_by(&row.details, day);
        if marks.is_empty() {
            return Ok(Outcome::Taken);
        }
        let entry = Entry {
            event: row.event,
            ..entry.clone()
        };
        let contradicted = Change::Contradict { marks };
        let (after, happened) = standing.apply(&contradicted, entry.at)?;
        let change = serde_json::json!(contradicted);
        change::write(tx, &entry, &after, happened, &change).await?;
        shared::settle(self.ids, tx, &entry, standing, after).await?;
        Ok(Outcome::Taken)
    }

    /// Alarms vehicles whose engine or battery stands on another too, the new ones and those that stood before. The
    /// stream's lock is held by now: what another writer committed before is seen, and another after sees these.
    async fn alarm(&mut self, tx: &mut Tx) -> Result<(), Error> {
        let mut fresh: BTreeMap<&str, Vec<Place>> = BTreeMap::new();
        for place in self.stored() {
            fresh
                .entry(self.entry(place).tenant.as_str())
                .or_default()
                .push(place);
        }
        for places in fresh.into_values() {
            let rows = places
                .iter()
                .map(|place| (&self.row(*place).details, *place));
            let found = shared::among(tx, self.entry(places[0]), rows).await?;
            for (mark, on) in found {
                let entry = self.entry(on[0]).clone();
                let fresh = on.iter().map(|place| self.row(*place).details.vin);
                let changed = mark.alarm(self.ids, tx, &entry, fresh).await?;
                for place in on {
                    let vin = self.row(place).details.vin;
                    if let Some(vehicle) = changed.get(&vin) {
                        self.versions[place.0] = vehicle.version;
                    }
                }
            }
        }
        Ok(())
    }

    /// The rows that are stored now, in order.
    fn stored(&self) -> impl Iterator<Item = Place> {
        let commands = self.outcomes.iter().enumerate();
        let open = commands.filter(|(command, _)| self.answers[*command].is_none());
        open.flat_map(|(command, outcomes)| {
            let rows = outcomes.iter().enumerate();
            rows.filter(|(_, outcome)| **outcome == Outcome::Stored)
                .map(move |(row, _)| (command, row))
        })
    }

    async fn tell(&self, tx: &mut Tx) -> Result<(), storage::Error> {
        let payload = serde_json::json!({ "version": 1 });
        let event = |place: Place| outbox::Event {
            id: self.row(place).event,
            tenant: self.entry(place).tenant.clone(),
            stream: STREAM,
            aggregate: self.row(place).details.vin.as_str().to_owned(),
            kind: "REGISTERED".to_owned(),
            payload: payload.clone(),
            at: self.entry(place).at,
        };
        let events: Vec<outbox::Event> = self.stored().map(event).collect();
        outbox::append_all(tx, &events).await
    }

    async fn keep_owners(&self, vault: &Vault, tx: &mut Tx) -> Result<(), storage::Error> {
        for place in self.stored() {
            if let Some(owned) = &self.row(place).owner {
                let vin = self.row(place).details.vin;
                owners::keep(vault, tx, self.entry(place), vin, 1, owned).await?;
            }
        }
        Ok(())
    }
}
