//! Character sets that are switched within a value (MSH-18 repeated, MSH-20; HL7 v2.9 §2.7.2 and tables 0211, 0356),
//! and UTF-16. The Japanese and Korean names are those of the examples in DICOM PS3.5, annexes H and I.
#![allow(clippy::unwrap_used)]

use kiln_hl7::{Charset, Delimiters, Draft, Index, Message, TextError, utf8_from_utf16};

/// A message with that MSH-18 to MSH-20 and that PID-5.
fn message(charset: &str, name: &[u8]) -> Vec<u8> {
    let mut bytes = format!("MSH|^~\\&||||||||||||||||{charset}\rPID|1||||").into_bytes();
    bytes.extend(name);
    bytes.extend(b"|19700101|M\rPV1|1\r");
    bytes
}

/// The components of PID-5's repetitions.
fn components(charset: &str, name: &[u8]) -> Result<Vec<Vec<String>>, TextError> {
    let bytes = message(charset, name);
    let mut index = Index::new();
    let message = Message::parse(&bytes, &mut index).unwrap();
    let pid = message.segment("PID").unwrap();
    assert_eq!(pid.field(6).raw(), b"19700101", "PID-5 ends where it ends");
    assert_eq!(message.segment_count(), 3);
    pid.field(5)
        .repetitions()
        .map(|name| {
            name.parts()
                .map(|part| part.text().map(std::borrow::Cow::into_owned))
                .collect()
        })
        .collect()
}

#[test]
fn japanese_by_iso_2022() {
    // The bytes of the Kana hold `^` and `&`, of the Kanji `|` is possible: none is a delimiter.
    let name =
        b"Yamada^Tarou~\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B~\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B";
    let expected = [
        vec!["Yamada", "Tarou"],
        vec!["山田", "太郎"],
        vec!["やまだ", "たろう"],
    ];
    for charset in [
        "ISO IR87",
        "ASCII~ISO IR87||ISO 2022-1994",
        "~ISO IR87",
        "ISO IR14~ISO IR87~ISO IR159||ISO 2022-1994",
        "UNICODE UTF-8~ISO IR87",
        "||ISO 2022-1994",
    ] {
        assert_eq!(components(charset, name).unwrap(), expected, "{charset}");
    }
}

#[test]
fn japanese_by_hl7_escapes() {
    let name = b"Yamada^Tarou~\\M2442\\;3ED\\C2842\\^\\M2442\\B@O:\\C2842\\~\\M2442\\$d$^$@\\C2842\\^\\M2442\\$?$m$&\\C284A\\";
    let expected = [
        vec!["Yamada", "Tarou"],
        vec!["山田", "太郎"],
        vec!["やまだ", "たろう"],
    ];
    for charset in ["ASCII~ISO IR87||2.3", "ISO IR87"] {
        assert_eq!(components(charset, name).unwrap(), expected, "{charset}");
    }
    // Announced or not, what is written is read; only delimiters could not be told apart.
    assert_eq!(
        components("", b"\\M2442\\;3ED\\C2842\\.").unwrap(),
        [["山田."]]
    );
}

#[test]
fn supplementary_kanji_and_both_kinds_of_kana() {
    // JIS X 0212, 16-01; JIS X 0208's and JIS X 0201's way to write the same syllables.
    let cases: &[(&[u8], &str)] = &[
        (b"\x1b$(D0!\x1b(B", "丂"),
        (b"\\M242844\\0!\\C2842\\", "丂"),
        (b"\x1b$@;3\x1b(B", "山"),
        (b"\x1b(ITO@^[3\x1b(B", "ﾔﾏﾀﾞﾛｳ"),
        (b"\x1b)I\xD4\xCF\xC0\xDE", "ﾔﾏﾀﾞ"),
        (b"\\C2949\\\xD4\xCF\xC0\xDE", "ﾔﾏﾀﾞ"),
    ];
    for (raw, expected) in cases {
        assert_eq!(
            components("ISO IR87~ISO IR159", raw).unwrap(),
            [[*expected]]
        );
    }
    // Romaji is ASCII but for two characters, and its delimiters are delimiters.
    assert_eq!(
        components("ISO IR14", b"a\\E\\~\x1b(Jb\x5C").unwrap(),
        [["a\\"], ["b¥"]]
    );
    assert_eq!(
        components("ISO IR14", b"\xD4\xCF\xC0\xDE^\xC0\xDB\xB3").unwrap(),
        [["ﾔﾏﾀﾞ", "ﾀﾛｳ"]]
    );
}

#[test]
fn korean_by_iso_2022() {
    let name = b"Hong^Gildong~\x1b$)C\xFB\xF3^\x1b$)C\xD1\xCE\xD4\xD7~\x1b$)C\xC8\xAB^\x1b$)C\xB1\xE6\xB5\xBF";
    assert_eq!(
        components("ASCII~KS X 1001||ISO 2022-1994", name).unwrap(),
        [["Hong", "Gildong"], ["洪", "吉洞"], ["홍", "길동"]]
    );
}

