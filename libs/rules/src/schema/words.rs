//! The closed word lists of code and set facts; the order is the identity, so only append.

/// UNECE vehicle categories (R.E.3), `L` for all two- and three-wheelers, `T` tractors, `X` other machines.
pub const CATEGORY: &[&str] = &[
    "M1", "M2", "M3", "N1", "N2", "N3", "O1", "O2", "O3", "O4", "L", "T", "X",
];

/// Body and build types that rules single out.
pub const BODY: &[&str] = &[
    "sedan",
    "hatchback",
    "suv",
    "wagon",
    "coupe",
    "convertible",
    "mpv",
    "pickup",
    "van",
    "panel_van",
    "minibus",
    "bus",
    "coach",
    "double_deck_bus",
    "articulated_bus",
    "truck",
    "tractor_unit",
    "dump_truck",
    "tanker",
    "refrigerated_truck",
    "crane_truck",
    "concrete_mixer",
    "special_purpose",
    "ambulance",
    "fire_engine",
    "hearse",
    "motorhome",
    "tow_truck",
    "road_works",
    "garbage_truck",
    "trailer",
    "semi_trailer",
    "motorcycle",
    "moped",
    "three_wheeler",
    "quad",
    "low_speed_truck",
    "agricultural_tractor",
    "machinery",
    "armoured",
    "racing",
    "other",
];

/// Use natures as the Chinese registration system distinguishes them (GA/T 24 family).
pub const USE_NATURE: &[&str] = &[
    "non_operating",
    "road_passenger",
    "city_bus",
    "taxi",
    "tourist",
    "freight",
    "rental",
    "police",
    "fire",
    "ambulance",
    "engineering_rescue",
    "operating_to_non_operating",
    "taxi_to_non_operating",
    "training",
    "school_bus",
    "dangerous_goods",
    "ride_hailing",
    "ride_hailing_to_non_operating",
];

/// What the vehicle was used as at any time.
pub const PREVIOUS_USE: &[&str] = &[
    "private",
    "taxi",
    "police",
    "school_transport",
    "rental",
    "driving_school",
    "ride_hailing",
    "government",
    "military",
    "ambulance",
    "bus_service",
    "freight",
    "racing",
    "test",
];

/// Side of the steering wheel: `LHD` or `RHD`.
pub const STEERING: &[&str] = &["LHD", "RHD", "centre"];

/// Powertrain classes; `EREV` is a series (range-extended) hybrid.
pub const POWERTRAIN: &[&str] = &["ICE", "MHEV", "HEV", "PHEV", "EREV", "BEV", "FCEV"];

/// Energy the vehicle is fuelled with.
pub const FUEL: &[&str] = &[
    "petrol", "diesel", "lpg", "cng", "lng", "methanol", "ethanol", "hydrogen", "electric", "other",
];

/// Basic colours of the Chinese registration certificate, and `silver`, `gold`, `orange`, `multi`.
pub const COLOUR: &[&str] = &[
    "white", "grey", "yellow", "pink", "red", "purple", "green", "blue", "brown", "black",
    "silver", "gold", "orange", "multi",
];

/// Kinds of damage a vehicle has suffered at any time.
pub const DAMAGE: &[&str] = &[
    "minor_collision",
    "collision",
    "major_accident",
    "structural",
    "cut_chassis",
    "flood",
    "water",
    "fire",
    "rollover",
    "crushed",
    "dismantled",
    "cyclone",
    "hail",
    "radiation",
    "theft",
    "total_loss",
    "partial_loss",
    "rebuilt",
    "manufacturing_defect",
    "other",
];

/// Brands on a title, here or in the country of origin.
pub const TITLE_BRAND: &[&str] = &[
    "salvage",
    "junk",
    "scrap",
    "non_rebuildable",
    "rebuilt",
    "written_off",
    "statutory_write_off",
    "flood",
    "fire",
    "lemon",
    "export_only",
];

/// Equipment and build features that rules require or forbid.
pub const EQUIPMENT: &[&str] = &[
    "abs",
    "esc",
    "ecall",
    "era_glonass",
    "evak",
    "tpms",
    "seat_belts_front",
    "seat_belts_all",
    "three_point_belts_rear",
    "headrests",
    "catalytic_converter",
    "particulate_filter",
    "frontal_impact",
    "side_impact",
    "speedometer_kmh",
    "speedometer_mph",
    "headlamps_left_traffic",
    "headlamps_right_traffic",
    "headlamps_rebuilt",
    "rear_fog_lamp",
    "speed_limiter",
    "tachograph",
    "dab_receiver",
    "english_interface",
    "bull_bar",
    "cfc_refrigerant",
    "lpg_conversion",
    "connected_software_cn_ru",
    "connected_hardware_cn_ru",
    "e_marked_parts",
    "glitter_paint",
    "armour",
    "isofix",
    "daytime_lamps",
];

