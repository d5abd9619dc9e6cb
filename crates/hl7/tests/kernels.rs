//! Every kernel that this processor can run finds what a reader by hand finds.
#![allow(clippy::unwrap_used)]

use kiln_hl7::{Index, Kernel, Message, ParseErrorKind};
use proptest::prelude::*;

/// A segment as one finds it byte by byte: its offset, its bytes, its fields' offsets and bytes.
type Segment = (usize, Vec<u8>, Vec<(usize, Vec<u8>)>);

/// The oracle: chapter 2 of the standard, a byte at a time. `None` where a line is no segment.
fn by_hand(bytes: &[u8]) -> Option<Vec<Segment>> {
    let field = bytes[3];
    let mut segments = Vec::new();
    let mut start = 0;
    for end in 0..=bytes.len() {
        if end < bytes.len() && bytes[end] != b'\r' && bytes[end] != b'\n' {
            continue;
        }
        let line = &bytes[start..end];
        if !line.iter().all(|&byte| byte == b' ' || byte == b'\t') {
            let name = line.split(|&byte| byte == field).next().unwrap_or_default();
            let named = name.len() == 3
                && name[0].is_ascii_alphabetic()
                && name.iter().all(u8::is_ascii_alphanumeric);
            if !named {
                return None;
            }
            let mut fields = Vec::new();
            let mut at = start;
            for text in line.split(|&byte| byte == field) {
                fields.push((at, text.to_vec()));
                at += text.len() + 1;
            }
            segments.push((start, line.to_vec(), fields.split_off(1)));
        }
        start = end + 1;
    }
    Some(segments)
}

fn by_kernel(kernel: Kernel, bytes: &[u8], index: &mut Index) -> Option<Vec<Segment>> {
    match Message::parse(bytes, index) {
        Ok(message) => Some(
            message
                .segments()
                .map(|segment| {
                    // The first field of MSH is its separator, which no splitting by hand gives.
                    let declares = ["MSH", "FHS", "BHS"].contains(&segment.name());
                    let fields = segment
                        .fields()
                        .skip(usize::from(declares))
                        .map(|field| (field.offset(), field.raw().to_vec()))
                        .collect();
                    (segment.offset(), segment.raw().to_vec(), fields)
                })
                .collect(),
        ),
        Err(error) => {
            assert_eq!(
                error.kind,
                ParseErrorKind::BadSegmentName,
                "{}",
                kernel.name()
            );
            None
        }
    }
}

fn all_agree(bytes: &[u8]) {
    let expected = by_hand(bytes);
    for kernel in Kernel::available() {
        let mut index = Index::with_kernel(kernel);
        let found = by_kernel(kernel, bytes, &mut index);
        assert!(found == expected, "{} differs", kernel.name());
    }
}

/// Segments that are long, short, or hardly there, with each line end; sometimes a line that is none.
fn messages() -> impl Strategy<Value = Vec<u8>> {
    let field = prop::sample::select(&b"||||!#"[..]);
    let end = prop_oneof![
        8 => Just("\r"), 2 => Just("\n"), 2 => Just("\r\n"), 1 => Just("\r\r"), 1 => Just("\r \t\r"),
    ];
    let value = prop_oneof![
        3 => Just(String::new()),
        4 => "[a-z^~&]{1,9}",
        1 => "[A-Za-z0-9+/]{60,200}",
        1 => "[äöü€]{1,9}",
    ];
    let name = prop_oneof![30 => "[A-Z][A-Z0-9]{2}", 1 => "[a-zA-Z1 ]{0,4}"];
    let segment = (name, prop::collection::vec(value, 0..12), end);
    // Interpreted, one byte takes as long as a message does.
    let most = if cfg!(miri) { 4 } else { 30 };
    (
        field,
        prop::collection::vec(segment, 0..most),
        any::<bool>(),
    )
        .prop_map(|(field, segments, ended)| {
            let mut text = "MSH|^~\\&|A|B\r".replace('|', &char::from(field).to_string());
            for (name, values, end) in &segments {
                text.push_str(name);
                for value in values {
                    text.push(char::from(field));
                    text.push_str(value);
                }
                text.push_str(end);
            }
            if !ended {
                text.truncate(text.trim_end_matches(['\r', '\n']).len());
            }
            text.into_bytes()
        })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 4 } else { 128 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn kernels_find_what_a_reader_by_hand_finds(bytes in messages()) {
        all_agree(&bytes);
    }
}

/// Every length around a block and around a chunk, each with marks on both sides of the seam.
#[test]
fn seams_between_blocks_and_chunks_do_not_show() {
    let lengths: Vec<usize> = if cfg!(miri) {
        vec![63, 65]
    } else {
        (12..150).chain(4094..4099).chain([8191, 8193]).collect()
    };
    for length in lengths {
        for pattern in ["|", "|\rNTE|x", "\rZ01", "\r\nZ01|a", "\r", "abcdefghij|"] {
            let mut text = "MSH|^~\\&|A\rNTE|".to_owned();
            while text.len() < length {
                text.push_str(pattern);
            }
            text.truncate(length);
            all_agree(text.as_bytes());
        }
    }
}

/// Bytes that differ from a delimiter in one bit, or carry into a neighbour when compared eight at a time.
#[test]
fn no_byte_is_taken_for_a_delimiter() {
    let mut text = "MSH|^~\\&|A|||||||||||||||8859/1\rNTE"
        .to_owned()
        .into_bytes();
    let step = if cfg!(miri) { 17 } else { 1 };
    for byte in (0..=255)
        .step_by(step)
        .filter(|byte| !matches!(byte, b'\r' | b'\n'))
    {
        for neighbour in [b'|', b'\0', b'\xFF', byte ^ 1, byte ^ 0x80] {
            if !matches!(neighbour, b'\r' | b'\n') {
                text.extend([b'|', byte, neighbour, byte]);
            }
        }
        text.extend(b"\rNTE");
    }
    all_agree(&text);
}

#[test]
fn the_index_names_its_kernels() {
    let names: Vec<&str> = Kernel::available().into_iter().map(Kernel::name).collect();
    println!("kernels tested: {}", names.join(", "));
    assert_eq!(names.last(), Some(&"portable"));
}
