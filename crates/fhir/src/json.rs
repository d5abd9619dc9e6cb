//! Writing JSON text.

/// Appends `text` as the inside of a JSON string (RFC 8259 §7). Control characters that FHIR strings may not hold
/// (FHIR R4, datatypes, string) are left out.
pub(crate) fn escape(text: &str, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    if is_plain(bytes) {
        out.extend_from_slice(bytes);
        return;
    }
    let mut start = 0;
    for (n, &byte) in bytes.iter().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.extend_from_slice(&bytes[start..n]);
        start = n + 1;
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            _ => {}
        }
    }
    out.extend_from_slice(&bytes[start..]);
}

/// What [`append`] copies at once.
pub(crate) const BLOCK_BYTES: usize = 32;

/// Appends the first `length` bytes of `from`. Most are few: they are copied as a block of a size that the compiler knows,
/// without a call, and what came along is cut off.
#[inline]
pub(crate) fn append(from: &[u8], length: usize, out: &mut Vec<u8>) {
    match from.first_chunk::<BLOCK_BYTES>() {
        Some(block) if length <= BLOCK_BYTES => {
            let end = out.len() + length;
            out.extend_from_slice(block);
            out.truncate(end);
        }
        _ => out.extend_from_slice(&from[..length]),
    }
}

/// Appends `text` as a JSON string; `plain`: it stands there as it is.
pub(crate) fn string(text: &str, plain: bool, out: &mut Vec<u8>) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    if plain {
        out.extend_from_slice(text.as_bytes());
    } else {
        escape(text, out);
    }
    out.push(b'"');
}

/// Whether a text stands in a JSON string as it is: nearly all do. Asked of eight bytes at a time, the last of them again.
pub(crate) fn is_plain(bytes: &[u8]) -> bool {
    let Some(last) = bytes.last_chunk() else {
        let mut bytes = bytes.iter();
        return bytes.all(|byte| *byte >= 0x20 && *byte != b'"' && *byte != b'\\');
    };
    let (words, _) = bytes.as_chunks();
    words
        .iter()
        .fold(special(*last), |all, word| all | special(*word))
        == 0
}

/// The high bits of those bytes that are quotes, backslashes or control characters; and, below such a one, perhaps others.
fn special(word: [u8; 8]) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    let word = u64::from_le_bytes(word);
    let below = |bound: u64, word: u64| word.wrapping_sub(ONES * bound) & !word;
    let is = |byte: u8| below(1, word ^ (ONES * u64::from(byte)));
    (below(0x20, word) | is(b'"') | is(b'\\')) & HIGH
}

/// Appends a number that is not negative.
pub(crate) fn number(n: u64, out: &mut Vec<u8>) {
    let mut digits = [0_u8; 20];
    let (mut at, mut rest) = (digits.len(), n);
    loop {
        at -= 1;
        digits[at] = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}
