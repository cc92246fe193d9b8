//! The certificate as a PDF of one A4 page, with its font subset embedded.
//!
//! It holds what the HTML page holds except the Arabic summary, which needs a shaping engine, and the
//! photograph, for which the slot is drawn. The QR text also stands in the file's keywords, so that a
//! program reads it without finding the picture.

mod font;
mod layout;

use flate2::Compression;
use flate2::read::ZlibEncoder;
use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Filter, Finish, Name, Pdf, Rect, Ref, Str, TextStr};
use std::io::Read as _;

use crate::certificate::Certificate;
use crate::error::{Error, Result};
use crate::qr::Matrix;
use crate::words;
use font::Font;
use layout::{A4, Page};

const FONT: Name<'_> = Name(b"F1");
const PICTURE: Name<'_> = Name(b"Q1");
const BASE_FONT: Name<'_> = Name(b"TGCERT+WenQuanYiMicroHei");
const SYSTEM: SystemInfo<'_> = SystemInfo {
    registry: Str(b"Adobe"),
    ordering: Str(b"Identity"),
    supplement: 0,
};

impl Certificate {
    /// The PDF; the same certificate gives the same bytes.
    pub fn to_pdf(&self) -> Result<Vec<u8>> {
        let text = self.to_qr_text()?;
        let mut font = Font::load()?;
        let content = draw(self, &mut font)?;
        assemble(self, &text, &font, &content)
    }
}

fn draw(certificate: &Certificate, font: &mut Font) -> Result<Vec<u8>> {
    let record = certificate.record();
    let mut page = Page::new(font);
    if record.simulated {
        page.watermark(words::WATERMARK);
    }
    page.title(words::TITLE, &(words::NUMBER, record.id.to_string()));
    page.paragraph(words::NOTICE, 8.0);
    if record.simulated {
        page.warning(words::SIMULATED, 9.0);
    }
    page.band(&words::decision(record));
    page.top(&words::car(record), words::PHOTOGRAPH, words::SCAN);
    page.row(&words::papers(record));
    page.rule();
    for language in words::ALL
        .iter()
        .filter(|language| language.direction == "ltr")
    {
        page.labelled(language.name, &language.summary(record, &str::to_owned));
    }
    page.rule();
    page.label(words::RECORD);
    let fields = record.fields()?.into_iter();
    let fields: Vec<_> = fields
        .map(|(name, value)| format!("{name}\u{a0}= {value}"))
        .collect();
    page.paragraph(&fields.join("   "), 5.5);
    Ok(page.finish())
}

fn compress(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut compressed = Vec::new();
    ZlibEncoder::new(bytes, Compression::best())
        .read_to_end(&mut compressed)
        .map_err(|e| Error::malformed("PDF", e.to_string()))?;
    Ok(compressed)
}

fn assemble(certificate: &Certificate, text: &str, font: &Font, content: &[u8]) -> Result<Vec<u8>> {
    let [
        catalog,
        pages,
        page,
        type0,
        cid,
        descriptor,
        file,
        cmap,
        contents,
        info,
        picture,
    ] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map(Ref::new);
    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(pages);
    pdf.pages(pages).kids([page]).count(1);
    let mut sheet = pdf.page(page);
    sheet
        .parent(pages)
        .media_box(Rect::new(0.0, 0.0, A4.0, A4.1))
        .contents(contents);
    {
        let mut resources = sheet.resources();
        resources.fonts().pair(FONT, type0);
        resources.x_objects().pair(PICTURE, picture);
    }
    sheet.finish();
    pdf.stream(contents, &compress(content)?)
        .filter(Filter::FlateDecode);

    let matrix = Matrix::of(text)?;
    let side = i32::try_from(matrix.outer()).unwrap_or_default();
    let rows = compress(&matrix.rows(1))?;
    let mut code = pdf.image_xobject(picture, &rows);
    code.width(side).height(side).filter(Filter::FlateDecode);
    code.bits_per_component(1).color_space().device_gray();
    code.finish();

    let mut composite = pdf.type0_font(type0);
    composite
        .base_font(BASE_FONT)
        .encoding_predefined(Name(b"Identity-H"));
    composite.descendant_font(cid).to_unicode(cmap);
    composite.finish();
    let mut glyphs = pdf.cid_font(cid);
    glyphs
        .subtype(CidFontType::Type2)
        .base_font(BASE_FONT)
        .system_info(SYSTEM);
    glyphs.font_descriptor(descriptor).default_width(0.0);
    glyphs.cid_to_gid_map_predefined(Name(b"Identity"));
    glyphs.widths().consecutive(0, font.widths());
    glyphs.finish();
    let metrics = font.metrics();
    pdf.font_descriptor(descriptor)
        .name(BASE_FONT)
        .flags(FontFlags::SYMBOLIC)
        .bbox(metrics.bbox)
        .italic_angle(0.0)
        .ascent(metrics.ascent)
        .descent(metrics.descent)
        .cap_height(metrics.ascent)
        .stem_v(80.0)
        .font_file2(file);
    pdf.stream(file, &compress(&font.subset()?)?)
        .filter(Filter::FlateDecode);
    let mut unicode = UnicodeCmap::new(Name(b"Custom"), SYSTEM);
    for (glyph, character) in font.characters() {
        unicode.pair(glyph, character);
    }
    pdf.cmap(cmap, &unicode.finish());

    pdf.document_info(info)
        .title(TextStr(words::TITLE.0))
        .subject(TextStr(&certificate.record().id.to_string()))
        .keywords(TextStr(text));
    Ok(pdf.finish())
}

