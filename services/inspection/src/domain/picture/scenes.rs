//! Made-up photographs: a hall with its own light and grain, and a car in it. Repeatable, of no real place.

use image::{DynamicImage, Rgb, RgbImage, codecs::jpeg::JpegEncoder};

/// A hall and the car in it; equal numbers make equal things.
#[derive(Clone, Copy)]
pub(crate) struct Scene {
    pub(crate) hall: u32,
    pub(crate) car: u32,
}

fn random(seed: u32, x: i32, y: i32) -> f32 {
    let mut h = seed
        .wrapping_mul(0x9E37_79B1)
        .wrapping_add((x as u32).wrapping_mul(0x85EB_CA6B))
        .wrapping_add((y as u32).wrapping_mul(0xC2B2_AE35));
    h ^= h >> 15;
    h = h.wrapping_mul(0x2C1B_3C6D);
    h ^= h >> 12;
    h = h.wrapping_mul(0x297A_2D39);
    h ^= h >> 15;
    h as f32 / u32::MAX as f32
}

/// Smooth noise of one frequency, 0 to 1.
fn noise(seed: u32, x: f32, y: f32) -> f32 {
    let (x0, y0) = (x.floor(), y.floor());
    let ease = |t: f32| t * t * (3.0 - 2.0 * t);
    let (u, v) = (ease(x - x0), ease(y - y0));
    let at = |dx: i32, dy: i32| random(seed, x0 as i32 + dx, y0 as i32 + dy);
    let top = at(0, 0) + (at(1, 0) - at(0, 0)) * u;
    let bottom = at(0, 1) + (at(1, 1) - at(0, 1)) * u;
    top + (bottom - top) * v
}

/// Noise whose strength falls with its frequency, as in photographs.
fn grain(seed: u32, x: f32, y: f32) -> f32 {
    let octaves = (0..6).map(|octave| {
        let step = 2_f32.powi(octave);
        noise(
            seed.wrapping_add(octave as u32),
            x * 3.0 * step,
            y * 3.0 * step,
        ) / step
    });
    octaves.sum::<f32>() / 1.97
}

/// The scene at this size.
pub(crate) fn photograph(scene: Scene, width: u32, height: u32) -> DynamicImage {
    let number = |what: i32| random(scene.car.wrapping_add(77), what, 5);
    let (left, roof) = (0.12 + 0.16 * number(1), 0.30 + 0.15 * number(2));
    let (long, paint) = (0.5 + 0.2 * number(3), 40.0 + 200.0 * number(4));
    let picture = RgbImage::from_fn(width, height, |px, py| {
        let (x, y) = (px as f32 / width as f32, py as f32 / height as f32);
        let floor = if y > 0.72 { 40.0 } else { 0.0 };
        let mut light = 60.0 + 130.0 * grain(scene.hall, x, y) + floor;
        let (cx, cy) = ((x - left) / long, (y - roof) / 0.42);
        let cabin = (0.25..0.75).contains(&cx) && (0.0..0.45).contains(&cy);
        let body = (0.0..1.0).contains(&cx) && (0.4..0.85).contains(&cy);
        let wheel = [0.2, 0.8]
            .iter()
            .any(|at| ((cx - at) / 0.1).powi(2) + ((cy - 0.88) / 0.16).powi(2) < 1.0);
        if wheel {
            light = 25.0;
        } else if body {
            light = paint + 50.0 * (grain(scene.car, cx * 1.5, cy) - 0.5);
        } else if cabin {
            light = 35.0 + 110.0 * grain(scene.car.wrapping_add(9), cx * 2.0, cy * 2.0);
        }
        let tint = 20.0 * (grain(scene.hall.wrapping_add(3), x, y) - 0.5);
        Rgb([light + tint, light, light - tint].map(|value| value.clamp(0.0, 255.0) as u8))
    });
    DynamicImage::ImageRgb8(picture)
}

/// As JPEG of this quality, 1 to 100.
pub(crate) fn jpeg(picture: &DynamicImage, quality: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut bytes, quality);
    picture.write_with_encoder(encoder).unwrap();
    bytes
}
