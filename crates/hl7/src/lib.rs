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
//! Acknowledgment { code: AckCode::AA, errors: &[], control_id: "K1", at: "20240501083001" }.answer(&message, &mut ack);
//! assert_eq!(ack, b"MSH|^~\\&|C|D|A|B|20240501083001||ACK^A01^ACK|K1|P|2.3\rMSA|AA|42\r");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
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
mod scan;
mod segment;
pub mod types;
mod value;

pub use ack::{AckCode, AckError, Acknowledgment, ErrorCode, ErrorLocation, Severity};
pub use charset::{Charset, utf8_from_utf16};
pub use conformance::{Conformance, Deviation, DeviationCode};
pub use delimiters::Delimiters;
pub use edit::{Draft, EditError, EditErrorKind};
pub use error::{ParseError, ParseErrorKind, TextError};
pub use escape::{Format, Piece};
pub use field::Field;
pub use header::Header;
#[doc(hidden)]
pub use index::kernel::Kernel;
pub use index::{Index, MAX_FIELD_SEPARATORS, MAX_SEGMENTS};
pub use message::{Message, ParseOptions};
#[cfg(feature = "mllp")]
pub use mllp::{Commit, FrameStatistics, GARBAGE_REPORT_BYTES, HEAD_BYTES, MllpCodec, MllpEvent};
pub use path::{Path, PathError};
pub use segment::Segment;
pub use value::{Level, Presence, Value};
