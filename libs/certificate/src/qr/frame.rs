//! A code found in a picture, read again: its frame is fitted to the patterns every code has.
//!
//! The finder places corners on whole pixels, which with few pixels a module is a third of a module: enough to
//! miss a whole row. Here the frame moves in parts of a pixel until the patterns of ISO/IEC 18004 (finders,
//! timing, alignment) stand out best, and each module is the grey at its centre.

use rqrr::SimpleGrid;

/// A picture in grey, row by row.
pub(super) struct Grey {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) luma: Vec<u8>,
}

impl Grey {
    /// The grey at a place, between its four neighbours; white outside. A pixel's centre is at a half.
    fn at(&self, (x, y): Point) -> f32 {
        let pixel = |x: i64, y: i64| {
            let inside = x >= 0 && y >= 0 && x < self.width as i64 && y < self.height as i64;
            let found = inside.then(|| self.luma.get(y as usize * self.width + x as usize));
            f32::from(found.flatten().copied().unwrap_or(u8::MAX))
        };
        let (left, top) = ((x - 0.5).floor(), (y - 0.5).floor());
        let (part_x, part_y) = ((x - 0.5 - left) as f32, (y - 0.5 - top) as f32);
        let (left, top) = (left as i64, top as i64);
        let row = |y| pixel(left, y) * (1.0 - part_x) + pixel(left + 1, y) * part_x;
        row(top) * (1.0 - part_y) + row(top + 1) * part_y
    }
}

/// A place in a picture, in pixels from its upper left corner.
pub(super) type Point = (f64, f64);

/// Where the modules of a code stand in a picture.
#[derive(Clone, Copy)]
pub(super) struct Frame {
    /// Modules a side.
    size: usize,
    /// Its corners: upper left, upper right, lower right, lower left.
    corners: [Point; 4],
}

/// A projective map of the plane.
struct Map([f64; 8]);

impl Map {
    /// The map of the square (0, 0) to (side, side) on four corners (Heckbert 1989, section 2.2.2).
    fn of(side: f64, [p0, p1, p2, p3]: [Point; 4]) -> Self {
        let (dx1, dx2, dx3) = (p1.0 - p2.0, p3.0 - p2.0, p0.0 - p1.0 + p2.0 - p3.0);
        let (dy1, dy2, dy3) = (p1.1 - p2.1, p3.1 - p2.1, p0.1 - p1.1 + p2.1 - p3.1);
        let area = dx1 * dy2 - dx2 * dy1;
        let g = (dx3 * dy2 - dx2 * dy3) / area;
        let h = (dx1 * dy3 - dx3 * dy1) / area;
        Self([
            (p1.0 - p0.0 + g * p1.0) / side,
            (p3.0 - p0.0 + h * p3.0) / side,
            p0.0,
            (p1.1 - p0.1 + g * p1.1) / side,
            (p3.1 - p0.1 + h * p3.1) / side,
            p0.1,
            g / side,
            h / side,
        ])
    }

    fn place(&self, (u, v): Point) -> Point {
        let [xu, xv, x, yu, yv, y, depth_u, depth_v] = self.0;
        let depth = depth_u * u + depth_v * v + 1.0;
        ((xu * u + xv * v + x) / depth, (yu * u + yv * v + y) / depth)
    }
}

impl Frame {
    /// The frames of the likeliest sizes for finder patterns with these centres: upper left, upper right, lower left.
    ///
    /// The size is the one whose timing patterns stand out between the finders: at another they even out.
    pub(super) fn of_finders(grey: &Grey, centres: [Point; 3]) -> Vec<Self> {
        let mut frames: Vec<(f32, Self)> = (21..=177)
            .step_by(4)
            .map(|size| {
                let frame = Self::through(size, centres);
                (frame.fitness(grey, &timing(size)), frame)
            })
            .collect();
        frames.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        frames.into_iter().take(2).map(|(_, frame)| frame).collect()
    }

