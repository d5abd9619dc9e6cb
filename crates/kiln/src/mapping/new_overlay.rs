//! `kiln mapping new-overlay`

use std::fs;
use std::path::PathBuf;

use clap::Args;

use crate::failure::Failure;

/// The files of a new overlay: name and text, all of it comments.
const FILES: [(&str, &str); 5] = [
    ("site.yaml", include_str!("overlay/site.yaml")),
    ("patient.yaml", include_str!("overlay/patient.yaml")),
    ("z-segment.yaml", include_str!("overlay/z-segment.yaml")),
    ("codes.yaml", include_str!("overlay/codes.yaml")),
    ("message.yaml", include_str!("overlay/message.yaml")),
];

/// Make a commented overlay to start from
#[derive(Debug, Args)]
#[command(
    long_about = "Makes a directory with one commented file for each kind of change: rows, Z-segments, codes, messages, and the site's own settings. Nothing changes until a line is uncommented.",
    after_help = "Examples:\n  kiln mapping new-overlay overlay/\n  kiln mapping check overlay/"
)]
pub(crate) struct NewOverlay {
    /// The directory; files that are there are left alone
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

impl NewOverlay {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let directory = self.directory.display();
        fs::create_dir_all(&self.directory)
            .map_err(|error| Failure::wrong(format!("cannot make {directory}: {error}")))?;
        for (name, text) in FILES {
            let file = self.directory.join(name);
            if file.exists() {
                continue;
            }
            fs::write(&file, text).map_err(|error| {
                Failure::wrong(format!("cannot write {}: {error}", file.display()))
            })?;
        }
        eprintln!(
            "kiln: {directory} is an overlay to start from: uncomment what you need, then `kiln mapping check {directory}`"
        );
        Ok(())
    }
}
