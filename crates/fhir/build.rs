//! Lists the map files, so that they are embedded in the library.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    list(
        "maps",
        &["messages", "parts", "segments", "datatypes", "codes"],
    )?;
    list("us-core", &["profiles/us-core"])
}

/// Writes the files of folders as `<name>.rs`: a list of place and text.
fn list(name: &str, folders: &[&str]) -> io::Result<()> {
    let root = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let mut list = String::from("&[\n");
    for folder in folders {
        let directory = Path::new(&root).join("maps").join(folder);
        println!("cargo::rerun-if-changed={}", directory.display());
        let Ok(entries) = fs::read_dir(&directory) else {
            continue;
        };
        let mut names = Vec::new();
        for entry in entries {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if Path::new(&name)
                .extension()
                .is_some_and(|end| end == "yaml")
            {
                names.push(name);
            }
        }
        names.sort();
        for name in names {
            let path = directory.join(&name);
            let _ = writeln!(
                list,
                "(\"{folder}/{name}\", include_str!({:?})),",
                path.display().to_string()
            );
        }
    }
    list.push(']');
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    fs::write(Path::new(&out).join(name).with_extension("rs"), list)
}
