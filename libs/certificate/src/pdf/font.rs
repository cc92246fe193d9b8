//! The embedded font: which glyphs a page uses, how wide they are, and the subset that holds them.

use std::collections::BTreeMap;
use std::io::Read as _;

use flate2::read::ZlibDecoder;
use pdf_writer::Rect;
use subsetter::GlyphRemapper;
use ttf_parser::Face;

use crate::error::{Error, Result};

/// See fonts/README.md for its origin and licence.
const COMPRESSED: &[u8] = include_bytes!("../../fonts/wqy-microhei-gb2312.ttf.zlib");

/// A font and the glyphs used so far.
pub(super) struct Font {
    data: Vec<u8>,
    glyphs: BTreeMap<char, Glyph>,
    used: GlyphRemapper,
}

#[derive(Clone, Copy)]
struct Glyph {
    /// Its number in the subset.
    number: u16,
    /// Its width in thousandths of the size.
    width: f32,
}

/// Measures of the whole font in thousandths of the size.
pub(super) struct Metrics {
    pub(super) bbox: Rect,
    pub(super) ascent: f32,
    pub(super) descent: f32,
}

fn broken(problem: impl ToString) -> Error {
    Error::malformed("PDF font", problem.to_string())
}

impl Font {
    pub(super) fn load() -> Result<Self> {
        let mut data = Vec::with_capacity(1 << 21);
        ZlibDecoder::new(COMPRESSED)
            .read_to_end(&mut data)
            .map_err(broken)?;
        Face::parse(&data, 0).map_err(broken)?;
        Ok(Self {
            data,
            glyphs: BTreeMap::new(),
            used: GlyphRemapper::new(),
        })
    }

    /// The text with every character the font lacks spelled as its code point: nothing is lost.
    pub(super) fn drawable(&mut self, text: &str) -> String {
        let mut drawable = String::with_capacity(text.len());
        for character in text.chars() {
            if self.learn(character) {
                drawable.push(character);
            } else {
                let code = format!("[U+{:04X}]", u32::from(character));
                code.chars().for_each(|digit| {
                    self.learn(digit);
                });
                drawable += &code;
            }
        }
        drawable
    }

    fn learn(&mut self, character: char) -> bool {
        if self.glyphs.contains_key(&character) {
            return true;
        }
        // Parsing only reads the table directory; it happens once a distinct character.
        let Ok(face) = Face::parse(&self.data, 0) else {
            return false;
        };
        let Some(glyph) = face.glyph_index(character) else {
            return false;
        };
        let width = scaled(&face, f32::from(face.glyph_hor_advance(glyph).unwrap_or(0)));
        let number = self.used.remap(glyph.0);
        self.glyphs.insert(character, Glyph { number, width });
        true
    }

    /// The width of one character at size 1.
    pub(super) fn width(&self, character: char) -> f32 {
        self.glyphs
            .get(&character)
            .map_or(0.0, |glyph| glyph.width / 1_000.0)
    }

    /// The glyph numbers of a text, two bytes each.
    pub(super) fn encode(&self, text: &str) -> Vec<u8> {
        let numbers = text
            .chars()
            .filter_map(|character| self.glyphs.get(&character));
        numbers
            .flat_map(|glyph| glyph.number.to_be_bytes())
            .collect()
    }

    /// Number and character of every glyph used.
    pub(super) fn characters(&self) -> impl Iterator<Item = (u16, char)> {
        self.glyphs
            .iter()
            .map(|(character, glyph)| (glyph.number, *character))
    }

    /// The width of every glyph of the subset, in its order.
    pub(super) fn widths(&self) -> Vec<f32> {
        let by_number: BTreeMap<_, _> = self
            .glyphs
            .values()
            .map(|glyph| (glyph.number, glyph.width))
            .collect();
        let width = |number| by_number.get(&number).copied().unwrap_or(0.0);
        (0..self.used.num_gids()).map(width).collect()
    }

    pub(super) fn metrics(&self) -> Metrics {
        let Ok(face) = Face::parse(&self.data, 0) else {
            let bbox = Rect::new(0.0, -200.0, 1_000.0, 900.0);
            return Metrics {
                bbox,
                ascent: 900.0,
                descent: -200.0,
            };
        };
        let scale = |value: i16| scaled(&face, f32::from(value));
        let bounds = face.global_bounding_box();
        Metrics {
            bbox: Rect::new(
                scale(bounds.x_min),
                scale(bounds.y_min),
                scale(bounds.x_max),
                scale(bounds.y_max),
            ),
            ascent: scale(face.ascender()),
            descent: scale(face.descender()),
        }
    }

    pub(super) fn subset(&self) -> Result<Vec<u8>> {
        subsetter::subset(&self.data, 0, &self.used).map_err(broken)
    }
}

fn scaled(face: &Face<'_>, units: f32) -> f32 {
    units * 1_000.0 / f32::from(face.units_per_em())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ttf_parser::GlyphId;

    #[test]
    fn what_the_font_lacks_is_spelled_out_and_what_it_has_is_kept() {
        let mut font = Font::load().unwrap();
        assert_eq!(font.drawable("途安 Лада é…"), "途安 Лада é…");
        assert_eq!(font.drawable("aم"), "a[U+0645]");
        assert_eq!(font.encode("途安").len(), 4);
        assert!((font.width('途') - 1.0).abs() < 0.1);
    }

    #[test]
    fn every_word_of_the_page_is_in_the_font() {
        let mut font = Font::load().unwrap();
        let words = [
            crate::words::TITLE.0,
            crate::words::TITLE.1,
            crate::words::NOTICE,
            crate::words::SIMULATED,
        ];
        for word in words {
            assert_eq!(font.drawable(word), word);
        }
    }

    #[test]
    fn a_glyph_is_the_same_in_the_subset() {
        let mut font = Font::load().unwrap();
        font.drawable("VIN 车");
        let subset = font.subset().unwrap();
        let (small, large) = (
            Face::parse(&subset, 0).unwrap(),
            Face::parse(&font.data, 0).unwrap(),
        );
        for (number, character) in font.characters() {
            let original = large.glyph_index(character).unwrap();
            assert_eq!(
                small.glyph_bounding_box(GlyphId(number)),
                large.glyph_bounding_box(original)
            );
        }
    }
}
