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
            None => format!("<p>{}</p>", words::PHOTOGRAPH),
        };
        let simulated = if record.simulated {
            format!(
                "<p class=\"simulated\">{}</p><div class=\"mark\">{}</div>",
                words::SIMULATED,
                words::WATERMARK
            )
        } else {
            String::new()
        };
        let mut page = format!(
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{vin}</title>\
             <style>{STYLE}</style></head>\n<body {MARK}{text}\">\n<header><h1>{title}<span lang=\"zh\">{chinese}</span></h1>\
             <dl class=\"number\"><dt>{number}</dt><dd>{id}</dd></dl></header>\
             <p class=\"notice\">{notice}</p>{simulated}\n{decision}\n<section class=\"top\">\
             <figure class=\"photo\">{picture}</figure>{car}<figure class=\"qr\">{code}\
             <figcaption>{scan}</figcaption></figure></section>\n{papers}\n<section class=\"words\">",
            vin = escape(record.vehicle.vin.as_str()),
            text = escape(&text),
            title = words::TITLE.0,
            chinese = words::TITLE.1,
            number = words::NUMBER,
            id = record.id,
            notice = words::NOTICE,
            decision = list("band", &words::decision(record)),
            car = list("car", &words::car(record)),
            code = qr::to_svg(&text)?,
            scan = words::SCAN,
            papers = list("papers", &words::papers(record)),
        );
        for language in &words::ALL {
            // Writing to a String cannot fail.
            let _ = write!(
                page,
                "<div dir=\"{}\"><h2>{}</h2><p lang=\"{}\" dir=\"{}\">{}</p></div>",
                language.direction,
                language.name,
                language.code,
                language.direction,
                language.summary(record, &isolated)
            );
        }
        let _ = write!(
            page,
            "</section>\n<section class=\"all\"><h2>{}</h2>",
            words::RECORD
        );
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

/// Labels and values.
fn list(class: &str, fields: &[words::Field]) -> String {
    let mut list = format!("<dl class=\"{class}\">");
    for (label, value) in fields {
        let value = escape(value);
        // Writing to a String cannot fail.
        let _ = write!(list, "<div><dt>{label}</dt><dd>{value}</dd></div>");
    }
    list.push_str("</dl>");
    list
}

/// Latin names and numbers keep their direction inside Arabic text.
fn isolated(text: &str) -> String {
    // A date or a number is not broken at its hyphens; a make and model may be.
    let whole = if text.len() <= 20 {
        " class=\"whole\""
    } else {
        ""
    };
    format!("<bdi{whole}>{}</bdi>", escape(text))
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

const STYLE: &str = "@page{size:A4;margin:9mm}*{box-sizing:border-box}body{font:8.5pt/1.3 system-ui,'Noto Sans','Noto Sans SC','Noto Sans Arabic',sans-serif;\
width:192mm;margin:0 auto;color:#111;background:#fff;position:relative;isolation:isolate;-webkit-print-color-adjust:exact;print-color-adjust:exact}\
@media screen{body{margin:8mm auto;padding:7mm;width:206mm;border:1px solid #999}}\
h1,h2,p,dl,dd,figure{margin:0}header{display:flex;justify-content:space-between;align-items:end;border-bottom:2.2pt solid #123a63;padding-bottom:2mm}\
h1{font-size:17pt;line-height:1.15;color:#123a63}h1 span{display:block;font-size:12.5pt;font-weight:600}\
.number{text-align:right}.number dd{font:600 8pt monospace}dt{font-size:6.6pt;color:#555}dd{font-weight:600;overflow-wrap:anywhere}\
.notice{margin:1.6mm 0;font-weight:600}.simulated{border:1.6pt solid #b00;color:#b00;font-weight:700;text-align:center;padding:1mm;margin-bottom:1.6mm}\
.mark{position:absolute;top:105mm;left:0;right:0;text-align:center;font-size:54pt;font-weight:800;\
color:#b00;opacity:.07;transform:rotate(-32deg);white-space:nowrap;z-index:-1}.whole{white-space:nowrap}\
.band,.papers{display:flex;justify-content:space-between;gap:6mm;padding:1.6mm 2.5mm;border:.8pt solid #123a63}.band{background:#eaf0f6}\
.band dd{font-size:11.5pt}.papers{border-width:0;border-top:.5pt solid #999;padding:1.4mm 0}\
.top{display:grid;grid-template-columns:44mm 1fr 76mm;gap:4mm;padding:3mm 0}.photo{border:.8pt solid #111;height:59mm;display:flex;\
align-items:center;justify-content:center;text-align:center;color:#777}.photo img{max-width:100%;max-height:100%}\
.car div{margin-bottom:1.5mm}.car div:first-child dd{font:700 12pt monospace}.qr svg{display:block;width:76mm;height:76mm}\
figcaption{text-align:center;font-size:7pt;color:#333}h2{font-size:6.8pt;color:#123a63;line-height:1.2}\
.words{display:grid;grid-template-columns:1fr 1fr;gap:2mm 6mm;border-top:.5pt solid #999;padding:1.8mm 0}.words p{font-size:7.9pt;line-height:1.32}\
.all{border-top:.5pt solid #999;padding-top:1.4mm;font-size:5.8pt;line-height:1.3;overflow-wrap:anywhere;color:#333}\
.all b{font-family:monospace;font-weight:400;color:#000}";
