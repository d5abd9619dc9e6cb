//! Conversions of HL7 values to the primitive types of R4 (FHIR R4, datatypes).

use uuid::Uuid;

use crate::authority::is_any_oid;
use crate::issue::IssueReason;
use crate::json;
use crate::options::UtcOffset;

/// What is written for a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Primitive {
    Text,
    Code,
    Id,
    Uri,
    Boolean,
    Integer,
    PositiveInt,
    UnsignedInt,
    Decimal,
    Date,
    DateTime,
    Instant,
    Time,
    Base64,
}

impl Primitive {
    /// The names that `as:` takes, which are R4's.
    pub(crate) const NAMES: [&'static str; 19] = [
        "string",
        "markdown",
        "text",
        "code",
        "id",
        "uri",
        "url",
        "canonical",
        "oid",
        "uuid",
        "boolean",
        "integer",
        "positiveInt",
        "unsignedInt",
        "decimal",
        "date",
        "dateTime",
        "instant",
        "time",
    ];

    pub(crate) fn named(name: &str) -> Option<Primitive> {
        Some(match name {
            "string" | "markdown" | "text" | "xhtml" => Primitive::Text,
            "code" => Primitive::Code,
            "id" => Primitive::Id,
            "uri" | "url" | "canonical" | "oid" | "uuid" => Primitive::Uri,
            "boolean" => Primitive::Boolean,
            "integer" => Primitive::Integer,
            "positiveInt" => Primitive::PositiveInt,
            "unsignedInt" => Primitive::UnsignedInt,
            "decimal" => Primitive::Decimal,
            "date" => Primitive::Date,
            "dateTime" => Primitive::DateTime,
            "instant" => Primitive::Instant,
            "time" => Primitive::Time,
            "base64Binary" => Primitive::Base64,
            _ => return None,
        })
    }

    /// Whether a row that says `as: self` may fill an element of this type.
    pub(crate) fn fits(self, target: Primitive) -> bool {
        use Primitive::{
            Base64, Boolean, Code, Date, DateTime, Decimal, Id, Instant, Integer, PositiveInt,
            Text, Time, UnsignedInt, Uri,
        };
        match target {
            Text => !matches!(self, Boolean),
            Code | Id | Uri => matches!(self, Text | Code | Id | Uri),
            Boolean => matches!(self, Boolean | Code),
            Integer | PositiveInt | UnsignedInt => {
                matches!(self, Integer | PositiveInt | UnsignedInt)
            }
            Decimal => matches!(self, Integer | PositiveInt | UnsignedInt | Decimal),
            Date | DateTime | Instant => matches!(self, Date | DateTime | Instant),
            Time => self == Time,
            Base64 => matches!(self, Base64 | Text),
        }
    }

    /// Appends the JSON of `text`, which is trimmed and not empty; `plain`: it stands in a JSON string as it is.
    #[inline]
    pub(crate) fn write(
        self,
        text: &str,
        plain: bool,
        offset: UtcOffset,
        out: &mut Vec<u8>,
    ) -> Result<(), IssueReason> {
        match self {
            Primitive::Text => {
                json::string(text, plain, out);
                Ok(())
            }
            Primitive::Code if !has_blanks(text) => {
                json::string(text, plain, out);
                Ok(())
            }
            Primitive::Uri if is_uri(text) => {
                json::string(text, plain, out);
                Ok(())
            }
            Primitive::Id
                if text.len() <= 64
                    && text
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b)) =>
            {
                json::string(text, plain, out);
                Ok(())
            }
            Primitive::Code | Primitive::Uri | Primitive::Id => Err(IssueReason::InvalidCode),
            Primitive::Boolean => {
                let value: &[u8] = match text {
                    "Y" | "y" | "true" | "TRUE" | "1" => b"true",
                    "N" | "n" | "false" | "FALSE" | "0" => b"false",
                    _ => return Err(IssueReason::InvalidCode),
                };
                out.extend_from_slice(value);
                Ok(())
            }
            Primitive::Integer | Primitive::PositiveInt | Primitive::UnsignedInt => {
                let least = match self {
                    Primitive::PositiveInt => 1,
                    Primitive::UnsignedInt => 0,
                    _ => i32::MIN,
                };
                let whole = text
                    .split_once('.')
                    .filter(|(_, f)| f.bytes().all(|b| b == b'0'))
                    .map_or(text, |(w, _)| w);
                let number: i32 = whole.parse().map_err(|_| IssueReason::InvalidNumber)?;
                if number < least {
                    return Err(IssueReason::InvalidNumber);
                }
                if number < 0 {
                    out.push(b'-');
                }
                json::number(number.unsigned_abs().into(), out);
                Ok(())
            }
            Primitive::Decimal => decimal(text, out),
            Primitive::Date | Primitive::DateTime | Primitive::Instant => {
                date_time(self, text, offset, out)
            }
            Primitive::Time => time(text, out),
            Primitive::Base64 => base64(text, out),
        }
    }
}

