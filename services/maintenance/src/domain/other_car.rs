//! Sets aside rows that may belong to another car: uploaders replace a VIN they dislike by a random one.
//!
//! Such a row decides nothing, least of all a fraud. It is kept and shown with the reason.

use tongguan_vocabulary::Vin;

use super::odometer::allowed_km;
use super::record::{Record, Standing};
use super::words::{self, Drive};

/// Marks the rows that may be another car's. `plate` is the one the caller gave, empty where none.
pub fn set_aside(records: &mut [Record], vin: &Vin, plate: &str) {
    for record in records.iter_mut() {
        if !record.vin.is_empty() && record.vin != vin.as_str() {
            mark(record, "VIN_OF_ANOTHER_CAR");
        }
    }
    odd_plates(records, plate);
    odd_drives(records);
    impossible_places(records);
}

fn mark(record: &mut Record, code: &str) {
    record.standing = Standing::SetAside;
    record.standing_codes.push(code.to_owned());
}

fn counted_by_day(records: &[Record]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..records.len())
        .filter(|at| records[*at].standing == Standing::Counted && records[*at].day().is_some())
        .collect();
    order.sort_by_key(|at| records[*at].day());
    order
}

/// A plate may change once in a car's life, so another plate at either end is a change of plates unless the
/// odometer speaks against it; another plate in between is another car.
fn odd_plates(records: &mut [Record], asked: &str) {
    let order: Vec<usize> = counted_by_day(records)
        .into_iter()
        .filter(|at| !records[*at].plate.is_empty())
        .collect();
    let Some(home) = home_plate(records, &order, asked) else {
        return;
    };
    let at_home = |at: usize| records[at].plate == home || records[at].plate == asked;
    let (first, last) = (
        order.iter().position(|at| at_home(*at)),
        order.iter().rposition(|at| at_home(*at)),
    );
    let (Some(first), Some(last)) = (first, last) else {
        return;
    };
    let odd: Vec<usize> = order
        .iter()
        .enumerate()
        .filter(|(rank, at)| {
            !at_home(**at) && (first < *rank && *rank < last || !fits(records, &order, *rank))
        })
        .map(|(_, at)| *at)
        .collect();
    for at in odd {
        mark(&mut records[at], "PLATE_UNLIKE_THE_REST");
    }
}

/// The plate that most rows carry, if it is most by far; the caller's own plate decides where rows are few.
fn home_plate(records: &[Record], order: &[usize], asked: &str) -> Option<String> {
    let count = |plate: &str| {
        order
            .iter()
            .filter(|at| records[**at].plate == plate)
            .count()
    };
    let most = order
        .iter()
        .map(|at| records[*at].plate.as_str())
        .max_by_key(|plate| count(plate))?;
    if count(most) * 3 >= order.len() * 2 && count(most) >= 2 {
        return Some(most.to_owned());
    }
    (!asked.is_empty() && count(asked) > 0).then(|| asked.to_owned())
}

/// Whether the odometer of one row can stand between those of its neighbours.
fn fits(records: &[Record], order: &[usize], rank: usize) -> bool {
    let seen = |at: usize| {
        records[at].day().zip(
            records[at]
                .odometer
                .map(tongguan_vocabulary::Odometer::to_km),
        )
    };
    let Some((day, km)) = seen(order[rank]) else {
        return true;
    };
    let follows = |from: (time::Date, u32), to: (time::Date, u32)| {
        let days = u32::try_from((to.0 - from.0).whole_days()).unwrap_or(0);
        to.1 >= from.1 && to.1 - from.1 <= allowed_km(days)
    };
    let before = order[..rank].iter().rev().find_map(|at| seen(*at));
    let after = order[rank + 1..].iter().find_map(|at| seen(*at));
    before.is_none_or(|before| follows(before, (day, km)))
        && after.is_none_or(|after| follows((day, km), after))
}

/// A row whose parts belong to another kind of drive than those of at least three others.
fn odd_drives(records: &mut [Record]) {
    let drives: Vec<Vec<Drive>> = records
        .iter()
        .map(|record| record.texts().flat_map(words::drives).collect())
        .collect();
    let counted = |at: usize| records[at].standing == Standing::Counted;
    let votes = |drive: Drive| {
        (0..records.len())
            .filter(|at| counted(*at) && drives[*at].contains(&drive))
            .count()
    };
    let all = [Drive::Diesel, Drive::Petrol, Drive::Electric];
    let Some(home) = all
        .into_iter()
        .max_by_key(|drive| votes(*drive))
        .filter(|drive| votes(*drive) >= 3)
    else {
        return;
    };
    // Plug-in hybrids have petrol and electric parts; diesel goes with neither.
    let clashes = |drive: &Drive| (*drive == Drive::Diesel) != (home == Drive::Diesel);
    let odd: Vec<usize> = (0..records.len())
        .filter(|at| {
            counted(*at) && drives[*at].iter().any(clashes) && !drives[*at].contains(&home)
        })
        .collect();
    for at in odd {
        mark(&mut records[at], "PARTS_OF_ANOTHER_KIND");
    }
}

