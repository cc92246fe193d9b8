//! Where codes stand in a picture: three finder patterns at the corners of a square.

use super::frame::{Grey, Point};

/// The most finder patterns that are looked at together; the best seen ones.
const MOST: usize = 12;
/// The most codes that are offered.
const CODES: usize = 6;

/// A picture in black and white.
pub(super) struct Bits {
    width: usize,
    height: usize,
    dark: Vec<bool>,
}

impl Bits {
    /// Dark is what is darker than one threshold for the whole: for an even scan.
    pub(super) fn under(grey: &Grey, threshold: u8) -> Self {
        Self {
            width: grey.width,
            height: grey.height,
            dark: grey.luma.iter().map(|luma| *luma < threshold).collect(),
        }
    }

    /// Dark is what is darker than its surroundings by a twentieth: for uneven light.
    pub(super) fn under_surroundings(grey: &Grey) -> Self {
        let (width, height) = (grey.width, grey.height);
        // A finder is seven modules of some 21 to 177 and must not fill its surroundings.
        let reach = (width.max(height) / 12).max(12);
        let mut dark = Vec::with_capacity(width * height);
        let mut columns = vec![0_u32; width];
        let add = |columns: &mut [u32], y: usize, sign: i32| {
            for (sum, luma) in columns.iter_mut().zip(&grey.luma[y * width..]) {
                *sum = sum.wrapping_add_signed(sign * i32::from(*luma));
            }
        };
        for y in 0..reach.min(height) {
            add(&mut columns, y, 1);
        }
        for y in 0..height {
            if y + reach < height {
                add(&mut columns, y + reach, 1);
            }
            if y > reach {
                add(&mut columns, y - reach - 1, -1);
            }
            let rows = (y + reach + 1).min(height) - y.saturating_sub(reach);
            let mut sum: u64 = columns.iter().take(reach).map(|sum| u64::from(*sum)).sum();
            for x in 0..width {
                if x + reach < width {
                    sum += u64::from(columns[x + reach]);
                }
                if x > reach {
                    sum -= u64::from(columns[x - reach - 1]);
                }
                let wide = (x + reach + 1).min(width) - x.saturating_sub(reach);
                let here = u64::from(grey.luma[y * width + x]);
                dark.push(here * (rows * wide) as u64 * 20 < sum * 19);
            }
        }
        Self {
            width,
            height,
            dark,
        }
    }

    fn dark(&self, x: usize, y: usize) -> bool {
        self.dark[y * self.width + x]
    }

    /// The middle of the finder pattern through a place along one axis, and its width, where there is one.
    fn across(&self, x: usize, y: usize, upright: bool) -> Option<(f64, f64)> {
        let (start, end) = if upright {
            (y, self.height)
        } else {
            (x, self.width)
        };
        let at = |place: usize| {
            if upright {
                self.dark(x, place)
            } else {
                self.dark(place, y)
            }
        };
        if !at(start) {
            return None;
        }
        let mut runs = [0_usize; 5];
        let mut place = start;
        for (run, dark) in [(2, true), (3, false), (4, true)] {
            while place < end && at(place) == dark {
                (runs[run], place) = (runs[run] + 1, place + 1);
            }
        }
        let last = place;
        place = start;
        for (run, dark) in [(2, true), (1, false), (0, true)] {
            while place > 0 && at(place - 1) == dark {
                (runs[run], place) = (runs[run] + 1, place - 1);
            }
        }
        is_finder(&runs).then(|| ((place + last) as f64 / 2.0, (last - place) as f64))
    }

    /// The finder patterns, best seen first.
    fn finders(&self) -> Vec<Finder> {
        let mut found: Vec<Finder> = Vec::new();
        for (y, row) in self.dark.chunks_exact(self.width).enumerate() {
            let mut runs = [0_usize; 5];
            let mut x = 0;
            for stretch in row.chunk_by(|a, b| a == b) {
                runs.rotate_left(1);
                runs[4] = stretch.len();
                x += stretch.len();
                if stretch[0] && is_finder(&runs) {
                    let middle = x - runs[4] - runs[3] - runs[2].div_ceil(2);
                    self.confirm(middle, y, &mut found);
                }
            }
        }
        found.sort_by_key(|finder| std::cmp::Reverse(finder.seen));
        found.truncate(MOST);
        found
    }

