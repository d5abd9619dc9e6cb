//! What a caller may choose about a conversion.

use std::fmt;
use std::str::FromStr;

/// How resources of one message refer to each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum References {
    /// `Patient/<id>`: for resources that travel one by one.
    #[default]
    Relative,
    /// `urn:uuid:<id>`: for resources that travel in one Bundle (FHIR R4, Bundle, resolving references).
    Urn,
}

/// An offset from UTC in whole minutes, between -14:00 and +14:00 (FHIR R4, dateTime).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct UtcOffset {
    minutes: i16,
}

impl UtcOffset {
    /// Coordinated Universal Time.
    pub const UTC: UtcOffset = UtcOffset { minutes: 0 };

    /// An offset of that many minutes east of UTC; `None` beyond 14 hours either way.
    pub const fn from_minutes(minutes: i16) -> Option<UtcOffset> {
        if minutes < -14 * 60 || minutes > 14 * 60 {
            None
        } else {
            Some(UtcOffset { minutes })
        }
    }

    /// Minutes east of UTC.
    pub const fn minutes(self) -> i16 {
        self.minutes
    }
}

impl fmt::Display for UtcOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.minutes < 0 { '-' } else { '+' };
        let minutes = self.minutes.unsigned_abs();
        write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

/// A text is no UTC offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an offset from UTC: write it as +01:00, -0500 or Z")]
pub struct ParseOffsetError;

impl FromStr for UtcOffset {
    type Err = ParseOffsetError;

    /// Reads `+hh:mm`, `+hhmm` (HL7 v2.9 §2A.2.22) or `Z`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "Z" {
            return Ok(UtcOffset::UTC);
        }
        let (sign, digits) = match text.as_bytes() {
            [b'+', rest @ ..] => (1, rest),
            [b'-', rest @ ..] => (-1, rest),
            _ => return Err(ParseOffsetError),
        };
        let [h1, h2, m1, m2] = match digits {
            [h1, h2, b':', m1, m2] | [h1, h2, m1, m2] => [*h1, *h2, *m1, *m2],
            _ => return Err(ParseOffsetError),
        };
        if ![h1, h2, m1, m2].iter().all(u8::is_ascii_digit) || m1 > b'5' {
            return Err(ParseOffsetError);
        }
        let value = |tens: u8, ones: u8| i16::from(tens - b'0') * 10 + i16::from(ones - b'0');
        UtcOffset::from_minutes(sign * (value(h1, h2) * 60 + value(m1, m2))).ok_or(ParseOffsetError)
    }
}

/// What a caller may choose about a conversion. The default is relative references and UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConvertOptions {
    /// How resources refer to each other.
    pub references: References,
    /// The site's offset, used for times when neither the value nor MSH-7 states one.
    pub default_offset: UtcOffset,
}
