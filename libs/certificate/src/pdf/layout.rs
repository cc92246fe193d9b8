//! Setting the page: lines broken to a width, a grid for the top, and the place of the QR code.

use pdf_writer::types::TextRenderingMode;
use pdf_writer::{Content, Str};

use super::font::Font;
use super::{FONT, PICTURE};
use crate::words::Field;

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

    /// Large and faint across the sheet, behind everything.
    pub(super) fn watermark(&mut self, text: &str) {
        let drawable = self.font.drawable(text);
        let encoded = self.font.encode(&drawable);
        self.content.set_fill_rgb(0.97, 0.90, 0.90);
        self.content.begin_text().set_font(FONT, 60.0);
        let (sin, cos) = 0.62_f32.sin_cos();
        self.content
            .set_text_matrix([cos, sin, -sin, cos, 105.0, 210.0]);
        self.content.show(Str(&encoded)).end_text();
        self.content.set_fill_gray(0.0);
    }

    /// The title in both languages, the certificate's number beside it, a strong line under both.
    pub(super) fn title(&mut self, (english, chinese): (&str, &str), (label, number): &Field) {
        let top = self.y;
        self.ink();
        let y = self.heavy(english, 17.0, MARGIN, WIDTH, top);
        self.y = self.heavy(chinese, 12.0, MARGIN, WIDTH, y) - 5.0;
        self.content.set_fill_gray(0.35);
        let left = A4.0 - MARGIN - 190.0;
        let y = self.block(label, 6.0, left, 190.0, top - 14.0);
        self.content.set_fill_gray(0.0);
        self.block(number, 8.5, left, 190.0, y);
        self.ink();
        self.content
            .set_line_width(1.8)
            .move_to(MARGIN, self.y)
            .line_to(A4.0 - MARGIN, self.y)
            .stroke();
        self.plain();
        self.y -= 4.0;
    }

    /// A paragraph in a red frame.
    pub(super) fn warning(&mut self, text: &str, size: f32) {
        let top = self.y;
        self.content
            .set_fill_rgb(0.7, 0.0, 0.0)
            .set_stroke_rgb(0.7, 0.0, 0.0);
        let end = self.heavy(text, size, MARGIN + 5.0, WIDTH - 10.0, top - 2.0) - 4.0;
        self.content
            .set_line_width(1.2)
            .rect(MARGIN, end, WIDTH, top - end)
            .stroke();
        self.plain();
        self.y = end - 6.0;
    }

    /// A line across the page.
    pub(super) fn rule(&mut self) {
        self.content
            .set_line_width(0.5)
            .move_to(MARGIN, self.y)
            .line_to(A4.0 - MARGIN, self.y)
            .stroke();
        self.y -= 5.0;
    }

    /// The fields that are read first, side by side on a ground of their own.
    pub(super) fn band(&mut self, fields: &[Field]) {
        const HIGH: f32 = 31.0;
        self.content.set_fill_rgb(0.92, 0.94, 0.965);
        self.ink_lines();
        self.content
            .set_line_width(0.8)
            .rect(MARGIN, self.y - HIGH, WIDTH, HIGH)
            .fill_nonzero_and_stroke();
        self.plain();
        let top = self.y - 3.0;
        self.columns(fields, top, MARGIN + 7.0, WIDTH - 14.0, 11.0, true);
        self.y -= HIGH + 8.0;
    }

    /// Fields side by side.
    pub(super) fn row(&mut self, fields: &[Field]) {
        self.rule();
        let end = self.columns(fields, self.y + 2.0, MARGIN, WIDTH, 8.0, false);
        self.y = end - 5.0;
    }

    fn columns(
        &mut self,
        fields: &[Field],
        top: f32,
        left: f32,
        width: f32,
        size: f32,
        heavy: bool,
    ) -> f32 {
        // A column is as wide as its longer line asks, and all share what is left over.
        let wide = |text: &str, size: f32, font: &mut Font| {
            font.drawable(text)
                .chars()
                .map(|c| font.width(c))
                .sum::<f32>()
                * size
        };
        let widths: Vec<f32> = fields
            .iter()
            .map(|(label, value)| {
                wide(label, 6.0, self.font).max(wide(value, size, self.font)) + 6.0
            })
            .collect();
        let spare = (width - widths.iter().sum::<f32>()) / fields.len().max(1) as f32;
        let (mut left, mut end) = (left, top);
        for ((label, value), wide) in fields.iter().zip(&widths) {
            let wide = wide + spare;
            self.content.set_fill_gray(0.35);
            let y = self.block(label, 6.0, left, wide, top);
            self.content.set_fill_gray(0.0);
            let y = if heavy {
                self.heavy(value, size, left, wide, y)
            } else {
                self.block(value, size, left, wide, y)
            };
            (left, end) = (left + wide, end.min(y));
        }
        end
    }

    /// The slot for the photograph, the car, and the QR code side by side.
    pub(super) fn top(&mut self, car: &[Field], photograph: &str, caption: &str) {
        let top = self.y;
        self.content
            .set_line_width(0.8)
            .rect(MARGIN, top - SLOT.1, SLOT.0, SLOT.1)
            .stroke();
        self.content.set_fill_gray(0.45);
        let middle = top - SLOT.1 / 2.0;
        self.block(photograph, 8.0, MARGIN + 30.0, SLOT.0, middle);
        let code = A4.0 - MARGIN - CODE;
        self.code(code, top);
        let end = self.block(caption, 6.5, code + 34.0, CODE, top - CODE);
        self.content.set_fill_gray(0.0);
        let left = MARGIN + SLOT.0 + 12.0;
        let width = code - left - 6.0;
        let mut y = top + 2.0;
        for (place, (label, value)) in car.iter().enumerate() {
            self.content.set_fill_gray(0.35);
            y = self.block(label, 6.0, left, width, y);
            self.content.set_fill_gray(0.0);
            y = if place == 0 {
                self.heavy(value, 12.0, left, width, y) - 4.0
            } else {
                self.block(value, 9.0, left, width, y) - 4.0
            };
        }
        self.y = y.min(end) - 5.0;
    }

    /// A small label over what follows.
    pub(super) fn label(&mut self, text: &str) {
        self.ink();
        self.y = self.block(text, 6.0, MARGIN, WIDTH, self.y) - 1.0;
        self.plain();
    }

    /// A paragraph beside its label.
    pub(super) fn labelled(&mut self, label: &str, text: &str) {
        const ASIDE: f32 = 48.0;
        let top = self.y;
        self.ink();
        self.block(label, 7.0, MARGIN, ASIDE, top);
        self.plain();
        self.y = self.block(text, 7.8, MARGIN + ASIDE, WIDTH - ASIDE, top) - 4.0;
    }

    fn ink(&mut self) {
        self.content.set_fill_rgb(0.07, 0.23, 0.39);
        self.ink_lines();
    }

    fn ink_lines(&mut self) {
        self.content.set_stroke_rgb(0.07, 0.23, 0.39);
    }

    fn plain(&mut self) {
        self.content.set_fill_gray(0.0).set_stroke_gray(0.0);
    }

    /// As [`Page::block`], in strokes of the colour of lines as well: the font has no bold.
    fn heavy(&mut self, text: &str, size: f32, left: f32, width: f32, top: f32) -> f32 {
        self.content
            .set_text_rendering_mode(TextRenderingMode::FillStroke)
            .set_line_width(size * 0.028);
        let end = self.block(text, size, left, width, top);
        self.content
            .set_text_rendering_mode(TextRenderingMode::Fill);
        end
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