#[test]
fn parts_of_8859_beside_each_other() {
    // From the code charts: Cyrillic and Greek capital letters.
    for (charset, raw) in [
        (
            "8859/1~8859/5~8859/7||ISO 2022-1994",
            &b"\xC4\x1b-L\xB0\x1b-F\xC1^\xC4"[..],
        ),
        (
            "8859/1~8859/5~8859/7||2.3",
            b"\xC4\\C2D4C\\\xB0\\C2D46\\\xC1^\xC4",
        ),
    ] {
        // Behind a delimiter the message's own set is in use again.
        assert_eq!(components(charset, raw).unwrap(), [["ÄАΑ", "Ä"]]);
        let bytes = message(charset, raw);
        let mut index = Index::new();
        let parsed = Message::parse(&bytes, &mut index).unwrap();
        let whole = parsed.segment("PID").unwrap().field(5).value();
        assert_eq!(whole.text().unwrap(), "ÄАΑ^Ä");
    }
}

#[test]
fn text_of_several_sets_and_escapes() {
    assert_eq!(
        components("~ISO IR87", b"\x1b$B;3\x1b(B \\T\\ \x1b$BED\x1b(B\\.br\\x").unwrap(),
        [["山 & 田\nx"]]
    );
    // Hexadecimal data is in the message's character set, switches and all.
    assert_eq!(
        components("~ISO IR87", b"\\X1B24423B331B2842\\!").unwrap(),
        [["山!"]]
    );
}

#[test]
fn what_cannot_be_decoded_is_placed() {
    let begin = message("~ISO IR87", b"").len() - "|19700101|M\rPV1|1\r".len();
    for (raw, place) in [
        (&b"ab\x1b$B;3\x29\x21\x1b(B"[..], 7), // row 9 is not assigned
        (b"ab\x1b$B;3;\x1b(B", 7),             // half a character
        (b"ab\x1b%G", 2),                      // a switch that is not known here
        (b"\x1b(I\x70\x1b(B", 3),              // beyond the last Kana
        (b"\\M2442\\;3\x29\x21\\C2842\\", 9),
    ] {
        let error = components("ASCII~ISO IR87", raw).unwrap_err();
        assert_eq!(error.offset, begin + place + "ASCII".len(), "{raw:?}");
    }
    assert_eq!(
        components("ISO IR87", b"a\xE9").unwrap_err().charset,
        Charset::JisX0208
    );
}

#[test]
fn esc_is_a_character_where_nothing_switches() {
    assert_eq!(
        components("", b"\x1b$B;3^x").unwrap(),
        [["\u{1b}$B;3", "x"]]
    );
}

#[test]
fn a_line_end_ends_what_is_not_switched_back() {
    let mut index = Index::new();
    let bytes = b"MSH|^~\\&||||||||||||||||ISO IR87\rPID|\x1b$B;3\rPV1|1\r";
    let message = Message::parse(bytes, &mut index).unwrap();
    assert_eq!(message.segment_count(), 3);
    assert_eq!(message.segment("PV1").unwrap().field(1).raw(), b"1");
}

#[test]
fn utf16_is_utf8_at_the_edge() {
    let text = "\r\nMSH|^~\\&||||||||||||||||UNICODE UTF-16\rPID|山田𠮷\r";
    for mark in ["", "\u{feff}"] {
        for order in [u16::to_be_bytes, u16::to_le_bytes] {
            let sent = format!("{mark}{text}");
            let bytes: Vec<u8> = sent.encode_utf16().flat_map(order).collect();
            let mut buffer = String::new();
            let utf8 = utf8_from_utf16(&bytes, &mut buffer).unwrap();
            assert_eq!(utf8, text.as_bytes());
            let mut index = Index::new();
            let message = Message::parse(utf8, &mut index).unwrap();
            assert_eq!(message.charset(), Charset::Utf16);
            let pid = message.segment("PID").unwrap();
            assert_eq!(pid.field(1).value().text().unwrap(), "山田𠮷");
        }
    }
}

#[test]
fn broken_utf16_is_placed() {
    let sent: Vec<u16> = "MSH|".encode_utf16().chain([0xD842, 0x41]).collect();
    let mut buffer = String::new();
    let bytes: Vec<u8> = sent.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    let expected = TextError {
        charset: Charset::Utf16,
        offset: 8,
    };
    assert_eq!(utf8_from_utf16(&bytes, &mut buffer), Err(expected));
    assert_eq!(utf8_from_utf16(&bytes[..9], &mut buffer), Err(expected));
}

#[test]
fn what_is_written_into_a_message_that_switches_reads_back() {
    let bytes = message("~ISO IR87", b"");
    let mut index = Index::new();
    let path = "PID-5.1".parse().unwrap();
    let name = "Yamada & 山田, やまだ\n";
    let mut japanese = Draft::new(Delimiters::RECOMMENDED, Charset::JisX0208);
    japanese.push_segment("PID|1").unwrap();
    japanese.set(&path, name).unwrap();
    let written = japanese.to_bytes();
    let mut read = Index::new();
    let parsed = Message::parse(&written, &mut read).unwrap();
    assert_eq!(parsed.get(&path).unwrap().text().unwrap(), name);
    // Neither JIS X 0208 nor ASCII has these, or only with a delimiter in it, or they would switch.
    for foreign in ["é", "¥", "ﾔ", "\u{1b}"] {
        assert!(japanese.set(&path, foreign).is_err(), "{foreign:?}");
    }
    // The messages' own sets, where they only switch away.
    let mut draft = Draft::from(Message::parse(&bytes, &mut index).unwrap());
    draft.set(&path, "山é").unwrap();
    assert!(draft.set(&path, "\u{1b}").is_err());
    let bytes = message("8859/1~8859/5", b"");
    let mut draft = Draft::from(Message::parse(&bytes, &mut index).unwrap());
    draft.set(&path, "é").unwrap();
}
