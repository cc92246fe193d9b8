//! Rebuilds when a migration is added (`sqlx::migrate!` reads them at compile time), and names every catalogue file, so
//! that a new version of the catalogue is a new file and no line of code.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=migrations");
    println!("cargo:rerun-if-changed=catalogue");
    #[expect(
        clippy::disallowed_methods,
        reason = "cargo tells a build script its folder by the environment"
    )]
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("catalogue");
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            files.push(format!("include_str!(r#\"{}\"#)", path.display()));
        }
    }
    files.sort();
    fs::write(
        out.join("catalogues.rs"),
        format!("&[{}]", files.join(", ")),
    )?;
    Ok(())
}
