//! The public surface, held fast: what is written here compiles in a caller's code and must go on compiling. Whoever has to
//! change a line, other than by adding one, breaks callers: the next version is a major one (README, semantic versioning).
#![cfg(feature = "mllp")]

use std::borrow::Cow;
use std::error::Error;
use std::fmt::{Debug, Display};
use std::hash::Hash;
use std::io;
use std::str::FromStr;

use bytes::{Bytes, BytesMut};
use kiln_hl7::types::{Cx, Date, DateTime, Number, Precision, Time, TypeError, Xpn};
use kiln_hl7::{
    AckCode, AckError, Acknowledgment, Charset, Commit, Conformance, Continuation,
    ContinuationError, Continuity, Delimiters, Deviation, DeviationCode, Draft, EditError,
    EditErrorKind, ErrorCode, ErrorLocation, Field, Format, FrameStatistics, Frames, Header, Index,
    Level, Message, MllpCodec, MllpEvent, ParseError, ParseErrorKind, ParseOptions, Path,
    PathError, Piece, Presence, Segment, Severity, TextError, Value, batch, utf8_from_utf16,
};
use tokio_util::codec::{Decoder, Encoder};

/// A function of exactly this type.
fn is<F>(_: F) {}

fn anywhere<T: Send + Sync + Unpin + Debug>() {}

fn plain<T: Send + Sync + Copy + Debug>() {}

fn comparable<T: Copy + Eq + Hash>() {}

fn shown<T: Display>() {}

fn writes<'p>(_: impl Encoder<&'p [u8]> + Encoder<Bytes> + Encoder<Commit>) {}

fn error<T: Error + Send + Sync + Clone + PartialEq + 'static>() {}

