//! Pictures as they come: small, scratched, noisy. A code is read or refused, never a panic.

use proptest::prelude::*;

use crate::picture::Picture;

/// The picture of a published certificate: always the same one.
fn of_certificate() -> (Picture, String) {
    let vectors: serde_json::Value =
        serde_json::from_str(include_str!("../../vectors/v1.json")).unwrap();
    let text = vectors["certificates"][0]["qr"].as_str().unwrap();
    (Picture::of(text), text.to_owned())
}

#[test]
fn a_scan_with_few_pixels_a_module_is_still_read() {
    let (picture, text) = of_certificate();
    // From 4 pixels a module to 2.4: a page scanned at 90 dpi.
    for percent in [90, 75, 60] {
        assert_eq!(
            picture.scaled(picture.side * percent / 100).read(),
            Ok(text.clone()),
            "{percent} %"
        );
    }
}

#[test]
fn a_page_laid_askew_or_seen_at_an_angle_is_still_read() {
    let (picture, text) = of_certificate();
    let (middle, side) = (picture.side as f64 / 2.0, picture.side as f64);
    for degrees in [0.7_f64, -8.0, 30.0, 181.0] {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let turned = picture.seen(picture.side * 3 / 2, |x, y| {
            let (x, y) = (x - side * 0.75, y - side * 0.75);
            (middle + x * cos - y * sin, middle + x * sin + y * cos)
        });
        assert_eq!(turned.read(), Ok(text.clone()), "{degrees} degrees");
    }
    // The far edge is a twelfth shorter than the near one.
    let tilted = picture.seen(picture.side, |x, y| {
        let depth = 1.0 - y / side / 12.0;
        (middle + (x - middle) / depth, y / depth * (11.0 / 12.0))
    });
    assert_eq!(tilted.read(), Ok(text));
}

#[test]
fn a_page_half_in_shadow_is_still_read() {
    let (mut picture, text) = of_certificate();
    let side = picture.side;
    for (at, pixel) in picture.grey.iter_mut().enumerate() {
        let light = 255 - 190 * (at % side) / side;
        *pixel = (usize::from(*pixel) * light / 255) as u8;
    }
    assert_eq!(picture.read(), Ok(text));
}

#[test]
fn a_scratch_and_a_stamp_are_repaired() {
    let (mut picture, text) = of_certificate();
    let side = picture.side;
    for at in 0..side {
        picture.grey[side / 3 * side + at] = 255;
    }
    for y in side / 2..side / 2 + side / 16 {
        picture.grey[y * side + side / 4..y * side + side / 3].fill(120);
    }
    assert_eq!(picture.read(), Ok(text));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]

    #[test]
    fn damage_and_noise_are_read_or_refused(
        holes in prop::collection::vec((0_usize..100, 0_usize..100, 1_usize..40, any::<u8>()), 0..30),
        noise in prop::collection::vec(any::<u8>(), 64),
        noisy: bool,
    ) {
        let (mut picture, text) = of_certificate();
        picture = picture.scaled(picture.side / 2);
        let side = picture.side;
        for (x, y, size, grey) in holes {
            let (left, top) = (x * side / 100, y * side / 100);
            for row in top..(top + size).min(side) {
                picture.grey[row * side + left..row * side + (left + size).min(side)].fill(grey);
            }
        }
        if noisy {
            for (at, pixel) in picture.grey.iter_mut().enumerate() {
                *pixel ^= noise[at * 7 % 64] & noise[at / 64 % 64];
            }
        }
        // A read text is the true one: Reed-Solomon codes do not let another through.
        if let Ok(read) = picture.read() {
            prop_assert_eq!(read, text);
        }
    }
}
