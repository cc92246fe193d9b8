//! Pictures as they come: small, scratched, noisy. A code is read or refused, never a panic.

use proptest::prelude::*;
use tongguan_certificate::{Error, qr};

use crate::sample::HOUSE;

/// Grey pixels, row by row, of a square picture.
#[derive(Debug, Clone)]
struct Picture {
    side: usize,
    grey: Vec<u8>,
}

impl Picture {
    fn of_certificate() -> (Self, String) {
        let text = HOUSE.certify(&HOUSE.record()).to_qr_text().unwrap();
        let png = qr::to_png(&text).unwrap();
        let mut decoder = png::Decoder::new(std::io::Cursor::new(png));
        decoder.set_transformations(png::Transformations::normalize_to_color8());
        let mut reader = decoder.read_info().unwrap();
        let mut grey = vec![0; reader.output_buffer_size().unwrap()];
        let side = reader.next_frame(&mut grey).unwrap().width as usize;
        (Self { side, grey }, text)
    }

    /// As seen with another number of pixels: every new pixel averages the area it covers.
    fn scaled(&self, side: usize) -> Self {
        // In units of 1/side of an old pixel: which old pixels a new one covers, and how much of each.
        let covers = |at: usize| {
            let (start, end) = (at * self.side, (at + 1) * self.side);
            let part = move |old: usize| (old, end.min((old + 1) * side) - start.max(old * side));
            (start / side..end.div_ceil(side)).map(part)
        };
        let pixel = |x: usize, y: usize| {
            let covered =
                covers(y).flat_map(|(y, high)| covers(x).map(move |(x, wide)| (x, y, wide * high)));
            let sum: usize = covered
                .map(|(x, y, area)| usize::from(self.grey[y * self.side + x]) * area)
                .sum();
            (sum / (self.side * self.side)) as u8
        };
        let grey = (0..side * side)
            .map(|at| pixel(at % side, at / side))
            .collect();
        Self { side, grey }
    }

    fn read(&self) -> Result<String, Error> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.side as u32, self.side as u32);
        encoder.set_color(png::ColorType::Grayscale);
        encoder
            .write_header()
            .unwrap()
            .write_image_data(&self.grey)
            .unwrap();
        qr::read_png(&bytes)
    }
}

#[test]
fn a_scan_with_few_pixels_a_module_is_still_read() {
    let (picture, text) = Picture::of_certificate();
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
fn a_scratch_and_a_stamp_are_repaired() {
    let (mut picture, text) = Picture::of_certificate();
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
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn damage_and_noise_are_read_or_refused(
        holes in prop::collection::vec((0_usize..100, 0_usize..100, 1_usize..40, any::<u8>()), 0..30),
        noise in prop::collection::vec(any::<u8>(), 64),
        noisy: bool,
    ) {
        let (mut picture, text) = Picture::of_certificate();
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
