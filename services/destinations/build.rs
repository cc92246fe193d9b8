//! Lists the packs, so that adding a market is adding a file; rebuilds when a migration or a pack changes.

use std::{env, fs, io, path::Path};

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed=migrations");
    println!("cargo:rerun-if-changed=packs");
    let root = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default();
    let mut files: Vec<_> = fs::read_dir(Path::new(&root).join("packs"))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .collect();
    files.sort();
    let rows: Vec<String> = files
        .iter()
        .map(|path| format!("    include_str!({:?}),\n", path.display().to_string()))
        .collect();
    let rows = rows.concat();
    let out = env::var_os("OUT_DIR").unwrap_or_default();
    fs::write(
        Path::new(&out).join("packs.rs"),
        format!("const TEXTS: &[&str] = &[\n{rows}];\n"),
    )
}
