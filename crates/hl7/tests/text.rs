//! Text of values: escapes (HL7 v2.9 §2.7) and character sets (table 0211).
#![allow(clippy::unwrap_used)]

use std::borrow::Cow;
use std::fmt::Write;

use kiln_hl7::{Charset, Format, Index, Message, ParseOptions, Piece, TextError};

/// The text of NTE-3 in a message with that MSH-18.
fn text(charset: &str, value: &[u8]) -> Result<String, TextError> {
    let mut bytes =
        format!("MSH|^~\\&|A|B|C|D|||ADT^A01|1|P|2.5||||||{charset}\rNTE|1||").into_bytes();
    bytes.extend(value);
    bytes.extend(b"|end\r");
    let mut index = Index::new();
    let message = Message::parse(&bytes, &mut index).unwrap();
    assert_eq!(
        message.segment("NTE").unwrap().field(4).raw(),
        b"end",
        "the field must end where it ends"
    );
    let value = message.segment("NTE").unwrap().field(3).value();
    let mut scratch = "left over".to_owned();
    let text = value.text().map(Cow::into_owned);
    assert_eq!(
        value.text_in(&mut scratch).map(str::to_owned),
        text,
        "both ways agree"
    );
    text
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut digits, byte| {
        let _ = write!(digits, "{byte:02X}");
        digits
    })
}

#[test]
fn escapes() {
    let cases = [
        ("plain", "plain"),
        ("a\\F\\b", "a|b"),
        ("\\S\\\\T\\\\R\\\\E\\\\P\\", "^&~\\#"),
        ("Smith \\T\\ Sons", "Smith & Sons"),
        (
            "one\\.br\\two\\.sp\\three\\.sp2\\four\\.sp+3\\five",
            // .sp is .br, and .sp2 goes two lines down.
            "one\ntwo\nthree\n\nfour\n\n\nfive",
        ),
        (
            "\\.ce\\Title\\.in+4\\\\.ti-2\\\\.fi\\\\.nf\\text\\.sk3\\end",
            "\nTitletext   end",
        ),
        ("\\H\\loud\\N\\ and clear", "loud and clear"),
        ("\\X41\\\\X4a4B\\", "AJK"),
        ("line\\X0D0A\\break", "line\r\nbreak"),
        ("\\XC3A9\\t\\XC3A9\\", "été"),
    ];
    for (raw, expected) in cases {
        assert_eq!(text("", raw.as_bytes()).unwrap(), expected, "{raw}");
    }
}

#[test]
fn what_is_no_escape_stays_as_written() {
    for raw in [
        "\\",
        "a\\",
        "a\\F",
        "C:\\dir\\file",
        "\\Q\\",
        "\\FF\\",
        "\\f\\",
        "\\X\\",
        "\\X4\\",
        "\\X4G\\",
        "\\XFF\\",
        "\\Zab12\\",
        "\\C2899\\",
        "\\C2442\\",
        "\\M2842AB\\",
        "\\M24\\",
        "\\.\\",
        "\\.b\\",
        "\\.xy\\",
        "\\.br4\\",
        "\\.in\\",
        "\\.in+-4\\",
        "\\.sp-1\\",
        "\\.sk99999\\",
        "\\.br then text\\",
        "\\\\",
    ] {
        assert_eq!(text("", raw.as_bytes()).unwrap(), raw);
    }
    // A stray delimiter does not spoil the sequence behind it, nor does a kept sequence lend its end to one.
    assert_eq!(text("", b"C:\\dir\\T\\x").unwrap(), "C:\\dir&x");
    assert_eq!(text("", b"\\Zab\\T\\x").unwrap(), "\\Zab\\T\\x");
}

#[test]
fn long_hexadecimal_data_is_whole() {
    let plain = "grüße €, ".repeat(300);
    let digits = hexadecimal(plain.as_bytes());
    assert_eq!(
        text("", format!("<\\X{digits}\\>").as_bytes()).unwrap(),
        format!("<{plain}>")
    );
}

#[test]
fn deeper_delimiters_stay_in_the_text() {
    let mut index = Index::new();
    let message = Message::parse(b"MSH|^~\\&|A\rPID|a\\T\\b^c&d~e\r", &mut index).unwrap();
    let field = message.segment("PID").unwrap().field(1);
    assert_eq!(field.value().text().unwrap(), "a&b^c&d");
    assert_eq!(field.component(2).text().unwrap(), "c&d");
}

