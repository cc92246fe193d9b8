//! Brake ratios computed from what the bench weighs: forces of the wheels and load of the axle.

use std::collections::BTreeMap;

/// Values by item and position, in the units of the catalogue.
pub(crate) type Values = BTreeMap<(String, String), f64>;

/// A kilogram of axle load weighs 0.98 daN in the brake formulas of the inspection line.
const DECANEWTON_PER_KG: f64 = 0.98;

/// How far a stated ratio may be from the computed one, in percentage points: rounding on a bench print.
pub(crate) const TOLERANCE: f64 = 1.0;

fn get(values: &Values, item: &str, position: &str) -> Option<f64> {
    values.get(&(item.to_owned(), position.to_owned())).copied()
}

/// Braking force of the axle over the load on it, in percent.
pub(crate) fn axle_ratio(values: &Values, axle: &str) -> Option<f64> {
    let left = get(values, "brake.force_left", axle)?;
    let right = get(values, "brake.force_right", axle)?;
    let load = get(values, "axle.load", axle)?;
    (load > 0.0).then(|| (left + right) / (load * DECANEWTON_PER_KG) * 100.0)
}

/// Greatest difference over the larger force; for a rear axle whose ratio is below 60 % over the axle load.
pub(crate) fn imbalance(values: &Values, axle: &str, front: bool) -> Option<f64> {
    let difference = get(values, "brake.difference", axle)?;
    let left = get(values, "brake.force_left", axle)?;
    let right = get(values, "brake.force_right", axle)?;
    let ratio = axle_ratio(values, axle);
    let over = match ratio {
        Some(ratio) if !front && ratio < 60.0 => {
            get(values, "axle.load", axle)? * DECANEWTON_PER_KG
        }
        None if !front => return None,
        _ => left.max(right),
    };
    (over > 0.0).then(|| difference / over * 100.0)
}

/// Braking force of the whole vehicle over its weight, in percent, where every axle was weighed.
pub(crate) fn total_ratio(values: &Values, axles: u8) -> Option<f64> {
    let mut force = 0.0;
    let mut load = 0.0;
    for number in 1..=axles {
        let axle = format!("axle{number}");
        force += get(values, "brake.force_left", &axle)? + get(values, "brake.force_right", &axle)?;
        load += get(values, "axle.load", &axle)?;
    }
    (load > 0.0).then(|| force / (load * DECANEWTON_PER_KG) * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bench(left: f64, right: f64, difference: f64, load: f64) -> Values {
        [
            ("brake.force_left", left),
            ("brake.force_right", right),
            ("brake.difference", difference),
            ("axle.load", load),
        ]
        .into_iter()
        .map(|(item, value)| ((item.to_owned(), "axle1".to_owned()), value))
        .collect()
    }

    #[test]
    fn a_ratio_is_force_over_load() {
        let ratio = axle_ratio(&bench(250.0, 240.0, 20.0, 800.0), "axle1").unwrap();
        assert!((ratio - 62.5).abs() < 1e-9);
    }

    #[test]
    fn a_weak_rear_axle_counts_its_imbalance_over_the_load() {
        let weak = bench(100.0, 80.0, 40.0, 800.0);
        assert!((imbalance(&weak, "axle1", true).unwrap() - 40.0).abs() < 1e-9);
        assert!((imbalance(&weak, "axle1", false).unwrap() - 40.0 / 784.0 * 100.0).abs() < 1e-9);
    }

    #[test]
    fn nothing_is_computed_from_half_a_bench() {
        let mut half = bench(100.0, 80.0, 40.0, 800.0);
        half.remove(&("axle.load".to_owned(), "axle1".to_owned()));
        assert_eq!(axle_ratio(&half, "axle1"), None);
        assert_eq!(imbalance(&half, "axle1", false), None);
        assert_eq!(total_ratio(&half, 1), None);
    }
}
