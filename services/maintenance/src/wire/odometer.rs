//! Odometer readings and judgements on the wire.

use tongguan_api::maintenance::v1 as pb;
use tongguan_rpc::{Violations, wire as shared};
use tongguan_vocabulary::PartialDate;

use crate::domain::odometer::{
    Analysis, Explanation, Judged, Kind, Meter, Reading, Reason, Source, Standing, Timeline,
    Verdict,
};
use crate::error::Error;

/// Readings judged at once.
const MOST: usize = 500;

/// What is judged, and the day of the judgement where it is given.
pub(crate) fn timeline(
    message: pb::AnalyseOdometerRequest,
) -> Result<(Timeline, Option<time::Date>), Error> {
    let mut bad = Violations::default();
    let count = message.readings.len();
    bad.check(count <= MOST, "readings", || {
        format!("has {count}, at most {MOST} are taken")
    });
    let readings = message.readings.into_iter().take(MOST).enumerate();
    let readings: Vec<Reading> = readings
        .filter_map(|(number, one)| reading(&mut bad, &format!("readings[{number}]"), one))
        .collect();
    let first_registered = bad.optional_date("first_registered", message.first_registered);
    let as_of = message.as_of.and_then(|day| bad.day("as_of", Some(day)));
    bad.finish()?;
    let timeline = Timeline {
        readings,
        first_registered,
        as_of: as_of.unwrap_or(time::Date::MIN),
        commercial: message.commercial,
        imported: message.imported,
        stale: false,
    };
    Ok((timeline, as_of))
}

/// One reading; notes every wrong field.
pub(crate) fn reading(bad: &mut Violations, field: &str, message: pb::Reading) -> Option<Reading> {
    let at = |name: &str| format!("{field}.{name}");
    let source = bad
        .enumeration::<pb::ReadingSource>(&at("source"), message.source)
        .and_then(source);
    let date = bad.day(&at("date"), message.date);
    let party = bad.optional_text(&at("party"), &message.party, 100);
    let document = bad.optional_text(&at("document"), &message.document, 100);
    let meter = match pb::reading::Result::try_from(message.result) {
        Ok(pb::reading::Result::Unreadable) => Some(Meter::Unreadable),
        Ok(pb::reading::Result::NoOdometer) => Some(Meter::Absent),
        Ok(_) => bad
            .required(&at("odometer"), message.odometer)
            .and_then(|odometer| match shared::odometer_reading(&odometer) {
                Ok(odometer) => Some(Meter::Shows(odometer)),
                Err(why) => {
                    bad.add(at("odometer"), why);
                    None
                }
            }),
        Err(_) => {
            bad.add(at("result"), "is not a known value");
            None
        }
    };
    Some(Reading {
        meter: meter?,
        date: date?,
        source: source?,
        party,
        document,
        replaced: message.meter_replaced,
        other_car: false,
    })
}

fn source(source: pb::ReadingSource) -> Option<Source> {
    Some(match source {
        pb::ReadingSource::Unspecified => return None,
        pb::ReadingSource::Registration => Source::Registration,
        pb::ReadingSource::Inspection => Source::Inspection,
        pb::ReadingSource::Headquarters => Source::Headquarters,
        pb::ReadingSource::Shop => Source::Shop,
        pb::ReadingSource::Declared => Source::Declared,
        pb::ReadingSource::Telematics => Source::Telematics,
    })
}

fn pb_reading(reading: &Reading) -> pb::Reading {
    let source = match reading.source {
        Source::Registration => pb::ReadingSource::Registration,
        Source::Inspection => pb::ReadingSource::Inspection,
        Source::Headquarters => pb::ReadingSource::Headquarters,
        Source::Shop => pb::ReadingSource::Shop,
        Source::Declared => pb::ReadingSource::Declared,
        Source::Telematics => pb::ReadingSource::Telematics,
    };
    let (odometer, result) = match reading.meter {
        Meter::Shows(odometer) => (Some(shared::odometer(odometer)), pb::reading::Result::Read),
        Meter::Unreadable => (None, pb::reading::Result::Unreadable),
        Meter::Absent => (None, pb::reading::Result::NoOdometer),
    };
    pb::Reading {
        odometer,
        date: Some(shared::date(PartialDate::from(reading.date))),
        source: source.into(),
        party: reading.party.clone(),
        document: reading.document.clone(),
        result: result.into(),
        meter_replaced: reading.replaced,
    }
}

/// A judgement with the readings it is of.
pub(crate) fn analysis(analysis: &Analysis, readings: &[Reading]) -> pb::OdometerAnalysis {
    let (verdict, reason) = verdict(analysis.verdict);
    let (summary, summary_zh) = summary(analysis);
    let judged = readings.iter().zip(&analysis.judged);
    pb::OdometerAnalysis {
        verdict: verdict.into(),
        reason: reason.into(),
        confidence: analysis.confidence,
        minimum_true_km: analysis.minimum_true_km,
        last_shown_km: analysis.last_shown_km,
        missing_km: analysis.missing_km,
        readings: judged
            .map(|(reading, judged)| pb_judged(reading, judged))
            .collect(),
        pace_warnings: analysis
            .pace
            .iter()
            .map(|pace| pb::PaceWarning {
                from: Some(shared::date(pace.from.into())),
                to: Some(shared::date(pace.to.into())),
                km_per_day: pace.km_per_day,
                usual_km_per_day: pace.usual,
            })
            .collect(),
        summary,
        summary_zh,
    }
}