#[test]
fn nothing_to_do_borrows() {
    let mut index = Index::new();
    let message = Message::parse("MSH|^~\\&|A\rPID|Mäx|a\\F\\\r".as_bytes(), &mut index).unwrap();
    let pid = message.segment("PID").unwrap();
    assert!(matches!(
        pid.field(1).value().text(),
        Ok(Cow::Borrowed("Mäx"))
    ));
    assert!(matches!(pid.field(2).value().text(), Ok(Cow::Owned(_))));
    let mut scratch = String::new();
    assert_eq!(pid.field(1).value().text_in(&mut scratch).unwrap(), "Mäx");
    assert_eq!(scratch, "", "the scratch is not touched");
}

#[test]
fn character_sets() {
    // Bytes and characters from the standards' code charts.
    let cases: &[(&str, &[u8], &str)] = &[
        ("ASCII", b"Marlow", "Marlow"),
        ("UNICODE UTF-8", "Ægir 東".as_bytes(), "Ægir 東"),
        ("8859/1", b"Stra\xDFe \xE9\x80", "Straße é\u{80}"),
        ("8859/2", b"\xA3\xF3d\xBC", "Łódź"),
        ("8859/3", b"\xA6\xB6", "Ĥĥ"),
        ("8859/4", b"\xAA\xBA", "Ēē"),
        ("8859/5", b"\xBC\xDE\xE1\xDA\xD2\xD0", "Москва"),
        ("8859/6", b"\xE5", "م"),
        ("8859/7", b"\xE1\xE2", "αβ"),
        ("8859/8", b"\xF9\xEC", "של"),
        ("8859/9", b"\xDD\xFE\xF0\xE9", "İşğé"),
        ("8859/15", b"\xA4 \xA6", "€ Š"),
        ("GB 18030-2000", b"\xD6\xD0\xCE\xC4", "中文"),
        ("BIG-5", b"\xA4\xA4\xA4\xE5", "中文"),
        ("KS X 1001", b"\xB1\xE8", "김"),
    ];
    for (charset, raw, expected) in cases {
        assert_eq!(text(charset, raw).unwrap(), *expected, "{charset}");
        let mut escaped = raw.to_vec();
        escaped.extend(b"\\T\\");
        assert_eq!(
            text(charset, &escaped).unwrap(),
            format!("{expected}&"),
            "{charset}"
        );
        let digits = hexadecimal(raw);
        assert_eq!(
            text(charset, format!("\\X{digits}\\").as_bytes()).unwrap(),
            *expected,
            "{charset}"
        );
    }
}

#[test]
fn second_bytes_that_look_like_delimiters_are_no_delimiters() {
    // The second bytes are the escape, the field and the component delimiter.
    assert_eq!(text("BIG-5", b"\xA5\x5C\xAF\xE0").unwrap(), "功能");
    assert_eq!(text("BIG-5", b"x\xB5\x7Cy").unwrap().chars().count(), 3);
    assert_eq!(text("BIG-5", b"x\xA4\x5Ey").unwrap().chars().count(), 3);
    assert_eq!(
        text("GB 18030-2000", b"x\x81\x7Cy")
            .unwrap()
            .chars()
            .count(),
        3
    );
}

#[test]
fn undecodable_bytes_are_placed() {
    // 0xA1 is not assigned in ISO 8859-6 (0xAC is the first that is).
    let error = text("8859/6", b"ab\xA1").unwrap_err();
    let begin = "MSH|^~\\&|A|B|C|D|||ADT^A01|1|P|2.5||||||8859/6\rNTE|1||".len();
    assert_eq!(
        error,
        TextError {
            charset: Charset::Arabic,
            offset: begin + 2
        }
    );
    let error = text("8859/6", b"ab\\T\\c\xA1").unwrap_err();
    assert_eq!(error.offset, begin + 6);
    assert!(error.to_string().contains("8859/6"));
}