    /// The frame of a code of `size` modules, flat on the page, with these centres of its finder patterns.
    fn through(size: usize, [corner, right, below]: [Point; 3]) -> Self {
        let side = size as f64;
        let along = |from: f64, to: f64, end: f64| (end - from) / (side - 7.0) * to;
        let place = |u: f64, v: f64| {
            let part = |corner: f64, right: f64, below: f64| {
                corner + along(corner, u - 3.5, right) + along(corner, v - 3.5, below)
            };
            (
                part(corner.0, right.0, below.0),
                part(corner.1, right.1, below.1),
            )
        };
        Self {
            size,
            corners: [
                place(0.0, 0.0),
                place(side, 0.0),
                place(side, side),
                place(0.0, side),
            ],
        }
    }

    /// The length of a module, in pixels, along the upper edge.
    fn module(&self) -> f64 {
        let ((x0, y0), (x1, y1)) = (self.corners[0], self.corners[1]);
        (x1 - x0).hypot(y1 - y0) / self.size as f64
    }

    /// How far light stands from dark in the known patterns, in grey a module; at most 255.
    fn fitness(&self, grey: &Grey, patterns: &[(f64, f64, bool)]) -> f32 {
        let map = Map::of(self.size as f64, self.corners);
        let sum: f32 = patterns
            .iter()
            .map(|(u, v, dark)| {
                let seen = grey.at(map.place((*u, *v))) - 127.5;
                if *dark { -seen } else { seen }
            })
            .sum();
        sum * 2.0 / patterns.len() as f32
    }

    /// Moves the corners until the patterns stand out best; how well they do.
    pub(super) fn fit(&mut self, grey: &Grey) -> f32 {
        let patterns = patterns(self.size);
        let module = self.module();
        let mut best = self.fitness(grey, &patterns);
        let mut attempt = |frame: &mut Self, corner: usize, (dx, dy): Point| {
            let held = frame.corners[corner];
            frame.corners[corner] = (held.0 + dx * module, held.1 + dy * module);
            let fitness = frame.fitness(grey, &patterns);
            // A frame folded over itself gives no number, which is never better.
            if fitness > best {
                best = fitness;
                return true;
            }
            frame.corners[corner] = held;
            false
        };
        // The lower right corner has no finder: a page seen at an angle puts it elsewhere.
        let held = self.corners[2];
        for ring in 1..=8 {
            for step in 0..8 * ring {
                let angle = f64::from(step) * std::f64::consts::TAU / f64::from(8 * ring);
                let reach = f64::from(ring) * 0.75 * module;
                let place = (held.0 + reach * angle.cos(), held.1 + reach * angle.sin());
                let (dx, dy) = (place.0 - self.corners[2].0, place.1 - self.corners[2].1);
                attempt(self, 2, (dx / module, dy / module));
            }
        }
        let mut step = 0.5;
        while step > 0.02 {
            let mut moved = false;
            for corner in 0..4 {
                for way in [(step, 0.0), (-step, 0.0), (0.0, step), (0.0, -step)] {
                    moved |= attempt(self, corner, way);
                }
            }
            // Every move gains, and grey is bounded: but a bound on the time is owed to the caller.
            step *= if moved { 0.8 } else { 0.5 };
        }
        best
    }

    /// The modules as they are seen, with one threshold for the whole or one for the surroundings of each.
    pub(super) fn modules(&self, grey: &Grey, local: bool) -> SimpleGrid {
        let (map, size) = (Map::of(self.size as f64, self.corners), self.size);
        let centre = |at: usize| at as f64 + 0.5;
        let seen: Vec<f32> = (0..size * size)
            .map(|at| grey.at(map.place((centre(at % size), centre(at / size)))))
            .collect();
        let sums = Sums::of(&seen, size);
        let reach = if local { 6 } else { size };
        SimpleGrid::from_func(size, |x, y| seen[y * size + x] < sums.mean(x, y, reach))
    }
}

/// Sums of all greys above and to the left, for means of any rectangle.
struct Sums {
    size: usize,
    sums: Vec<f32>,
}

impl Sums {
    fn of(seen: &[f32], size: usize) -> Self {
        let wide = size + 1;
        let mut sums = vec![0.0; wide * wide];
        for y in 0..size {
            for x in 0..size {
                sums[(y + 1) * wide + x + 1] =
                    seen[y * size + x] + sums[y * wide + x + 1] + sums[(y + 1) * wide + x]
                        - sums[y * wide + x];
            }
        }
        Self { size, sums }
    }

