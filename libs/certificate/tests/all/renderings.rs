//! All renderings state one record; each is self-contained and says what it is not.

use std::collections::BTreeMap;

use serde_json::Value;
use tongguan_certificate::{
    Against, Certificate, Digest, Error, Photograph, Record, Verdict, qr, verify,
};

use crate::sample::{HOUSE, House, now};
use crate::verdicts::with_list;

fn unescape(text: &str) -> String {
    [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

fn fields_of_page(page: &str) -> BTreeMap<String, String> {
    page.split("data-field=\"")
        .skip(1)
        .map(|part| {
            let (name, rest) = part.split_once("\">").unwrap();
            let (value, _) = rest.split_once("</b>").unwrap();
            (unescape(name), unescape(value))
        })
        .collect()
}

fn awkward() -> Record {
    let mut record = HOUSE.record();
    record.vehicle.make = String::from("<b>&\"'{vin}");
    record.vehicle.model = String::from("Лада Веста");
    record
}

#[test]
fn all_renderings_state_the_same_record() {
    for record in [HOUSE.record(), awkward()] {
        let certificate = HOUSE.certify(&record);
        let bundle = HOUSE.bundle();
        let cose = Certificate::from_cose(&certificate.to_cose()).unwrap();
        let text = certificate.to_qr_text().unwrap();
        let png =
            Certificate::from_qr_text(&qr::read_png(&qr::to_png(&text).unwrap()).unwrap()).unwrap();
        let jwt =
            Certificate::from_vc_jwt(&certificate.to_vc_jwt(&HOUSE.key).unwrap(), &bundle).unwrap();
        let json = Record::from_json(&record.to_json().unwrap()).unwrap();
        let page = certificate.to_html(None).unwrap();
        let pdf = certificate.to_pdf().unwrap();
        assert_eq!(pdf, certificate.to_pdf().unwrap());
        let report = verify(&pdf, &bundle, &with_list(&HOUSE.status()), now());
        assert_eq!(report.record.as_ref(), Some(&record));
        for stated in [cose.record(), png.record(), jwt.record(), &json] {
            assert_eq!(stated, &record);
        }
        assert_eq!(
            fields_of_page(&page),
            record.fields().unwrap().into_iter().collect()
        );
        let report = verify(page.as_bytes(), &bundle, &with_list(&HOUSE.status()), now());
        assert_eq!(
            (report.verdict, report.record),
            (Verdict::Valid, Some(record))
        );
    }
}

#[test]
fn the_page_is_self_contained_in_six_languages_and_says_it_is_no_permit() {
    let page = HOUSE.certify(&awkward()).to_html(None).unwrap();
    for part in [
        "<p lang=\"en\" dir=\"ltr\">",
        "<p lang=\"zh\" dir=\"ltr\">",
        "<p lang=\"ru\" dir=\"ltr\">",
        "<p lang=\"ar\" dir=\"rtl\">",
        "<p lang=\"fr\" dir=\"ltr\">",
        "<p lang=\"es\" dir=\"ltr\">",
        "Not an official permit",
        "本证明不是官方许可",
        "SIMULATED",
        "<svg",
    ] {
        assert!(page.contains(part), "{part}");
    }
    for foreign in [
        "<script",
        "src=\"http",
        "href=",
        "@import",
        "url(",
        "<b>&\"'",
    ] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    let mut genuine = HOUSE.record();
    genuine.simulated = false;
    assert!(
        !HOUSE
            .certify(&genuine)
            .to_html(None)
            .unwrap()
            .contains("SIMULATED")
    );
}

#[test]
fn only_the_photograph_the_certificate_names_is_printed() {
    let photo = b"\xff\xd8\xff\xe0 a photograph";
    let mut record = HOUSE.record();
    assert!(matches!(
        HOUSE
            .certify(&record)
            .to_html(Some(Photograph { bytes: photo })),
        Err(Error::Invalid(_))
    ));
    record.vehicle.photograph = Some(Digest::of(photo));
    let page = HOUSE
        .certify(&record)
        .to_html(Some(Photograph { bytes: photo }))
        .unwrap();
    assert!(page.contains("src=\"data:image/jpeg;base64,"));
    assert!(
        HOUSE
            .certify(&record)
            .to_html(Some(Photograph {
                bytes: b"<svg onload="
            }))
            .is_err()
    );
}

#[test]
fn a_picture_of_the_code_verifies_and_an_empty_picture_could_not_be_checked() {
    let certificate = HOUSE.certify_after(&HOUSE.record(), 436_000);
    let png = qr::to_png(&certificate.to_qr_text().unwrap()).unwrap();
    let list = HOUSE.status();
    assert_eq!(
        verify(&png, &HOUSE.bundle(), &with_list(&list), now()).verdict,
        Verdict::Valid
    );
    let other = qr::to_png("https://example.org").unwrap();
    assert_eq!(
        verify(&other, &HOUSE.bundle(), &Against::default(), now())
            .reason
            .code(),
        "not_a_certificate"
    );
    assert_eq!(
        verify(&png[..200], &HOUSE.bundle(), &Against::default(), now())
            .reason
            .code(),
        "image_unreadable"
    );
}

#[test]
fn the_terminal_picture_is_square_and_quiet_at_its_edge() {
    let drawn = qr::to_terminal(&HOUSE.certify(&HOUSE.record()).to_qr_text().unwrap()).unwrap();
    let lines: Vec<_> = drawn.lines().collect();
    let width = lines[0].chars().count();
    assert_eq!(lines.len(), width.div_ceil(2));
    assert!(lines[0].chars().all(|c| c == '█'));
    assert!(
        lines
            .iter()
            .all(|line| line.chars().count() == width && line.starts_with("████"))
    );
}

#[test]
fn the_canonical_json_is_sorted_and_refuses_a_swapped_vin() {
    let json = HOUSE.record().to_json().unwrap();
    let value: Value = serde_json::from_str(&json).unwrap();
    let mut sorted = value.clone();
    sorted.sort_all_objects();
    assert_eq!(sorted.to_string(), json);
    assert!(Record::from_json(&json.replace("LSVWY4180KN246094", "LBEHDAEB58Y038860")).is_err());
    assert!(Record::from_json(&json.replace("/1\"", "/2\"")).is_err());
}

#[test]
fn a_credential_of_another_key_or_with_another_record_is_refused() {
    let bundle = HOUSE.bundle();
    let jwt = HOUSE
        .certify(&HOUSE.record())
        .to_vc_jwt(&HOUSE.key)
        .unwrap();
    let stranger = House::new();
    let foreign = stranger
        .certify(&stranger.record())
        .to_vc_jwt(&stranger.key)
        .unwrap();
    assert!(matches!(
        Certificate::from_vc_jwt(&foreign, &bundle),
        Err(Error::UnknownKey { .. })
    ));
    let (head, rest) = jwt.split_once('.').unwrap();
    let (_, signature) = rest.split_once('.').unwrap();
    let (_, foreign_rest) = foreign.split_once('.').unwrap();
    let (payload, _) = foreign_rest.split_once('.').unwrap();
    let spliced = format!("{head}.{payload}.{signature}");
    assert!(matches!(
        Certificate::from_vc_jwt(&spliced, &bundle),
        Err(Error::SignatureMismatch { .. })
    ));
    assert!(
        HOUSE
            .certify(&HOUSE.record())
            .to_vc_jwt(&HOUSE.status_key)
            .is_err()
    );
}
