//! The printable page: one sheet of A4, self-contained, in six languages, with the QR code and a slot
//! for the photograph.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::certificate::Certificate;
use crate::error::{Error, Result, Violation};
use crate::qr;
use crate::record::Record;
use crate::values::Digest;
use crate::words;

/// What precedes the QR text in the page.
const MARK: &str = "data-certificate=\"";

/// A photograph for the page.
#[derive(Debug, Clone, Copy)]
pub struct Photograph<'a> {
    /// The file, JPEG or PNG, told apart by its first bytes; at most 4 MiB.
    pub bytes: &'a [u8],
}

impl Photograph<'_> {
    fn data_uri(self, record: &Record) -> Result<String> {
        let refused = |problem: &str| Error::invalid(vec![Violation::new("photograph", problem)]);
        let media = match self.bytes {
            [0xff, 0xd8, 0xff, ..] => "image/jpeg",
            [0x89, b'P', b'N', b'G', ..] => "image/png",
            _ => return Err(refused("is neither JPEG nor PNG")),
        };
        if self.bytes.len() > 4 << 20 {
            return Err(refused("is larger than 4 MiB"));
        }
        // A photograph that the certificate does not name would bind the paper to any car.
        if record.vehicle.photograph != Some(Digest::of(self.bytes)) {
            return Err(refused(
                "is not the one whose digest the certificate states",
            ));
        }
        Ok(format!(
            "data:{media};base64,{}",
            STANDARD.encode(self.bytes)
        ))
    }
}

impl Certificate {
    /// The page. Without a photograph the slot is drawn empty.
    pub fn to_html(&self, photograph: Option<Photograph<'_>>) -> Result<String> {
        let record = self.record();
        let text = self.to_qr_text()?;
        let picture = match photograph {
            Some(photograph) => format!("<img alt=\"\" src=\"{}\">", photograph.data_uri(record)?),
            None => "<p>Photograph · 照片</p>".to_owned(),
        };
        let simulated = if record.simulated {
            format!("<p class=\"simulated\">{}</p>", words::SIMULATED)
        } else {
            String::new()
        };
        let mut page = format!(
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{vin}</title>\
             <style>{STYLE}</style></head>\n<body {MARK}{text}\">\n<header><h1>{title}</h1>\
             <p class=\"notice\">{notice}</p>{simulated}</header>\n<section class=\"top\">\
             <figure class=\"photo\">{picture}</figure><dl>",
            vin = escape(record.vehicle.vin.as_str()),
            title = words::TITLE,
            notice = words::NOTICE,
            text = escape(&text),
        );
        for (label, value) in words::main_fields(record) {
            // Writing to a String cannot fail.
            let _ = write!(page, "<dt>{label}</dt><dd>{}</dd>", escape(&value));
        }
        let _ = write!(
            page,
            "</dl><figure class=\"qr\">{}</figure></section>\n<section class=\"words\">",
            qr::to_svg(&text)?
        );
        for language in &words::ALL {
            let _ = write!(
                page,
                "<p lang=\"{}\" dir=\"{}\">{}</p>",
                language.code,
                language.direction,
                language.summary(record, &isolated)
            );
        }
        page.push_str("</section>\n<section class=\"all\">");
        for (field, value) in record.fields()? {
            let (field, value) = (escape(&field), escape(&value));
            let _ = write!(
                page,
                "<span>{field} <b data-field=\"{field}\">{value}</b></span> "
            );
        }
        page.push_str("</section>\n</body></html>\n");
        Ok(page)
    }
}

/// Latin names and numbers keep their direction inside Arabic text.
fn isolated(text: &str) -> String {
    format!("<bdi>{}</bdi>", escape(text))
}

fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(c),
        }
    }
    safe
}

/// The QR text inside a page this crate rendered.
pub(crate) fn find_qr_text(page: &str) -> Option<&str> {
    if !page.starts_with("<!DOCTYPE html>") {
        return None;
    }
    let (_, rest) = page.split_once(MARK)?;
    rest.split_once('"').map(|(text, _)| text)
}

const STYLE: &str = "@page{size:A4;margin:10mm}*{box-sizing:border-box}body{font:9.5pt/1.3 system-ui,'Noto Sans','Noto Sans SC',sans-serif;\
max-width:190mm;margin:0 auto;color:#000;background:#fff}h1{font-size:15pt;margin:0}.notice{margin:1mm 0;font-weight:600}\
.simulated{border:2px solid #b00;color:#b00;font-weight:700;text-align:center;padding:1mm;margin:1mm 0}\
.top{display:grid;grid-template-columns:46mm 1fr 62mm;gap:4mm;border-top:1px solid #000;padding:3mm 0}figure{margin:0}\
.photo{border:1px solid #000;height:62mm;display:flex;align-items:center;justify-content:center;text-align:center}\
.photo img{max-width:100%;max-height:100%}.qr svg{width:62mm;height:62mm}dl{display:grid;grid-template-columns:auto;margin:0}\
dt{font-size:7pt;color:#444}dd{margin:0 0 .6mm;font-weight:600;overflow-wrap:anywhere}.words{border-top:1px solid #000;padding:1mm 0}\
.words p{margin:1.2mm 0}.all{border-top:1px solid #000;padding-top:1mm;font-size:6pt;line-height:1.25;overflow-wrap:anywhere}\
.all b{font-family:monospace;font-weight:400}";
