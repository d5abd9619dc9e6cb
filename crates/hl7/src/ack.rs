//! Acknowledgments (HL7 v2.9 §2.9.2 and §2.13): MSH, MSA and ERR.

use crate::charset::Charset;
use crate::delimiters::Delimiters;
use crate::edit::{Draft, EditErrorKind, Place, encode};
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
    /// MSA-4, of a link that numbers its messages (HL7 v2.9 §2.10.1); none: no MSA-4.
    pub expected_sequence_number: Option<i64>,
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
    /// MSH-20, without which values that switch character sets could not be read.
    charset_scheme: &'m [u8],
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
        let mut answer = Answer {
            original,
            draft: Draft::begin(original.delimiters, original.charset),
        };
        answer.header(self);
        let legacy = is_before_2_5(original.version);
        let msa = answer.segment(*b"MSA");
        answer.raw(msa, Place::field(1), self.code.as_str());
        answer.draft.put(msa, Place::field(2), original.control_id);
        if legacy && let Some(error) = self.errors.first() {
            answer.text(msa, Place::field(3), error.text);
        }
        if let Some(expected) = self.expected_sequence_number {
            answer.raw(msa, Place::field(4), &expected.to_string());
        }
        for error in self.errors {
            let err = answer.segment(*b"ERR");
            if legacy {
                answer.error_before_2_5(err, error);
            } else {
                answer.error(err, error);
            }
        }
        answer.draft.write(out);
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
            charset_scheme: field(20),
        }
    }
}

/// `2.5` and later, with its unknown successors, have the ERR segment in its present form.
fn is_before_2_5(version: &[u8]) -> bool {
    matches!(version, [b'2', b'.', b'1'..=b'4', rest @ ..] if rest.first().is_none_or(|byte| !byte.is_ascii_digit()))
}

/// An acknowledgment in the making.
struct Answer<'o> {
    original: &'o Original<'o>,
    draft: Draft<'static>,
}

impl Answer<'_> {
    fn header(&mut self, ack: &Acknowledgment<'_>) {
        let original = self.original;
        let [application, facility, receiver, receiver_facility] = original.parties;
        let parties = [receiver, receiver_facility, application, facility];
        for (number, party) in (3..).zip(parties) {
            self.draft.put(0, Place::field(number), party);
        }
        self.raw(0, Place::field(7), ack.at);
        self.raw(0, Place::field(9), "ACK");
        if !original.trigger_event.is_empty() {
            let message_type = Place::field(9);
            self.draft
                .put(0, message_type.component(2), original.trigger_event);
            self.raw(0, message_type.component(3), "ACK");
        }
        self.text(0, Place::field(10), ack.control_id);
        self.draft.put(0, Place::field(11), original.processing_id);
        self.draft.put(0, Place::field(12), original.version);
        if !original.charset_name.is_empty() {
            self.draft.put(0, Place::field(18), original.charset_name);
        }
        if !original.charset_scheme.is_empty() {
            self.draft.put(0, Place::field(20), original.charset_scheme);
        }
    }

    /// ERR-2 location, ERR-3 code, ERR-4 severity, ERR-8 text.
    fn error(&mut self, err: usize, error: &AckError<'_>) {
        if let Some(location) = error.location {
            let place = Place::field(2);
            self.draft.put(err, place.component(1), &location.segment);
            self.number(err, place.component(2), location.occurrence);
            if let Some(path) = location.value {
                let within = [Some(path.field()), Some(path.repetition())];
                let parts = [path.component(), path.subcomponent()];
                for (component, number) in (3..).zip(within.into_iter().chain(parts).flatten()) {
                    self.number(err, place.component(component), number);
                }
            }
        }
        let code = Place::field(3);
        self.number(err, code.component(1), error.code.code().into());
        self.raw(err, code.component(2), error.code.description());
        self.raw(err, code.component(3), "HL70357");
        self.raw(err, Place::field(4), error.severity.as_str());
        self.text(err, Place::field(8), error.text);
    }

    /// ERR-1 (data type ELD): segment, its occurrence, field, code.
    fn error_before_2_5(&mut self, err: usize, error: &AckError<'_>) {
        let place = Place::field(1);
        if let Some(location) = error.location {
            self.draft.put(err, place.component(1), &location.segment);
            self.number(err, place.component(2), location.occurrence);
            if let Some(path) = location.value {
                self.number(err, place.component(3), path.field());
            }
        }
        let code = place.component(4);
        self.number(err, code, error.code.code().into());
        if self.original.delimiters.subcomponent.is_some() {
            self.raw(err, code.subcomponent(2), error.code.description());
            self.raw(err, code.subcomponent(3), "HL70357");
        }
    }

    /// A new last segment; gives its place in the message.
    fn segment(&mut self, name: [u8; 3]) -> usize {
        let ordinal = self.draft.segment_count();
        self.draft.push_at(ordinal, name.to_vec());
        ordinal
    }

    fn raw(&mut self, segment: usize, place: Place, value: &str) {
        self.draft.put(segment, place, value.as_bytes());
    }

    fn number(&mut self, segment: usize, place: Place, number: usize) {
        self.raw(segment, place, &number.to_string());
    }

    /// Text of our own. A line break is a blank there, and what the message cannot hold a question mark or a blank.
    fn text(&mut self, segment: usize, place: Place, text: &str) {
        let reading = self.draft.reading();
        let mut value = Vec::new();
        for character in text.chars() {
            let character = if character.is_control() {
                ' '
            } else {
                character
            };
            match encode(character.encode_utf8(&mut [0; 4]), reading, &mut value) {
                Ok(()) => {}
                Err(EditErrorKind::NoEscape) => value.push(b' '),
                Err(_) => value.push(b'?'),
            }
        }
        self.draft.put(segment, place, &value);
    }
}
