//! Acknowledgments (HL7 v2.9 §2.9.2 and §2.13): MSH, MSA and ERR.

use crate::charset::Charset;
use crate::delimiters::Delimiters;
use crate::message::{Message, start_of_text};
use crate::path::Path;

/// What the acknowledgment says, MSA-1 (HL7 table 0008).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AckCode {
    /// Application accept; in original mode also: kept safely.
    AA,
    /// Application error: the message is at fault.
    AE,
    /// Application reject: not this message, not here, or not now.
    AR,
    /// Commit accept: kept safely, the sender may forget it.
    CA,
    /// Commit error: cannot be kept for a reason of the receiver's.
    CE,
    /// Commit reject: cannot be kept for a reason of the message's.
    CR,
}

impl AckCode {
    /// The code as sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AA => "AA",
            Self::AE => "AE",
            Self::AR => "AR",
            Self::CA => "CA",
            Self::CE => "CE",
            Self::CR => "CR",
        }
    }
}

/// What kind of error, ERR-3 (HL7 table 0357).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// 100: segments in a wrong order, or one missing.
    SegmentSequence,
    /// 101
    RequiredFieldMissing,
    /// 102: a field's content does not fit its type.
    DataType,
    /// 103
    TableValueNotFound,
    /// 200
    UnsupportedMessageType,
    /// 201
    UnsupportedEventCode,
    /// 202
    UnsupportedProcessingId,
    /// 203
    UnsupportedVersion,
    /// 204
    UnknownKeyIdentifier,
    /// 205
    Duplicate,
    /// 206
    ApplicationRecordLocked,
    /// 207: anything of the receiver's own.
    ApplicationInternal,
}

impl ErrorCode {
    /// The number in table 0357.
    pub fn code(self) -> u16 {
        self.entry().0
    }

    /// The table's description.
    pub fn description(self) -> &'static str {
        self.entry().1
    }

    fn entry(self) -> (u16, &'static str) {
        match self {
            Self::SegmentSequence => (100, "Segment sequence error"),
            Self::RequiredFieldMissing => (101, "Required field missing"),
            Self::DataType => (102, "Data type error"),
            Self::TableValueNotFound => (103, "Table value not found"),
            Self::UnsupportedMessageType => (200, "Unsupported message type"),
            Self::UnsupportedEventCode => (201, "Unsupported event code"),
            Self::UnsupportedProcessingId => (202, "Unsupported processing id"),
            Self::UnsupportedVersion => (203, "Unsupported version id"),
            Self::UnknownKeyIdentifier => (204, "Unknown key identifier"),
            Self::Duplicate => (205, "Duplicate key identifier"),
            Self::ApplicationRecordLocked => (206, "Application record locked"),
            Self::ApplicationInternal => (207, "Application internal error"),
        }
    }
}

/// How grave, ERR-4 (HL7 table 0516).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Severity {
    /// `E`
    Error,
    /// `W`
    Warning,
    /// `I`
    Information,
}

impl Severity {
    fn as_str(self) -> &'static str {
        match self {
            Self::Error => "E",
            Self::Warning => "W",
            Self::Information => "I",
        }
    }
}

/// Where in the message, ERR-2 (data type ERL): a segment, or a value in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorLocation {
    segment: [u8; 3],
    occurrence: usize,
    value: Option<Path>,
}

impl ErrorLocation {
    /// A whole segment: the `occurrence`th (from 1) of that name.
    pub fn segment(name: [u8; 3], occurrence: usize) -> Self {
        Self {
            segment: name,
            occurrence,
            value: None,
        }
    }
}

impl From<Path> for ErrorLocation {
    fn from(path: Path) -> Self {
        let mut segment = [b'?'; 3];
        segment.copy_from_slice(path.segment().as_bytes());
        Self {
            segment,
            occurrence: path.occurrence(),
            value: Some(path),
        }
    }
}

/// One error of an acknowledgment; becomes an ERR segment.
#[derive(Debug, Clone, Copy)]
pub struct AckError<'a> {
    /// Where, if it is known.
    pub location: Option<ErrorLocation>,
    /// What kind.
    pub code: ErrorCode,
    /// How grave.
    pub severity: Severity,
    /// What a person at the sender's should read; no content of the message.
    pub text: &'a str,
}

