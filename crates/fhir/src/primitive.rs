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

    /// Appends the JSON of `text`, which is trimmed and not empty.
    pub(crate) fn write(
        self,
        text: &str,
        offset: UtcOffset,
        out: &mut Vec<u8>,
    ) -> Result<(), IssueReason> {
        match self {
            Primitive::Text => {
                quoted(text, out);
                Ok(())
            }
            Primitive::Code if !has_blanks(text) => {
                quoted(text, out);
                Ok(())
            }
            Primitive::Uri if is_uri(text) => {
                quoted(text, out);
                Ok(())
            }
            Primitive::Id
                if text.len() <= 64
                    && text
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b)) =>
            {
                quoted(text, out);
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
    let graphic = text.bytes().all(|byte| byte.is_ascii_graphic());
    !graphic && text.contains(char::is_whitespace)
}

fn quoted(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    json::escape(text, out);
    out.push(b'"');
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
    let end = text.find(['+', '-', 'Z']).unwrap_or(text.len());
    let (stamp, zone) = text.split_at(end);
    let (digits, fraction) = stamp.split_once('.').unwrap_or((stamp, ""));
    let ok = digits
        .bytes()
        .chain(fraction.bytes())
        .all(|b| b.is_ascii_digit())
        && fraction.len() <= 9;
    if !ok
        || !matches!(digits.len(), 4 | 6 | 8 | 10 | 12 | 14)
        || (!fraction.is_empty() && digits.len() != 14)
    {
        return Err(invalid);
    }
    let part = |from: usize, to: usize| {
        digits
            .get(from..to)
            .and_then(|text| text.parse::<u32>().ok())
    };
    let year = part(0, 4).filter(|y| *y > 0).ok_or(invalid)?;
    let (month, day) = (part(4, 6), part(6, 8));
    if month.is_some_and(|m| !(1..=12).contains(&m))
        || day.is_some_and(|d| d < 1 || d > days(year, month.unwrap_or(1)))
    {
        return Err(invalid);
    }
    let (hour, minute, second) = (
        part(8, 10),
        part(10, 12).unwrap_or(0),
        part(12, 14).unwrap_or(0),
    );
    if hour.is_some_and(|h| h > 23)
        || minute > 59
        || second > 59
        || (kind == Primitive::Instant && day.is_none())
    {
        return Err(invalid);
    }
    let offset = if zone.is_empty() {
        default
    } else {
        zone.parse().map_err(|_| invalid)?
    };
    out.push(b'"');
    out.extend_from_slice(&digits.as_bytes()[..4]);
    for part in [digits.get(4..6), digits.get(6..8)].into_iter().flatten() {
        out.push(b'-');
        out.extend_from_slice(part.as_bytes());
    }
    if kind != Primitive::Date && (hour.is_some() || kind == Primitive::Instant) {
        out.push(b'T');
        out.extend_from_slice(digits.get(8..10).unwrap_or("00").as_bytes());
        for part in [digits.get(10..12), digits.get(12..14)] {
            out.push(b':');
            out.extend_from_slice(part.unwrap_or("00").as_bytes());
        }
        if !fraction.is_empty() {
            out.push(b'.');
            out.extend_from_slice(fraction.as_bytes());
        }
        let minutes = offset.minutes();
        if minutes == 0 {
            out.extend_from_slice(b"Z\"");
            return Ok(());
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
    out.push(b'"');
    Ok(())
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
