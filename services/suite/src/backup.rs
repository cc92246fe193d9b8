//! A backup: one folder with a copy of every role's database, the files of the data folder, and a list of both.
//!
//! The databases are copied against the direction of the calls, gateway first and registry last: whatever a copy
//! refers to is older than the copy it is found in. Certificates, keys and evidence follow. The folder holds keys: it
//! is made readable by its owner only, and must be kept as they are.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use tongguan_storage::backup::{self, BackupError};

use crate::settings::SCRATCH;
use crate::{Role, Settings};

/// The list's file.
pub const LIST: &str = "backup.json";
/// Folder of the data folder's files inside a backup.
const FILES: &str = "files";
/// The version of the list's form.
const FORM: u32 = 1;

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct List {
    /// Version of this form.
    pub form: u32,
    /// Version of the program that made it.
    pub program: String,
    /// When, RFC 3339.
    pub made_at: String,
    /// Every file.
    pub files: Vec<Entry>,
}

/// One file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Where it lies in the backup, with `/`.
    pub path: String,
    /// Whose database it is; none for a file of the data folder.
    pub role: Option<Role>,
    /// Bytes.
    pub bytes: u64,
    /// SHA-256, hexadecimal.
    pub sha256: String,
}

/// Why a backup can not be made or used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file can not be used.
    #[error("{} can not be used", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The folder must be new or empty.
    #[error("{} is not empty", .0.display())]
    NotEmpty(PathBuf),
    /// A database can not be copied or read back.
    #[error("the database of {role}")]
    Database {
        /// Whose.
        role: Role,
        /// Why.
        source: BackupError,
    },
    /// The folder is no backup, or not a whole one; everything that is wrong with it.
    #[error("not a whole backup:\n  {}", .0.join("\n  "))]
    Broken(Vec<String>),
}

type Result<T> = std::result::Result<T, Error>;

fn file<T>(path: &Path, outcome: io::Result<T>) -> Result<T> {
    outcome.map_err(|source| Error::File {
        path: path.to_path_buf(),
        source,
    })
}

/// Makes a backup of the roles' databases and the data folder in a new folder.
pub async fn make(settings: &Settings, roles: &[Role], into: &Path, made_at: &str) -> Result<List> {
    fresh(into)?;
    let mut files = Vec::new();
    for role in Role::ALL.into_iter().rev() {
        if !roles.contains(&role) {
            continue;
        }
        let config = settings.database(role);
        let path = format!("{role}.{}", backup::ending(&config));
        let copied = backup::back_up(&config, &into.join(&path)).await;
        copied.map_err(|source| Error::Database { role, source })?;
        files.push(entry(into, path, Some(role))?);
    }
    let folder = &settings.data.folder;
    for path in data_files(folder, into)? {
        let target = into.join(FILES).join(&path);
        copy(&folder.join(&path), &target)?;
        files.push(entry(into, format!("{FILES}/{}", slashed(&path)), None)?);
    }
    let list = List {
        form: FORM,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        made_at: made_at.to_owned(),
        files,
    };
    // Last, so that a backup that was cut short is none.
    let path = into.join(LIST);
    let text = serde_json::to_vec_pretty(&list).map_err(io::Error::from);
    let text = file(&path, text)?;
    file(&path, fs::write(&path, text))?;
    Ok(list)
}

/// Reads a backup's list and checks every file against it.
pub fn check(from: &Path) -> Result<List> {
    let path = from.join(LIST);
    let text = file(&path, fs::read(&path))?;
    let list: List = serde_json::from_slice(&text)
        .map_err(|error| Error::Broken(vec![format!("{LIST}: {error}")]))?;
    if list.form != FORM {
        let wrong = format!("{LIST}: form {} is not known to this program", list.form);
        return Err(Error::Broken(vec![wrong]));
    }
    let mut wrong = Vec::new();
    for listed in &list.files {
        let inside = Path::new(&listed.path)
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        if !inside {
            wrong.push(format!("{}: lies outside the backup", listed.path));
            continue;
        }
        match digest(&from.join(&listed.path)) {
            Ok(found) if found == (listed.bytes, listed.sha256.clone()) => {}
            Ok(_) => wrong.push(format!("{}: differs from the list", listed.path)),
            Err(error) => wrong.push(format!("{}: {error}", listed.path)),
        }
    }
    if wrong.is_empty() {
        Ok(list)
    } else {
        Err(Error::Broken(wrong))
    }
}

/// Reads a checked backup back: databases that must be empty, a data folder that must be empty.
pub async fn restore(settings: &Settings, from: &Path, list: &List) -> Result<()> {
    let folder = &settings.data.folder;
    fresh(folder)?;
    for listed in &list.files {
        let source = from.join(&listed.path);
        if let Some(role) = listed.role {
            let restored = backup::restore(&source, &settings.database(role)).await;
            restored.map_err(|source| Error::Database { role, source })?;
        } else {
            let path = listed.path.strip_prefix("files/").unwrap_or(&listed.path);
            copy(&source, &folder.join(path))?;
        }
    }
    Ok(())
}

/// An empty folder that only its owner can enter.
fn fresh(folder: &Path) -> Result<()> {
    if folder.exists() && file(folder, fs::read_dir(folder))?.next().is_some() {
        return Err(Error::NotEmpty(folder.to_path_buf()));
    }
    file(folder, private(folder))
}

fn private(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        fs::set_permissions(folder, mode)?;
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        file(folder, private(folder))?;
    }
    file(from, fs::copy(from, to).map(|_| ()))
}

fn entry(backup: &Path, path: String, role: Option<Role>) -> Result<Entry> {
    let full = backup.join(&path);
    let (bytes, sha256) = file(&full, digest(&full))?;
    Ok(Entry {
        path,
        role,
        bytes,
        sha256,
    })
}

/// Length and SHA-256 of a file, read in pieces.
fn digest(path: &Path) -> io::Result<(u64, String)> {
    let mut file = fs::File::open(path)?;
    let (mut context, mut piece, mut bytes) = (Context::new(&SHA256), vec![0; 1 << 16], 0);
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            break;
        }
        bytes += read as u64;
        context.update(&piece[..read]);
    }
    let sum = context.finish();
    let hex = sum.as_ref().iter().map(|byte| format!("{byte:02x}"));
    Ok((bytes, hex.collect()))
}

/// The files of the data folder, by relative path: all but databases, demos, load runs and the backup itself.
fn data_files(folder: &Path, backup: &Path) -> Result<BTreeSet<PathBuf>> {
    let backup = fs::canonicalize(backup).ok();
    let (mut found, mut open) = (BTreeSet::new(), vec![folder.to_path_buf()]);
    while let Some(place) = open.pop() {
        if !place.exists() {
            continue;
        }
        for item in file(&place, fs::read_dir(&place))? {
            let item = file(&place, item)?;
            let path = item.path();
            let kind = file(&path, item.file_type())?;
            if kind.is_dir() {
                let made_by_us = path.join(SCRATCH).exists();
                if !made_by_us && fs::canonicalize(&path).ok() != backup {
                    open.push(path);
                }
            } else if kind.is_file() && !is_database(&path) {
                let inside = path.strip_prefix(folder).unwrap_or(&path);
                found.insert(inside.to_path_buf());
            }
        }
    }
    Ok(found)
}

fn is_database(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    [".db", ".db-wal", ".db-shm", ".db-journal"]
        .iter()
        .any(|ending| name.ends_with(ending))
}

fn slashed(path: &Path) -> String {
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}
