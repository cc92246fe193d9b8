//! Record ↔ CWT claims, with the integer labels of FORMAT.md.

use std::collections::BTreeSet;

use time::Date;
use tongguan_vocabulary::{Country, PartialDate, Vin};
use uuid::Uuid;

use super::rules::compact_id;
use super::{
    Compared, Decision, Evidence, EvidenceKind, Outcome, PackRef, Record, StatusRef, Vehicle,
};
use crate::cbor::{Key, Parsed, Problem, Reader, Writer};
use crate::values::{Fixed, KeyId, Timestamp};

/// The private-use claim that holds everything CWT has no claim for (RFC 8392 section 9.1: below −65536).
const CLAIM: i64 = -70_001;
/// The `status` claim of the Token Status List.
const STATUS: i64 = 65_535;
/// The version of the claim's layout.
const VERSION: u64 = 1;
const MISSING: Problem = "a claim is missing";

const OUTCOMES: [Outcome; 3] = [
    Outcome::Permitted,
    Outcome::Conditional,
    Outcome::PermittedByOverride,
];
const KINDS: [EvidenceKind; 5] = [
    EvidenceKind::Registry,
    EvidenceKind::Inspection,
    EvidenceKind::Maintenance,
    EvidenceKind::Decision,
    EvidenceKind::Document,
];
const COMPARED: [Compared; 12] = [
    Compared::OwnerName,
    Compared::Vin,
    Compared::Make,
    Compared::Model,
    Compared::FirstRegistration,
    Compared::TransferPendingExport,
    Compared::Destination,
    Compared::EngineNumber,
    Compared::BatteryNumber,
    Compared::Colour,
    Compared::Odometer,
    Compared::Manufacture,
];

/// The number of a value is its place in its table, counted from 1: never reorder, only append.
fn code_of<T: PartialEq>(table: &[T], value: &T) -> u64 {
    table
        .iter()
        .position(|known| known == value)
        .map_or(0, |index| index as u64 + 1)
}

fn value_of<T: Copy>(table: &[T], code: u64) -> Parsed<T> {
    let index = usize::try_from(code)
        .ok()
        .and_then(|code| code.checked_sub(1));
    index
        .and_then(|index| table.get(index))
        .copied()
        .ok_or("unknown code")
}

fn decimal(date: PartialDate) -> u64 {
    u64::from(date.year().unsigned_abs()) * 10_000
        + u64::from(date.month()) * 100
        + u64::from(date.day())
}

fn partial(decimal: u64) -> Parsed<PartialDate> {
    let decimal = i64::try_from(decimal).map_err(|_| "not a date")?;
    PartialDate::from_parts(decimal / 10_000, decimal / 100 % 100, decimal % 100)
        .map_err(|_| "not a date")
}

/// Writes the claims; the record was validated before.
pub(crate) fn encode_claims(record: &Record) -> Vec<u8> {
    let mut w = Writer::with_capacity(512);
    w.map(6);
    w.uint(1).text(&record.issuer);
    w.uint(4).int(record.expires_at.seconds());
    w.uint(6).int(record.issued_at.seconds());
    w.uint(7).bytes(record.id.as_bytes());
    w.int(STATUS).map(1).text("status_list").map(2);
    w.text("idx").uint(u64::from(record.status.index));
    w.text("uri").text(&record.status.list);
    w.int(CLAIM);
    encode_private(record, &mut w);
    w.finish()
}

