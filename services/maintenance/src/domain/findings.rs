//! What rules and people should know of a history: stable codes with the records and words they rest on.

use time::Date;
use tongguan_vocabulary::PartialDate;

use super::odometer::{Analysis, Verdict};
use super::record::{Record, Standing};
use super::words::{Sign, tells};

/// The stable codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// The odometer was probably turned back.
    OdometerRollback,
    /// One reading contradicts the rest.
    OdometerOneReading,
    /// The meter was replaced.
    MeterReplaced,
    /// More than 24 months without a record.
    HistoryGap,
    /// Signs of a repair of the body structure.
    StructuralRepair,
    /// Signs of flood damage.
    FloodRepair,
    /// Signs of fire damage.
    FireRepair,
    /// Signs that airbags went off.
    AirbagRepair,
    /// Traction battery replaced or opened.
    TractionBatteryReplaced,
    /// Engine or block replaced.
    EngineReplaced,
    /// A record changed since the last fetch.
    RecordChanged,
    /// A record vanished since the last fetch.
    RecordVanished,
    /// No service and few kilometres.
    NewCarPattern,
    /// Rows set aside.
    OtherCarRows,
    /// Signs of commercial use.
    CommercialUse,
    /// Faster than is usual.
    UnusualPace,
}

/// How heavy a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Good to know.
    Note,
    /// A person should look.
    Warning,
    /// It may decide.
    Serious,
}

impl Code {
    /// How heavy it is.
    pub fn severity(self) -> Severity {
        match self {
            Self::OdometerRollback
            | Self::FloodRepair
            | Self::FireRepair
            | Self::StructuralRepair
            | Self::RecordVanished => Severity::Serious,
            Self::OdometerOneReading
            | Self::AirbagRepair
            | Self::EngineReplaced
            | Self::RecordChanged
            | Self::NewCarPattern
            | Self::MeterReplaced => Severity::Warning,
            Self::HistoryGap
            | Self::TractionBatteryReplaced
            | Self::OtherCarRows
            | Self::CommercialUse
            | Self::UnusualPace => Severity::Note,
        }
    }

    /// One sentence in English and in Chinese.
    pub fn text(self) -> (&'static str, &'static str) {
        match self {
            Self::OdometerRollback => (
                "The odometer was probably turned back.",
                "里程表疑似被回调。",
            ),
            Self::OdometerOneReading => (
                "One odometer reading contradicts the rest.",
                "有一次里程读数与其余读数矛盾。",
            ),
            Self::MeterReplaced => ("The meter was replaced.", "里程表（仪表）曾更换。"),
            Self::HistoryGap => (
                "There are more than 24 months without a record.",
                "超过24个月没有维修记录。",
            ),
            Self::StructuralRepair => (
                "Records speak of repairs to the body structure.",
                "记录显示车身结构件曾维修。",
            ),
            Self::FloodRepair => ("Records speak of flood damage.", "记录显示车辆曾泡水。"),
            Self::FireRepair => ("Records speak of fire damage.", "记录显示车辆曾过火。"),
            Self::AirbagRepair => (
                "Records speak of replaced airbags.",
                "记录显示安全气囊曾更换。",
            ),
            Self::TractionBatteryReplaced => (
                "The traction battery was replaced or opened.",
                "动力电池曾更换或拆修。",
            ),
            Self::EngineReplaced => (
                "The engine or its block was replaced.",
                "发动机总成或缸体曾更换。",
            ),
            Self::RecordChanged => (
                "A record changed since it was first fetched.",
                "与以往查询相比，有记录被修改。",
            ),
            Self::RecordVanished => (
                "A record vanished since it was first fetched.",
                "与以往查询相比，有记录消失。",
            ),
            Self::NewCarPattern => (
                "No service and few kilometres: the pattern of a new car.",
                "无保养记录且里程极低，符合新车特征。",
            ),
            Self::OtherCarRows => (
                "Rows were set aside because they may belong to another car.",
                "部分记录可能属于其他车辆，未计入。",
            ),
            Self::CommercialUse => (
                "Records speak of use as taxi, hire or driving-school car.",
                "记录显示车辆曾用于营运。",
            ),
            Self::UnusualPace => (
                "The vehicle ran faster than is usual for its kind.",
                "行驶强度高于同类车辆常见水平。",
            ),
        }
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// What was found.
    pub code: Code,
    /// Keys of the records it rests on.
    pub records: Vec<String>,
    /// The words that gave it away.
    pub words: Vec<String>,
}

/// How a refetched history differs from the one before.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Changes {
    /// Keys of records whose visit was told otherwise before.
    pub changed: Vec<String>,
    /// Keys, as they were, of records that are gone.
    pub vanished: Vec<String>,
}