/// The QR text in the keywords of a PDF this crate made; Base45 has no character that PDF escapes.
pub(crate) fn find_qr_text(pdf: &[u8]) -> Option<&str> {
    const MARK: &[u8] = b"/Keywords (";
    let start = pdf.windows(MARK.len()).position(|part| part == MARK)? + MARK.len();
    let length = pdf
        .get(start..)?
        .iter()
        .take(crate::qr::MAX_TEXT + 1)
        .position(|c| *c == b')')?;
    std::str::from_utf8(pdf.get(start..start + length)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads one literal string, after its opening parenthesis (ISO 32000 section 7.3.4.2).
    fn literal(rest: &mut impl Iterator<Item = u8>) -> Vec<u8> {
        let (mut bytes, mut depth) = (Vec::new(), 0);
        while let Some(c) = rest.next() {
            match c {
                b')' if depth == 0 => break,
                b'(' => depth += 1,
                b')' => depth -= 1,
                _ => {}
            }
            bytes.push(match c {
                b'\\' => match rest.next().unwrap() {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 8,
                    b'f' => 12,
                    digit @ b'0'..=b'7' => {
                        let next = [rest.next().unwrap(), rest.next().unwrap()];
                        [digit, next[0], next[1]]
                            .iter()
                            .fold(0, |value, digit| value << 3 | (digit - b'0'))
                    }
                    other => other,
                },
                other => other,
            });
        }
        bytes
    }

    /// The text of a content stream: every shown string, its glyph numbers looked up in the font.
    fn shown(content: &[u8], font: &Font) -> String {
        let characters: std::collections::BTreeMap<_, _> = font.characters().collect();
        let mut bytes = Vec::new();
        let mut rest = content.iter().copied();
        while let Some(c) = rest.next() {
            match c {
                b'(' => bytes.extend(literal(&mut rest)),
                b'<' => {
                    let hex: Vec<u8> = rest.by_ref().take_while(|c| *c != b'>').collect();
                    let hex = String::from_utf8(hex).unwrap().to_lowercase();
                    bytes.extend(crate::values::from_hex(&hex).unwrap());
                }
                _ => {}
            }
        }
        let numbers = bytes
            .as_chunks::<2>()
            .0
            .iter()
            .map(|pair| u16::from_be_bytes(*pair));
        numbers.map(|number| characters[&number]).collect()
    }

    #[test]
    fn the_page_shows_every_field_of_the_record() {
        let vectors: serde_json::Value =
            serde_json::from_str(include_str!("../vectors/v1.json")).unwrap();
        for vector in vectors["certificates"].as_array().unwrap() {
            let certificate = Certificate::from_qr_text(vector["qr"].as_str().unwrap()).unwrap();
            let mut font = Font::load().unwrap();
            let content = draw(&certificate, &mut font).unwrap();
            let bare = |text: &str| text.split_whitespace().collect::<String>();
            let page = bare(&shown(&content, &font));
            for (name, value) in certificate.record().fields().unwrap() {
                assert!(page.contains(&bare(&format!("{name}={value}"))), "{name}");
            }
            assert!(page.contains("Notanofficialpermit"));
            assert_eq!(page.contains("SIMULATED"), certificate.record().simulated);
        }
    }
}
