//! What is no message is refused with the reason and the byte offset, and without a word of its content.
#![allow(clippy::unwrap_used)]

use kiln_hl7::{
    Charset, Index, MAX_FIELD_SEPARATORS, MAX_SEGMENTS, Message, ParseError, ParseErrorKind,
};

fn refused(bytes: &[u8]) -> ParseError {
    Message::parse(bytes, &mut Index::new()).expect_err("must be refused")
}

#[test]
fn each_mistake_has_its_kind_and_offset() {
    use ParseErrorKind::{
        BadDelimiter, BadSegmentName, DuplicateDelimiter, Empty, NoMsh, TruncatedHeader,
        UnknownCharset, Utf16,
    };
    let cases: &[(&[u8], ParseErrorKind, usize)] = &[
        (b"", Empty, 0),
        (b" \r\n\r\n", Empty, 5),
        (b"\xEF\xBB\xBF", Empty, 3),
        (b"PID|1||7\r", NoMsh, 0),
        (b"\r\nEVN|A01\r", NoMsh, 2),
        (b"GET / HTTP/1.1\r\n", NoMsh, 0),
        (b"MS", NoMsh, 0),
        (b"msh|^~\\&|", NoMsh, 0),
        (b"MSH", TruncatedHeader, 3),
        (b"MSH|", TruncatedHeader, 4),
        (b"MSH|\r", TruncatedHeader, 4),
        (b"MSHA^~\\&A", BadDelimiter, 3),
        (b"MSH\r", BadDelimiter, 3),
        (b"MSH\x01^~\\&\x01", BadDelimiter, 3),
        (b"MSH|^~\x07&|A", BadDelimiter, 6),
        (b"MSH|^~\\&#%|A", BadDelimiter, 9),
        (b"MSH|^ \\&|A", BadDelimiter, 5),
        (b"MSH||~\\&|A", DuplicateDelimiter, 4),
        (b"MSH|^^\\&|A", DuplicateDelimiter, 5),
        (b"MSH|^~\\^|A", DuplicateDelimiter, 7),
        (b"MSH|^~\\&|A\rPI|1\r", BadSegmentName, 11),
        (
            b"MSH|^~\\&|A\rPID|1\rsecond line of a note\r",
            BadSegmentName,
            17,
        ),
        (b"MSH|^~\\&|A\r|1\r", BadSegmentName, 11),
        (b"MSH|^~\\&|A\r1ID|1\r", BadSegmentName, 11),
        (b"MSH|^~\\&|A\rPID1|1\r", BadSegmentName, 11),
        (b"MSH|^~\\&|A\rP\r", BadSegmentName, 11),
        (b"MSH|^~\\&|A\r PID|1\r", BadSegmentName, 11),
        (b"MSH|^~\\&||||||||||||||||KLINGON", UnknownCharset, 24),
        (
            b"MSH|^~\\&||||||||||||||||ASCII~KLINGON|",
            UnknownCharset,
            24,
        ),
        (b"M\0S\0H\0|\0", Utf16, 0),
        (b"\xFF\xFEM\0S\0H\0|\0", Utf16, 0),
    ];
    for (bytes, kind, offset) in cases {
        let shown = String::from_utf8_lossy(bytes);
        assert_eq!(
            refused(bytes),
            ParseError {
                kind: *kind,
                offset: *offset
            },
            "{shown:?}"
        );
    }
}

#[test]
fn invalid_text_is_placed() {
    let error = refused(b"MSH|^~\\&|A\rPID|1||7||M\xE4rz\r");
    assert_eq!(
        error.kind,
        ParseErrorKind::InvalidText {
            charset: Charset::Utf8
        }
    );
    assert_eq!(error.offset, 22);
    let error = refused(b"MSH|^~\\&||||||||||||||||ASCII\rPID|M\xC3\xA4rz\r");
    assert_eq!(
        error.kind,
        ParseErrorKind::InvalidText {
            charset: Charset::Ascii
        }
    );
    assert_eq!(error.offset, 35);
    assert_eq!(
        error.path_in(b"MSH|^~\\&||||||||||||||||ASCII\rPID|M\xC3\xA4rz\r"),
        Some("PID-1".parse().unwrap())
    );
    // Cut off inside a character.
    assert_eq!(refused(b"MSH|^~\\&|A\rPID|\xE2\x82").offset, 15);
}

#[test]
fn segments_without_fields_and_missing_header_fields_are_fine() {
    // MSH-9, 10 and 12 are the receiver's to require: it has to answer.
    for bytes in [
        &b"MSH|^~\\&"[..],
        b"MSH|^~\\&|",
        b"MSH|^~\\&\rPID\rZZ1\r",
        b"MSH|^~\\&\rPv1|i\r",
    ] {
        let mut index = Index::new();
        let message = Message::parse(bytes, &mut index).unwrap();
        assert!(!message.header().control_id().is_valued());
        assert!(!message.header().version().is_valued());
    }
}

#[test]
fn control_characters_are_data() {
    let mut index = Index::new();
    let message = Message::parse(b"MSH|^~\\&|A\rNTE|1||a\0b\x0bc\x1bd\r", &mut index).unwrap();
    assert_eq!(
        message
            .segment("NTE")
            .unwrap()
            .field(3)
            .value()
            .text()
            .unwrap(),
        "a\0b\u{b}c\u{1b}d"
    );
}

#[test]
fn the_index_is_bounded() {
    let mut bytes = b"MSH|^~\\&|".to_vec();
    bytes.resize(bytes.len() + MAX_FIELD_SEPARATORS, b'|');
    assert_eq!(refused(&bytes).kind, ParseErrorKind::TooManyFields);
    let mut bytes = b"MSH|^~\\&|A\r".to_vec();
    bytes.extend(b"NTE\r".repeat(MAX_SEGMENTS));
    assert_eq!(refused(&bytes).kind, ParseErrorKind::TooManySegments);
}

#[test]
fn errors_tell_place_and_remedy_and_no_content() {
    let error = refused(b"MSH|^~\\&|A\rMarlow lives here\r").to_string();
    assert!(
        error.contains("(at byte 11)") && error.contains("\\.br\\"),
        "{error}"
    );
    assert!(!error.contains("Marlow"), "{error}");
}

#[test]
fn debug_output_holds_no_content() {
    let mut index = Index::new();
    let message = Message::parse(b"MSH|^~\\&|A\rPID|Marlow\r", &mut index).unwrap();
    let pid = message.segment("PID").unwrap();
    let shown = format!(
        "{message:?} {pid:?} {:?} {:?}",
        pid.field(1),
        message.header()
    );
    assert!(
        !shown.contains("Marlow") && !shown.contains(&format!("{:?}", b"Marlow")[1..20]),
        "{shown}"
    );
}

#[test]
fn a_refused_message_leaves_the_index_usable() {
    let mut index = Index::new();
    assert!(Message::parse(b"MSH|^~\\&|A\rX\r", &mut index).is_err());
    assert_eq!(
        Message::parse(b"MSH|^~\\&|A\r", &mut index)
            .unwrap()
            .segment_count(),
        1
    );
}
