//! Files that are what they say, and files that are not.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::*;

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn chunk(kind: &[u8], body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u32).to_be_bytes();
    [&length, kind, body, &[0; 4]].concat()
}

/// A grey picture of 8 bits a pixel, with further chunks and a tail.
fn png_of(width: u32, height: u32, chunks: &[Vec<u8>], data: &[u8], tail: &[u8]) -> Vec<u8> {
    let head = [
        &width.to_be_bytes()[..],
        &height.to_be_bytes(),
        &[8, 0, 0, 0, 0],
    ]
    .concat();
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    bytes.extend(chunk(b"IHDR", &head));
    bytes.extend(chunks.concat());
    bytes.extend(chunk(b"IDAT", data));
    bytes.extend(chunk(b"IEND", b""));
    bytes.extend(tail);
    bytes
}

fn png(tail: &[u8]) -> Vec<u8> {
    png_of(2, 2, &[], &packed(&[0; 6]), tail)
}

fn frame(width: u16, height: u16) -> Vec<u8> {
    let mut bytes = vec![0xFF, 0xC0, 0, 11, 8];
    bytes.extend(height.to_be_bytes());
    bytes.extend(width.to_be_bytes());
    bytes.extend([1, 1, 0x11, 0]);
    bytes
}

const SCAN: &[u8] = &[0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0];

/// A picture by its structure, with `inside` as a comment and `pixels` as its data.
fn jpeg_of(inside: &[u8], pixels: &[u8]) -> Vec<u8> {
    let length = (inside.len() as u16 + 2).to_be_bytes();
    let comment = [&[0xFF, 0xFE], &length[..], inside].concat();
    let start: &[u8] = &[0xFF, 0xD8];
    [start, &comment, &frame(64, 48), SCAN, pixels, &[0xFF, 0xD9]].concat()
}

fn jpeg(inside: &[u8]) -> Vec<u8> {
    jpeg_of(inside, b"pixels \xFF\x00 and \xFF\xD0 more")
}

fn pdf(body: &[u8]) -> Vec<u8> {
    [b"%PDF-1.7\n", body, b"\nstartxref\n9\n%%EOF\n"].concat()
}

fn stream(dictionary: &str, data: &[u8]) -> Vec<u8> {
    let head = format!("1 0 obj << {dictionary} /Length {} >> stream\n", data.len());
    pdf(&[head.as_bytes(), data, b"\nendstream endobj"].concat())
}

fn told(bytes: &[u8], media: Media) -> String {
    inspect(bytes, media).unwrap_err()
}

#[test]
fn files_that_are_what_they_say_are_taken() {
    assert_eq!(inspect(&png(b""), Media::Png), Ok(()));
    let chance = b"pixels PK\x03\x04 PK\x05\x06 <htm by chance";
    assert_eq!(inspect(&jpeg_of(b"a comment", chance), Media::Jpeg), Ok(()));
    assert_eq!(
        inspect(&pdf(b"1 0 obj << /Type /Catalog >> endobj"), Media::Pdf),
        Ok(())
    );
    let text = stream(
        "/Filter /FlateDecode",
        &packed(b"(/JavaScript is a word on this page) Tj"),
    );
    assert_eq!(inspect(&text, Media::Pdf), Ok(()));
    assert_eq!(
        inspect(&stream("/Filter /DCTDecode", b"\xFF\xD8 /JS "), Media::Pdf),
        Ok(())
    );
}

#[test]
fn a_lying_type_is_named() {
    assert_eq!(
        told(&png(b""), Media::Jpeg),
        "the bytes are image/png, not image/jpeg"
    );
    assert!(inspect(b"MZ executable", Media::Pdf).is_err());
    assert!(inspect(b"", Media::Png).is_err());
}

#[test]
fn a_file_that_is_two_things_is_refused() {
    let mut zip = b"PK\x05\x06".to_vec();
    zip.extend([0; 16]);
    zip.extend(2_u16.to_le_bytes());
    assert!(
        told(&jpeg_of(b"", &zip), Media::Jpeg).contains("ZIP"),
        "its comment hides the marker"
    );
    for (inside, what) in [
        (&b"<ScRiPt>alert(1)"[..], "HTML"),
        (b"<html lang=en>", "HTML"),
        (b"<?php system(1)", "PHP"),
        (b"%PDF-1.4 ...", "PDF"),
        (b"Rar!\x1a\x07\x00", "RAR"),
    ] {
        assert!(told(&jpeg(inside), Media::Jpeg).contains(what), "{what}");
    }
    assert!(told(&png(b"tail"), Media::Png).contains("follows"));
    let film = [jpeg(b""), b"ftypmp42 a film".to_vec()].concat();
    assert!(told(&film, Media::Jpeg).contains("follows"));
    let marked = [film, vec![0xFF, 0xD9]].concat();
    assert!(
        told(&marked, Media::Jpeg).contains("follows"),
        "a second end marker hides nothing"
    );
    assert!(inspect(&pdf(b"<html>"), Media::Pdf).is_err());
}

#[test]
fn cut_off_files_are_refused() {
    for (whole, media) in [(png(b""), Media::Png), (jpeg(b"x"), Media::Jpeg)] {
        for length in 0..whole.len() {
            assert!(inspect(&whole[..length], media).is_err(), "{length} bytes");
        }
    }
}

