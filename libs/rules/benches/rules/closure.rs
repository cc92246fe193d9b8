//! The twelve rules as a programmer would write them over a struct.

type Day = (i32, u8, u8);

/// The facts the rules read, all known.
pub(crate) struct Car {
    category: Category,
    first_registered: Day,
    manufactured: Day,
    arrival: Day,
    bill_of_lading: Day,
    rhd: bool,
    converted: bool,
    diesel: bool,
    euro: u8,
    damage: u32,
    odometer_km: u32,
    plugged: bool,
    soh: f32,
    gross_mass_kg: u32,
    seats: u16,
    dispatch: [u8; 2],
    individual: bool,
    imports: u16,
    airbags: u8,
    equipment: u64,
}

#[derive(Clone, Copy, PartialEq)]
#[expect(dead_code, reason = "so that the comparison is not always true")]
pub(crate) enum Category {
    M1,
    N1,
    Other,
}

impl Car {
    pub(crate) fn sample() -> Self {
        Self {
            category: Category::M1,
            first_registered: (2021, 4, 12),
            manufactured: (2021, 2, 3),
            arrival: (2026, 6, 1),
            bill_of_lading: (2026, 5, 2),
            rhd: true,
            converted: false,
            diesel: true,
            euro: 6,
            damage: 0,
            odometer_km: 88_000,
            plugged: true,
            soh: 92.5,
            gross_mass_kg: 2_210,
            seats: 5,
            dispatch: *b"CN",
            individual: true,
            imports: 0,
            airbags: 6,
            equipment: 3,
        }
    }
}

fn number((year, month, day): Day) -> i64 {
    let (y, m) = (
        i64::from(year) - i64::from(month <= 2),
        (i64::from(month) + 9) % 12,
    );
    y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + i64::from(day)
}

/// One rule: whether a car meets it.
pub(crate) type Rule = Box<dyn Fn(&Car) -> bool>;

/// The twelve rules.
pub(crate) fn rules() -> [Rule; 12] {
    [
        Box::new(|car| {
            !matches!(car.category, Category::M1 | Category::N1)
                || car.arrival.0 - car.first_registered.0 <= 7
        }),
        Box::new(|car| {
            let anniversary = (
                car.manufactured.0 + 10,
                car.manufactured.1,
                car.manufactured.2,
            );
            car.arrival <= anniversary
        }),
        Box::new(|car| car.category != Category::M1 || (car.rhd && !car.converted)),
        Box::new(|car| !car.diesel || car.euro >= 5),
        Box::new(|car| car.damage & 0b1_1001 == 0),
        Box::new(|car| car.odometer_km <= 150_000),
        Box::new(|car| !car.plugged || car.soh >= 80.0),
        Box::new(|car| {
            car.bill_of_lading < (2025, 12, 31) || car.gross_mass_kg <= 3_500 || car.seats > 9
        }),
        Box::new(|car| [*b"CN", *b"JP", *b"AE", *b"GB"].contains(&car.dispatch)),
        Box::new(|car| !car.individual || car.imports < 2),
        Box::new(|car| {
            number(car.bill_of_lading) - number(car.first_registered) > 180
                || car.odometer_km <= 1_000
        }),
        Box::new(|car| car.airbags >= 2 && car.equipment & 1 == 1),
    ]
}

/// Whether all twelve hold; as the language does, every one is answered, not only up to the first that fails.
pub(crate) fn all(rules: &[Rule; 12], car: &Car) -> bool {
    rules
        .iter()
        .fold(0_u32, |bits, rule| bits << 1 | u32::from(rule(car)))
        == 0xfff
}
