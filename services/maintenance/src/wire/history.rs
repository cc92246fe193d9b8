//! Histories on the wire.

use bytes::Bytes;
use time::OffsetDateTime;
use tongguan_api::maintenance::v1 as pb;
use tongguan_rpc::wire as shared;

use super::odometer;
use crate::domain::findings::{Code, Finding, Severity};
use crate::domain::history::{History, Used};
use crate::domain::lookup::Purpose;
use crate::domain::outcome::{Freshness, Outcome};
use crate::domain::record::{Record, Standing};
use crate::service::Told;

/// A history as answered: what was written of it before, with what differs from call to call.
pub(crate) fn history(told: Told) -> pb::History {
    let age = told.view.history.fetched_at.map(|at| told.now - at);
    pb::History {
        vin: told.ask.vin.as_str().to_owned(),
        age: age.map(|age| seconds(age.whole_seconds())),
        cached: told.cached,
        consent: told.ask.consent.id,
        purpose: purpose(told.ask.purpose).into(),
        ..told.view.written(written)
    }
}

fn written(history: &History) -> pb::History {
    pb::History {
        outcome: outcome(history.outcome).into(),
        freshness: freshness(history.freshness).into(),
        fetched_at: history.fetched_at.map(shared::timestamp),
        simulated: history.sources.iter().any(|used| used.answer.simulated),
        sources: history.sources.iter().map(source).collect(),
        coverage: history
            .coverage
            .map(|(first, last, gap)| pb::CoverageWindow {
                first: Some(shared::date(first.into())),
                last: Some(shared::date(last.into())),
                longest_gap_days: gap,
            }),
        completeness: Some(pb::Completeness {
            score: history.completeness.0,
            reasons: history.completeness.1.clone(),
        }),
        odometer: Some(odometer::analysis(&history.analysis, &history.readings)),
        findings: history.findings.iter().map(finding).collect(),
        records: history.records.iter().map(record).collect(),
        retry_after: history.retry_after.map(|wait| seconds(i64::from(wait))),
        ..pb::History::default()
    }
}

pub(crate) fn seconds(seconds: i64) -> pbjson_types::Duration {
    pbjson_types::Duration { seconds, nanos: 0 }
}

pub(crate) fn outcome(outcome: Outcome) -> pb::Outcome {
    match outcome {
        Outcome::Found => pb::Outcome::Found,
        Outcome::FoundPartial => pb::Outcome::FoundPartial,
        Outcome::NoRecord => pb::Outcome::NoRecord,
        Outcome::NotAuthorised => pb::Outcome::NotAuthorised,
        Outcome::AuthPending => pb::Outcome::AuthPending,
        Outcome::Unsupported => pb::Outcome::Unsupported,
        Outcome::OffHours => pb::Outcome::OffHours,
        Outcome::UpstreamDown => pb::Outcome::UpstreamDown,
        Outcome::Quota => pb::Outcome::Quota,
        Outcome::BadInput => pb::Outcome::BadInput,
    }
}

fn freshness(freshness: Option<Freshness>) -> pb::Freshness {
    match freshness {
        None => pb::Freshness::Unspecified,
        Some(Freshness::Fresh) => pb::Freshness::Fresh,
        Some(Freshness::Stale) => pb::Freshness::Stale,
        Some(Freshness::Expired) => pb::Freshness::Expired,
    }
}

fn purpose(purpose: Purpose) -> pb::Purpose {
    match purpose {
        Purpose::ExportClearance => pb::Purpose::ExportClearance,
        Purpose::Sale => pb::Purpose::Sale,
        Purpose::Audit => pb::Purpose::Audit,
    }
}

