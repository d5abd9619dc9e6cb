//! HL7v2 messages and MLLP frames: a zero-copy parser, a framing codec and an acknowledgment builder.
//!
//! # HL7v2 in one screen
//!
//! Hospitals tell each other what happens (an admission, a result, a booking) in HL7v2 messages: text in lines called
//! *segments*, each named by three letters. A segment's *fields* stand between `|`; a field may *repeat* (`~`); a
//! repetition has *components* (`^`) and those have *subcomponents* (`&`). The first segment, MSH, says in its first
//! bytes which delimiters the rest of the message uses. A delimiter inside a value is written as an *escape*: `\F\`
//! is a `|`.
//!
//! ```text
//! MSH|^~\&|LAB|NORTH|EHR|NORTH|20240501083000||ADT^A01^ADT_A01|7001|P|2.5.1
//! PID|1||4711^^^NORTH^MR~88-1^^^NHS^NH||Marlow&van&Marlow^Ida||19700101|F
//!        └ PID-3 ──────────────────┘   └ PID-5 ───────────┘
//!        4711 is PID-3.1, 88-1 is PID-3[2].1, NORTH is PID-3.4
//! ```
//!
//! On the wire each message is wrapped in a *frame* (MLLP: 0x0B, the message, 0x1C 0x0D) and answered by an
//! acknowledgment, a small message with an MSA segment.
//!
//! # Reading a message
//!
//! ```
//! use kiln_hl7::{Index, Message, Path, Presence};
//!
//! let bytes = b"MSH|^~\\&|LAB|NORTH|EHR|NORTH|20240501083000||ADT^A01^ADT_A01|7001|P|2.5.1\r\
//!               PID|1||4711^^^NORTH^MR~88-1^^^NHS^NH||Marlow^Ida||19700101|\"\"\r\
//!               NK1|1|Smith \\T\\ Sons^Bo\r";
//! let mut index = Index::new(); // keep it: once warm, parsing allocates nothing
//! let message = Message::parse(bytes, &mut index)?;
//!
//! assert_eq!(message.header().trigger_event().text()?, "A01");
//!
//! let second_id: Path = "PID-3[2].1".parse()?;
//! assert_eq!(message.get(&second_id).unwrap().text()?, "88-1");
//!
//! let pid = message.segment("PID").unwrap();
//! let authorities = pid.field(3).repetitions().map(|id| id.part(4).raw());
//! assert!(authorities.eq([&b"NORTH"[..], b"NHS"]));
//!
//! // Not sent, sent empty, and "delete what you have" are three things.
//! assert_eq!(pid.field(6).presence(), Presence::Empty);
//! assert_eq!(pid.field(8).presence(), Presence::Null);
//! assert_eq!(pid.field(30).presence(), Presence::Absent);
//!
//! // Escapes and character sets are resolved when text is asked for, and only then.
//! let name = message.segment("NK1").unwrap().field(2).component(1);
//! assert_eq!(name.raw(), b"Smith \\T\\ Sons");
//! assert_eq!(name.text()?, "Smith & Sons");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # An ORU, picked apart
//!
//! A result message (`ORU^R01`) is a patient, then each order (OBR) with its observations (OBX) behind it. Segments come
//! in order, so one pass does:
//!
//! ```
//! # use kiln_hl7::{Index, Message};
//! # let bytes = b"MSH|^~\\&|LAB|NORTH|EHR|NORTH|20240501||ORU^R01^ORU_R01|7002|P|2.5.1\rPID|1||4711^^^NORTH^MR\r\
//! #               OBR|1|||58410-2^CBC panel^LN\rOBX|1|NM|718-7^Hemoglobin^LN||13.1|g/dL|12-16||||F\r\
//! #               OBX|2|NM|4544-3^Hematocrit^LN||39|%|36-46|N|||F\r";
//! let mut index = Index::new();
//! let message = Message::parse(bytes, &mut index)?;
//! let (mut order, mut lines) = (String::new(), Vec::new());
//! for segment in message.segments() {
//!     match segment.name() {
//!         "OBR" => order = segment.field(4).component(2).text()?.into_owned(),
//!         "OBX" => {
//!             let [code, value, unit] = [3, 5, 6].map(|number| segment.field(number).component(1).text());
//!             lines.push(format!("{order}: {} = {} {}", code?, value?, unit?));
//!         }
//!         _ => {}
//!     }
//! }
//! assert_eq!(lines, ["CBC panel: 718-7 = 13.1 g/dL", "CBC panel: 4544-3 = 39 %"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Changing and building
//!
//! A [`Draft`] changes a message by path, and what is not changed stays byte for byte: line ends, blank lines, unusual
//! escapes and all.
//!
//! ```
//! use kiln_hl7::{Charset, Delimiters, Draft, Index, Message};
//!
//! let bytes = b"MSH|^~\\&|LAB|NORTH\r\nPID|1||4711^^^NORTH^MR||Marlow^Ida\r\nPV1|1|I\r\n";
//! let mut index = Index::new();
//! let mut draft = Draft::from(Message::parse(bytes, &mut index)?);
//! draft.set(&"PID-5.1".parse()?, "Marlow & Sons")?;
//! draft.remove_segment(2)?;
//! assert_eq!(
//!     draft.to_bytes(),
//!     b"MSH|^~\\&|LAB|NORTH\r\nPID|1||4711^^^NORTH^MR||Marlow \\T\\ Sons^Ida\r\n"
//! );
//!
//! let mut built = Draft::new(Delimiters::RECOMMENDED, Charset::Utf8);
//! built.set(&"MSH-9.1".parse()?, "ADT")?;
//! built.push_segment("PID|1")?;
//! built.set(&"PID-5.2".parse()?, "Zoë")?;
//! assert_eq!(built.to_bytes(), "MSH|^~\\&|||||||ADT|||||||||UNICODE UTF-8\rPID|1||||^Zoë\r".as_bytes());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The rest of the encoding rules
//!
//! | to | use |
//! |---|---|
//! | read composite data types, dates and numbers | [`types`]: `Cx::from(value).id_number()` |
//! | show formatted text with its indents and highlighting | [`Value::pieces`] |
//! | read text in any character set of MSH-18, switched inside a value or not | [`Value::text`] |
//! | read a file in UTF-16 | [`utf8_from_utf16`] |
//! | say where in a message the byte at an offset is | [`Message::path_at`], [`ParseError::path_in`] |
//! | know, or refuse, what deviates from the standard | [`Message::deviations`], [`Conformance`] |
//! | read batches and check their counts | [`batch`] |
//! | join messages that came in fragments | [`Continuation`] |
//!
//! # Frames and acknowledgments
//!
//! ```
//! use bytes::BytesMut;
//! use kiln_hl7::{AckCode, Acknowledgment, Index, Message, MllpCodec, MllpEvent};
//! use tokio_util::codec::Decoder;
//!
//! let mut codec = MllpCodec::new(1024 * 1024);
//! let mut received = BytesMut::from(&b"\x0bMSH|^~\\&|A|B|C|D|||ADT^A01|42|P|2.3\r\x1c\r"[..]);
//! let Some(MllpEvent::Frame(frame)) = codec.decode(&mut received)? else { panic!("a whole frame is there") };
//!
//! let mut index = Index::new();
//! let message = Message::parse(&frame, &mut index)?;
//! let mut ack = Vec::new();
//! Acknowledgment { code: AckCode::AA, errors: &[], expected_sequence_number: None, control_id: "K1", at: "20240501083001" }.answer(&message, &mut ack);
//! assert_eq!(ack, b"MSH|^~\\&|C|D|A|B|20240501083001||ACK^A01^ACK|K1|P|2.3\rMSA|AA|42\r");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The codec counts what came ([`FrameStatistics`]), and speaks release 2 of MLLP, with its commit acknowledgments, when
//! [told to](MllpCodec::release_2).
//!
//! # How a message lies in memory
//!
//! ```text
//! yours     bytes     MSH|^~\&|LAB ... ␍PID|1||4711^^^NORTH ... ␍      one buffer, as received
//!                     ▲  ▲        ▲   ▲   ▲ ▲▲
//! kept by   Index     └──┴────────┴───┴───┴─┴┴── places of field separators and line ends, 4 bytes each,
//! you                                            and of segments: filled in one pass, reused for the next message
//! on the    Message, Segment, Field, Value       a few words each, pointing into both; copied, never freed
//! stack
//! ```
//!
//! A field is two reads of the index. Its repetitions, components and subcomponents are found when they are asked for,
//! because most never are; text is decoded when it is asked for, and borrowed when there is nothing to decode.
//!
//! # What it guarantees
//!
//! - No input makes it panic, and nothing in a message is dropped silently: a line that is no segment is an error that
//!   names the byte offset.
//! - Errors never carry the content of a message.
//! - The message's bytes are borrowed, never copied. A field is found in constant time; components are split when asked for.
//! - Once its [`Index`] is warm, [`Message::parse`] and every read but [`Value::text`] on escaped or non-UTF-8 values
//!   allocate nothing; [`Value::text_in`] covers those with a buffer of the caller's.
//! - The codec takes linear time however the bytes arrive, and holds at most one frame of the size limit.
//! - It does no I/O and reads no clock.