#[test]
fn reading() {
    type Parse<'a> = fn(&'a [u8], &'a mut Index) -> Result<Message<'a>, ParseError>;
    type ParseWith<'a> =
        fn(&'a [u8], &'a mut Index, ParseOptions) -> Result<Message<'a>, ParseError>;
    is::<Parse<'_>>(Message::parse);
    is::<ParseWith<'_>>(Message::parse_with);
    is::<fn() -> Index>(Index::new);
    is::<for<'m> fn(&'m Message<'static>) -> &'static [u8]>(Message::bytes);
    is::<for<'m> fn(&'m Message<'static>) -> Option<&'static str>>(Message::plain_text);
    is::<for<'m> fn(&'m Message<'static>) -> Delimiters>(Message::delimiters);
    is::<for<'m> fn(&'m Message<'static>) -> Charset>(Message::charset);
    is::<for<'m> fn(&'m Message<'static>) -> usize>(Message::segment_count);
    is::<for<'m> fn(&'m Message<'static>, usize) -> Option<Segment<'static>>>(Message::segment_at);
    is::<for<'m, 'n> fn(&'m Message<'static>, &'n str) -> Option<Segment<'static>>>(
        Message::segment,
    );
    is::<for<'m> fn(&'m Message<'static>) -> Segment<'static>>(Message::msh);
    is::<for<'m> fn(&'m Message<'static>) -> Header<'static>>(Message::header);
    is::<for<'m, 'p> fn(&'m Message<'static>, &'p Path) -> Option<Value<'static>>>(Message::get);
    is::<for<'m> fn(&'m Message<'static>, usize) -> Option<Path>>(Message::path_at);

    is::<for<'s> fn(&'s Segment<'static>) -> &'static str>(Segment::name);
    is::<for<'s> fn(&'s Segment<'static>) -> &'static [u8]>(Segment::raw);
    is::<for<'s> fn(&'s Segment<'static>, usize) -> Field<'static>>(Segment::field);
    is::<for<'s> fn(&'s Segment<'static>) -> usize>(Segment::field_count);
    is::<for<'f> fn(&'f Field<'static>, usize) -> Value<'static>>(Field::repetition);
    is::<for<'f> fn(&'f Field<'static>, usize) -> Value<'static>>(Field::component);
    is::<for<'f> fn(&'f Field<'static>) -> Value<'static>>(Field::value);
    is::<for<'f> fn(&'f Field<'static>) -> Presence>(Field::presence);
    is::<for<'v> fn(&'v Value<'static>, usize) -> Value<'static>>(Value::part);
    is::<for<'v> fn(&'v Value<'static>) -> Level>(Value::level);
    is::<for<'v> fn(&'v Value<'static>) -> &'static [u8]>(Value::raw);
    is::<for<'v> fn(&'v Value<'static>) -> usize>(Value::offset);
    is::<for<'v> fn(&'v Value<'static>) -> Result<Cow<'static, str>, TextError>>(Value::text);

    plain::<(Message<'_>, Segment<'_>, Field<'_>, Value<'_>, Header<'_>)>();
    plain::<(ParseOptions, Conformance, Delimiters, Deviation)>();
    comparable::<(Level, Presence, Charset, DeviationCode)>();
    anywhere::<(Index, Piece<'_>, Format)>();
    error::<ParseError>();
    error::<ParseErrorKind>();
    error::<TextError>();
    error::<PathError>();
}

#[test]
fn paths_and_types() {
    type Parsed = Result<Path, PathError>;
    is::<fn(&str) -> Parsed>(Path::from_str);
    is::<fn(&Path) -> &str>(Path::segment);
    is::<fn(&Path) -> Option<usize>>(Path::component);
    anywhere::<(Path, Cx<'_>, Xpn<'_>)>();
    plain::<(Date, DateTime, Time, Precision, Number<'_>)>();
    shown::<Path>();
    is::<fn(Value<'_>) -> Result<Option<DateTime>, TypeError>>(DateTime::from_value);
}

#[test]
fn writing() {
    is::<fn(Message<'static>) -> Draft<'static>>(Draft::from);
    is::<fn(Delimiters, Charset) -> Draft<'static>>(Draft::new);
    is::<for<'d, 'p, 't> fn(&'d mut Draft<'static>, &'p Path, &'t str) -> Result<(), EditError>>(
        Draft::set,
    );
    is::<for<'d> fn(&'d mut Draft<'static>, usize) -> Result<(), EditError>>(Draft::remove_segment);
    is::<for<'d> fn(&'d Draft<'static>) -> Vec<u8>>(Draft::to_bytes);
    anywhere::<Draft<'_>>();
}

#[test]
fn frames() {
    type Decoded = Result<Option<MllpEvent>, io::Error>;
    is::<fn(usize) -> MllpCodec>(MllpCodec::new);
    is::<fn(MllpCodec) -> MllpCodec>(MllpCodec::release_2);
    is::<for<'c> fn(&'c MllpCodec) -> &'c FrameStatistics>(MllpCodec::statistics);
    is::<for<'c, 'b> fn(&'c mut MllpCodec, &'b mut BytesMut) -> Decoded>(MllpCodec::decode);
    writes(MllpCodec::new(1));
    is::<fn(&'static [u8]) -> Frames<'static>>(Frames::new);
    is::<Option<MllpEvent<&'static [u8]>>>(Frames::new(b"").next());
    anywhere::<(MllpCodec, MllpEvent, Frames<'_>, FrameStatistics)>();
}

#[test]
fn answers() {
    type Answer<'f> = fn(&'f Acknowledgment<'f>, &'f Message<'f>, &'f mut Vec<u8>);
    is::<Answer<'_>>(|ack, message, out| ack.answer(message, out));
    // Without `..`: a field more breaks whoever writes one.
    let error = AckError {
        location: Some(ErrorLocation::segment(*b"PID", 1)),
        code: ErrorCode::RequiredFieldMissing,
        severity: Severity::Error,
        text: "",
    };
    let ack = Acknowledgment {
        code: AckCode::AE,
        errors: &[error],
        expected_sequence_number: None,
        control_id: "1",
        at: "2024",
    };
    plain::<Acknowledgment<'_>>();
    assert_eq!((ack.code.as_str(), error.code.code()), ("AE", 101));
}

#[test]
fn batches_fragments_and_files() {
    type Taken = Result<Continuity, ContinuationError>;
    is::<fn(usize) -> Continuation>(Continuation::new);
    is::<for<'c, 'm, 'o> fn(&'c mut Continuation, &'m Message<'m>, &'o mut Vec<u8>) -> Taken>(
        Continuation::take,
    );
    is::<for<'b> fn(&'b [u8], &'b mut String) -> Result<&'b [u8], TextError>>(utf8_from_utf16);
    let mut entries = batch::read(b"");
    is::<Option<batch::Entry<'static>>>(entries.next());
    error::<ContinuationError>();
    error::<EditError>();
    error::<EditErrorKind>();
}

/// Enums without `non_exhaustive`: a variant more breaks whoever matches all.
#[test]
fn closed_enums() {
    let _ = |level: Level| match level {
        Level::Repetition | Level::Component | Level::Subcomponent => {}
    };
    let _ = |presence: Presence| match presence {
        Presence::Absent | Presence::Empty | Presence::Null | Presence::Valued => {}
    };
    let _ = |event: MllpEvent| match event {
        MllpEvent::Frame(_)
        | MllpEvent::Commit(Commit::Ack | Commit::Nak)
        | MllpEvent::Garbage { bytes: _ }
        | MllpEvent::Oversized { head: _, bytes: _ }
        | MllpEvent::Truncated { head: _, bytes: _ } => {}
    };
    let _ = |conformance: Conformance| match conformance {
        Conformance::Strict | Conformance::Tolerant => {}
    };
    let _ = |continuity: Continuity| match continuity {
        Continuity::Whole | Continuity::Joined | Continuity::Waiting => {}
    };
    let _ = |severity: Severity| match severity {
        Severity::Error | Severity::Warning | Severity::Information => {}
    };
}
