//! Made-up vehicles, in an order that jumps about the index as real ones do.

use tongguan_api::common::v1 as common;
use tongguan_api::google::r#type::Date;
use tongguan_api::registry::v1 as pb;
use tongguan_vocabulary::Vin;

/// The VIN of a number, with the check digit it should have.
pub(crate) fn vin(number: u32) -> Vin {
    let draft = format!("LTG{:05}0R1{:06}", number / 1_000_000, number % 1_000_000);
    let parsed: Vin = draft.parse().expect("the draft is a VIN");
    let digit = parsed.expected_check_digit();
    format!("{}{digit}{}", &draft[..8], &draft[9..])
        .parse()
        .expect("a VIN")
}

/// The place of the `number`th vehicle among `count`: every place once, neighbours far apart.
pub(crate) fn place(number: u32, count: u32) -> u32 {
    const PRIME: u64 = 7_368_787;
    ((u64::from(number) * PRIME) % u64::from(count)) as u32
}

pub(crate) fn car(number: u32) -> pb::VehicleDetails {
    let day = |year, month, day| Some(Date { year, month, day });
    pb::VehicleDetails {
        vin: vin(number).into(),
        brand: "试验牌".into(),
        model: format!("T{}", number % 97),
        manufacturer: "试验汽车有限公司".into(),
        category: common::VehicleCategory::M1.into(),
        vehicle_type: "K33".into(),
        use_nature: "A".into(),
        colour: "A".into(),
        powertrain: common::Powertrain::Ice.into(),
        fuel: common::Fuel::Petrol.into(),
        steering: common::Steering::Left.into(),
        engine_number: format!("E{number:08}"),
        engine_cc: Some(1_498),
        power_kw: Some(83.0),
        gross_mass_kg: Some(1_750),
        curb_mass_kg: Some(1_280),
        seats: Some(5),
        emission_stage: "china.6b".into(),
        manufactured: day(2021, 1, 0),
        model_year: 2_021,
        first_registered: day(2021, 3, (number % 28 + 1) as i32),
        certificate_number: format!("31{number:010}"),
        plate: format!("沪A{number:06}"),
        ..Default::default()
    }
}
