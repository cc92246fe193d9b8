//! Which pictures are the same, and which only resemble each other.

use image::imageops::FilterType;

use super::*;
use scenes::{Scene, jpeg, photograph};

#[path = "scenes.rs"]
mod scenes;

const WIDE: u32 = 240;
const HIGH: u32 = 180;

fn scene(hall: u32, car: u32) -> DynamicImage {
    photograph(Scene { hall, car }, WIDE, HIGH)
}

fn look(picture: &DynamicImage) -> Look {
    Look::of(picture).unwrap()
}

/// Cut off each side, in percent: left, top, right, bottom.
fn cut(picture: &DynamicImage, sides: [u32; 4]) -> DynamicImage {
    let (wide, high) = (picture.width(), picture.height());
    let [left, top, right, bottom] = sides;
    picture.crop_imm(
        wide * left / 100,
        high * top / 100,
        wide - wide * (left + right) / 100,
        high - high * (top + bottom) / 100,
    )
}

fn shares_a_band(one: &Look, two: &Look) -> bool {
    one.bands()
        .any(|band| two.bands().any(|other| other == band))
}

#[test]
fn a_picture_packed_sized_or_cropped_anew_is_found() {
    for hall in 0..3 {
        let original = scene(hall, hall + 100);
        let at_first = look(&original);
        let anew = |picture: &DynamicImage, quality| {
            let bytes = jpeg(picture, quality);
            Look::at(&bytes, Media::Jpeg).unwrap().unwrap()
        };
        let half = original.resize_exact(WIDE / 2, HIGH / 2, FilterType::Triangle);
        let large = original.resize_exact(WIDE * 2, HIGH * 2, FilterType::Triangle);
        let table = [
            ("packed anew", anew(&original, 95)),
            ("packed small", anew(&original, 30)),
            ("halved", look(&half)),
            ("doubled", look(&large)),
            ("halved and packed", anew(&half, 50)),
            ("brightened", look(&original.brighten(25))),
            ("more contrast", look(&original.adjust_contrast(15.0))),
            ("grey", look(&original.grayscale())),
            ("1 % cut off", look(&cut(&original, [1, 1, 1, 1]))),
            ("2 % cut off", look(&cut(&original, [2, 2, 2, 2]))),
            ("3 % cut off the left", look(&cut(&original, [3, 0, 0, 0]))),
            (
                "3 % cut off the bottom",
                look(&cut(&original, [0, 0, 0, 3])),
            ),
        ];
        for (what, later) in table {
            let distance = at_first.distance(&later);
            assert!(distance <= SAME, "{what}, hall {hall}: {distance} bits");
            assert!(
                shares_a_band(&at_first, &later),
                "{what}, hall {hall}: no index finds it"
            );
        }
    }
}

#[test]
fn different_pictures_are_told_apart() {
    let halls: Vec<Look> = (0..4).map(|hall| look(&scene(hall, hall + 100))).collect();
    for (index, one) in halls.iter().enumerate() {
        for other in &halls[..index] {
            let distance = one.distance(other);
            assert!(distance > SAME + 10, "two places: {distance} bits");
        }
    }
    for car in 500..504 {
        let distance = halls[1].distance(&look(&scene(1, car)));
        assert!(
            distance > SAME,
            "another car before the same camera: {distance} bits"
        );
    }
}

#[test]
fn a_picture_turned_by_its_note_looks_like_one_turned_in_its_pixels() {
    let upright = scene(0, 100);
    let turned = upright.rotate270();
    let plain = jpeg(&turned, 90);
    // An APP1 segment with one Exif entry: orientation 6, to be turned by 90 degrees for viewing.
    let note = b"\xFF\xE1\x00\x22Exif\0\0MM\0\x2A\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let noted = [&plain[..2], note, &plain[2..]].concat();
    let found = Look::at(&noted, Media::Jpeg).unwrap().unwrap();
    assert!(found.distance(&look(&upright)) <= SAME);
    let unnoted = Look::at(&plain, Media::Jpeg).unwrap().unwrap();
    assert!(unnoted.distance(&look(&upright)) > SAME);
}

#[test]
fn a_picture_that_shows_nothing_has_no_look() {
    let black = DynamicImage::new_rgb8(64, 48);
    assert_eq!(Look::at(&jpeg(&black, 80), Media::Jpeg), Ok(None));
    assert_eq!(Look::at(b"%PDF-1.7", Media::Pdf), Ok(None));
}

#[test]
fn what_can_not_be_unpacked_is_refused() {
    let whole = jpeg(&scene(0, 100), 80);
    let cut = [&whole[..20], &[0xFF, 0xD9]].concat();
    assert!(
        Look::at(&cut, Media::Jpeg)
            .unwrap_err()
            .contains("unpacked")
    );
    assert!(Look::at(b"\x89PNG\r\n\x1a\n", Media::Png).is_err());
}

#[test]
fn a_look_survives_its_bytes() {
    let one = look(&scene(2, 102));
    assert_eq!(Look::from_bytes(one.as_bytes()), Some(one));
    assert_eq!(Look::from_bytes(&[0; 12]), None);
    assert_eq!(one.bands().count(), 16);
}
