//! Photographs to upload: made up, small, and of no real place.

#[path = "../../src/domain/picture/scenes.rs"]
mod scenes;

use image::DynamicImage;

pub(crate) use scenes::jpeg;
use scenes::{Scene, photograph};

/// A hall with a car in it; each number is another place and another car.
pub(crate) fn scene(number: u32) -> DynamicImage {
    let scene = Scene {
        hall: number,
        car: number + 100,
    };
    photograph(scene, 96, 72)
}

/// The same as a file.
pub(crate) fn photo(number: u32) -> Vec<u8> {
    jpeg(&scene(number), 90)
}