    fn mean(&self, x: usize, y: usize, reach: usize) -> f32 {
        let range = |at: usize| (at.saturating_sub(reach), (at + reach + 1).min(self.size));
        let ((left, right), (top, bottom)) = (range(x), range(y));
        let at = |x: usize, y: usize| self.sums[y * (self.size + 1) + x];
        let sum = at(right, bottom) - at(left, bottom) - at(right, top) + at(left, top);
        sum / ((right - left) * (bottom - top)) as f32
    }
}

/// The centres of the modules that are the same in every code of a size, and whether each is dark.
fn patterns(size: usize) -> Vec<(f64, f64, bool)> {
    let mut known = Vec::with_capacity(2_000);
    let mut square = |left: i64, top: i64, side: i64, dark: &dyn Fn(i64) -> bool| {
        for (x, y) in (0..side * side).map(|at| (at % side, at / side)) {
            let ring = (x - side / 2).abs().max((y - side / 2).abs());
            let place = |corner: i64, at: i64| (corner + at) as f64 + 0.5;
            known.push((place(left, x), place(top, y), dark(ring)));
        }
    };
    let far = size as i64 - 7;
    // With the light ring around it, of which a part lies outside the code.
    for (left, top) in [(0, 0), (far, 0), (0, far)] {
        square(left - 1, top - 1, 9, &|ring| ring == 3 || ring < 2);
    }
    let places = alignments(size);
    let last = places.len().saturating_sub(1);
    for (i, x) in places.iter().enumerate() {
        for (j, y) in places.iter().enumerate() {
            let finder = (i == 0 && (j == 0 || j == last)) || (i == last && j == 0);
            if !finder {
                square(x - 2, y - 2, 5, &|ring| ring != 1);
            }
        }
    }
    known.extend(timing(size));
    known
}

/// Those of the timing patterns: the lines between the finders, dark and light in turn.
fn timing(size: usize) -> Vec<(f64, f64, bool)> {
    let places = (8..size.saturating_sub(8)).map(|at| (at as f64 + 0.5, at % 2 == 0));
    places
        .flat_map(|(at, dark)| [(at, 6.5, dark), (6.5, at, dark)])
        .collect()
}

/// Rows and columns in which alignment patterns have their centres (ISO/IEC 18004, annex E).
fn alignments(size: usize) -> Vec<i64> {
    let version = (size as i64 - 17) / 4;
    if version < 2 {
        return Vec::new();
    }
    let number = version / 7 + 2;
    let step = (version * 8 + number * 3 + 5) / (number * 4 - 4) * 2;
    let mut places: Vec<i64> = (0..number - 1)
        .map(|n| size as i64 - 7 - n * step)
        .collect();
    places.push(6);
    places.reverse();
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alignment_patterns_stand_where_the_standard_puts_them() {
        assert_eq!(alignments(21), Vec::<i64>::new());
        assert_eq!(alignments(25), [6, 18]);
        assert_eq!(alignments(17 + 4 * 32), [6, 34, 60, 86, 112, 138]);
        assert_eq!(alignments(17 + 4 * 36), [6, 24, 50, 76, 102, 128, 154]);
        assert_eq!(alignments(177), [6, 30, 58, 86, 114, 142, 170]);
    }

    #[test]
    fn a_frame_has_its_finders_where_they_were_seen() {
        let near = |a: Point, b: Point| (a.0 - b.0).hypot(a.1 - b.1) < 1e-6;
        let centres = [(20.0, 30.0), (110.0, 32.0), (18.0, 120.0)];
        let frame = Frame::through(25, centres);
        let map = Map::of(25.0, frame.corners);
        assert!(near(map.place((3.5, 3.5)), centres[0]));
        assert!(near(map.place((21.5, 3.5)), centres[1]));
        assert!(near(map.place((3.5, 21.5)), centres[2]));
        let corners = [(10.0, 20.0), (110.0, 22.0), (108.0, 124.0), (8.0, 118.0)];
        let map = Map::of(25.0, corners);
        assert!(near(map.place((25.0, 25.0)), corners[2]));
        assert!(near(map.place((0.0, 25.0)), corners[3]));
    }
}
