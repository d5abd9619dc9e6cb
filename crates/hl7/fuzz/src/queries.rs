use kiln_hl7::{Message, Path};

use super::message::with_message;

/// The first line is a path, the rest a message. Reading by path gives what splitting by hand gives.
pub fn queries(input: &[u8]) {
    let Some(end) = input.iter().position(|&byte| byte == b'\n') else {
        return;
    };
    let Some(path) = std::str::from_utf8(&input[..end])
        .ok()
        .and_then(|text| text.parse::<Path>().ok())
    else {
        return;
    };
    assert_eq!(path.to_string().parse(), Ok(path));
    with_message(&input[end + 1..], |message| {
        if message.plain_text().is_some() {
            let found = message.get(&path);
            let by_hand = by_hand(message, &path);
            assert_eq!(found.is_some(), by_hand.is_some());
            if let (Some(found), Some(by_hand)) = (found, by_hand) {
                assert_eq!(found.raw(), by_hand.unwrap_or_default());
            }
        }
    });
}

/// Chapter 2 word by word: lines, then each delimiter in turn. `None`: no such segment; `Some(None)`: not reached.
fn by_hand<'a>(message: &Message<'a>, path: &Path) -> Option<Option<&'a [u8]>> {
    let delimiters = message.delimiters();
    let text = message
        .bytes()
        .strip_prefix(b"\xEF\xBB\xBF")
        .unwrap_or(message.bytes());
    let segment = text
        .trim_ascii_start()
        .split(|byte| matches!(byte, b'\r' | b'\n'))
        .filter(|line| line.starts_with(path.segment().as_bytes()))
        .nth(path.occurrence() - 1)?;
    let declares = [&b"MSH"[..], b"FHS", b"BHS"].contains(&path.segment().as_bytes());
    let literal = declares && path.field() <= 2;
    let mut fields = segment.split(|&byte| byte == delimiters.field);
    let field = match path.field() {
        1 if declares => segment.get(3..4),
        number => fields.nth(number - usize::from(declares)),
    };
    let part = |value: Option<&'a [u8]>, number: usize, delimiter: Option<u8>| {
        let delimiter = delimiter.filter(|_| !literal);
        value?
            .split(|&byte| Some(byte) == delimiter)
            .nth(number - 1)
    };
    let repetition = part(field, path.repetition(), delimiters.repetition);
    let Some(component) = path.component() else {
        return Some(repetition);
    };
    let component = part(repetition, component, Some(delimiters.component));
    let Some(subcomponent) = path.subcomponent() else {
        return Some(component);
    };
    Some(part(component, subcomponent, delimiters.subcomponent))
}