/// Compares two answers of one source. Only a full answer can show that something vanished.
pub fn changes(before: &[Record], now: &[Record], full: bool) -> Changes {
    let mut changes = Changes::default();
    for old in before {
        if now.iter().any(|record| record.key == old.key) {
            continue;
        }
        match now.iter().find(|record| record.identity == old.identity) {
            Some(record) => changes.changed.push(record.key.clone()),
            None if full => changes.vanished.push(old.key.clone()),
            None => {}
        }
    }
    changes
}

/// Kilometres up to which a registered car still looks new: half of registrations abroad accept no more, and the
/// customs-side pattern is at most 50 km within three months; 500 leaves room for transport and storage.
const NEW_CAR_KM: u32 = 500;
const GAP_DAYS: u32 = 731;

/// Everything worth knowing, serious things first.
pub fn findings(
    records: &[Record],
    analysis: &Analysis,
    changes: &Changes,
    longest_gap: u32,
    registered: Option<PartialDate>,
    as_of: Date,
    answered: bool,
) -> Vec<Finding> {
    let mut list = Vec::new();
    let mut plain = |code, holds: bool, records: Vec<String>| {
        if holds {
            list.push(Finding {
                code,
                records,
                words: Vec::new(),
            });
        }
    };
    plain(
        Code::OdometerRollback,
        analysis.verdict == Verdict::Rollback,
        Vec::new(),
    );
    plain(
        Code::OdometerOneReading,
        analysis.verdict == Verdict::OneReading,
        Vec::new(),
    );
    plain(Code::HistoryGap, longest_gap > GAP_DAYS, Vec::new());
    plain(
        Code::RecordChanged,
        !changes.changed.is_empty(),
        changes.changed.clone(),
    );
    plain(
        Code::RecordVanished,
        !changes.vanished.is_empty(),
        changes.vanished.clone(),
    );
    let aside: Vec<String> = records
        .iter()
        .filter(|record| record.standing == Standing::SetAside)
        .map(|record| record.key.clone())
        .collect();
    plain(Code::OtherCarRows, !aside.is_empty(), aside);
    plain(Code::UnusualPace, !analysis.pace.is_empty(), Vec::new());
    plain(
        Code::NewCarPattern,
        answered && looks_new(records, analysis, registered, as_of),
        Vec::new(),
    );
    for (sign, code) in [
        (Sign::Structural, Code::StructuralRepair),
        (Sign::Flood, Code::FloodRepair),
        (Sign::Fire, Code::FireRepair),
        (Sign::Airbag, Code::AirbagRepair),
        (Sign::Battery, Code::TractionBatteryReplaced),
        (Sign::Engine, Code::EngineReplaced),
        (Sign::Meter, Code::MeterReplaced),
        (Sign::Commercial, Code::CommercialUse),
    ] {
        list.extend(told(records, sign, code));
    }
    if analysis.verdict == Verdict::MeterReplaced
        && list
            .iter()
            .all(|finding| finding.code != Code::MeterReplaced)
    {
        list.push(Finding {
            code: Code::MeterReplaced,
            records: Vec::new(),
            words: Vec::new(),
        });
    }
    list.sort_by_key(|finding| std::cmp::Reverse(finding.code.severity() as u8));
    list
}

fn told(records: &[Record], sign: Sign, code: Code) -> Option<Finding> {
    let mut finding = Finding {
        code,
        records: Vec::new(),
        words: Vec::new(),
    };
    for record in records
        .iter()
        .filter(|record| record.standing == Standing::Counted)
    {
        let words: Vec<&str> = record
            .texts()
            .filter_map(|text| tells(sign, text))
            .collect();
        if !words.is_empty() {
            finding.records.push(record.key.clone());
            finding.words.extend(words.into_iter().map(str::to_owned));
        }
    }
    finding.words.sort_unstable();
    finding.words.dedup();
    (!finding.records.is_empty()).then_some(finding)
}

/// No service and few kilometres, in a car that is registered.
fn looks_new(
    records: &[Record],
    analysis: &Analysis,
    registered: Option<PartialDate>,
    as_of: Date,
) -> bool {
    let serviced = records
        .iter()
        .filter(|record| record.standing == Standing::Counted)
        .any(|record| {
            record
                .texts()
                .any(|text| tells(Sign::Service, text).is_some())
        });
    let few = analysis.last_shown_km.is_none_or(|km| km <= NEW_CAR_KM);
    let old_enough_to_tell = registered.is_some_and(|registered| registered.first() <= as_of);
    // Without any reading only a car that is registered recently can look new: an old one just has no history.
    let recent =
        registered.is_some_and(|registered| (as_of - registered.last()).whole_days() <= 365);
    !serviced && few && old_enough_to_tell && (analysis.last_shown_km.is_some() || recent)
}

#[cfg(test)]
mod tests;
