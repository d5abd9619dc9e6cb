//! Of which class a disagreement is. The classes are told in DISAGREEMENTS.md; what is of none is a new one.

use std::collections::BTreeSet;

use kiln_hl7::ParseErrorKind;

use crate::reading::{Outcome, Reading, ours};

/// What one parser reads and the other does not, in one message.
enum Difference<'a> {
    /// The peer refuses what we read.
    Refused,
    /// The peer panics.
    Panicked,
    /// We refuse what the peer reads.
    Accepted(ParseErrorKind),
    /// The segments are others.
    Segments {
        ours: &'a [String],
        theirs: &'a [String],
    },
    /// A value is another.
    Value { place: &'a str, raw: &'a str },
}

/// The peers, with what is known of each.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    Hl7Parser,
    RustHl7,
    Hapi,
}

impl Peer {
    /// Its heading in DISAGREEMENTS.md.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Hl7Parser => "hl7-parser",
            Self::RustHl7 => "rust-hl7",
            Self::Hapi => "HAPI",
        }
    }

    /// The classes of all disagreements over a message; an error describes one that is of none.
    pub(crate) fn classes(
        self,
        message: &str,
        outcome: &Outcome,
    ) -> Result<BTreeSet<&'static str>, String> {
        let mut classes = BTreeSet::new();
        let mut found = |difference: &Difference<'_>| match self.class(message, difference) {
            Some(class) => {
                classes.insert(class);
                Ok(())
            }
            None => Err(format!(
                "{}: {} in {message:?}",
                self.name(),
                described(difference)
            )),
        };
        match (ours(message), outcome) {
            (Err(_), Outcome::Refused) => {}
            (_, Outcome::Panicked) => found(&Difference::Panicked)?,
            (Err(kind), Outcome::Read(_)) => found(&Difference::Accepted(kind))?,
            (Ok(_), Outcome::Refused) => found(&Difference::Refused)?,
            (Ok((texts, raws)), Outcome::Read(theirs)) => {
                let segments = (&texts.segments, &theirs.segments);
                if segments.0 != segments.1 {
                    found(&Difference::Segments {
                        ours: segments.0,
                        theirs: segments.1,
                    })?;
                }
                for place in places(&texts, theirs, self.reads_lines(message)) {
                    if texts.values.get(place) != theirs.values.get(place) {
                        let raw = raws.values.get(place).map_or("", String::as_str);
                        found(&Difference::Value { place, raw })?;
                    }
                }
            }
        }
        Ok(classes)
    }

    /// Whether the peer finds the lines of a message at all, so that its values can be compared.
    fn reads_lines(self, message: &str) -> bool {
        self == Self::Hl7Parser || !message.contains('\n')
    }

    fn class(self, message: &str, difference: &Difference<'_>) -> Option<&'static str> {
        let header = message.trim_start_matches('\u{feff}').trim_ascii_start();
        let field = header[3..].chars().next().unwrap_or('|');
        let declared = header[4..].split([field, '\r', '\n']).next().unwrap_or("");
        let escape = declared.chars().nth(2);
        let declares_four = declared.len() == 4;
        match (self, difference) {
            (_, Difference::Accepted(ParseErrorKind::BadSegmentName)) => {
                Some("line-that-is-no-segment")
            }
            (_, Difference::Accepted(ParseErrorKind::UnknownCharset)) => Some("character-set"),
            (_, Difference::Accepted(ParseErrorKind::DuplicateDelimiter)) => {
                Some("duplicate-delimiter")
            }
            (Self::Hapi, Difference::Refused) if !declares_four => Some("four-delimiters"),
            (Self::Hl7Parser, Difference::Value { place, .. })
                if declared.len() == 5 && place.starts_with("MSH[1]-") =>
            {
                Some("truncation-character")
            }
            (Self::RustHl7, Difference::Value { raw, .. })
                if escape.is_some_and(|escape| raw.contains(escape) && "$^.|".contains(escape)) =>
            {
                Some("escape-delimiter-as-pattern")
            }
            (Self::Hl7Parser, Difference::Panicked) => (!message.is_ascii()
                && message.contains(escape?))
            .then_some("escapes-after-non-ascii"),
            (_, Difference::Panicked | Difference::Refused) if declared.len() < 4 => {
                Some("four-delimiters")
            }
            (
                Self::Hl7Parser | Self::RustHl7,
                Difference::Value { .. } | Difference::Segments { .. },
            ) if declared.len() < 4 => Some("four-delimiters"),
            (_, Difference::Refused) if header.len() < message.len() => Some("blanks-before-msh"),
            (Self::Hapi, Difference::Refused) => {
                let msh = header.split(['\r', '\n']).next()?;
                (msh.split(field).nth(11).is_none_or(str::is_empty)).then_some("version-required")
            }
            (Self::RustHl7, Difference::Panicked) => {
                if "*+?(".contains(escape?) {
                    Some("escape-delimiter-as-pattern")
                } else {
                    header[9..]
                        .contains(escape?)
                        .then_some("unknown-escape-panics")
                }
            }
            (Self::Hl7Parser, Difference::Segments { ours, theirs }) => {
                // It stops; what it stopped at tells why.
                let next = ours.strip_prefix(*theirs)?.first()?;
                let occurrence = theirs.iter().filter(|name| *name == next).count();
                let lines: Vec<&str> = header.split_terminator(['\r', '\n']).collect();
                let line = lines
                    .iter()
                    .filter(|line| line.starts_with(next))
                    .nth(occurrence)?;
                if *line == next {
                    return Some("segment-without-fields");
                }
                ["\r\r", "\n\n", "\r\n\r\n", "\r \r", "\n \n"]
                    .iter()
                    .any(|empty| message.contains(empty))
                    .then_some("empty-line")
            }
            (Self::RustHl7 | Self::Hapi, Difference::Segments { .. }) if message.contains('\n') => {
                Some("line-feed")
            }
            (Self::RustHl7, Difference::Segments { ours, theirs }) => {
                let named: Vec<&String> = theirs.iter().filter(|name| !name.is_empty()).collect();
                named
                    .iter()
                    .copied()
                    .eq(*ours)
                    .then_some("segment-after-the-last-line-end")
            }
            (Self::RustHl7, Difference::Value { place, .. }) if place.starts_with("MSH[1]-") => {
                Some("msh-numbering")
            }
            (_, Difference::Value { raw, .. }) => self.escape_class(message, raw, escape?),
            _ => None,
        }
    }

    /// The class of a difference in a value with escape sequences.
    fn escape_class(self, message: &str, raw: &str, escape: char) -> Option<&'static str> {
        let parts: Vec<&str> = raw.split(escape).collect();
        if parts.len().is_multiple_of(2) {
            return Some("unfinished-escape");
        }
        let odd = parts
            .iter()
            .skip(1)
            .step_by(2)
            .find(|content| !["F", "S", "T", "R", "E"].contains(content));
        match odd.map(|content| content.as_bytes()) {
            Some([b'X', ..]) => Some("hexadecimal-escapes"),
            Some([b'.', ..]) => Some("formatting-commands"),
            Some(b"H" | b"N") => Some("highlighting"),
            Some(b"P") => Some("truncation-escape"),
            Some(_) => Some("unknown-escapes"),
            None if self == Self::Hl7Parser && !raw.is_ascii() && !message.is_ascii() => {
                Some("escapes-after-non-ascii")
            }
            None => None,
        }
    }
}

/// The places to compare: those of the segments that both read.
fn places<'a>(ours: &'a Reading, theirs: &'a Reading, lines: bool) -> BTreeSet<&'a String> {
    let shared: BTreeSet<String> = {
        let mut reading = Reading::default();
        theirs
            .segments
            .iter()
            .map(|name| reading.segment(name))
            .collect()
    };
    let is_shared = |place: &&String| {
        lines
            && place
                .split_once('-')
                .is_some_and(|(segment, _)| shared.contains(segment))
    };
    ours.values
        .keys()
        .filter(is_shared)
        .chain(theirs.values.keys().filter(|_| lines))
        .collect()
}

fn described(difference: &Difference<'_>) -> String {
    match difference {
        Difference::Refused => "refuses what we read".to_owned(),
        Difference::Panicked => "panics".to_owned(),
        Difference::Accepted(kind) => format!("reads what we refuse ({kind:?})"),
        Difference::Segments { ours, theirs } => format!("segments {theirs:?}, ours {ours:?}"),
        Difference::Value { place, raw } => format!("another text of {raw:?} at {place}"),
    }
}