mod ack;
pub mod batch;
mod charset;
mod conformance;
mod continuation;
mod delimiters;
mod edit;
mod error;
mod escape;
mod field;
mod header;
mod index;
mod locate;
mod message;
#[cfg(feature = "mllp")]
mod mllp;
mod path;
mod reading;
mod scan;
mod segment;
pub mod types;
mod value;

pub use ack::{AckCode, AckError, Acknowledgment, ErrorCode, ErrorLocation, Severity};
pub use charset::{Charset, utf8_from_utf16};
pub use conformance::{Conformance, Deviation, DeviationCode};
pub use continuation::{Continuation, ContinuationError, Continuity, MAX_CONTINUED};
pub use delimiters::Delimiters;
pub use edit::{Draft, EditError, EditErrorKind, MAX_PADDING};
pub use error::{ParseError, ParseErrorKind, TextError};
pub use escape::{Format, Piece};
pub use field::Field;
pub use header::Header;
#[doc(hidden)]
pub use index::kernel::Kernel;
pub use index::{Index, MAX_FIELD_SEPARATORS, MAX_SEGMENTS};
pub use message::{Message, ParseOptions};
#[cfg(feature = "mllp")]
pub use mllp::{
    Commit, FrameStatistics, Frames, GARBAGE_REPORT_BYTES, HEAD_BYTES, MllpCodec, MllpEvent,
};
pub use path::{Path, PathError};
pub use segment::Segment;
pub use value::{Level, Presence, Value};