fn source(used: &Used) -> pb::SourceAnswer {
    let answer = &used.answer;
    let newest = used.refresh.as_ref().unwrap_or(answer);
    pb::SourceAnswer {
        source: answer.source.clone(),
        outcome: outcome(answer.outcome).into(),
        freshness: freshness(used.freshness).into(),
        refresh_outcome: used
            .refresh
            .as_ref()
            .map_or(pb::Outcome::Unspecified, |refresh| outcome(refresh.outcome))
            .into(),
        detail: newest.detail.clone(),
        profile: answer.profile.clone(),
        raw_sha256: unhex(&answer.raw_sha256),
        upstream_request_id: answer.id.to_string(),
        consent: answer.consent.clone(),
        fetched_at: Some(instant(answer.fetched_at)),
        as_of: answer.as_of.map(|day| shared::date(day.into())),
        rows: answer.rows,
        unreadable_rows: answer.unreadable,
        simulated: answer.simulated,
        retry_after: newest
            .retry_after
            .filter(|_| newest.outcome.passes())
            .map(|wait| seconds(i64::from(wait))),
    }
}

fn instant(at: OffsetDateTime) -> pbjson_types::Timestamp {
    shared::timestamp(at)
}

fn unhex(text: &str) -> Bytes {
    let pairs = text
        .as_bytes()
        .chunks_exact(2)
        .filter_map(|pair| std::str::from_utf8(pair).ok());
    pairs
        .filter_map(|pair| u8::from_str_radix(pair, 16).ok())
        .collect()
}

fn record(record: &Record) -> pb::RepairRecord {
    let standing = match record.standing {
        Standing::Counted => pb::repair_record::Standing::Counted,
        Standing::Folded => pb::repair_record::Standing::Folded,
        Standing::SetAside => pb::repair_record::Standing::SetAside,
    };
    pb::RepairRecord {
        key: record.key.clone(),
        source: record.source.clone(),
        shop: record.shop.clone(),
        shop_code: record.shop_code.clone(),
        headquarters: record.headquarters,
        list_number: record.list_number.clone(),
        intake: record.intake.map(|day| shared::date(day.into())),
        settled: record.settled.map(|day| shared::date(day.into())),
        odometer: record.odometer.map(shared::odometer),
        fault: record.fault.clone(),
        jobs: record
            .jobs
            .iter()
            .map(|job| pb::RepairJob {
                name: job.name.clone(),
                hours: job.hours,
            })
            .collect(),
        parts: record
            .parts
            .iter()
            .map(|part| pb::RepairPart {
                name: part.name.clone(),
                code: part.code.clone(),
                quantity: part.quantity,
            })
            .collect(),
        standing: standing.into(),
        standing_codes: record.standing_codes.clone(),
        folded_into: record.folded_into.clone(),
        quality_codes: record.quality.clone(),
        origins: record
            .origins
            .iter()
            .map(|(field, wire, text)| pb::FieldOrigin {
                field: field.clone(),
                wire: wire.clone(),
                text: text.clone(),
            })
            .collect(),
    }
}

fn finding(finding: &Finding) -> pb::Finding {
    use pb::finding::Code as C;
    let code = match finding.code {
        Code::OdometerRollback => C::OdometerRollback,
        Code::OdometerOneReading => C::OdometerOneReading,
        Code::MeterReplaced => C::MeterReplaced,
        Code::HistoryGap => C::HistoryGap,
        Code::StructuralRepair => C::StructuralRepair,
        Code::FloodRepair => C::FloodRepair,
        Code::FireRepair => C::FireRepair,
        Code::AirbagRepair => C::AirbagRepair,
        Code::TractionBatteryReplaced => C::TractionBatteryReplaced,
        Code::EngineReplaced => C::EngineReplaced,
        Code::RecordChanged => C::RecordChanged,
        Code::RecordVanished => C::RecordVanished,
        Code::NewCarPattern => C::NewCarPattern,
        Code::OtherCarRows => C::OtherCarRows,
        Code::CommercialUse => C::CommercialUse,
        Code::UnusualPace => C::UnusualPace,
    };
    let severity = match finding.code.severity() {
        Severity::Note => pb::finding::Severity::Note,
        Severity::Warning => pb::finding::Severity::Warning,
        Severity::Serious => pb::finding::Severity::Serious,
    };
    let (text, text_zh) = finding.code.text();
    pb::Finding {
        code: code.into(),
        severity: severity.into(),
        text: text.to_owned(),
        text_zh: text_zh.to_owned(),
        records: finding.records.clone(),
        words: finding.words.clone(),
    }
}
