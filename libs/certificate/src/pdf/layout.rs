//! Setting the page: lines broken to a width, a grid for the top, and the place of the QR code.

use pdf_writer::{Content, Str};

use super::font::Font;
use super::{FONT, PICTURE};

/// Width and height of the sheet in points.
pub(super) const A4: (f32, f32) = (595.0, 842.0);
const MARGIN: f32 = 34.0;
const WIDTH: f32 = A4.0 - 2.0 * MARGIN;
/// Side of the QR code: 75 mm, so that a module is half a millimetre and survives a copier.
const CODE: f32 = 213.0;
/// Size of the slot for a photograph of 45 × 60 mm.
const SLOT: (f32, f32) = (128.0, 170.0);

/// A page that is filled from the top.
pub(super) struct Page<'f> {
    font: &'f mut Font,
    content: Content,
    /// Where the next line's top stands, from the bottom of the sheet.
    y: f32,
}

impl<'f> Page<'f> {
    pub(super) fn new(font: &'f mut Font) -> Self {
        Self {
            font,
            content: Content::new(),
            y: A4.1 - MARGIN,
        }
    }

    /// A paragraph over the whole width.
    pub(super) fn paragraph(&mut self, text: &str, size: f32) {
        self.y = self.block(text, size, MARGIN, WIDTH, self.y) - size * 0.45;
    }

    /// A paragraph in a red frame.
    pub(super) fn warning(&mut self, text: &str, size: f32) {
        let top = self.y;
        self.content
            .set_fill_rgb(0.7, 0.0, 0.0)
            .set_stroke_rgb(0.7, 0.0, 0.0);
        let end = self.block(text, size, MARGIN + 4.0, WIDTH - 8.0, top - 3.0) - 4.0;
        self.content.rect(MARGIN, end, WIDTH, top - end).stroke();
        self.content.set_fill_gray(0.0).set_stroke_gray(0.0);
        self.y = end - size * 0.5;
    }

    /// A line across the page.
    pub(super) fn rule(&mut self) {
        self.content
            .set_line_width(0.5)
            .rect(MARGIN, self.y, WIDTH, 0.0)
            .stroke();
        self.y -= 6.0;
    }

    /// The slot for the photograph, the main fields, and the QR code side by side.
    pub(super) fn top(&mut self, fields: &[(&str, String)]) {
        let top = self.y;
        self.content
            .rect(MARGIN, top - SLOT.1, SLOT.0, SLOT.1)
            .stroke();
        self.block(
            "Photograph · 照片",
            8.0,
            MARGIN + 30.0,
            SLOT.0,
            top - SLOT.1 / 2.0,
        );
        let code = A4.0 - MARGIN - CODE;
        self.code(code, top);
        let left = MARGIN + SLOT.0 + 10.0;
        let width = code - left - 8.0;
        let mut y = top;
        for (label, value) in fields {
            self.content.set_fill_gray(0.35);
            y = self.block(label, 5.5, left, width, y);
            self.content.set_fill_gray(0.0);
            y = self.block(value, 8.0, left, width, y) - 1.0;
        }
        self.y = y.min(top - CODE) - 4.0;
    }

    /// Places the picture of the code. A picture and not squares: many readers draw hairlines
    /// between neighbouring squares, and then no scanner finds the code.
    fn code(&mut self, left: f32, top: f32) {
        let placed = [CODE, 0.0, 0.0, CODE, left, top - CODE];
        self.content.save_state().transform(placed);
        self.content.x_object(PICTURE).restore_state();
    }

    /// Sets a text within `width` below `top`; returns where the next line would begin.
    fn block(&mut self, text: &str, size: f32, left: f32, width: f32, top: f32) -> f32 {
        let text = self.font.drawable(text);
        let mut y = top;
        for line in break_lines(&text, width / size, |character| self.font.width(character)) {
            y -= size * 1.2;
            let encoded = self.font.encode(line);
            self.content.begin_text().set_font(FONT, size);
            self.content
                .set_text_matrix([1.0, 0.0, 0.0, 1.0, left, y + size * 0.25]);
            self.content.show(Str(&encoded)).end_text();
        }
        y
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.content.finish().into_vec()
    }
}

/// Breaks at spaces and before Chinese characters, and anywhere where neither fits.
fn break_lines(text: &str, width: f32, width_of: impl Fn(char) -> f32) -> Vec<&str> {
    let mut lines = Vec::new();
    let (mut start, mut may_break, mut used) = (0, 0, 0.0);
    for (place, character) in text.char_indices() {
        let chinese =
            ('\u{2e80}'..'\u{ff00}').contains(&character) && !"，。：；）、".contains(character);
        if chinese {
            may_break = place;
        }
        used += width_of(character);
        if used > width && place > start && character != ' ' {
            let end = if may_break > start { may_break } else { place };
            lines.push(text[start..end].trim_end_matches(' '));
            start = end;
            used = text[start..place + character.len_utf8()]
                .chars()
                .map(&width_of)
                .sum();
        }
        if character == ' ' {
            may_break = place + 1;
        }
    }
    lines.push(&text[start..]);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_and_nothing_is_lost() {
        let one = |_| 1.0;
        assert_eq!(break_lines("one two three", 7.0, one), ["one two", "three"]);
        assert_eq!(break_lines("abcdefgh", 3.0, one), ["abc", "def", "gh"]);
        assert_eq!(
            break_lines("二手车已核查。", 3.0, one),
            ["二手车", "已核", "查。"]
        );
        assert_eq!(break_lines("", 3.0, one), [""]);
    }
}
