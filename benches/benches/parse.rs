//! Parsing beside hl7-parser, and framing, over messages that all differ and with one allocator.
//!
//! `cargo bench -p kiln-benches --bench parse`; each round passes over all messages once.
#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;

use bytes::BytesMut;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use kiln_benches::reads::{read_hl7_parser, read_kiln};
use kiln_benches::{MESSAGES, SEED};
use kiln_hl7::{Index, Message, MllpCodec, MllpEvent};
use tokio_util::codec::Decoder;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn parse(criterion: &mut Criterion) {
    let messages = kiln_benches::messages(SEED, MESSAGES);
    let bytes: usize = messages.iter().map(Vec::len).sum();
    let texts: Vec<&str> = messages
        .iter()
        .map(|message| std::str::from_utf8(message).unwrap())
        .collect();

    let mut group = criterion.benchmark_group("parse");
    group
        .throughput(Throughput::Bytes(bytes as u64))
        .sample_size(20);
    let mut index = Index::new();
    group.bench_function("kiln-hl7", |bencher| {
        bencher.iter(|| {
            for message in &messages {
                black_box(Message::parse(message, &mut index).unwrap());
            }
        });
    });
    group.bench_function("hl7-parser", |bencher| {
        bencher.iter(|| {
            for text in &texts {
                black_box(hl7_parser::Message::parse(text).unwrap());
            }
        });
    });
    group.finish();

    let mut group = criterion.benchmark_group("parse and read 20 fields");
    group
        .throughput(Throughput::Bytes(bytes as u64))
        .sample_size(20);
    group.bench_function("kiln-hl7", |bencher| {
        bencher.iter(|| {
            for message in &messages {
                let message = Message::parse(message, &mut index).unwrap();
                read_kiln(&message);
            }
        });
    });
    group.bench_function("hl7-parser", |bencher| {
        bencher.iter(|| {
            for text in &texts {
                let message = hl7_parser::Message::parse(text).unwrap();
                read_hl7_parser(&message);
            }
        });
    });
    group.finish();
}

/// One frame of 4 MiB as a network delivers it.
fn deframe(criterion: &mut Criterion) {
    const FRAME_BYTES: usize = 4 << 20;
    const READ_BYTES: usize = 1_460;
    let mut stream = vec![b'x'; FRAME_BYTES + 3];
    stream[0] = 0x0B;
    stream[FRAME_BYTES + 1] = 0x1C;
    stream[FRAME_BYTES + 2] = 0x0D;

    let mut group = criterion.benchmark_group("deframe");
    group
        .throughput(Throughput::Bytes(FRAME_BYTES as u64))
        .sample_size(20);
    group.bench_function("4 MiB in reads of 1,460 bytes", |bencher| {
        bencher.iter_batched(
            || (MllpCodec::new(FRAME_BYTES), BytesMut::new()),
            |(mut codec, mut buffer)| {
                let mut frame = None;
                for read in stream.chunks(READ_BYTES) {
                    buffer.extend_from_slice(read);
                    frame = codec.decode(&mut buffer).unwrap().or(frame);
                }
                assert!(
                    matches!(&frame, Some(MllpEvent::Frame(frame)) if frame.len() == FRAME_BYTES)
                );
                frame
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, parse, deframe);
criterion_main!(benches);
