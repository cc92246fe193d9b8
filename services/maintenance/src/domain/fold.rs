//! Folds records that tell of one visit: sent twice, or once by the shop and once by the maker's headquarters (总对总).

use std::cmp::Reverse;

use super::record::{Record, Standing};

/// Marks repeats as folded into the richest record of their visit. Order and number of the records stay.
pub fn fold(records: &mut [Record]) {
    let mut order: Vec<usize> = (0..records.len())
        .filter(|at| records[*at].standing == Standing::Counted)
        .collect();
    // The richest first, so that a repeat always folds into what tells most, whatever the order of the answer.
    order.sort_by_key(|at| {
        let record = &records[*at];
        (Reverse(richness(record)), record.key.clone(), *at)
    });
    // Each record with the one its visit is told by: what repeats a repeat belongs to the same visit.
    let mut seen: Vec<(usize, usize)> = Vec::new();
    for at in order {
        let repeated = seen.iter().find_map(|(other, root)| {
            same_visit(&records[*other], &records[at]).map(|code| (*root, code))
        });
        seen.push((at, repeated.map_or(at, |(root, _)| root)));
        if let Some((root, code)) = repeated {
            let into = records[root].key.clone();
            let record = &mut records[at];
            record.standing = Standing::Folded;
            record.standing_codes.push(code.to_owned());
            record.folded_into = into;
        }
    }
}

fn richness(record: &Record) -> usize {
    let known = [
        record.odometer.is_some(),
        record.intake.is_some(),
        !record.list_number.is_empty(),
        record.headquarters,
    ];
    record.jobs.len() + record.parts.len() + 4 * known.iter().filter(|holds| **holds).count()
}

/// Why two records are one visit, if they are.
fn same_visit(kept: &Record, other: &Record) -> Option<&'static str> {
    if kept.key == other.key {
        return Some("SENT_TWICE");
    }
    let apart = kept
        .day()
        .zip(other.day())
        .map(|(a, b)| (a - b).whole_days().unsigned_abs());
    let same_km = kept.odometer.is_some() && kept.odometer == other.odometer;
    let same_shop = !kept.shop_key().is_empty() && kept.shop_key() == other.shop_key();
    if same_shop && !kept.list_number.is_empty() && kept.list_number == other.list_number {
        return Some("SAME_LIST_NUMBER");
    }
    let near = apart.is_some_and(|days| days <= 1);
    let km_agrees = same_km || kept.odometer.is_none() || other.odometer.is_none();
    if same_shop && near && km_agrees && kept.list_number.is_empty() != other.list_number.is_empty()
    {
        return Some("SAME_SHOP_SAME_DAY");
    }
    if same_shop && near && same_km {
        return Some("SAME_SHOP_SAME_DAY");
    }
    (near && same_km && (kept.headquarters != other.headquarters || kept.source != other.source))
        .then_some("TWIN_OF_HEADQUARTERS")
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;
    use tongguan_vocabulary::Odometer;

    fn visit(key: &str, shop: &str, list: &str, day: time::Date, km: u32) -> Record {
        Record {
            key: key.to_owned(),
            shop: shop.to_owned(),
            list_number: list.to_owned(),
            intake: Some(day),
            odometer: (km > 0).then(|| Odometer::km(km)),
            ..Record::default()
        }
    }

    #[test]
    fn one_visit_told_several_times_counts_once() {
        let mut twin = visit("3", "总部", "HQ-77", date!(2024 - 03 - 06), 52_310);
        twin.headquarters = true;
        let mut records = [
            visit("1", "甲", "77", date!(2024 - 03 - 05), 52_310),
            visit("1", "甲", "77", date!(2024 - 03 - 05), 52_310),
            twin,
            visit("4", "甲", "77", date!(2024 - 03 - 05), 52_311),
            visit("5", "乙", "9", date!(2024 - 03 - 05), 52_330),
            visit("6", "甲", "78", date!(2024 - 09 - 05), 60_000),
        ];
        fold(&mut records);
        let counted: Vec<&str> = records
            .iter()
            .filter(|record| record.standing == Standing::Counted)
            .map(|record| record.key.as_str())
            .collect();
        assert_eq!(counted, ["3", "5", "6"], "{records:#?}");
    }
}