/// Whether a text can stand as uri: no blanks, and what follows urn:oid: or urn:uuid: is one (FHIR R4, uri).
fn is_uri(text: &str) -> bool {
    let namespace = |name: &str| {
        text.strip_prefix("urn:")
            .and_then(|rest| rest.strip_prefix(name))
    };
    if let Some(oid) = namespace("oid:") {
        return is_any_oid(oid);
    }
    if let Some(uuid) = namespace("uuid:") {
        return Uuid::try_parse(uuid).is_ok() && !uuid.bytes().any(|b| b.is_ascii_uppercase());
    }
    !has_blanks(text)
}

fn has_blanks(text: &str) -> bool {
    !is_token(text.as_bytes()) && text.contains(char::is_whitespace)
}

/// Whether a text is surely one without blanks.
pub(crate) fn is_token(text: &[u8]) -> bool {
    // Without a branch for each byte, so that many are looked at at once.
    text.iter()
        .fold(true, |all, byte| all & byte.is_ascii_graphic())
}

/// Keeps the digits as sent: precision is meaning (FHIR R4, decimal). A plus sign and leading zeros are not JSON.
fn decimal(text: &str, out: &mut Vec<u8>) -> Result<(), IssueReason> {
    let (sign, digits) = match text.as_bytes() {
        [b'-', ..] => ("-", &text[1..]),
        [b'+', ..] => ("", &text[1..]),
        _ => ("", text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = whole
        .bytes()
        .chain(fraction.bytes())
        .all(|b| b.is_ascii_digit());
    if !all_digits || (whole.is_empty() && fraction.is_empty()) || digits.len() > 40 {
        return Err(IssueReason::InvalidNumber);
    }
    out.extend_from_slice(sign.as_bytes());
    let whole = whole.trim_start_matches('0');
    out.extend_from_slice(if whole.is_empty() {
        b"0"
    } else {
        whole.as_bytes()
    });
    if !fraction.is_empty() {
        out.push(b'.');
        out.extend_from_slice(fraction.as_bytes());
    }
    Ok(())
}

/// The offset of an HL7 time, such as `+0100` (HL7 v2.9 §2A.2.22).
pub(crate) fn offset_of(text: &str) -> Option<UtcOffset> {
    let at = text.find(['+', '-'])?;
    text[at..].parse().ok()
}

/// YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ] (HL7 v2.9 §2A.2.22). Precision is kept; FHIR wants seconds with a time.
fn date_time(
    kind: Primitive,
    text: &str,
    default: UtcOffset,
    out: &mut Vec<u8>,
) -> Result<(), IssueReason> {
    let invalid = IssueReason::InvalidDate;
    let (stamp, rest) = leading_digits(text);
    let (fraction, zone) = match rest.strip_prefix('.') {
        Some(rest) => leading_digits(rest),
        None => ("", rest),
    };
    if !matches!(stamp.len(), 4 | 6 | 8 | 10 | 12 | 14)
        || fraction.len() > 9
        || (!fraction.is_empty() && stamp.len() != 14)
        || !(zone.is_empty() || zone.starts_with(['+', '-', 'Z']))
    {
        return Err(invalid);
    }
    let has_day = stamp.len() >= 8;
    let mut digits = *b"00000101000000";
    digits[..stamp.len()].copy_from_slice(stamp.as_bytes());
    let two = |at: usize| u32::from(digits[at] - b'0') * 10 + u32::from(digits[at + 1] - b'0');
    let (year, month, day) = (two(0) * 100 + two(2), two(4), two(6));
    let is_date = year > 0 && (1..=12).contains(&month) && day >= 1 && day <= days(year, month);
    let is_time = two(8) <= 23 && two(10) <= 59 && two(12) <= 59;
    if !is_date || !is_time || (kind == Primitive::Instant && !has_day) {
        return Err(invalid);
    }
    let offset = if zone.is_empty() {
        default
    } else {
        zone.parse().map_err(|_| invalid)?
    };
    let mut json = *b"\"0000-00-00T00:00:00";
    json[1..5].copy_from_slice(&digits[..4]);
    for (at, part) in (6..).step_by(3).zip(digits[4..].chunks_exact(2)) {
        json[at..at + 2].copy_from_slice(part);
    }
    let has_time = kind == Primitive::Instant || (kind != Primitive::Date && stamp.len() > 8);
    let length = match stamp.len() {
        _ if has_time => json.len(),
        4 => 5,
        6 => 8,
        _ => 11,
    };
    out.extend_from_slice(&json[..length]);
    if has_time {
        if !fraction.is_empty() {
            out.push(b'.');
            out.extend_from_slice(fraction.as_bytes());
        }
        zone_of(offset, out);
    }
    out.push(b'"');
    Ok(())
}

/// The digits that a text begins with, and the rest.
fn leading_digits(text: &str) -> (&str, &str) {
    let digits = text.bytes().take_while(u8::is_ascii_digit);
    text.split_at(digits.count())
}

/// Appends an offset as ISO 8601 has it.
fn zone_of(offset: UtcOffset, out: &mut Vec<u8>) {
    let minutes = offset.minutes();
    if minutes == 0 {
        return out.push(b'Z');
    }
    let size = minutes.unsigned_abs();
    let two = |n: u16| {
        [
            b'0' + u8::try_from(n / 10).unwrap_or(0),
            b'0' + u8::try_from(n % 10).unwrap_or(0),
        ]
    };
    out.push(if minutes < 0 { b'-' } else { b'+' });
    out.extend_from_slice(&two(size / 60));
    out.push(b':');
    out.extend_from_slice(&two(size % 60));
}

fn days(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        _ => 31,
    }
}

/// HH[MM[SS[.S…]]] (HL7 v2.9 §2A.2.75) or HH:MM[:SS].
fn time(text: &str, out: &mut Vec<u8>) -> Result<(), IssueReason> {
    let stamp = text.split(['+', '-']).next().unwrap_or(text);
    let (clock, fraction) = stamp.split_once('.').unwrap_or((stamp, ""));
    let mut digits = [b'0'; 6];
    let mut count = 0;
    for byte in clock.bytes().filter(|b| *b != b':') {
        if !byte.is_ascii_digit() || count == 6 {
            return Err(IssueReason::InvalidDate);
        }
        digits[count] = byte;
        count += 1;
    }
    if count < 2
        || count % 2 == 1
        || digits[..2] > b"23"[..]
        || digits[2] > b'5'
        || digits[4] > b'5'
    {
        return Err(IssueReason::InvalidDate);
    }
    out.push(b'"');
    out.extend_from_slice(&[
        digits[0], digits[1], b':', digits[2], digits[3], b':', digits[4], digits[5],
    ]);
    let fraction = fraction.trim_end_matches('0');
    if !fraction.is_empty() && fraction.bytes().all(|b| b.is_ascii_digit()) {
        out.push(b'.');
        out.extend_from_slice(fraction.as_bytes());
    }
    out.push(b'"');
    Ok(())
}

fn base64(text: &str, out: &mut Vec<u8>) -> Result<(), IssueReason> {
    let start = out.len();
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b' ' | b'\r' | b'\n' | b'\t' => {}
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' | b'=' => out.push(byte),
            _ => {
                out.truncate(start);
                return Err(IssueReason::InvalidBase64);
            }
        }
    }
    if !(out.len() - start - 1).is_multiple_of(4) {
        out.truncate(start);
        return Err(IssueReason::InvalidBase64);
    }
    out.push(b'"');
    Ok(())
}

/// Appends bytes as a JSON text in base64 (RFC 4648 §4).
pub(crate) fn encode(bytes: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    out.push(b'"');
    for chunk in bytes.chunks(3) {
        let [a, b, c] = [0, 1, 2].map(|n| u32::from(chunk.get(n).copied().unwrap_or(0)));
        let all = a << 16 | b << 8 | c;
        for (n, shift) in [18, 12, 6, 0].into_iter().enumerate() {
            out.push(if n > chunk.len() {
                b'='
            } else {
                DIGITS[(all >> shift & 63) as usize]
            });
        }
    }
    out.push(b'"');
}
