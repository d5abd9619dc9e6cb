//! Once warm, reading a message allocates nothing.
// An allocator that counts cannot be written without it.
#![allow(unsafe_code)]
#![allow(clippy::unwrap_used)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use kiln_hl7::{Index, Message};

thread_local! {
    // Of this thread, so that the test runner's own do not count.
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: everything is passed on to the system allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promise, passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise, passed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
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
