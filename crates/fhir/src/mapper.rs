//! The compiled plan as callers see it.

use std::sync::Arc;

use kiln_hl7::Message;

use crate::compile::{self, Compiled};
use crate::conversion::Conversion;
use crate::definitions::Definitions;
use crate::error::{ConvertError, MapErrors};
use crate::execute::{self, Silent};
use crate::explain::{self, Explanation};
use crate::filter::{self, Filters};
use crate::identity;
use crate::maps::{merge, read};
use crate::options::{ConvertOptions, UtcOffset};
use crate::plan::MessagePlan;
use crate::profile::Profile;

/// Map files of the crate: place and text.
const EMBEDDED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/maps.rs"));
/// The overlay that makes them those of US Core.
const US_CORE: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/us-core.rs"));

/// One map file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MapSource<'a> {
    /// Its place, such as `segments/PID[Patient].yaml`; the folder says what kind of map it is.
    pub path: &'a str,
    /// Its YAML text.
    pub text: &'a str,
}

impl MapSource<'static> {
    /// The maps that are embedded in the crate.
    pub fn embedded() -> Vec<MapSource<'static>> {
        borrowed(EMBEDDED)
    }
}

/// A compiled plan: shared by all workers, never changed.
pub struct Mapper {
    version: String,
    plan: Compiled,
    filters: Filters,
    /// The overlay's, before that of the options.
    time_zone: Option<UtcOffset>,
    /// Path and text of the maps without overlay.
    base: Files,
    /// Path and text of the profile's files; R4 itself has none.
    profile: Files,
    /// Path and text of the overlay's files.
    overlay: Files,
}

/// Path and text of each.
type Files = Arc<[(String, String)]>;

impl std::fmt::Debug for Mapper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mapper")
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl Mapper {
    /// Compiles the maps that are embedded in the crate, for R4 itself.
    pub fn embedded() -> Result<Mapper, MapErrors> {
        Mapper::profiled(Profile::R4)
    }

    /// Compiles the maps that are embedded in the crate, for a profile of R4.
    pub fn profiled(profile: Profile) -> Result<Mapper, MapErrors> {
        let profile = match profile {
            Profile::R4 => &[][..],
            Profile::UsCore => US_CORE,
        };
        Mapper::layered(
            owned(&borrowed(EMBEDDED)),
            owned(&borrowed(profile)),
            Files::default(),
        )
    }

    /// Compiles a set of map files. Every mistake in them is reported at once.
    pub fn load(sources: &[MapSource<'_>]) -> Result<Mapper, MapErrors> {
        Mapper::layered(owned(sources), Files::default(), Files::default())
    }

    /// The same maps and profile under a site's overlay, whose files may have any name: it adds or replaces rows, maps and code tables,
    /// names identifier systems, drops messages, and sets the time zone. Every mistake is reported at once. The overlay of
    /// this mapper, if it has one, is left out.
    pub fn overlaid(&self, overlay: &[MapSource<'_>]) -> Result<Mapper, MapErrors> {
        Mapper::layered(
            Arc::clone(&self.base),
            Arc::clone(&self.profile),
            owned(overlay),
        )
    }

    /// The same maps and overlay under one more file of an overlay, which comes last.
    pub fn extended(&self, file: MapSource<'_>) -> Result<Mapper, MapErrors> {
        let mut overlay = borrowed(&self.overlay);
        overlay.push(file);
        self.overlaid(&overlay)
    }

    fn layered(base: Files, profile: Files, overlay: Files) -> Result<Mapper, MapErrors> {
        let mut errors = Vec::new();
        let sources = borrowed(&base);
        let over = [borrowed(&profile), borrowed(&overlay)];
        let mut maps = read::read(&sources, &mut errors);
        for layer in &over {
            let changes = read::overlay(layer, &mut maps.files, &mut errors);
            merge::merge(&mut maps, changes, &mut errors);
        }
        let plan = compile::compile(&maps, &Definitions::embedded(), &mut errors);
        let filters = filter::compile(&maps, &mut errors);
        if !errors.is_empty() {
            errors
                .sort_by(|a, b| (&a.file, a.line, &a.message).cmp(&(&b.file, b.line, &b.message)));
            errors.dedup();
            return Err(MapErrors(errors));
        }
        let mut digest = Vec::new();
        for source in sources.iter().chain(over.iter().flatten()) {
            digest.extend_from_slice(source.path.as_bytes());
            digest.push(0);
            digest.extend_from_slice(source.text.as_bytes());
            digest.push(0);
        }
        let mut version = identity::id(&digest).simple().to_string();
        version.truncate(12);
        Ok(Mapper {
            version,
            plan,
            filters,
            time_zone: maps.site.time_zone,
            base,
            profile,
            overlay,
        })
    }

    /// A digest of the maps, twelve hexadecimal characters.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The first of the site's filters that drops the message: it is not to be converted. `out` lends its buffers and keeps
    /// what it holds.
    pub fn filter(&self, message: &Message<'_>, out: &mut Conversion) -> Option<&str> {
        self.filters.first(*message, &mut out.work)
    }

    /// Converts one message. `out` is overwritten; on an error it holds nothing.
    pub fn convert(
        &self,
        message: &Message<'_>,
        options: &ConvertOptions,
        out: &mut Conversion,
    ) -> Result<(), ConvertError> {
        out.clear();
        let plan = self.plan_for(message)?;
        let result = execute::run(
            &self.plan,
            plan,
            *message,
            self.sited(*options),
            out,
            Silent,
        );
        if result.is_err() {
            out.clear();
        }
        result
    }

    /// Converts one message as [`Mapper::convert`] does, by the same plan and to the same bytes, and tells where each element
    /// comes from. The explanation holds values of the message.
    pub fn explain(
        &self,
        message: &Message<'_>,
        options: &ConvertOptions,
        out: &mut Conversion,
    ) -> Result<Explanation, ConvertError> {
        out.clear();
        let plan = self.plan_for(message)?;
        let result = explain::explain(&self.plan, plan, *message, self.sited(*options), out);
        if result.is_err() {
            out.clear();
        }
        result
    }

    /// The options, with what the site's overlay says before them.
    fn sited(&self, options: ConvertOptions) -> ConvertOptions {
        ConvertOptions {
            default_offset: self.time_zone.unwrap_or(options.default_offset),
            ..options
        }
    }

    /// The plan that serves the message's type.
    fn plan_for(&self, message: &Message<'_>) -> Result<&MessagePlan, ConvertError> {
        let header = message.header();
        let (code, event) = (header.message_code().raw(), header.trigger_event().raw());
        if code.is_empty() {
            return Err(ConvertError::NoMessageType);
        }
        let events = self.plan.served.get(code);
        let number = events.and_then(|events| events.get(event));
        let number = number.ok_or_else(|| {
            let plain = |raw: &[u8]| {
                raw.iter()
                    .filter(|b| b.is_ascii_alphanumeric())
                    .take(8)
                    .map(|b| char::from(*b))
                    .collect::<String>()
            };
            ConvertError::NoMap {
                message_type: format!("{}^{}", plain(code), plain(event)),
            }
        })?;
        Ok(&self.plan.messages[*number])
    }
}

fn owned(sources: &[MapSource<'_>]) -> Files {
    let owned = |source: &MapSource<'_>| (source.path.to_owned(), source.text.to_owned());
    sources.iter().map(owned).collect()
}

fn borrowed<T: AsRef<str>>(files: &[(T, T)]) -> Vec<MapSource<'_>> {
    files
        .iter()
        .map(|(path, text)| MapSource {
            path: path.as_ref(),
            text: text.as_ref(),
        })
        .collect()
}
