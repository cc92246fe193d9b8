//! QR codes for paper and for terminals: inline SVG and half-block characters.

use std::fmt::Write as _;

use qrcode::{Color, EcLevel, QrCode};

use crate::error::{Error, Result};

/// Light modules around the code that a reader needs (ISO/IEC 18004).
pub(crate) const QUIET: usize = 4;

/// The dark modules of a code, row by row, without the quiet zone.
pub(crate) struct Matrix {
    pub(crate) width: usize,
    dark: Vec<bool>,
}

impl Matrix {
    pub(crate) fn of(text: &str) -> Result<Self> {
        // Level M restores 15 %: what a fold or a stamp on paper costs.
        let code =
            QrCode::with_error_correction_level(text, EcLevel::M).map_err(|_| Error::TooLarge {
                part: "QR text",
                limit: super::MAX_TEXT,
            })?;
        Ok(Self {
            width: code.width(),
            dark: code
                .to_colors()
                .into_iter()
                .map(|color| color == Color::Dark)
                .collect(),
        })
    }

    /// Whether the module at a place counted from the corner of the quiet zone is dark.
    pub(crate) fn dark(&self, x: usize, y: usize) -> bool {
        let inside = |at: usize| at.checked_sub(QUIET).filter(|at| *at < self.width);
        match (inside(x), inside(y)) {
            (Some(x), Some(y)) => self.dark.get(y * self.width + x).copied().unwrap_or(false),
            _ => false,
        }
    }

    /// Rows of one-bit pixels, light set, `scale` pixels a module, each row filled to whole bytes.
    pub(crate) fn rows(&self, scale: usize) -> Vec<u8> {
        let side = self.outer() * scale;
        let mut rows = vec![0_u8; side * side.div_ceil(8)];
        for (y, row) in rows.chunks_exact_mut(side.div_ceil(8)).enumerate() {
            for x in (0..side).filter(|x| !self.dark(x / scale, y / scale)) {
                row[x / 8] |= 0x80 >> (x % 8);
            }
        }
        rows
    }

    /// Modules on a side with the quiet zone.
    pub(crate) fn outer(&self) -> usize {
        self.width + 2 * QUIET
    }
}

/// An `<svg>` element of one path, without size: the page sets it.
pub fn to_svg(text: &str) -> Result<String> {
    let matrix = Matrix::of(text)?;
    let side = matrix.outer();
    let mut path = String::new();
    for y in 0..side {
        let mut x = 0;
        while x < side {
            let run = (x..side).take_while(|x| matrix.dark(*x, y)).count();
            if run > 0 {
                // Writing to a String cannot fail.
                let _ = write!(path, "M{x} {y}h{run}v1h-{run}z");
            }
            x += run.max(1);
        }
    }
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\" role=\"img\">\
         <path fill=\"#fff\" d=\"M0 0h{side}v{side}h-{side}z\"/><path d=\"{path}\"/></svg>"
    ))
}

/// Lines of half-block characters, two rows of modules a line; light is drawn, so that it reads on
/// a dark terminal.
pub fn to_terminal(text: &str) -> Result<String> {
    let matrix = Matrix::of(text)?;
    let side = matrix.outer();
    let mut drawn = String::new();
    for y in (0..side).step_by(2) {
        for x in 0..side {
            drawn.push(match (!matrix.dark(x, y), !matrix.dark(x, y + 1)) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            });
        }
        drawn.push('\n');
    }
    Ok(drawn)
}
