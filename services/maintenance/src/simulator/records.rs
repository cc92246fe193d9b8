//! The vehicles a simulator knows: files given to it, and histories invented from its seed.

use serde::{Deserialize, Serialize};
use time::macros::{date, format_description};
use time::{Date, Duration};

/// One vehicle's file. Texts are sent as they stand, so that every fault of the field can be written down.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VehicleFile {
    /// VIN; or the first characters and `*`, for one file of many cars.
    pub vin: String,
    /// Plate, put into visits that have none; empty means the one asked for.
    pub plate: String,
    /// The province id that holds the file; empty means each of them.
    pub province: String,
    /// The visits, oldest first.
    pub visits: Vec<Visit>,
}

/// One visit to a repair shop.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Visit {
    /// Name of the shop.
    pub shop: String,
    /// Its code, 15 digits.
    pub shop_code: String,
    /// Settlement list number.
    pub list: String,
    /// Day of intake, `yyyyMMdd` or any text.
    pub intake: String,
    /// Day of settlement; empty means the day of intake.
    pub settled: String,
    /// Odometer as written.
    pub mileage: String,
    /// Fault as written.
    pub fault: String,
    /// Jobs: name and hours.
    pub jobs: Vec<(String, String)>,
    /// Parts: name, quantity and code.
    pub parts: Vec<(String, String, String)>,
    /// Whether the maker's headquarters sent it.
    pub headquarters: bool,
    /// VIN as sent, where it differs from the file's.
    pub vin: String,
    /// Plate as sent, where it differs from the file's.
    pub plate: String,
}

impl VehicleFile {
    /// Whether it is the file of a car.
    pub(super) fn is_of(&self, vin: &str) -> bool {
        match self.vin.strip_suffix('*') {
            Some(beginning) => vin.starts_with(beginning),
            None => self.vin == vin,
        }
    }

    /// The visits of the car asked for, with VIN, plate and settlement filled in.
    pub(super) fn filled(&self, vin: &str, plate: &str) -> Vec<Visit> {
        let plate = if self.plate.is_empty() {
            plate
        } else {
            &self.plate
        };
        let fill = |visit: &Visit| {
            let mut visit = visit.clone();
            for (field, value) in [(&mut visit.vin, vin), (&mut visit.plate, plate)] {
                if field.is_empty() {
                    value.clone_into(field);
                }
            }
            if visit.settled.is_empty() {
                visit.settled.clone_from(&visit.intake);
            }
            visit
        };
        self.visits.iter().map(fill).collect()
    }
}

/// A well-mixed number from a seed and a text (FNV-1a, then the finaliser of SplitMix64).
pub(super) fn mix(seed: u64, text: &str) -> u64 {
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325 ^ seed, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

fn compact(day: Date) -> String {
    day.format(format_description!("[year][month][day]"))
        .unwrap_or_default()
}

/// An ordinary history of three to eight visits.
pub(super) fn invent(seed: u64, vin: &str, plate: &str) -> Vec<Visit> {
    const WORK: [(&str, &str); 5] = [
        ("首次保养", "机油"),
        ("常规保养", "机滤"),
        ("更换刹车片", "刹车片"),
        ("更换轮胎", "轮胎"),
        ("空调系统检查", "空调滤芯"),
    ];
    let count = 3 + mix(seed, &format!("{vin}count")) % 6;
    let mut day = date!(2019 - 06 - 01) + Duration::days((mix(seed, vin) % 700) as i64);
    let mut km = 0;
    (0..count)
        .map(|number| {
            let dice = mix(seed, &format!("{vin}{number}"));
            day += Duration::days(120 + (dice % 120) as i64);
            km += 3_000 + (dice >> 8) % 9_000;
            let (job, part) = WORK[(dice >> 20) as usize % WORK.len()];
            Visit {
                shop: format!("模拟汽车维修厂{}号", 1 + dice % 3),
                shop_code: format!("31010100000{:04}", 1 + dice % 3),
                list: format!("JS{:08}", (dice >> 16) % 100_000_000),
                intake: compact(day),
                settled: compact(day + Duration::days((dice % 3) as i64)),
                mileage: km.to_string(),
                fault: "常规保养".to_owned(),
                jobs: vec![(job.to_owned(), format!("{}.5", 1 + dice % 3))],
                parts: vec![(
                    part.to_owned(),
                    "1".to_owned(),
                    format!("P{:06}", dice % 1_000_000),
                )],
                vin: vin.to_owned(),
                plate: plate.to_owned(),
                ..Visit::default()
            }
        })
        .collect()
}

/// A visit of another car under this car's VIN: what an uploader makes of a VIN that is not 17 long.
pub(super) fn stray(seed: u64, vin: &str, visits: &[Visit]) -> Visit {
    let dice = mix(seed, &format!("{vin}stray"));
    let day = visits
        .get(visits.len() / 2)
        .map(|visit| visit.intake.clone())
        .unwrap_or_default();
    Visit {
        shop: "模拟快修连锁店".to_owned(),
        shop_code: "110101000000009".to_owned(),
        list: format!("KX{:06}", dice % 1_000_000),
        intake: day.clone(),
        settled: day,
        mileage: (dice % 100_000).to_string(),
        fault: "车主自行保养".to_owned(),
        jobs: vec![("更换机油".to_owned(), "380".to_owned())],
        parts: Vec::new(),
        headquarters: false,
        vin: vin.to_owned(),
        plate: format!("京N{:05}", dice % 100_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_invented_follows_from_seed_and_vin() {
        let invented = |seed, vin| invent(seed, vin, "浙A12345");
        let first = invented(1, "LSVWY4180KN246094");
        assert_eq!(first, invented(1, "LSVWY4180KN246094"));
        assert_ne!(first, invented(2, "LSVWY4180KN246094"));
        assert_ne!(first, invented(1, "LSVWY4180KN246095"));
        assert!((3..=8).contains(&first.len()));
    }
}
