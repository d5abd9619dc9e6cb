//! Files of messages are split without losing a byte of one.

use kiln_hl7::batch::messages;

fn split(bytes: &[u8]) -> Vec<&str> {
    messages(bytes)
        .map(|message| std::str::from_utf8(message).unwrap_or("not text"))
        .collect()
}

#[test]
fn one_or_many_with_any_line_end() {
    for end in ["\r", "\n", "\r\n"] {
        let one = format!("MSH|^~\\&|A{end}PID|1{end}");
        let two = format!("MSH|^~\\&|B{end}");
        assert_eq!(split(one.as_bytes()), [&one]);
        assert_eq!(split(format!("{one}{two}").as_bytes()), [&one, &two]);
        assert_eq!(
            split(format!("\u{feff}{end}{one}{end}{end}{two}{end}").as_bytes()),
            [&one, &two]
        );
    }
    assert_eq!(
        split(b"MSH|^~\\&|A\rPID|1"),
        ["MSH|^~\\&|A\rPID|1"],
        "the last line end may be missing"
    );
}

#[test]
fn frames_are_taken_off() {
    assert_eq!(
        split(b"\x0bMSH|^~\\&|A\rPID|1\r\x1c\r\x0bMSH|^~\\&|B\r\x1c\r\n"),
        ["MSH|^~\\&|A\rPID|1\r", "MSH|^~\\&|B\r"]
    );
    assert_eq!(
        split(b"\x0bMSH|^~\\&|A\x1c\x0bMSH|^~\\&|B\x1c"),
        ["MSH|^~\\&|A", "MSH|^~\\&|B"]
    );
}

#[test]
fn batch_segments_are_left_out() {
    let file = b"FHS|^~\\&|L\rBHS|^~\\&|L\rMSH|^~\\&|A\rPID|1\rMSH|^~\\&|B\rBTS|2\rBHS|^~\\&|L\rMSH|^~\\&|C\rBTS|1\rFTS|2\r";
    assert_eq!(
        split(file),
        ["MSH|^~\\&|A\rPID|1\r", "MSH|^~\\&|B\r", "MSH|^~\\&|C\r"]
    );
}

#[test]
fn nothing_is_skipped_silently() {
    assert_eq!(
        split(b"hello\nworld\nMSH|^~\\&|A\n"),
        ["hello\nworld\n", "MSH|^~\\&|A\n"]
    );
    assert_eq!(split(b"PID|1\r"), ["PID|1\r"]);
    assert_eq!(
        split(b"MSH|^~\\&|A\rMSHX|1\r"),
        ["MSH|^~\\&|A\rMSHX|1\r"],
        "MSHX names no message"
    );
}

#[test]
fn blanks_are_no_message() {
    assert!(split(b"").is_empty());
    assert!(split(b" \r\n\x0b\x1c\r\xEF\xBB\xBF").is_empty());
    assert!(split(b"FHS|^~\\&|L\rFTS|0\r").is_empty());
}
