//! The verdict: Kiln beside hl7-parser and rust-hl7, in one run, over 5,000 messages that all differ, with mimalloc for
//! all, each figure beside its physical limit.
//!
//! `cargo xtask compare parse` prints it as a table, with `--json` one object a line.
#![allow(clippy::unwrap_used, clippy::cast_precision_loss, missing_docs)]

use std::hint::black_box;

use bytes::{BufMut, BytesMut};
use kiln_benches::contest::{Contest, Timing};
use kiln_benches::reads::{READS, read_hl7_parser, read_kiln};
use kiln_benches::report::Case;
use kiln_benches::{MESSAGES, SEED};
use kiln_hl7::{Frames, Index, Kernel, Message, MllpCodec, MllpEvent};
use tokio_util::codec::{Decoder, Encoder};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Messages between two looks at the clock.
const SLICE: usize = 50;
const ROUNDS: usize = 25;

/// One frame as a network delivers it.
const FRAME_BYTES: usize = 4 << 20;
const READ_BYTES: usize = 1_460;

/// The work, cut into slices.
struct Slices {
    /// Frames, one after the other, as a listener has them in its buffer.
    streams: Vec<Vec<u8>>,
    /// The same messages for the peers, which know no frames.
    texts: Vec<Vec<String>>,
}

impl Slices {
    fn new(count: usize) -> Self {
        let messages = kiln_benches::messages(SEED, count);
        let mut codec = MllpCodec::new(usize::MAX);
        let streams = messages
            .chunks(SLICE)
            .map(|messages| {
                let mut stream = BytesMut::new();
                for message in messages {
                    codec.encode(&message[..], &mut stream).unwrap();
                }
                stream.to_vec()
            })
            .collect();
        let text = |message: &Vec<u8>| String::from_utf8(message.clone()).unwrap();
        Self {
            streams,
            texts: messages
                .chunks(SLICE)
                .map(|messages| messages.iter().map(text).collect())
                .collect(),
        }
    }
}

/// Frames of a buffer, indexed; what `read` makes of each message is added up.
fn each_message(stream: &[u8], index: &mut Index, read: impl Fn(&Message) -> usize) -> usize {
    Frames::new(stream)
        .map(|event| match event {
            MllpEvent::Frame(payload) => read(&Message::parse(payload, index).unwrap()),
            _ => 0,
        })
        .sum()
}

fn read_fields(message: &Message) -> usize {
    read_kiln(message);
    READS.len()
}

/// What the machine takes at least: to find the ends of frames, to find the marks of an index without writing them down,
/// with each kernel, and to copy the bytes.
fn enter_limits<'s>(contest: &mut Contest<'s>, streams: &'s [Vec<u8>]) {
    contest.enter("limit: memchr", |slice| {
        memchr::memchr2_iter(0x0B, 0x1C, &streams[slice]).count()
    });
    for kernel in Kernel::available() {
        contest.enter(
            &format!("limit: classify, {}", kernel.name()),
            move |slice| kernel.count(&streams[slice], b'|'),
        );
    }
    let mut copy = Vec::new();
    contest.enter("limit: memcpy", move |slice| {
        copy.clear();
        copy.extend_from_slice(&streams[slice]);
        black_box(&copy).len()
    });
}

