//! The documentation as a book, by mdBook.

use std::{path::PathBuf, process::Command};

use crate::need::{installed, root, run};

/// The version that docs/book.toml is for.
const VERSION: &str = "0.5.4";
/// Without watching and serving, which take twice as many crates.
const OPTIONS: [&str; 3] = ["--no-default-features", "--features", "search"];

/// Builds the book of docs; answers with its first page.
pub(crate) fn build() -> Result<PathBuf, String> {
    let mdbook = installed("mdbook", VERSION, &OPTIONS)?;
    run(Command::new(mdbook).arg("build").arg(root().join("docs")))?;
    Ok(root().join("target/book/index.html"))
}