    /// Adds the finder pattern at a place, if it is one in both directions.
    fn confirm(&self, x: usize, y: usize, found: &mut Vec<Finder>) {
        let Some((cy, high)) = self.across(x, y, true) else {
            return;
        };
        let Some((cx, wide)) = self.across(x, cy as usize, false) else {
            return;
        };
        if high > 2.0 * wide || wide > 2.0 * high {
            return;
        }
        let near = |finder: &&mut Finder| {
            let (dx, dy) = (finder.centre.0 - cx, finder.centre.1 - cy);
            dx.hypot(dy) < wide / 4.0
        };
        if let Some(finder) = found.iter_mut().find(near) {
            let (seen, more) = (f64::from(finder.seen), f64::from(finder.seen + 1));
            finder.centre.0 = (finder.centre.0 * seen + cx) / more;
            finder.centre.1 = (finder.centre.1 * seen + cy) / more;
            finder.seen += 1;
        } else if found.len() < 20 * MOST {
            found.push(Finder {
                centre: (cx, cy),
                width: f64::midpoint(wide, high),
                seen: 1,
            });
        }
    }
}

/// Dark, light, dark, light, dark in the widths 1:1:3:1:1, each within half a module or so.
fn is_finder(runs: &[usize; 5]) -> bool {
    let total: usize = runs.iter().sum();
    let module = total as f64 / 7.0;
    // Printing spreads ink and a small scan rounds: up to two thirds of a module, or of a pixel where that is more.
    let slack = (module * 0.67).max(0.8);
    total >= 7
        && runs
            .iter()
            .zip([1.0, 1.0, 3.0, 1.0, 1.0])
            .all(|(run, wide)| {
                *run > 0 && (*run as f64 - wide * module).abs() < slack * f64::max(1.0, wide / 2.0)
            })
}

struct Finder {
    centre: Point,
    width: f64,
    seen: u32,
}

/// The centres of the finder patterns of the codes in a picture, likeliest first: upper left, upper right, lower left.
pub(super) fn codes(bits: &Bits) -> Vec<[Point; 3]> {
    let finders = bits.finders();
    let mut squares: Vec<(f64, [Point; 3])> = Vec::new();
    for (i, corner) in finders.iter().enumerate() {
        for (j, right) in finders.iter().enumerate() {
            for (k, below) in finders.iter().enumerate() {
                if i == j || i == k || j == k {
                    continue;
                }
                squares.extend(square(corner, right, below));
            }
        }
    }
    squares.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    squares.truncate(CODES);
    squares.into_iter().map(|(_, centres)| centres).collect()
}

/// How far three patterns are from the corners of a square, where they are near them and not mirrored.
fn square(corner: &Finder, right: &Finder, below: &Finder) -> Option<(f64, [Point; 3])> {
    let leg = |to: &Finder| {
        let (x, y) = (to.centre.0 - corner.centre.0, to.centre.1 - corner.centre.1);
        (x, y, x.hypot(y))
    };
    let ((ax, ay, a), (bx, by, b)) = (leg(right), leg(below));
    let (turned, slant) = (ax * by - ay * bx, (ax * bx + ay * by).abs() / (a * b));
    let ratio = |x: f64, y: f64| (x / y).ln().abs();
    let widths = ratio(corner.width, right.width) + ratio(corner.width, below.width);
    let apart = a.min(b) > 1.5 * corner.width;
    let off = slant + ratio(a, b) + widths;
    let fits = turned > 0.0 && apart && slant < 0.5 && ratio(a, b) < 0.5 && widths < 1.0;
    // Patterns that were seen in one row only are more often chance.
    let doubt = [corner, right, below].map(|finder| 0.3 / f64::from(finder.seen));
    fits.then(|| {
        let centres = [corner.centre, right.centre, below.centre];
        (off + doubt.iter().sum::<f64>(), centres)
    })
}
