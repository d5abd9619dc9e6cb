//! Where outputs are read from.

use std::path::PathBuf;

use clap::Args;
use kiln_pipeline::config::Config;
use kiln_pipeline::store::{Reader, Selection};

use crate::failure::Failure;

/// The store whose outputs are read: that of a configuration, or an embedded one by its directory.
#[derive(Debug, Args)]
pub(crate) struct Emitted {
    /// Read where this configuration writes: its Kafka topics or its directory
    #[arg(long, short, value_name = "FILE", conflicts_with = "dir")]
    config: Option<PathBuf>,
    /// Read this directory of an embedded store
    #[arg(long, value_name = "DIR", default_value = "kiln-data")]
    dir: PathBuf,
}

impl Emitted {
    pub(crate) async fn open(&self, selection: Selection) -> Result<Reader, Failure> {
        if let Some(file) = &self.config {
            let config = Config::load(file).map_err(Failure::wrong)?;
            return Reader::open(&config, selection)
                .await
                .map_err(Failure::stopped);
        }
        if !self.dir.is_dir() {
            return Err(Failure::wrong(format!(
                "no directory {}: name the store's with --dir, or use --config",
                self.dir.display()
            )));
        }
        Reader::open_directory(&self.dir, selection).map_err(Failure::stopped)
    }
}
