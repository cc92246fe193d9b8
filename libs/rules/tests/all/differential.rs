//! The same expressions over the same known facts, here and in the `cel` crate's interpreter.
//!
//! The date functions the interpreter lacks are given to it in another way of counting, through
//! `time` and Julian day numbers, so that both sides are independent.

use std::collections::HashMap;

use cel::objects::Value as Cel;
use cel::{Context, Program};
use proptest::prelude::*;
use time::{Date, Month};
use tongguan_rules::{Facts, Pack, Value, evaluate};

use super::packs::one;
use super::properties::expression;

/// A car with every fact that generated expressions read.
#[derive(Debug, Clone)]
struct Car {
    seats: i64,
    odometer: i64,
    power: i64,
    stolen: bool,
    runs: bool,
    category: &'static str,
    origin: &'static str,
    flood: bool,
    fire: bool,
    dates: [Date; 3],
}

fn cars() -> impl Strategy<Value = Car> {
    let date = (2004_i32..2030, 1_u8..=12, 1_u8..=31).prop_map(|(year, month, day)| {
        let month = Month::try_from(month).unwrap();
        Date::from_calendar_date(year, month, day.min(month.length(year))).unwrap()
    });
    (
        (1_i64..12, 0_i64..12, 0_i64..4_000),
        any::<[bool; 4]>(),
        prop::sample::select(&["M1", "N1", "N3"][..]),
        prop::sample::select(&["CN", "JP"][..]),
        [date.clone(), date.clone(), date],
    )
        .prop_map(
            |((seats, odometer, power), [stolen, runs, flood, fire], category, origin, dates)| {
                Car {
                    seats,
                    odometer,
                    power,
                    stolen,
                    runs,
                    category,
                    origin,
                    flood,
                    fire,
                    dates,
                }
            },
        )
}

impl Car {
    fn damage(&self) -> Vec<String> {
        let kinds = [(self.flood, "flood"), (self.fire, "fire")];
        kinds
            .into_iter()
            .filter(|(has, _)| *has)
            .map(|(_, kind)| kind.to_owned())
            .collect()
    }

    fn facts(&self) -> Facts {
        let [made, registered, arrival] = self.dates.map(|date| date.to_string());
        Facts::from_json(&serde_json::json!({
            "vehicle.seats": self.seats, "vehicle.odometer_km": self.odometer, "vehicle.power_kw": self.power as f64 / 1_000.0,
            "vehicle.stolen": self.stolen, "vehicle.runs": self.runs, "vehicle.category": self.category,
            "vehicle.origin_country": self.origin, "vehicle.damage": self.damage(),
            "vehicle.manufactured": made, "vehicle.first_registered": registered, "trip.arrival": arrival,
        }))
        .unwrap()
    }

    fn context(&self) -> Context<'static, 'static> {
        let day = |index: usize| Cel::Int(i64::from(self.dates[index].to_julian_day()));
        let text = |text: &str| Cel::from(text.to_owned());
        let vehicle: HashMap<String, Cel> = [
            ("seats", Cel::Int(self.seats)),
            ("odometer_km", Cel::Int(self.odometer)),
            ("power_kw", Cel::Float(self.power as f64 / 1_000.0)),
            ("stolen", Cel::Bool(self.stolen)),
            ("runs", Cel::Bool(self.runs)),
            ("category", text(self.category)),
            ("origin_country", text(self.origin)),
            ("damage", Cel::from(self.damage())),
            ("manufactured", day(0)),
            ("first_registered", day(1)),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect();
        let mut context = Context::default();
        context.add_variable_from_value("vehicle", vehicle);
        context.add_variable_from_value("trip", HashMap::from([("arrival".to_owned(), day(2))]));
        context
            .add_function("date", |text: std::sync::Arc<String>| {
                i64::from(parse(&text).to_julian_day())
            })
            .unwrap();
        context
            .add_function("days", |a: i64, b: i64| b - a)
            .unwrap();
        context
            .add_function("calendar_years", |a: i64, b: i64| {
                i64::from(civil(b).year() - civil(a).year())
            })
            .unwrap();
        context
            .add_function("years", |a: i64, b: i64| age(civil(a), civil(b), 12))
            .unwrap();
        context
            .add_function("months", |a: i64, b: i64| age(civil(a), civil(b), 1))
            .unwrap();
        context
            .add_function("plus_months", |a: i64, n: i64| {
                i64::from(later(civil(a), n).to_julian_day())
            })
            .unwrap();
        context
            .add_function(
                "any_of",
                |set: std::sync::Arc<Vec<Cel>>, list: std::sync::Arc<Vec<Cel>>| {
                    list.iter().any(|item| set.contains(item))
                },
            )
            .unwrap();
        context
    }
}

fn civil(julian: i64) -> Date {
    Date::from_julian_day(julian as i32).unwrap()
}

fn parse(text: &str) -> Date {
    let date: tongguan_vocabulary::PartialDate = text.parse().unwrap();
    date.exact().unwrap()
}

/// `months` later, clamped to the end of the month, by stepping through the calendar.
fn later(date: Date, months: i64) -> Date {
    let total = i64::from(date.year()) * 12 + i64::from(u8::from(date.month())) - 1 + months;
    let (year, month) = (
        total.div_euclid(12) as i32,
        Month::try_from(total.rem_euclid(12) as u8 + 1).unwrap(),
    );
    Date::from_calendar_date(year, month, date.day().min(month.length(year))).unwrap()
}

/// Whole steps of `months`, and half a step more between two anniversaries, by trying them out.
fn age(from: Date, to: Date, months: i64) -> f64 {
    let mut whole = 0;
    while later(from, months * (whole + 1)) <= to {
        whole += 1;
    }
    while later(from, months * whole) > to {
        whole -= 1;
    }
    whole as f64
        + if later(from, months * whole) == to {
            0.0
        } else {
            0.5
        }
}

proptest! {
    #![proptest_config(ProptestConfig::default())]

    #[test]
    fn known_facts_give_what_the_cel_interpreter_gives(source in expression(), car in cars()) {
        let quoted = serde_json::to_string(&source).unwrap();
        let pack = Pack::load(&one(&format!("require: {quoted}\notherwise: prohibit")), &()).unwrap();
        let ours = evaluate(&pack, &car.facts()).rules[0].value;
        let theirs = Program::compile(&source).unwrap().execute(&car.context());
        let expected = match &theirs {
            Ok(Cel::Bool(true)) => Value::Satisfied,
            Ok(Cel::Bool(false)) => Value::Violated,
            other => panic!("{source}: {other:?}"),
        };
        prop_assert_eq!(ours, expected, "{}", source);
    }
}
