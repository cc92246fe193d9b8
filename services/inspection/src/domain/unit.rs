//! Units of measured values: a number is compared only after conversion into the limit's unit.
//!
//! To add a unit: add a row with its dimension's base unit and factor.

/// Name, base unit of its dimension, and the factor that turns it into the base unit.
const UNITS: &[(&str, &str, f64)] = &[
    ("%", "%", 1.0),
    ("1", "1", 1.0),
    ("N", "N", 1.0),
    ("daN", "N", 10.0),
    ("kN", "N", 1_000.0),
    ("kgf", "N", 9.806_65),
    ("kg", "kg", 1.0),
    ("t", "kg", 1_000.0),
    ("mm", "mm", 1.0),
    ("cm", "mm", 10.0),
    ("m", "mm", 1_000.0),
    ("cd", "cd", 1.0),
    ("kcd", "cd", 1_000.0),
    ("m/s2", "m/s2", 1.0),
    ("m/km", "m/km", 1.0),
    ("mm/m", "m/km", 1.0),
    ("deg", "deg", 1.0),
    ("ppm", "ppm", 1.0),
    ("g/km", "g/km", 1.0),
    ("mg/km", "g/km", 0.001),
    ("1/m", "1/m", 1.0),
    ("C", "C", 1.0),
    ("ohm/V", "ohm/V", 1.0),
    ("kohm/V", "ohm/V", 1_000.0),
];

fn row(unit: &str) -> Option<&'static (&'static str, &'static str, f64)> {
    UNITS.iter().find(|(name, _, _)| *name == unit)
}

/// Whether the unit is known.
pub(crate) fn is_known(unit: &str) -> bool {
    row(unit).is_some()
}

/// `value` of unit `from` in unit `to`; `None` where either is unknown or they measure different things.
pub(crate) fn convert(value: f64, from: &str, to: &str) -> Option<f64> {
    if from == to {
        return is_known(from).then_some(value);
    }
    let (_, from_base, from_factor) = row(from)?;
    let (_, to_base, to_factor) = row(to)?;
    (from_base == to_base).then(|| value * from_factor / to_factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forces_convert_and_other_dimensions_do_not() {
        assert_eq!(convert(2.5, "kN", "daN"), Some(250.0));
        assert_eq!(convert(16.0, "kcd", "cd"), Some(16_000.0));
        assert_eq!(convert(1.0, "kg", "daN"), None);
        assert_eq!(convert(1.0, "furlong", "mm"), None);
        assert_eq!(convert(1.0, "furlong", "furlong"), None);
    }

    #[test]
    fn an_equal_unit_keeps_every_bit() {
        assert_eq!(convert(0.1 + 0.2, "%", "%"), Some(0.1 + 0.2));
    }
}