fn verdict(
    verdict: Verdict,
) -> (
    pb::odometer_analysis::Verdict,
    pb::odometer_analysis::Reason,
) {
    use pb::odometer_analysis::{Reason as R, Verdict as V};
    match verdict {
        Verdict::Consistent => (V::Consistent, R::Unspecified),
        Verdict::OneReading => (V::InconsistentOneReading, R::Unspecified),
        Verdict::Rollback => (V::LikelyRollback, R::Unspecified),
        Verdict::MeterReplaced => (V::MeterReplaced, R::Unspecified),
        Verdict::Unknown(reason) => (
            V::NoVerdict,
            match reason {
                Reason::TooFew => R::TooFewReadings,
                Reason::Imported => R::Imported,
                Reason::LongGap => R::LongGap,
                Reason::LowTrust => R::LowTrustSources,
                Reason::OtherCarRows => R::WrongCarRows,
                Reason::Stale => R::SourceStale,
                Reason::Contradictory => R::Contradictory,
            },
        ),
    }
}

fn summary(analysis: &Analysis) -> (String, String) {
    let least = analysis
        .minimum_true_km
        .map_or_else(|| "unknown".to_owned(), |km| format!("{km} km"));
    let least_zh = analysis
        .minimum_true_km
        .map_or_else(|| "未知".to_owned(), |km| format!("{km}公里"));
    let missing = analysis.missing_km.unwrap_or(0);
    let (english, chinese) = match analysis.verdict {
        Verdict::Consistent => (
            "the readings hold together".to_owned(),
            "里程读数前后一致".to_owned(),
        ),
        Verdict::OneReading => (
            "one reading contradicts the rest, probably a slip".to_owned(),
            "有一次读数与其余矛盾，可能为笔误".to_owned(),
        ),
        Verdict::Rollback => (
            format!("the meter was probably turned back by {missing} km"),
            format!("里程表疑似被回调{missing}公里"),
        ),
        Verdict::MeterReplaced => (
            format!("the meter was replaced; the new one shows {missing} km less"),
            format!("仪表曾更换，新表读数少{missing}公里"),
        ),
        Verdict::Unknown(reason) => {
            let (english, chinese) = match reason {
                Reason::TooFew => ("there are too few readings", "有效读数过少"),
                Reason::Imported => ("the history before import is missing", "进口前的历史缺失"),
                Reason::LongGap => (
                    "there are more than 24 months without a reading",
                    "超过24个月没有读数",
                ),
                Reason::LowTrust => ("only the seller's word is there", "仅有卖方自报读数"),
                Reason::OtherCarRows => (
                    "too many rows may belong to another car",
                    "较多记录可能属于其他车辆",
                ),
                Reason::Stale => (
                    "the answer of the source is too old",
                    "数据来源的答复已过期",
                ),
                Reason::Contradictory => (
                    "the readings contradict each other in several ways",
                    "读数存在多处矛盾",
                ),
            };
            (
                format!("no verdict: {english}"),
                format!("无法判定：{chinese}"),
            )
        }
    };
    (
        format!("{english}; the vehicle has run at least {least}"),
        format!("{chinese}；车辆实际行驶不少于{least_zh}"),
    )
}

fn pb_judged(reading: &Reading, judged: &Judged) -> pb::JudgedReading {
    use pb::judged_reading::Standing as S;
    let standing = match judged.standing {
        Standing::OnChain => S::OnChain,
        Standing::Folded => S::Folded,
        Standing::LeftOut => S::LeftOut,
        Standing::NotAReading => S::NotAReading,
        Standing::OtherCar => S::WrongCar,
    };
    pb::JudgedReading {
        reading: Some(pb_reading(reading)),
        standing: standing.into(),
        explanations: judged.explanations.iter().map(pb_explanation).collect(),
        weight: (judged.weight * 1000.0).round() / 1000.0,
    }
}

fn pb_explanation(explanation: &Explanation) -> pb::Explanation {
    use pb::explanation::Kind as K;
    let kind = match explanation.kind {
        Kind::DigitAdded => K::DigitAdded,
        Kind::DigitLost => K::DigitLost,
        Kind::DigitChanged => K::DigitChanged,
        Kind::DigitsSwapped => K::DigitsSwapped,
        Kind::MilesAsKm => K::MilesAsKm,
        Kind::KmAsMiles => K::KmAsMiles,
        Kind::WanKm => K::WanKm,
        Kind::Copied => K::Copied,
        Kind::Sentinel => K::Sentinel,
        Kind::MeterReplaced => K::MeterReplaced,
        Kind::OtherCar => K::WrongCar,
        Kind::Rollback => K::Rollback,
        Kind::TooFast => K::TooFast,
        Kind::DateImpossible => K::DateImpossible,
        Kind::Unreadable => K::Unreadable,
        Kind::WithinTolerance => K::WithinTolerance,
        Kind::Unexplained => K::Unexplained,
    };
    pb::Explanation {
        kind: kind.into(),
        would_be_km: explanation.would_be_km,
        cost: explanation.cost,
    }
}