/// An acknowledgment to be written. It is a pure function of its parts and the message; the clock is the caller's.
///
/// It swaps the message's applications and facilities, and has its delimiters, trigger event, processing id, version
/// and character set. ERR follows the version: ERR-2, 3, 4 and 8 from v2.5 on, ERR-1 (with MSA-3) before.
#[derive(Debug, Clone, Copy)]
pub struct Acknowledgment<'a> {
    /// MSA-1.
    pub code: AckCode,
    /// One ERR segment each.
    pub errors: &'a [AckError<'a>],
    /// The acknowledgment's own MSH-10.
    pub control_id: &'a str,
    /// The acknowledgment's MSH-7, an HL7 DTM such as `20240501083001+0000`.
    pub at: &'a str,
}

/// What an acknowledgment takes from MSH, as sent.
struct Original<'m> {
    delimiters: Delimiters,
    charset: Charset,
    /// MSH-3 to MSH-6.
    parties: [&'m [u8]; 4],
    trigger_event: &'m [u8],
    control_id: &'m [u8],
    processing_id: &'m [u8],
    version: &'m [u8],
    charset_name: &'m [u8],
}

/// Taken when the message has no MSH-11 and no MSH-12.
const DEFAULT_PROCESSING_ID: &[u8] = b"P";
const DEFAULT_VERSION: &[u8] = b"2.5.1";

impl Acknowledgment<'_> {
    /// Appends the answer to a message.
    pub fn answer(&self, to: &Message<'_>, out: &mut Vec<u8>) {
        let field = |number| to.msh().field(number).raw();
        self.write(&Original::new(to.delimiters(), to.charset(), field), out);
    }

    /// Appends the answer to bytes that could not be parsed: with whatever of MSH can be read, and defaults for the rest.
    pub fn answer_unreadable(&self, bytes: &[u8], out: &mut Vec<u8>) {
        let text = &bytes[start_of_text(bytes)..];
        let msh = if text.starts_with(b"MSH") { text } else { b"" };
        let msh = &msh[..memchr::memchr2(b'\r', b'\n', msh).unwrap_or(msh.len())];
        let delimiters = Delimiters::read(msh, 0);
        let readable = delimiters.is_ok();
        let delimiters = delimiters.unwrap_or(Delimiters::RECOMMENDED);
        let separator = if readable {
            delimiters.field
        } else {
            *msh.get(3).unwrap_or(&b'|')
        };
        // Without delimiters of its own, a field is only repeated when it holds none.
        let safe = |field: &&[u8]| {
            let plain = |&byte: &u8| {
                byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b' ')
            };
            readable || field.iter().all(plain)
        };
        let field = |number: usize| {
            msh.split(|&byte| byte == separator)
                .nth(number - 1)
                .filter(safe)
                .unwrap_or_default()
        };
        self.write(&Original::new(delimiters, Charset::Ascii, field), out);
    }

    fn write(&self, original: &Original<'_>, out: &mut Vec<u8>) {
        let mut writer = Writer { original, out };
        writer.header(self);
        let legacy = is_before_2_5(original.version);
        writer.begin(b"MSA");
        writer.field(self.code.as_str().as_bytes());
        writer.field(original.control_id);
        if legacy && let Some(error) = self.errors.first() {
            writer.field(b"");
            writer.text(error.text);
        }
        writer.end();
        for error in self.errors {
            writer.begin(b"ERR");
            if legacy {
                writer.error_before_2_5(error);
            } else {
                writer.error(error);
            }
            writer.end();
        }
    }
}

impl<'m> Original<'m> {
    fn new(delimiters: Delimiters, charset: Charset, field: impl Fn(usize) -> &'m [u8]) -> Self {
        let or = |value: &'m [u8], default| if value.is_empty() { default } else { value };
        let component =
            |value: &'m [u8], place| value.split(|&byte| byte == delimiters.component).nth(place);
        Self {
            delimiters,
            charset,
            parties: [field(3), field(4), field(5), field(6)],
            trigger_event: component(field(9), 1).unwrap_or_default(),
            control_id: field(10),
            processing_id: or(field(11), DEFAULT_PROCESSING_ID),
            version: or(field(12), DEFAULT_VERSION),
            charset_name: field(18),
        }
    }
}

/// `2.5` and later, with its unknown successors, have the ERR segment in its present form.
fn is_before_2_5(version: &[u8]) -> bool {
    matches!(version, [b'2', b'.', b'1'..=b'4', rest @ ..] if rest.first().is_none_or(|byte| !byte.is_ascii_digit()))
}

struct Writer<'w> {
    original: &'w Original<'w>,
    out: &'w mut Vec<u8>,
}

