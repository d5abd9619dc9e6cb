//! Once warm, reading a message allocates nothing.
// An allocator that counts cannot be written without it.
#![allow(unsafe_code)]
#![allow(clippy::unwrap_used)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use kiln_hl7::{Index, MAX_FIELD_SEPARATORS, Message, ParseErrorKind};

thread_local! {
    // Of this thread, so that the test runner's own do not count.
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
    static LIVE_BYTES: Cell<usize> = const { Cell::new(0) };
    static MOST_BYTES: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

fn allocated(bytes: usize) {
    ALLOCATIONS.with(|count| count.set(count.get() + 1));
    LIVE_BYTES.with(|live| {
        live.set(live.get() + bytes);
        MOST_BYTES.with(|most| most.set(most.get().max(live.get())));
    });
}

fn freed(bytes: usize) {
    // What another thread allocated may be freed here.
    LIVE_BYTES.with(|live| live.set(live.get().saturating_sub(bytes)));
}

// SAFETY: everything is passed on to the system allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        allocated(layout.size());
        // SAFETY: the caller's promise, passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        freed(layout.size());
        // SAFETY: the caller's promise, passed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // Old and new may both be there for a moment.
        allocated(new_size);
        freed(layout.size());
        // SAFETY: the caller's promise, passed on.
        unsafe { System.realloc(pointer, layout, new_size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

const PATHS: [&str; 20] = [
    "MSH-3",
    "MSH-7",
    "MSH-9.1",
    "MSH-9.2",
    "MSH-10",
    "MSH-12",
    "PID-3.1",
    "PID-3[2].4.1",
    "PID-5.1",
    "PID-5.2",
    "PID-7",
    "PID-8",
    "PID-11.1",
    "PID-11.3",
    "OBX[1]-3.1",
    "OBX[1]-5",
    "OBX[2]-5",
    "OBX[2]-6",
    "OBX[3]-5",
    "PV1-2",
];

#[test]
fn parse_and_twenty_reads_allocate_nothing() {
    let mut messages = Vec::new();
    for number in 0..50 {
        let notes = "OBX|1|NM|8867-4^Heart rate^LN||71|/min\\T\\x\r".repeat(number % 7);
        for charset in ["UNICODE UTF-8", "8859/1", "8859/5", "BIG-5"] {
            messages.push(
                [
                    format!("MSH|^~\\&|LAB|N|E|S|20240501||ORU^R01^ORU_R01|{number}|P|2.5.1||||||{charset}\r").as_bytes(),
                    b"PID|1||47^^^N^MR~88^^^A&B^NH||Mar\\T\\low^",
                    if charset == "UNICODE UTF-8" { "Zoë".as_bytes() } else { b"\xC4\xD6" },
                    b"^\\X41\\||1970|F|||1 High St^^Town\r",
                    notes.as_bytes(),
                    b"OBX|9|FT|x||one\\.br\\two\rPV1|1|I\r",
                ]
                .concat(),
            );
        }
    }
    let paths = PATHS.map(|path| path.parse().unwrap());
    let (mut index, mut scratch) = (Index::new(), String::new());
    let mut round = || {
        let mut length = 0;
        for bytes in &messages {
            let message = Message::parse(bytes, &mut index).unwrap();
            for path in &paths {
                length += message
                    .get(path)
                    .map_or(0, |value| value.text_in(&mut scratch).unwrap().len());
            }
        }
        length
    };
    let warm = round();
    let before = ALLOCATIONS.with(Cell::get);
    let again = round();
    let allocations = ALLOCATIONS.with(Cell::get) - before;
    assert_eq!(again, warm);
    assert!(warm > 10_000, "something was read");
    assert_eq!(allocations, 0);
}

/// The most that parsing `bytes` holds beyond them, and what came of it.
fn held_by_parsing(bytes: &[u8], index: &mut Index) -> (usize, Result<(), ParseErrorKind>) {
    let before = LIVE_BYTES.with(Cell::get);
    MOST_BYTES.with(|most| most.set(before));
    let parsed = Message::parse(bytes, index).map(drop);
    let held = MOST_BYTES.with(Cell::get) - before;
    (held, parsed.map_err(|error| error.kind))
}

#[test]
fn sixteen_mebibytes_of_separators_take_no_sixty_four() {
    const MIB: usize = 1 << 20;
    for separator in ["|", "\r"] {
        let bytes = format!("MSH|^~\\&{}", separator.repeat(16 * MIB)).into_bytes();
        let (held, parsed) = held_by_parsing(&bytes, &mut Index::new());
        assert_eq!(parsed, Err(ParseErrorKind::TooManyFields));
        // The tape before and after it grew for the last time, and little beside.
        assert!(held < 33 * MIB, "{held} bytes");
    }
    // As many as there may be.
    let bytes = format!("MSH|^~\\&{}", "|".repeat(MAX_FIELD_SEPARATORS - 1)).into_bytes();
    let (held, parsed) = held_by_parsing(&bytes, &mut Index::new());
    assert_eq!(parsed, Ok(()));
    assert!(held < 33 * MIB, "{held} bytes");
}

#[test]
fn a_large_document_takes_a_small_index() {
    let bytes = format!(
        "MSH|^~\\&|A\rOBX|1|ED|x||^^^Base64^{}\r",
        "QUJD".repeat(4 << 20)
    )
    .into_bytes();
    let (held, parsed) = held_by_parsing(&bytes, &mut Index::new());
    assert_eq!(parsed, Ok(()));
    assert!(held < 128 * 1024, "{held} bytes");
}

#[cfg(feature = "mllp")]
#[test]
fn frames_of_a_buffer_are_cut_and_indexed_without_allocating() {
    let frame = |n: usize| format!("\x0bMSH|^~\\&|A|||||||{n}\rPID|1||{n}^^^N\r\x1c\r");
    let stream: String = (0..500).map(frame).collect();
    let mut index = Index::new();
    let mut round = || {
        kiln_hl7::Frames::new(stream.as_bytes())
            .map(|event| match event {
                kiln_hl7::MllpEvent::Frame(payload) => {
                    Message::parse(payload, &mut index).unwrap().segment_count()
                }
                other => panic!("{other:?}"),
            })
            .sum::<usize>()
    };
    assert_eq!(round(), 1_000);
    let before = ALLOCATIONS.with(Cell::get);
    assert_eq!(round(), 1_000);
    assert_eq!(ALLOCATIONS.with(Cell::get) - before, 0);
}
