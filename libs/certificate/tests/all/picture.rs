//! Pictures for tests: a code as grey pixels, seen smaller.

use tongguan_certificate::{Error, qr};

/// Grey pixels, row by row, of a square picture.
#[derive(Debug, Clone)]
pub(crate) struct Picture {
    pub(crate) side: usize,
    pub(crate) grey: Vec<u8>,
}

impl Picture {
    /// The picture of a QR text, four pixels a module.
    pub(crate) fn of(text: &str) -> Self {
        let png = qr::to_png(text).unwrap();
        let mut decoder = png::Decoder::new(std::io::Cursor::new(png));
        decoder.set_transformations(png::Transformations::normalize_to_color8());
        let mut reader = decoder.read_info().unwrap();
        let mut grey = vec![0; reader.output_buffer_size().unwrap()];
        let side = reader.next_frame(&mut grey).unwrap().width as usize;
        Self { side, grey }
    }

    /// As seen with another number of pixels: every new pixel averages the area it covers.
    pub(crate) fn scaled(&self, side: usize) -> Self {
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

    /// As a camera sees it: for every new pixel's centre the place it shows; white outside.
    pub(crate) fn seen(&self, side: usize, place: impl Fn(f64, f64) -> (f64, f64)) -> Self {
        let pixel = |x: f64, y: f64| {
            let inside = |at: f64| (0.0..self.side as f64).contains(&at);
            let at = y.max(0.0) as usize * self.side + x.max(0.0) as usize;
            if inside(x) && inside(y) {
                u32::from(self.grey[at])
            } else {
                255
            }
        };
        // Nine looks a pixel, as a lens averages.
        let looks = [-1.0, 0.0, 1.0].map(|part| part / 3.0);
        let average = |at: usize| {
            let (x, y) = ((at % side) as f64 + 0.5, (at / side) as f64 + 0.5);
            let places = looks
                .iter()
                .flat_map(|dy| looks.map(|dx| place(x + dx, y + dy)));
            (places.map(|(x, y)| pixel(x, y)).sum::<u32>() / 9) as u8
        };
        let grey = (0..side * side).map(average).collect();
        Self { side, grey }
    }

    /// What the reader makes of it as a PNG.
    pub(crate) fn read(&self) -> Result<String, Error> {
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