fn encode_private(record: &Record, w: &mut Writer) {
    let (vehicle, decision) = (&record.vehicle, &record.decision);
    let optional = [
        vehicle.model_year.is_some(),
        vehicle.engine_tail.is_some(),
        vehicle.battery_tail.is_some(),
        decision.ship_by.is_some(),
        record.licence_number.is_some(),
        record.simulated,
        vehicle.photograph.is_some(),
    ];
    w.map(15 + optional.iter().filter(|present| **present).count());
    w.uint(0).uint(VERSION);
    w.uint(1).text(vehicle.vin.as_str());
    w.uint(2).bytes(&vehicle.vin_salt.0);
    w.uint(3).text(&vehicle.make);
    w.uint(4).text(&vehicle.model);
    w.uint(5).text(&vehicle.colour);
    if let Some(year) = vehicle.model_year {
        w.uint(6).uint(u64::from(year));
    }
    w.uint(7).uint(decimal(vehicle.first_registration));
    if let Some(tail) = &vehicle.engine_tail {
        w.uint(8).text(tail);
    }
    if let Some(tail) = &vehicle.battery_tail {
        w.uint(9).text(tail);
    }
    w.uint(10).text(record.destination.as_str());
    w.uint(11).uint(code_of(&OUTCOMES, &decision.outcome));
    if let Some(day) = decision.ship_by {
        w.uint(12).uint(decimal(PartialDate::from(day)));
    }
    w.uint(13).text(&record.exporter);
    if let Some(number) = &record.licence_number {
        w.uint(14).text(number);
    }
    w.uint(15).array(record.compared.len());
    for field in &record.compared {
        w.uint(code_of(&COMPARED, field));
    }
    for (label, pack) in [(16, &decision.china_pack), (17, &decision.market_pack)] {
        w.uint(label)
            .array(2)
            .text(&pack.name)
            .bytes(&pack.digest.0);
    }
    w.uint(18).array(record.evidence.len());
    for evidence in &record.evidence {
        w.array(2).uint(code_of(&KINDS, &evidence.kind));
        match compact_id(&evidence.id) {
            Some(bytes) => w.bytes(&bytes),
            None => w.text(&evidence.id),
        };
    }
    w.uint(19).text(&decision.engine_version);
    if record.simulated {
        w.uint(20).yes();
    }
    if let Some(digest) = &vehicle.photograph {
        w.uint(21).bytes(&digest.0);
    }
}

#[derive(Default)]
struct Found<'a> {
    version: Option<u64>,
    vin: Option<Vin>,
    salt: Option<[u8; 16]>,
    make: Option<&'a str>,
    model: Option<&'a str>,
    colour: Option<&'a str>,
    model_year: Option<u16>,
    first_registration: Option<PartialDate>,
    engine_tail: Option<&'a str>,
    battery_tail: Option<&'a str>,
    destination: Option<Country>,
    outcome: Option<Outcome>,
    ship_by: Option<Date>,
    exporter: Option<&'a str>,
    licence_number: Option<&'a str>,
    compared: Option<BTreeSet<Compared>>,
    packs: [Option<PackRef>; 2],
    evidence: Option<BTreeSet<Evidence>>,
    engine_version: Option<&'a str>,
    simulated: bool,
    photograph: Option<[u8; 32]>,
}

/// Reads the claims back; anything but exactly one form of a valid record is refused.
pub(crate) fn decode_claims(bytes: &[u8], key_id: &KeyId) -> Parsed<Record> {
    let mut reader = Reader::new(bytes);
    let (mut issuer, mut expires, mut issued, mut id) = (None, None, None, None);
    let (mut status, mut private) = (None, None);
    reader.map(|key, r| {
        match key {
            Key::Int(1) => issuer = Some(r.text()?),
            Key::Int(4) => expires = Some(timestamp(r)?),
            Key::Int(6) => issued = Some(timestamp(r)?),
            Key::Int(7) => id = Some(Uuid::from_bytes(r.fixed()?)),
            Key::Int(STATUS) => status = Some(status_ref(r)?),
            Key::Int(CLAIM) => private = Some(decode_private(r)?),
            _ => return Err("unknown claim"),
        }
        Ok(())
    })?;
    reader.end()?;
    let found = private.ok_or(MISSING)?;
    let [china_pack, market_pack] = found.packs;
    if found.version != Some(VERSION) {
        return Err("unknown version");
    }
    let record = Record {
        id: id.ok_or(MISSING)?,
        issuer: issuer.ok_or(MISSING)?.to_owned(),
        key_id: key_id.clone(),
        issued_at: issued.ok_or(MISSING)?,
        expires_at: expires.ok_or(MISSING)?,
        simulated: found.simulated,
        vehicle: Vehicle {
            vin: found.vin.ok_or(MISSING)?,
            vin_salt: Fixed(found.salt.ok_or(MISSING)?),
            make: found.make.ok_or(MISSING)?.to_owned(),
            model: found.model.ok_or(MISSING)?.to_owned(),
            colour: found.colour.ok_or(MISSING)?.to_owned(),
            model_year: found.model_year,
            first_registration: found.first_registration.ok_or(MISSING)?,
            engine_tail: found.engine_tail.map(str::to_owned),
            battery_tail: found.battery_tail.map(str::to_owned),
            photograph: found.photograph.map(Fixed),
        },
        destination: found.destination.ok_or(MISSING)?,
        decision: Decision {
            outcome: found.outcome.ok_or(MISSING)?,
            china_pack: china_pack.ok_or(MISSING)?,
            market_pack: market_pack.ok_or(MISSING)?,
            engine_version: found.engine_version.ok_or(MISSING)?.to_owned(),
            ship_by: found.ship_by,
        },
        exporter: found.exporter.ok_or(MISSING)?.to_owned(),
        licence_number: found.licence_number.map(str::to_owned),
        compared: found.compared.ok_or(MISSING)?,
        evidence: found.evidence.ok_or(MISSING)?,
        status: status.ok_or(MISSING)?,
    };
    record.validate().map_err(|_| "a value breaks the rules")?;
    Ok(record)
}