#[test]
fn the_site_says_what_undeclared_means() {
    let mut index = Index::new();
    let options = ParseOptions {
        default_charset: Charset::Latin1,
        ..ParseOptions::default()
    };
    let message = Message::parse_with(b"MSH|^~\\&|A\rPID|M\xE4rz\r", &mut index, options).unwrap();
    assert_eq!(
        message
            .segment("PID")
            .unwrap()
            .field(1)
            .value()
            .text()
            .unwrap(),
        "März"
    );
}

#[test]
fn charset_names_read_back() {
    // Table 0211.
    for name in [
        "ASCII",
        "8859/1",
        "8859/2",
        "8859/3",
        "8859/4",
        "8859/5",
        "8859/6",
        "8859/7",
        "8859/8",
        "8859/9",
        "8859/15",
        "ISO IR14",
        "ISO IR87",
        "ISO IR159",
        "GB 18030-2000",
        "KS X 1001",
        "BIG-5",
        "UNICODE UTF-8",
        "UNICODE UTF-16",
    ] {
        assert_eq!(Charset::from_name(name).unwrap().to_string(), name);
    }
    for unsupported in ["UNICODE UTF-32", "CNS 11643-1992", "8859/10", ""] {
        assert_eq!(Charset::from_name(unsupported), None);
    }
}

#[test]
fn formatted_text_is_told_piece_by_piece() {
    // Figure 2-3 of chapter 2, shortened; the numbers hang in a margin of four.
    let raw =
        "\\.in+4\\\\.ti-4\\ 1. Within normal limits.\\.br\\\\.ti-4\\ 2. Lung fields \\T\\ more.";
    let bytes = format!("MSH|^~\\&|A\rNTE|1||{raw}\\Z7a\\\\.sp2\\\\.ce\\\\.nf\\\\.fi\\\\.sk3\\\r");
    let mut index = Index::new();
    let message = Message::parse(bytes.as_bytes(), &mut index).unwrap();
    let note = message.segment("NTE").unwrap().field(3).value();
    let pieces: Vec<Piece<'_>> = note.pieces().collect::<Result<_, _>>().unwrap();
    let text = |text: &str| Piece::Text(text.to_owned());
    let format = Piece::Format;
    assert_eq!(
        pieces,
        [
            format(Format::Indent(4)),
            format(Format::TemporaryIndent(-4)),
            text(" 1. Within normal limits."),
            format(Format::Break),
            format(Format::TemporaryIndent(-4)),
            text(" 2. Lung fields & more."),
            Piece::Local(b"7a"),
            format(Format::Space(2)),
            format(Format::Center),
            format(Format::NoFill),
            format(Format::Fill),
            format(Format::Skip(3)),
        ]
    );
    assert_eq!(
        note.text().unwrap(),
        " 1. Within normal limits.\n 2. Lung fields & more.\\Z7a\\\n\n\n   "
    );
}

#[test]
fn a_piece_that_cannot_be_decoded_is_placed_and_the_last() {
    let mut index = Index::new();
    let bytes = b"MSH|^~\\&||||||||||||||||8859/6\rNTE|1||a\\H\\b\xA1\\N\\c";
    let message = Message::parse(bytes, &mut index).unwrap();
    let note = message.segment("NTE").unwrap().field(3).value();
    let pieces: Vec<_> = note.pieces().collect();
    assert_eq!(pieces.len(), 3);
    assert_eq!(pieces[2].as_ref().unwrap_err().offset, 43);
    assert_eq!(bytes[43], 0xA1);
}

#[test]
fn truncated_values_say_so() {
    let mut index = Index::new();
    let message = Message::parse(b"MSH|^~\\&#|A\rPID|long na#|no\\P\\|n^a#|", &mut index).unwrap();
    let pid = message.segment("PID").unwrap();
    assert!(pid.field(1).value().is_truncated());
    assert!(!pid.field(2).value().is_truncated());
    assert_eq!(pid.field(2).value().text().unwrap(), "no#");
    assert!(!pid.field(3).component(1).is_truncated());
    assert!(pid.field(3).component(2).is_truncated());
    assert!(!message.msh().field(2).value().is_truncated());
    let undeclared = Message::parse(b"MSH|^~\\&|A\rPID|#", &mut index).unwrap();
    assert!(
        !undeclared
            .segment("PID")
            .unwrap()
            .field(1)
            .value()
            .is_truncated()
    );
}
