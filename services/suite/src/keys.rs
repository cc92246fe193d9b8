//! Secret files: read, or made on first start so that only their owner can read them.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

/// The bytes of a secret file; where it is missing, `make` makes them and they are stored.
pub fn read_or_make<E>(
    path: &Path,
    make: impl FnOnce() -> Result<Vec<u8>, E>,
) -> io::Result<Vec<u8>>
where
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        outcome => return outcome,
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let secret = make().map_err(io::Error::other)?;
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(mut file) => file
            .write_all(&secret)
            .and_then(|()| file.sync_all())
            .map(|()| secret),
        // Another process made it in the meantime.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => fs::read(path),
        Err(error) => Err(error),
    }
}