/// Specifications a vehicle was built to or approved under.
pub const SPECIFICATION: &[&str] = &[
    "china",
    "eu",
    "us",
    "gso",
    "saudi",
    "japan",
    "korea",
    "australia",
    "eaeu",
    "india",
    "unece",
    "uk",
];

/// How the vehicle enters the destination.
pub const ENTRY_MODE: &[&str] = &["sea", "land", "air", "rail", "own_wheels"];

/// Incoterms 2020.
pub const INCOTERM: &[&str] = &[
    "EXW", "FCA", "FAS", "FOB", "CFR", "CIF", "CPT", "CIP", "DAP", "DPU", "DDP",
];

/// Why the vehicle is brought in.
pub const PURPOSE: &[&str] = &[
    "personal",
    "commercial",
    "own_business",
    "re_export",
    "transit",
    "parts",
    "humanitarian",
    "temporary",
    "government",
    "diplomatic",
    "racing",
    "collection",
    "inheritance",
    "donation",
    "exhibition",
    "test",
];

/// Legal kind of the importer.
pub const IMPORTER_KIND: &[&str] = &[
    "individual",
    "sole_trader",
    "company",
    "government",
    "diplomatic_mission",
    "international_organisation",
    "non_profit",
];

/// Standings of the importer that exemptions name.
pub const IMPORTER_STATUS: &[&str] = &[
    "citizen",
    "resident",
    "premium_resident",
    "gcc_citizen",
    "returning_resident",
    "citizen_abroad",
    "migrant",
    "diplomat",
    "disabled",
    "expatriate_worker",
    "heir",
    "authorised_dealer",
    "registered_dealer",
    "type_approval_holder",
    "licensed_carrier",
    "small_importer",
    "collector",
    "project_contractor",
    "free_zone_resident",
    "registered_importer",
    "student",
    "state_agent",
    "family_scheme",
    "mining_licensee",
    "manufacturer_representative",
];

/// Kind of exporter under Announcement No. 6 of 2024.
pub const EXPORTER_KIND: &[&str] = &["producer", "trading"];

/// Steps of the exporter's credit ladder.
pub const CREDIT: &[&str] = &[
    "clean",
    "interviewed",
    "rectification_ordered",
    "rectification_done",
    "rectification_not_done",
    "serious_dishonesty",
    "applications_stopped",
];

/// Inspection standards a report may name.
pub const STANDARD: &[&str] = &["wmt_8_2022", "wmt_9_2022", "gb_38900_2020", "other"];

/// Outcomes of a maintenance-record look-up.
pub const LOOKUP: &[&str] = &[
    "found",
    "found_partial",
    "no_record",
    "not_authorised",
    "auth_pending",
    "unsupported",
    "off_hours",
    "upstream_down",
    "quota",
    "bad_input",
];

/// Odometer verdicts.
pub const ODOMETER_VERDICT: &[&str] = &[
    "consistent",
    "inconsistent_one_reading",
    "likely_rollback",
    "meter_replaced",
    "no_verdict",
];

/// Police status letters of the registration system (GA/T 24 family); several may stand at once.
pub const STATUS_LETTER: &[&str] = &[
    "A", "B", "C", "D", "E", "G", "H", "I", "J", "K", "L", "M", "N", "O", "P", "Q",
];

/// The ten prohibited situations of section six of Announcement No. 6 of 2024.
pub const PROHIBITION: &[&str] = &[
    "scrap_limit",
    "encumbered_or_supervised",
    "sealed_or_seized",
    "obtained_by_crime",
    "certificate_mismatch",
    "smuggled_or_assembled",
    "papers_incomplete",
    "inspection_failed",
    "unresolved_violation",
    "barred_by_law",
];

/// Who can do something about a rule.
pub const WHO: &[&str] = &[
    "none",
    "exporter",
    "importer",
    "seller",
    "manufacturer",
    "inspection_body",
    "inspection_body_destination",
    "authority_cn",
    "authority_destination",
    "carrier",
    "bank",
    "translator",
    "marketplace",
];

/// By which step of the trip a document is needed.
pub const WHEN: &[&str] = &[
    "before_purchase",
    "before_licence",
    "before_loading",
    "before_shipment",
    "before_arrival",
    "on_arrival",
    "before_clearance",
    "before_registration",
    "after_clearance",
];
