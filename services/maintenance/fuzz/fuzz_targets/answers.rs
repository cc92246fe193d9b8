//! What every answer of every profile must keep: no panic, and no "nothing" from what does not say so.

use time::macros::date;
use tongguan_maintenance::domain::outcome::Outcome;
use tongguan_maintenance::reading;

pub fn check(profile: &str, list: &[u8], detail: &[u8]) {
    let told = reading::answer(profile, list, &[detail], date!(2026 - 03 - 02))
        .expect("the profile is one of ours");
    let _ = reading::grants_token(profile, list);
    match told.outcome {
        Outcome::Found => assert!(!told.records.is_empty() && told.unreadable == 0),
        Outcome::FoundPartial => {}
        _ => assert!(told.records.is_empty()),
    }
    if told.outcome == Outcome::NoRecord {
        // Either a number of rows that is zero or one of the known sentences stands in it; both have one of these.
        let text = String::from_utf8_lossy(list).into_owned();
        let sentence = ["status", "msg", "message", "info"];
        assert!(
            text.contains("total") || sentence.iter().any(|name| text.contains(name)) || text.contains('\\'),
            "nothing, out of nowhere: {text}"
        );
    }
}
