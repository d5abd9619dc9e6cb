use super::message::{read_segment, with_message};

/// Character sets by the first byte of an input: MSH-18 and, behind it, MSH-20.
const CHARSETS: [&str; 21] = [
    "UNICODE UTF-8",
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
    "GB 18030-2000",
    "BIG-5",
    "KS X 1001",
    "ISO IR14",
    "ISO IR87",
    "ISO IR159",
    "UNICODE UTF-16",
    "ASCII~ISO IR87~ISO IR159||ISO 2022-1994",
    "8859/1~8859/7~KS X 1001||ISO 2022-1994",
];

/// A note with escape sequences, in the character set that the first byte chooses. Text without an escape delimiter
/// is itself; what stands around a sequence stays.
pub fn unescape(input: &[u8]) {
    let Some((&choice, content)) = input.split_first() else {
        return;
    };
    with_note(choice, &[b"<", content, b">"].concat(), |text, charset| {
        assert!(text.starts_with('<'));
        // There `>` may be the second byte of a character, or the message switches to where it is.
        let pairs = ["GB 18030-2000", "BIG-5", "KS X 1001"].contains(&charset);
        let switches = charset.starts_with("ISO IR")
            || charset.ends_with("2022-1994")
            || content
                .windows(2)
                .any(|pair| matches!(pair, b"\\M" | b"\\C"));
        assert!(pairs || switches || text.ends_with('>'));
        if charset.starts_with("UNICODE") && !content.contains(&b'\\') {
            assert_eq!(&text.as_bytes()[1..text.len() - 1], content);
        }
    });
}

/// A note of bytes as they come, in the character set that the first byte chooses. In the parts of ISO 8859 a byte
/// is a character.
pub fn charset(input: &[u8]) {
    let Some((&choice, content)) = input.split_first() else {
        return;
    };
    with_note(choice, content, |text, charset| {
        if charset.starts_with("8859") && !charset.contains('~') && !content.contains(&b'\\') {
            assert_eq!(text.chars().count(), content.len());
        }
    });
}

/// Reads a message with this as NTE-3, and gives the text of it where it is one value in its character set.
fn with_note(choice: u8, content: &[u8], check: impl Fn(&str, &str)) {
    let charset = CHARSETS[usize::from(choice) % CHARSETS.len()];
    let message = [
        b"MSH|^~\\&|A|B|C|D|||ADT^A01|1|P|2.5||||||",
        charset.as_bytes(),
        b"\rNTE|1||",
        content,
        b"|end\r",
    ]
    .concat();
    with_message(&message, |message| {
        let Some(note) = message.segment("NTE") else {
            return;
        };
        read_segment(note, message);
        let note = note.field(3).value();
        if note.raw() == content
            && let Ok(text) = note.text()
        {
            check(&text, charset);
        }
    });
}
