//! `kiln mapping schema`

use clap::Args;

use crate::failure::Failure;
use crate::output::print;

/// Print the JSON Schema of maps and overlays, so that editors complete them
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  kiln mapping schema > map.schema.json\n  # yaml-language-server: $schema=map.schema.json      the first line of a map file"
)]
pub(crate) struct Schema {}

impl Schema {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let Schema {} = self;
        print(include_bytes!("map.schema.json"))
    }
}