fn deframe_and_index(slices: &Slices, rounds: usize) -> Vec<Timing> {
    let (streams, texts) = (&slices.streams, &slices.texts);
    let mut contest = Contest::new(streams.len());
    contest.enter("hl7-parser 0.3.0", |slice| {
        let parse = |text| hl7_parser::Message::parse(text).unwrap();
        texts[slice]
            .iter()
            .map(|text| black_box(parse(text)).segments.len())
            .sum()
    });
    contest.enter("rust-hl7 0.5.0", |slice| {
        let parse = |text| rusthl7::message::Message::try_from(text).unwrap();
        texts[slice]
            .iter()
            .map(|text| black_box(parse(&text[..])).segments.len())
            .sum()
    });
    for kernel in Kernel::available() {
        let mut index = Index::with_kernel(kernel);
        contest.enter(&format!("kiln-hl7 {}", kernel.name()), move |slice| {
            each_message(&streams[slice], &mut index, |message| {
                message.segment_count()
            })
        });
    }
    // As a listener does it: out of the socket's buffer, each frame a shared piece of it.
    let (mut index, mut codec, mut buffer) =
        (Index::new(), MllpCodec::new(1 << 20), BytesMut::new());
    contest.enter("kiln-hl7, MllpCodec", move |slice| {
        let mut segments = 0;
        buffer.extend_from_slice(&streams[slice]);
        while let Some(event) = codec.decode(&mut buffer).unwrap() {
            if let MllpEvent::Frame(payload) = event {
                segments += Message::parse(&payload, &mut index)
                    .unwrap()
                    .segment_count();
            }
        }
        segments
    });
    enter_limits(&mut contest, streams);
    contest.run(rounds)
}

fn read_twenty(slices: &Slices, rounds: usize) -> Vec<Timing> {
    let (streams, texts) = (&slices.streams, &slices.texts);
    let mut contest = Contest::new(streams.len());
    contest.enter("hl7-parser 0.3.0", |slice| {
        for text in &texts[slice] {
            let message = hl7_parser::Message::parse(text).unwrap();
            read_hl7_parser(&message);
        }
        texts[slice].len()
    });
    for kernel in Kernel::available() {
        let mut index = Index::with_kernel(kernel);
        contest.enter(&format!("kiln-hl7 {}", kernel.name()), move |slice| {
            each_message(&streams[slice], &mut index, read_fields)
        });
    }
    enter_limits(&mut contest, streams);
    contest.run(rounds)
}

fn deframe_large(rounds: usize) -> Vec<Timing> {
    let mut stream = vec![b'x'; FRAME_BYTES + 3];
    stream[0] = 0x0B;
    stream[FRAME_BYTES + 1] = 0x1C;
    stream[FRAME_BYTES + 2] = 0x0D;
    let stream = &stream[..];
    let mut contest = Contest::new(1);
    contest.enter("limit: memcpy", move |_| {
        let mut buffer = BytesMut::new();
        for read in stream.chunks(READ_BYTES) {
            buffer.put_slice(read);
        }
        black_box(&buffer).len()
    });
    contest.enter("kiln-hl7, MllpCodec", move |_| {
        let (mut codec, mut buffer) = (MllpCodec::new(FRAME_BYTES), BytesMut::new());
        let mut frame = None;
        for read in stream.chunks(READ_BYTES) {
            buffer.put_slice(read);
            frame = codec.decode(&mut buffer).unwrap().or(frame);
        }
        assert!(matches!(&frame, Some(MllpEvent::Frame(frame)) if frame.len() == FRAME_BYTES));
        FRAME_BYTES
    });
    contest.run(rounds)
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    // Cargo says so when it benchmarks; without, as a test, each subject works once.
    let measured = arguments.iter().any(|argument| argument == "--bench");
    let json = arguments.iter().any(|argument| argument == "--json");
    let (count, rounds) = if measured {
        (MESSAGES, ROUNDS)
    } else {
        (2 * SLICE, 1)
    };
    let slices = Slices::new(count);
    let of_messages = |name| Case {
        name,
        unit: "message",
        bytes: slices.streams.iter().map(Vec::len).sum(),
        work: count,
    };
    of_messages("deframe and index").report(&deframe_and_index(&slices, rounds), json);
    of_messages("deframe, index and read 20 fields").report(&read_twenty(&slices, rounds), json);
    let large = Case {
        name: "deframe 4 MiB in reads of 1,460 bytes",
        unit: "frame",
        bytes: FRAME_BYTES,
        work: 1,
    };
    large.report(&deframe_large(rounds), json);
}
