//! Evidence in a local folder, by the SHA-256 of its bytes: written once, never changed.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tongguan_vocabulary::Tenant;
use uuid::Uuid;

/// The folder of evidence.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    folder: PathBuf,
}

impl Files {
    pub(crate) fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    /// Stores bytes under their hash, durably; the same bytes twice are one file. Blocks.
    ///
    /// Tenants have folders of their own: whether another tenant holds the same photograph must not show.
    pub(crate) fn put(
        &self,
        tenant: &Tenant,
        sha256: &str,
        bytes: &[u8],
        unique: Uuid,
    ) -> io::Result<()> {
        let folder = self.folder.join(tenant.as_str()).join(&sha256[..2]);
        let path = folder.join(sha256);
        if path.exists() {
            return Ok(());
        }
        fs::create_dir_all(&folder)?;
        // A crash leaves a stray draft and never half a file under a hash.
        let draft = folder.join(format!(".{unique}"));
        let written = write(&draft, bytes).and_then(|()| fs::rename(&draft, &path));
        if written.is_err() {
            // The first error is the one to report.
            let _ = fs::remove_file(&draft);
        }
        written?;
        File::open(&folder)?.sync_all()
    }
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