#[test]
fn a_picture_that_would_fill_the_memory_is_refused_by_its_header() {
    let wide = png_of(50_000, 50_000, &[], &packed(&[0; 6]), b"");
    assert!(told(&wide, Media::Png).contains("50000 x 50000"));
    let early = Watch::new(Media::Png).look(&wide[..40]);
    assert!(
        early.unwrap_err().contains("at most"),
        "before its pixels come"
    );
    let head = [&[0xFF, 0xD8][..], &frame(65_000, 65_000)].concat();
    let early = Watch::new(Media::Jpeg).look(&head);
    assert!(early.unwrap_err().contains("65000 x 65000"));
    let none = [&[0xFF, 0xD8][..], &frame(64, 0), SCAN].concat();
    assert!(
        Watch::new(Media::Jpeg).look(&none).is_err(),
        "a height that comes later"
    );
}

#[test]
fn what_unpacks_to_more_than_it_may_is_a_bomb() {
    let zeros = vec![0; 8 << 20];
    assert!(told(&png_of(2, 2, &[], &packed(&zeros), b""), Media::Png).contains("unpacks to more"));
    let text = [b"Comment\0\0".to_vec(), packed(&zeros)].concat();
    let hidden = png_of(2, 2, &[chunk(b"zTXt", &text)], &packed(&[0; 6]), b"");
    assert!(told(&hidden, Media::Png).contains("text"));
    let text = [b"Comment\0\x01\0en\0k\0".to_vec(), packed(&zeros)].concat();
    let hidden = png_of(2, 2, &[chunk(b"iTXt", &text)], &packed(&[0; 6]), b"");
    assert!(told(&hidden, Media::Png).contains("text"));
    let objects = stream(
        "/Type /ObjStm /Filter /FlateDecode",
        &packed(&vec![b' '; 9 << 20]),
    );
    assert!(told(&objects, Media::Pdf).contains("unpacks to more"));
    let scans = [SCAN; 65].concat();
    let slow = [&[0xFF, 0xD8][..], &frame(64, 48), &scans, &[0xFF, 0xD9]].concat();
    assert!(told(&slow, Media::Jpeg).contains("scans"));
}

#[test]
fn a_document_that_acts_or_hides_is_refused() {
    for (body, what) in [
        (&b"/JavaScript (app.alert(1))"[..], "JavaScript"),
        (b"<< /J#61vaScript (x) >>", "JavaScript"),
        (b"<< /S /Launch >>", "Launch"),
        (b"<< /JS(app.alert(1)) >>", "JS"),
        (b"<< /Type /EmbeddedFile >>", "EmbeddedFile"),
        (b"trailer << /Encrypt 4 0 R >>", "encrypted"),
        (b"%PDF-1.3 another document", "second header"),
        (b"1 0 obj << >> stream\nno end", "without an end"),
    ] {
        let answer = told(&pdf(body), Media::Pdf);
        assert!(
            answer.contains(what),
            "{}: {answer}",
            String::from_utf8_lossy(body)
        );
    }
    assert_eq!(
        inspect(&pdf(b"<< /JSON (data) >>"), Media::Pdf),
        Ok(()),
        "another name"
    );
    let inside = stream(
        "/Type /ObjStm /Filter /FlateDecode",
        &packed(b"<< /S /JavaScript >>"),
    );
    assert!(told(&inside, Media::Pdf).contains("JavaScript"));
    let escaped = stream(
        "/Type /Obj#53tm /Filter [/Fl#61teDecode]",
        &packed(b"<< /S /Launch >>"),
    );
    assert!(told(&escaped, Media::Pdf).contains("Launch"));
    let twice = stream(
        "/Filter [/FlateDecode /FlateDecode]",
        &packed(&packed(b"x")),
    );
    assert!(told(&twice, Media::Pdf).contains("twice"));
    let odd = stream("/Type /ObjStm /Filter /LZWDecode", b"x");
    assert!(told(&odd, Media::Pdf).contains("not taken"));
}

#[test]
fn a_documents_header_and_end_are_where_they_belong() {
    for (bytes, what) in [
        (b"%PDF-9.9\nstartxref\n9\n%%EOF\n".to_vec(), "version"),
        ([pdf(b""), b"more".to_vec()].concat(), "follows"),
        (b"%PDF-1.7\nstartxref\n9\n".to_vec(), "end marker"),
        (b"%PDF-1.7\n%%EOF\n".to_vec(), "cross-reference"),
    ] {
        assert!(told(&bytes, Media::Pdf).contains(what), "{what}");
    }
    assert!(
        inspect(b"junk\n%PDF-1.7\n%%EOF\n", Media::Pdf).is_err(),
        "not at the first byte"
    );
}

#[test]
fn a_stream_in_pieces_is_watched_like_the_whole() {
    for (bytes, media) in [(jpeg(b"a comment"), Media::Jpeg), (png(b""), Media::Png)] {
        let mut watch = Watch::new(media);
        for length in 1..=bytes.len() {
            watch.look(&bytes[..length]).unwrap();
        }
    }
    let film = [jpeg(b""), b"a film".to_vec()].concat();
    let mut watch = Watch::new(Media::Jpeg);
    let refused = (1..=film.len()).find(|length| watch.look(&film[..*length]).is_err());
    assert_eq!(
        refused,
        Some(jpeg(b"").len() + 1),
        "with the first byte behind the end"
    );
}

#[test]
fn a_png_chunk_that_claims_four_gigabytes_does_not_overflow() {
    let mut bytes = png(b"");
    let at = bytes.windows(4).position(|kind| kind == b"IDAT").unwrap();
    bytes[at - 4..at].copy_from_slice(&u32::MAX.to_be_bytes());
    assert!(inspect(&bytes, Media::Png).is_err());
}