/// Two visits on one day in two provinces: the one whose province is rarer in the file is odd.
fn impossible_places(records: &mut [Record]) {
    let order = counted_by_day(records);
    let province = |at: usize| {
        records[at]
            .shop_code
            .get(..2)
            .filter(|code| code.bytes().all(|byte| byte.is_ascii_digit()))
            .map(str::to_owned)
    };
    let count = |wanted: &str| {
        order
            .iter()
            .filter(|at| province(**at).as_deref() == Some(wanted))
            .count()
    };
    let mut odd = Vec::new();
    for pair in order.windows(2) {
        let (Some(a), Some(b)) = (province(pair[0]), province(pair[1])) else {
            continue;
        };
        if a != b && records[pair[0]].day() == records[pair[1]].day() {
            match count(&a).cmp(&count(&b)) {
                std::cmp::Ordering::Less => odd.push(pair[0]),
                std::cmp::Ordering::Greater => odd.push(pair[1]),
                // Nothing tells which of the two is right.
                std::cmp::Ordering::Equal => odd.extend(pair),
            }
        }
    }
    odd.dedup();
    for at in odd {
        mark(&mut records[at], "PLACE_IMPOSSIBLE");
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::Job;
    use super::*;
    use time::macros::date;
    use tongguan_vocabulary::Odometer;

    fn visit(plate: &str, day: time::Date, km: u32) -> Record {
        Record {
            plate: plate.to_owned(),
            intake: Some(day),
            odometer: Some(Odometer::km(km)),
            ..Record::default()
        }
    }

    fn aside(records: &[Record]) -> Vec<usize> {
        (0..records.len())
            .filter(|at| records[*at].standing == Standing::SetAside)
            .collect()
    }

    fn vin() -> Vin {
        "LSVWY4180KN246094".parse().unwrap()
    }

    #[test]
    fn a_foreign_plate_in_between_is_another_car_and_a_change_of_plates_is_not() {
        let mut records = [
            visit("沪A1", date!(2020 - 01 - 01), 10_000),
            visit("沪A1", date!(2020 - 07 - 01), 20_000),
            visit("京B9", date!(2020 - 09 - 01), 81_000),
            visit("沪A1", date!(2021 - 01 - 01), 30_000),
            visit("沪A1", date!(2021 - 07 - 01), 40_000),
            visit("苏E5", date!(2022 - 01 - 01), 50_000),
        ];
        set_aside(&mut records, &vin(), "");
        assert_eq!(aside(&records), [2]);
    }

    #[test]
    fn a_foreign_plate_at_the_end_is_another_car_where_the_odometer_says_so() {
        let mut records = [
            visit("沪A1", date!(2020 - 01 - 01), 10_000),
            visit("沪A1", date!(2020 - 07 - 01), 20_000),
            visit("京B9", date!(2021 - 01 - 01), 7_000),
        ];
        set_aside(&mut records, &vin(), "沪A1");
        assert_eq!(aside(&records), [2]);
    }

    #[test]
    fn another_vin_other_parts_and_two_provinces_in_a_day_give_a_row_away() {
        let job = |name: &str| Job {
            name: name.to_owned(),
            hours: None,
        };
        let mut records: Vec<Record> = (0_u8..5)
            .map(|n| {
                visit(
                    "沪A1",
                    date!(2020 - 01 - 01) + time::Duration::days(100 * i64::from(n)),
                    10_000 * u32::from(n + 1),
                )
            })
            .collect();
        for record in &mut records {
            record.jobs.push(job("更换火花塞"));
            record.shop_code = "310101000000001".to_owned();
        }
        records[1].vin = "LBEHDAEB58Y038860".to_owned();
        records[2].jobs = vec![job("更换柴油滤清器")];
        let mut far = visit("沪A1", records[4].intake.unwrap(), 50_000);
        far.shop_code = "440101000000001".to_owned();
        records.push(far);
        set_aside(&mut records, &vin(), "");
        assert_eq!(aside(&records), [1, 2, 5]);
    }
}
