//! When one mark on two vehicles is an alarm, how hard it is, and when it ends.

use time::OffsetDateTime;
use time::macros::{date, datetime};

use super::super::change::Change;
use super::super::identity::Mark;
use super::super::vehicle::tests::details;
use super::*;

const AT: OffsetDateTime = datetime!(2026-03-02 04:00 UTC);
const SAME_MAKER: &str = "LSVWY4188KN246095";
const OTHER_MAKER: &str = "LBEHDAEB58Y038860";

fn shared(kind: MarkKind, value: &str, with: &str) -> Vehicle {
    let mut details = details();
    details.battery_id = "BAT1".into();
    let (vehicle, _) = Vehicle::register(details, AT).unwrap();
    let change = Change::Share(Shared {
        kind,
        value: value.into(),
        with: with.parse().unwrap(),
    });
    vehicle.apply(&change, AT).unwrap().0
}

fn told(vehicle: &Vehicle) -> Vec<(&'static str, bool)> {
    let notices = vehicle.shared_notices();
    notices
        .iter()
        .map(|notice| (notice.code, notice.hard))
        .collect()
}

fn identify(vehicle: &Vehicle, kind: MarkKind, value: &str, replaces: &str) -> Vehicle {
    let change = Change::Identify {
        mark: Mark {
            kind,
            value: value.into(),
            since: Some(date!(2026 - 01 - 10).into()),
            until: None,
            document: String::new(),
        },
        replaces: replaces.into(),
    };
    vehicle.apply(&change, AT).unwrap().0
}

#[test]
fn one_makers_engine_number_is_hard_another_makers_a_hint_and_a_battery_always_hard() {
    let engine = |with| told(&shared(MarkKind::Engine, "CLS123456", with));
    assert_eq!(engine(SAME_MAKER), [("ENGINE_ON_TWO_VINS", true)]);
    assert_eq!(engine(OTHER_MAKER), [("ENGINE_ON_TWO_VINS", false)]);
    let battery = shared(MarkKind::Battery, "BAT1", OTHER_MAKER);
    assert_eq!(told(&battery), [("BATTERY_ON_TWO_VINS", true)]);
    assert!(
        !battery.shared_notices()[0].message.contains("BAT1"),
        "marks are no text"
    );
}

#[test]
fn it_ends_when_the_mark_ends() {
    let alarmed = shared(MarkKind::Engine, "CLS123456", SAME_MAKER);
    let beside = identify(&alarmed, MarkKind::Engine, "NEW1", "");
    assert_eq!(
        told(&beside).len(),
        1,
        "the old number lives beside the new one"
    );
    assert_eq!(
        told(&identify(&alarmed, MarkKind::Engine, "NEW1", "CLS123456")),
        []
    );
    let gone = Change::Deregister {
        date: date!(2026 - 03 - 02),
        reason: "SCRAPPED".into(),
    };
    let (gone, _) = alarmed.apply(&gone, AT).unwrap();
    assert_eq!((told(&gone), gone.bears().len()), (vec![], 0));
}

#[test]
fn it_ends_when_the_other_turns_out_to_be_this_car_stamped_anew() {
    let alarmed = shared(MarkKind::Engine, "CLS123456", SAME_MAKER);
    let own = alarmed.details.vin.to_string();
    let restamped = identify(&alarmed, MarkKind::StampedVin, SAME_MAKER, &own);
    assert!(restamped.is_stamped(SAME_MAKER.parse().unwrap()));
    assert_eq!(told(&restamped), []);
    assert!(
        !alarmed.is_stamped(alarmed.details.vin),
        "its own number is not another's"
    );
}

#[test]
fn only_the_mark_that_is_named_is_shared_no_more() {
    let both = shared(MarkKind::Engine, "CLS123456", SAME_MAKER);
    let battery = Change::Share(Shared {
        kind: MarkKind::Battery,
        value: "BAT1".into(),
        with: SAME_MAKER.parse().unwrap(),
    });
    let (both, _) = both.apply(&battery, AT).unwrap();
    assert_eq!(told(&both).len(), 2);
    let end = Change::Unshare {
        kind: MarkKind::Engine,
        value: "CLS123456".into(),
    };
    let (after, happened) = both.apply(&end, AT).unwrap();
    assert_eq!(happened.0, "IDENTITY_SHARED_NO_MORE");
    assert_eq!(told(&after), [("BATTERY_ON_TWO_VINS", true)]);
    assert!(
        after.shares(MarkKind::Battery, "BAT1") && !after.shares(MarkKind::Engine, "CLS123456")
    );
}