impl Writer<'_> {
    fn header(&mut self, ack: &Acknowledgment<'_>) {
        let original = self.original;
        let delimiters = original.delimiters;
        self.begin(b"MSH");
        self.out.extend([delimiters.field, delimiters.component]);
        let rest = [
            delimiters.repetition,
            delimiters.escape,
            delimiters.subcomponent,
            delimiters.truncation,
        ];
        self.out.extend(rest.into_iter().flatten());
        let [application, facility, receiver, receiver_facility] = original.parties;
        for party in [receiver, receiver_facility, application, facility] {
            self.field(party);
        }
        self.field(ack.at.as_bytes());
        self.field(b"");
        self.field(b"ACK");
        if !original.trigger_event.is_empty() {
            self.component(original.trigger_event);
            self.component(b"ACK");
        }
        self.field(b"");
        self.text(ack.control_id);
        self.field(original.processing_id);
        self.field(original.version);
        if !original.charset_name.is_empty() {
            // MSH-13 to MSH-17 stay empty.
            self.out.extend([delimiters.field; 5]);
            self.field(original.charset_name);
        }
        self.end();
    }

    /// ERR-2 location, ERR-3 code, ERR-4 severity, ERR-8 text.
    fn error(&mut self, error: &AckError<'_>) {
        self.field(b"");
        self.field(b"");
        if let Some(location) = error.location {
            self.out.extend(location.segment);
            self.number(location.occurrence);
            if let Some(path) = location.value {
                self.number(path.field());
                self.number(path.repetition());
                for number in path.component().into_iter().chain(path.subcomponent()) {
                    self.number(number);
                }
            }
        }
        self.field(error.code.code().to_string().as_bytes());
        self.component(error.code.description().as_bytes());
        self.component(b"HL70357");
        self.field(error.severity.as_str().as_bytes());
        self.out.extend([self.original.delimiters.field; 3]);
        self.field(b"");
        self.text(error.text);
    }

    /// ERR-1 (data type ELD): segment, its occurrence, field, code.
    fn error_before_2_5(&mut self, error: &AckError<'_>) {
        self.field(b"");
        match error.location {
            Some(location) => {
                self.out.extend(location.segment);
                self.number(location.occurrence);
                self.component(b"");
                if let Some(path) = location.value {
                    self.out.extend(path.field().to_string().bytes());
                }
            }
            None => self.out.extend([self.original.delimiters.component; 2]),
        }
        self.component(error.code.code().to_string().as_bytes());
        if let Some(subcomponent) = self.original.delimiters.subcomponent {
            self.out.push(subcomponent);
            self.out.extend(error.code.description().bytes());
            self.out.push(subcomponent);
            self.out.extend(b"HL70357");
        }
    }

    fn begin(&mut self, name: &[u8]) {
        self.out.extend(name);
    }

    fn end(&mut self) {
        self.out.push(b'\r');
    }

    fn field(&mut self, value: &[u8]) {
        self.out.push(self.original.delimiters.field);
        self.out.extend(value);
    }

    fn component(&mut self, value: &[u8]) {
        self.out.push(self.original.delimiters.component);
        self.out.extend(value);
    }

    fn number(&mut self, number: usize) {
        self.component(number.to_string().as_bytes());
    }

    /// Text of our own: delimiters escaped, and in the message's character set as far as that is UTF-8 or ASCII.
    fn text(&mut self, text: &str) {
        let delimiters = self.original.delimiters;
        for character in text.chars() {
            let byte = u8::try_from(character).ok();
            let letter = byte.and_then(|byte| match byte {
                _ if byte == delimiters.field => Some(b'F'),
                _ if byte == delimiters.component => Some(b'S'),
                _ if Some(byte) == delimiters.repetition => Some(b'R'),
                _ if Some(byte) == delimiters.subcomponent => Some(b'T'),
                _ if Some(byte) == delimiters.escape => Some(b'E'),
                _ => None,
            });
            match (letter, delimiters.escape) {
                (Some(letter), Some(escape)) => self.out.extend([escape, letter, escape]),
                (Some(_), None) => self.out.push(b' '),
                _ if character.is_control() => self.out.push(b' '),
                _ if character.is_ascii() || self.original.charset == Charset::Utf8 => {
                    self.out.extend(character.encode_utf8(&mut [0; 4]).bytes());
                }
                _ => self.out.push(b'?'),
            }
        }
    }
}