fn decode_private<'a>(reader: &mut Reader<'a>) -> Parsed<Found<'a>> {
    let mut found = Found::default();
    reader.map(|key, r| {
        let Key::Int(label) = key else {
            return Err("unknown claim");
        };
        match label {
            0 => found.version = Some(r.uint()?),
            1 => found.vin = Some(r.text()?.parse().map_err(|_| "not a VIN")?),
            2 => found.salt = Some(r.fixed()?),
            3 => found.make = Some(r.text()?),
            4 => found.model = Some(r.text()?),
            5 => found.colour = Some(r.text()?),
            6 => found.model_year = Some(u16::try_from(r.uint()?).map_err(|_| "not a year")?),
            7 => found.first_registration = Some(partial(r.uint()?)?),
            8 => found.engine_tail = Some(r.text()?),
            9 => found.battery_tail = Some(r.text()?),
            10 => found.destination = Some(r.text()?.parse().map_err(|_| "not a country")?),
            11 => found.outcome = Some(value_of(&OUTCOMES, r.uint()?)?),
            12 => found.ship_by = Some(partial(r.uint()?)?.exact().ok_or("not a whole day")?),
            13 => found.exporter = Some(r.text()?),
            14 => found.licence_number = Some(r.text()?),
            15 => found.compared = Some(compared(r)?),
            16 => found.packs[0] = Some(pack(r)?),
            17 => found.packs[1] = Some(pack(r)?),
            18 => found.evidence = Some(evidence(r)?),
            19 => found.engine_version = Some(r.text()?),
            20 => found.simulated = r.yes()?,
            21 => found.photograph = Some(r.fixed()?),
            _ => return Err("unknown claim"),
        }
        Ok(())
    })?;
    Ok(found)
}

fn timestamp(r: &mut Reader<'_>) -> Parsed<Timestamp> {
    Timestamp::from_seconds(r.int()?).ok_or("instant out of range")
}

fn status_ref(r: &mut Reader<'_>) -> Parsed<StatusRef> {
    let (mut index, mut list) = (None, None);
    let mut outer = None;
    r.map(|key, r| {
        if key != Key::Text("status_list") {
            return Err("unknown claim");
        }
        outer = Some(());
        r.map(|key, r| {
            match key {
                Key::Text("idx") => {
                    index = Some(u32::try_from(r.uint()?).map_err(|_| "index out of range")?);
                }
                Key::Text("uri") => list = Some(r.text()?.to_owned()),
                _ => return Err("unknown claim"),
            }
            Ok(())
        })
    })?;
    outer.ok_or(MISSING)?;
    Ok(StatusRef {
        list: list.ok_or(MISSING)?,
        index: index.ok_or(MISSING)?,
    })
}

fn pack(r: &mut Reader<'_>) -> Parsed<PackRef> {
    r.array_of(2)?;
    Ok(PackRef {
        name: r.text()?.to_owned(),
        digest: Fixed(r.fixed()?),
    })
}

/// Collects a strictly ascending list: a set has one form.
fn ascending<T: Ord>(
    r: &mut Reader<'_>,
    mut each: impl FnMut(&mut Reader<'_>) -> Parsed<T>,
) -> Parsed<BTreeSet<T>> {
    let mut set = BTreeSet::new();
    for _ in 0..r.array()? {
        let value = each(r)?;
        if set.last().is_some_and(|last| *last >= value) {
            return Err("set out of order");
        }
        set.insert(value);
    }
    Ok(set)
}

fn compared(r: &mut Reader<'_>) -> Parsed<BTreeSet<Compared>> {
    ascending(r, |r| value_of(&COMPARED, r.uint()?))
}

fn evidence(r: &mut Reader<'_>) -> Parsed<BTreeSet<Evidence>> {
    ascending(r, |r| {
        r.array_of(2)?;
        let kind = value_of(&KINDS, r.uint()?)?;
        let id = match r.clone().bytes() {
            Ok(_) => Uuid::from_bytes(r.fixed()?).as_hyphenated().to_string(),
            Err(_) => match r.text()? {
                text if compact_id(text).is_some() => return Err("a UUID not in its compact form"),
                text => text.to_owned(),
            },
        };
        Ok(Evidence { kind, id })
    })
}
