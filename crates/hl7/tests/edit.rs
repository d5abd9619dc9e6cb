//! Changing and building messages: what is set is read, and nothing else moves.
#![allow(clippy::unwrap_used)]

use kiln_hl7::{Charset, Delimiters, Draft, EditErrorKind, Index, Message, Path, Presence};
use proptest::prelude::*;

const MESSAGE: &str = "MSH|^~\\&|LAB|NORTH|EHR|NORTH|20240501||ADT^A01|7|P|2.5\r\
                       PID|1||47^^^N^MR~88^^^A&B^NH||Marlow^Ida||1970|\"\"\r\
                       OBX|1|NM|a||1\rOBX|2|NM|b||2||\r";

fn path(text: &str) -> Path {
    text.parse().unwrap()
}

/// The message after one edit.
fn edited(
    bytes: &[u8],
    edit: impl FnOnce(&mut Draft<'_>) -> Result<(), kiln_hl7::EditError>,
) -> Vec<u8> {
    let mut index = Index::new();
    let mut draft = Draft::from(Message::parse(bytes, &mut index).unwrap());
    edit(&mut draft).unwrap();
    draft.to_bytes()
}

/// One edit of [`MESSAGE`]: what stood there, and what stands there now.
fn replaced(
    edit: impl FnOnce(&mut Draft<'_>) -> Result<(), kiln_hl7::EditError>,
    before: &str,
    after: &str,
) {
    assert_eq!(MESSAGE.matches(before).count(), 1, "{before} is one place");
    let bytes = edited(MESSAGE.as_bytes(), edit);
    assert_eq!(
        String::from_utf8(bytes).unwrap(),
        MESSAGE.replace(before, after)
    );
}

fn refused(bytes: &[u8], at: &str, text: &str) -> EditErrorKind {
    let mut index = Index::new();
    let mut draft = Draft::from(Message::parse(bytes, &mut index).unwrap());
    let error = draft.set(&path(at), text).expect_err("must be refused");
    assert_eq!(error.path, Some(path(at)));
    assert_eq!(
        draft.to_bytes(),
        bytes,
        "an edit that fails changes nothing"
    );
    assert!(error.to_string().starts_with(at), "{error}");
    assert!(text.is_empty() || !error.to_string().contains(text));
    error.kind
}

#[test]
fn a_value_is_changed_at_each_level() {
    let set = |at: &'static str, text: &'static str| {
        move |draft: &mut Draft<'_>| draft.set(&path(at), text)
    };
    replaced(set("PID-5", "Doe"), "Marlow^Ida", "Doe");
    replaced(set("PID-5.2", "Ada"), "^Ida", "^Ada");
    replaced(set("PID-3[2]", "9"), "88^^^A&B^NH", "9");
    replaced(set("PID-3[2].4", "C"), "A&B", "C");
    replaced(set("PID-3[2].4.2", "C"), "A&B", "A&C");
    replaced(set("PID-3[2].4.1", ""), "A&B", "&B");
    replaced(set("OBX[2]-3", "c"), "|b|", "|c|");
    replaced(set("MSH-10", "8"), "|7|P", "|8|P");
}

#[test]
fn what_is_not_there_yet_is_reached() {
    let set = |at: &'static str| move |draft: &mut Draft<'_>| draft.set(&path(at), "x");
    replaced(set("PID-5.4"), "Marlow^Ida", "Marlow^Ida^^x");
    replaced(set("PID-5.1.3"), "Marlow^", "Marlow&&x^");
    replaced(set("PID-3[4].2"), "B^NH", "B^NH~~^x");
    replaced(set("OBX[1]-8[2].2.2"), "|a||1", "|a||1|||~^&x");
    replaced(set("OBX[2]-9"), "b||2||", "b||2||||x");
    replaced(set("MSH-13"), "P|2.5", "P|2.5|x");
    // A separator beyond the last field is kept, and counts.
    replaced(set("OBX[2]-7"), "b||2||", "b||2||x");
}

#[test]
fn delimiters_and_controls_are_escaped() {
    replaced(
        |draft| draft.set(&path("PID-5.1"), "a|b^c~d\\e&f"),
        "Marlow",
        "a\\F\\b\\S\\c\\R\\d\\E\\e\\T\\f",
    );
    replaced(
        |draft| draft.set(&path("PID-5.1"), "one\ntwo\u{b}\u{1c}\t#"),
        "Marlow",
        "one\\.br\\two\\X0B\\\\X1C\\\t#",
    );
    assert_eq!(
        edited(b"MSH!*%$@#!A\rNTE!\r", |draft| draft
            .set(&path("NTE-1"), "!*%$@#|")),
        b"MSH!*%$@#!A\rNTE!$F$$S$$R$$E$$T$$P$|\r"
    );
    // The point of a formatting command would divide it here.
    assert_eq!(
        edited(b"MSH|.~\\&|A\rNTE|\r", |draft| draft
            .set(&path("NTE-1"), "a\nb")),
        b"MSH|.~\\&|A\rNTE|a\\X0A\\b\r"
    );
}

#[test]
fn null_empty_and_two_quotes_are_three_things() {
    replaced(|draft| draft.set_null(&path("PID-5")), "Marlow^Ida", "\"\"");
    let bytes = edited(MESSAGE.as_bytes(), |draft| {
        draft.set(&path("PID-5"), "\"\"")
    });
    let mut index = Index::new();
    let message = Message::parse(&bytes, &mut index).unwrap();
    let name = message.get(&path("PID-5")).unwrap();
    assert_eq!(name.presence(), Presence::Valued);
    assert_eq!(name.text().unwrap(), "\"\"");
}

#[test]
fn raw_values_bring_their_parts_but_no_delimiter_above() {
    replaced(
        |draft| draft.set_raw(&path("PID-5"), b"a&b^c\\T\\"),
        "Marlow^Ida",
        "a&b^c\\T\\",
    );
    replaced(
        |draft| draft.set_field_raw(&path("PID-3"), b"1~2^3"),
        "47^^^N^MR~88^^^A&B^NH",
        "1~2^3",
    );
    let mut index = Index::new();
    let mut draft = Draft::from(Message::parse(MESSAGE.as_bytes(), &mut index).unwrap());
    for (at, raw, offset) in [
        ("PID-5", &b"a~b"[..], 1),
        ("PID-5", b"ab|", 2),
        ("PID-5.1", b"a&b^c", 3),
        ("PID-5.1.1", b"a&b", 1),
        ("PID-5", b"a\rNTE", 1),
        ("PID-5", b"a\nNTE", 1),
    ] {
        assert_eq!(
            draft.set_raw(&path(at), raw).unwrap_err().kind,
            EditErrorKind::Delimiter { offset }
        );
    }
    assert_eq!(
        draft.set_raw(&path("PID-5"), b"a\xE4").unwrap_err().kind,
        EditErrorKind::Charset {
            charset: Charset::Utf8,
            offset: 1
        }
    );
    assert_eq!(draft.to_bytes(), MESSAGE.as_bytes());
}

#[test]
fn segments_come_and_go() {
    let bytes = edited(MESSAGE.as_bytes(), |draft| {
        assert_eq!(draft.ordinal("OBX", 2), Some(3));
        assert_eq!(draft.ordinal("OBX", 3), None);
        draft.remove_segment(3)?;
        draft.insert_segment(2, "PV1|1|I")?;
        draft.push_segment("ZPI")?;
        draft.set(&path("ZPI-2"), "x")
    });
    let lines: Vec<&str> = std::str::from_utf8(&bytes).unwrap().split('\r').collect();
    let before: Vec<&str> = MESSAGE.split('\r').collect();
    assert_eq!(
        lines,
        [before[0], before[1], "PV1|1|I", before[2], "ZPI||x", ""]
    );
}

#[test]
fn line_ends_are_the_messages() {
    let push = |bytes: &[u8]| edited(bytes, |draft| draft.push_segment("NTE"));
    assert_eq!(
        push(b"MSH|^~\\&|A\r\nPID\r\n"),
        b"MSH|^~\\&|A\r\nPID\r\nNTE\r\n"
    );
    assert_eq!(push(b"MSH|^~\\&|A\nPID"), b"MSH|^~\\&|A\nPID\nNTE");
    assert_eq!(push(b"MSH|^~\\&|A"), b"MSH|^~\\&|A\rNTE");
    assert_eq!(
        push(b"MSH|^~\\&|A\r\n\r\n  "),
        b"MSH|^~\\&|A\r\n\r\n  \r\nNTE\r\n"
    );
    assert_eq!(
        edited(b"\xEF\xBB\xBF\r MSH|^~\\&|A\n\nPID|1\n \nPV1", |draft| {
            draft.remove_segment(1)
        }),
        b"\xEF\xBB\xBF\r MSH|^~\\&|A\n\nPV1"
    );
}

#[test]
fn what_cannot_be_is_refused() {
    use EditErrorKind as E;
    let message = MESSAGE.as_bytes();
    assert_eq!(refused(message, "ZZZ-1", "x"), E::NoSegment);
    assert_eq!(refused(message, "OBX[3]-1", "x"), E::NoSegment);
    for declaration in ["MSH-1", "MSH-2", "MSH-18", "MSH-20"] {
        assert_eq!(refused(message, declaration, "x"), E::Declaration);
    }
    for far in ["PID-4294967295", "PID-5[5000]", "PID-5.2.4294967295"] {
        assert_eq!(refused(message, far, "x"), E::TooFar);
    }
    let bare = b"MSH|^\rPID|a\r";
    assert_eq!(refused(bare, "PID-1", "b|"), E::NoEscape);
    assert_eq!(refused(bare, "PID-1[2]", "b"), E::NoDelimiter);
    assert_eq!(refused(bare, "PID-1.1.2", "b"), E::NoDelimiter);
    let mut index = Index::new();
    let mut draft = Draft::from(Message::parse(message, &mut index).unwrap());
    for (ordinal, raw, kind) in [
        (0, "PID", E::HeaderPlace),
        (1, "MSH|^~\\&", E::HeaderPlace),
        (1, "PI", E::BadSegmentName),
        (1, "1ID", E::BadSegmentName),
        (1, "PIDX", E::BadSegmentName),
        (1, "", E::BadSegmentName),
        (1, "NTE|a\rNTE", E::Delimiter { offset: 5 }),
    ] {
        assert_eq!(draft.insert_segment(ordinal, raw).unwrap_err().kind, kind);
    }
    assert_eq!(draft.remove_segment(0).unwrap_err().kind, E::HeaderPlace);
    assert_eq!(draft.remove_segment(4).unwrap_err().kind, E::NoSegment);
    assert_eq!(draft.to_bytes(), message);
}

#[test]
fn text_is_written_in_the_messages_character_set() {
    let message = |charset: &str| format!("MSH|^~\\&||||||||||||||||{charset}\rNTE|1\r");
    for (charset, text, raw) in [
        ("8859/1", "Zoë", &b"Zo\xEB"[..]),
        ("8859/2", "Ł", b"\xA3"),
        ("8859/9", "ğ", b"\xF0"),
        ("8859/15", "€", b"\xA4"),
        ("UNICODE UTF-8", "€", b"\xE2\x82\xAC"),
        ("BIG-5", "許", b"\xB3\x5C"),
        ("GB 18030-2000", "张", b"\xD5\xC5"),
        ("KS X 1001", "김", b"\xB1\xE8"),
    ] {
        let bytes = edited(message(charset).as_bytes(), |draft| {
            draft.set(&path("NTE-3"), text)
        });
        assert!(
            bytes.ends_with(&[b"NTE|1||", raw, b"\r"].concat()),
            "{charset}"
        );
    }
    for (charset, text, offset) in [("ASCII", "Zoë", 2), ("8859/1", "5 €", 2), ("BIG-5", "ë", 0)]
    {
        let kind = refused(message(charset).as_bytes(), "NTE-3", text);
        let charset = Charset::from_name(charset).unwrap();
        assert_eq!(kind, EditErrorKind::Charset { charset, offset });
    }
}

#[test]
fn a_cut_character_takes_no_delimiter() {
    // 0xA4 begins a character of Big5, and `|` would be its second byte.
    let message = b"MSH|^~\\&||||||||||||||||BIG-5\rNTE|\xA4\r";
    assert_eq!(refused(message, "NTE-2", "x"), EditErrorKind::CutCharacter);
    let mut index = Index::new();
    let mut draft = Draft::from(Message::parse(message, &mut index).unwrap());
    assert!(draft.set_raw(&path("NTE-1"), b"\xA4").is_err());
    draft.set(&path("NTE-1"), "mended").unwrap();
    draft.set(&path("NTE-2"), "x").unwrap();
    assert!(draft.to_bytes().ends_with(b"NTE|mended|x\r"));
}

#[test]
fn a_message_is_built_from_nothing() {
    let mut draft = Draft::new(Delimiters::RECOMMENDED, Charset::Latin1);
    draft.set(&path("MSH-9.1"), "ADT").unwrap();
    draft.set(&path("MSH-9.2"), "A08").unwrap();
    draft.push_segment("PID").unwrap();
    draft.set(&path("PID-5.1"), "Müller & Söhne").unwrap();
    assert_eq!(
        draft.to_bytes(),
        b"MSH|^~\\&|||||||ADT^A08|||||||||8859/1\rPID|||||M\xFCller \\T\\ S\xF6hne\r"
    );
    assert_eq!(
        Draft::new(Delimiters::RECOMMENDED, Charset::Ascii).to_bytes(),
        b"MSH|^~\\&\r"
    );
}

/// Messages in any of the delimiters, character sets and line ends, with blemishes that must survive.
fn message() -> impl Strategy<Value = Vec<u8>> {
    let delimiters = prop::sample::select(&["|^~\\&", "|^~\\&#", "!$%*@", "|^", "|.~\\&"][..]);
    let charset =
        prop::sample::select(&["", "8859/1", "8859/7", "BIG-5", "GB 18030-2000", "ISO IR87"][..]);
    let end = prop::sample::select(&["\r", "\n", "\r\n", "\r\n \r\n"][..]);
    let before = prop::sample::select(&["", "\u{feff}", "\r\n "][..]);
    let segment = "(PID|NTE|OBX|ZZ1)(F[a-z^~&\\\\\" ]{0,8}){0,6}";
    let segments = prop::collection::vec(segment, 0..5);
    (before, delimiters, charset, segments, end, any::<bool>()).prop_map(
        |(before, delimiters, charset, segments, end, closed)| {
            let field = &delimiters[..1];
            let header = format!("MSH{delimiters}{}{charset}", field.repeat(16));
            let mut text = format!("{before}{header}");
            for segment in segments {
                text += end;
                text += &segment.replace('F', field);
            }
            if closed {
                text += end;
            }
            text.into_bytes()
        },
    )
}

fn some_path() -> impl Strategy<Value = Path> {
    "(PID|NTE|OBX|MSH|ZZ1)(\\[2\\])?-[1-9](\\[[1-3]\\])?(\\.[1-4](\\.[1-3])?)?"
        .prop_map(|text| path(&text))
}

proptest! {
    #[test]
    fn writing_a_parsed_message_is_the_identity(bytes in message()) {
        let mut index = Index::new();
        let message = Message::parse(&bytes, &mut index).unwrap();
        prop_assert_eq!(Draft::from(message).to_bytes(), bytes);
    }

    #[test]
    fn what_is_set_is_read_and_the_rest_stays(
        bytes in message(), at in some_path(), text in "\\PC{0,8}|[|^~\\\\&\"#.\r\n\t\u{b}\u{1c}a]{0,6}",
    ) {
        let mut index = Index::new();
        let message = Message::parse(&bytes, &mut index).unwrap();
        let mut draft = Draft::from(message);
        if draft.set(&at, &text).is_err() {
            prop_assert_eq!(draft.to_bytes(), bytes);
            return Ok(());
        }
        let written = draft.to_bytes();
        let mut index = Index::new();
        let edited = Message::parse(&written, &mut index).unwrap();
        prop_assert_eq!(edited.get(&at).unwrap().text().unwrap(), text);
        // Everything before the old value is there, and everything behind it.
        let old = message.get(&at).unwrap();
        prop_assert_eq!(&written[..old.offset()], &bytes[..old.offset()]);
        let behind = &bytes[old.offset() + old.raw().len()..];
        prop_assert!(written.ends_with(behind));
        // The other segments are as they were, and so are the other values of this one.
        let same = message.segments().zip(edited.segments()).filter(|(a, b)| a.raw() == b.raw()).count();
        prop_assert!(same + 1 >= message.segment_count());
        for number in (1..10).filter(|number| *number != at.field()) {
            let name = format!("{}[{}]-{number}", at.segment(), at.occurrence());
            let [before, after] = [message, edited].map(|message| message.get(&path(&name)).unwrap().raw());
            prop_assert_eq!(before, after);
        }
    }

    #[test]
    fn setting_twice_is_setting_once(bytes in message(), at in some_path(), one in "[a-z|^]{0,4}", two in "[a-z|^]{0,4}") {
        let mut index = Index::new();
        let message = Message::parse(&bytes, &mut index).unwrap();
        let (mut twice, mut once) = (Draft::from(message), Draft::from(message));
        if twice.set(&at, &one).is_ok() && once.set(&at, &two).is_ok() {
            twice.set(&at, &two).unwrap();
            prop_assert_eq!(twice.to_bytes(), once.to_bytes());
        }
    }

    #[test]
    fn a_raw_value_set_back_is_the_identity(bytes in message(), at in some_path()) {
        let mut index = Index::new();
        let message = Message::parse(&bytes, &mut index).unwrap();
        let mut draft = Draft::from(message);
        if let Some(value) = message.get(&at).filter(|value| value.presence() != Presence::Absent)
            && draft.set_raw(&at, value.raw()).is_ok()
        {
            prop_assert_eq!(draft.to_bytes(), bytes);
        }
    }

    #[test]
    fn an_inserted_segment_taken_out_again_leaves_the_message(bytes in message(), ordinal in 1usize..6) {
        let mut index = Index::new();
        let message = Message::parse(&bytes, &mut index).unwrap();
        let mut draft = Draft::from(message);
        draft.insert_segment(ordinal, "NTE").unwrap();
        let longer = draft.to_bytes();
        prop_assert_eq!(Message::parse(&longer, &mut Index::new()).unwrap().segment_count(), message.segment_count() + 1);
        draft.remove_segment(ordinal.min(message.segment_count())).unwrap();
        let shorter = draft.to_bytes();
        // The line end before the inserted one may have come with it.
        prop_assert!(shorter.starts_with(&bytes));
        prop_assert!(shorter[bytes.len()..].iter().all(u8::is_ascii_whitespace));
    }
}
