//! One message, converted again.

use kiln_fhir::Mapper;

use super::replayer::{Replayed, mark};
use crate::config::{Config, Lane};
use crate::store::{RawRecord, ReplayInto};
use crate::transform::Writer;

/// A message of a lane as the maps make it, its outputs to be committed behind what was emitted under that name of a replay. It
/// is not asked whether it is a resend.
pub fn again(config: &Config, mapper: &Mapper, lane: Lane, raw: RawRecord, name: &str) -> Replayed {
    let log = config.store.log(&config.name, lane);
    let mut writer = Writer::new(mapper, config.layout, config.time_zone(), &log);
    let mut replayed = Replayed::of(raw, &mut writer);
    mark(&mut replayed.outputs, &ReplayInto::Same, name);
    replayed
}
