//! Where on a vehicle something is measured: `axle1`, `axle1.left`, `left`.

use crate::domain::catalogue::Place;
use crate::domain::report::Vehicle;

/// The axle a position is at.
pub(super) fn axle(position: &str) -> Option<u8> {
    let number = position.strip_prefix("axle")?.split('.').next()?;
    number.parse().ok().filter(|number| *number >= 1)
}

/// Every place that an item of this kind must be measured at.
pub(super) fn all(place: Place, vehicle: &Vehicle) -> Vec<String> {
    let axles = 1..=vehicle.axles;
    match place {
        Place::Vehicle => vec![String::new()],
        Place::Axle => axles.map(|axle| format!("axle{axle}")).collect(),
        Place::Wheel => axles
            .flat_map(|axle| ["left", "right"].map(|side| format!("axle{axle}.{side}")))
            .collect(),
        Place::Lamp => vec!["left".to_owned(), "right".to_owned()],
    }
}

/// Whether the position is spelled as its kind is and the vehicle has it; twin tyres and four lamps add a part.
pub(super) fn is_valid(place: Place, position: &str, axles: u8) -> bool {
    let parts: Vec<_> = position.split('.').collect();
    let on_axle =
        axle(position).is_some_and(|axle| axle <= axles && parts[0] == format!("axle{axle}"));
    match place {
        Place::Vehicle => position.is_empty(),
        Place::Axle => on_axle && parts.len() == 1,
        Place::Wheel => {
            let side = matches!(parts.get(1), Some(&("left" | "right")));
            on_axle && side && matches!(parts.get(2..), Some([] | ["inner" | "outer"]))
        }
        Place::Lamp => {
            matches!(parts[0], "left" | "right")
                && matches!(parts.get(1..), Some([] | ["inner" | "outer"]))
        }
    }
}
