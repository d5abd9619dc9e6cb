//! Which replay it is.

use std::fmt::Write as _;

use jiff::Timestamp;
use kiln_pipeline::config::Lane;
use kiln_pipeline::replay::Choice;
use kiln_pipeline::store::{ReplayInto, ReplayJob};
use sha2::{Digest as _, Sha256};

/// Longest name; it becomes a part of topics and files.
const MAX_NAME_CHARS: usize = 40;
/// Names that the streams of a pipeline have.
const TAKEN: [&str; 5] = ["hl7v2", "fhir", "dead", "audit", "bulk"];

/// `same` or a shadow's name.
pub(super) fn into(text: &str) -> Result<ReplayInto, String> {
    if text == "same" {
        return Ok(ReplayInto::Same);
    }
    shadow_name(text).map(ReplayInto::Shadow)
}

/// The name of a shadow.
pub(crate) fn shadow_name(text: &str) -> Result<String, String> {
    if TAKEN.contains(&text) {
        return Err(format!("{text} is the name of a stream; choose another"));
    }
    name(text)
}

pub(super) fn name(text: &str) -> Result<String, String> {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if (1..=MAX_NAME_CHARS).contains(&text.len()) && text.chars().all(good) {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "lower-case letters, digits and dashes are wanted, at most {MAX_NAME_CHARS}"
        ))
    }
}

/// `interactive` or `bulk`, as configurations have them.
pub(super) fn lane(text: &str) -> Result<Lane, String> {
    [Lane::Interactive, Lane::Bulk]
        .into_iter()
        .find(|lane| lane.label() == text)
        .ok_or_else(|| "interactive or bulk is wanted".to_owned())
}

/// Milliseconds since 1970-01-01T00:00Z.
pub(crate) fn time(text: &str) -> Result<i64, String> {
    if let Ok(at) = format!("{text}T00:00:00Z").parse::<Timestamp>() {
        return Ok(at.as_millisecond());
    }
    text.parse::<Timestamp>()
        .map(Timestamp::as_millisecond)
        .map_err(|_| {
            "a date or a time with its offset is wanted, 2026-03-01 or 2026-03-01T08:00:00Z"
                .to_owned()
        })
}

/// The job of that name, else of a name made of all that makes it another: choice, maps, and where the outputs go.
pub(super) fn job(
    name: Option<&str>,
    into: ReplayInto,
    diff: bool,
    lane: Lane,
    choice: &Choice,
    maps: &str,
) -> ReplayJob {
    let name = name.map_or_else(
        || {
            let digest = Sha256::digest(format!("{choice:?} {into:?} {diff} {lane:?} {maps}"));
            digest[..6].iter().fold(String::new(), |mut out, byte| {
                let _ = write!(out, "{byte:02x}");
                out
            })
        },
        str::to_owned,
    );
    ReplayJob {
        name,
        since_ms: choice.since_ms,
        into,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_its_midnight_in_utc_and_a_time_needs_its_offset() {
        assert_eq!(time("1970-01-02"), Ok(86_400_000));
        assert_eq!(time("1970-01-02T03:00:00+01:00"), Ok(93_600_000));
        assert!(time("1970-01-01T01:00:00").is_err());
        assert!(time("yesterday").is_err());
    }

    #[test]
    fn a_job_is_another_when_anything_about_it_is() {
        let choice = Choice::default();
        let of = |into, choice: &Choice, maps: &str| {
            job(None, into, false, Lane::Interactive, choice, maps).name
        };
        let one = of(ReplayInto::Same, &choice, "m");
        assert_eq!(one, of(ReplayInto::Same, &choice, "m"));
        assert_ne!(one, of(ReplayInto::Same, &choice, "n"));
        assert_ne!(one, of(ReplayInto::Shadow("s".to_owned()), &choice, "m"));
        let lab = Choice {
            feed: Some("lab".to_owned()),
            ..choice
        };
        assert_ne!(one, of(ReplayInto::Same, &lab, "m"));
    }

    #[test]
    fn a_shadow_has_a_name_of_its_own() {
        assert_eq!(into("same"), Ok(ReplayInto::Same));
        assert_eq!(
            into("new-maps"),
            Ok(ReplayInto::Shadow("new-maps".to_owned()))
        );
        for wrong in ["fhir", "bulk", "", "../x", "A", "a.b"] {
            assert!(into(wrong).is_err(), "{wrong}");
        }
    }
}
