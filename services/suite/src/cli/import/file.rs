//! A file before it is read as vehicles: how many lines it has, and which file it is.

use std::fmt::Write;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use aws_lc_rs::digest::{Context, SHA256};

/// What one pass over a file tells.
pub(super) struct Survey {
    /// Lines, about as many as rows.
    pub(super) lines: u64,
    /// SHA-256 of its bytes, 64 hex digits.
    pub(super) digest: String,
}

/// Reads a file once, in pieces.
pub(super) fn survey(path: &Path) -> io::Result<Survey> {
    let mut file = File::open(path)?;
    let (mut lines, mut digest) = (0, Context::new(&SHA256));
    let mut piece = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            break;
        }
        let bytes = &piece[..read];
        lines += bytes.split(|byte| *byte == b'\n').count() as u64 - 1;
        digest.update(bytes);
    }
    let mut hex = String::new();
    for byte in digest.finish().as_ref() {
        let _never = write!(hex, "{byte:02x}");
    }
    Ok(Survey { lines, digest: hex })
}
