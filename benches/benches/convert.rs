//! A message's bytes to its FHIR Bundle's bytes, over messages that all differ.
//!
//! `cargo bench -p kiln-benches --bench convert`; each round passes over all messages once.
#![allow(clippy::unwrap_used, missing_docs)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use kiln_benches::{MESSAGES, SEED};
use kiln_fhir::{Conversion, ConvertOptions, Mapper, References, UtcOffset};
use kiln_hl7::{Index, Message};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn convert(criterion: &mut Criterion) {
    let messages = kiln_benches::messages(SEED, MESSAGES);
    let is_admission = |message: &&Vec<u8>| message.windows(7).any(|part| part == b"ADT^A01");
    let admissions: Vec<Vec<u8>> = messages.iter().filter(is_admission).cloned().collect();
    let mapper = Mapper::embedded().unwrap();
    let mut group = criterion.benchmark_group("parse to Bundle");
    group.sample_size(20);
    for (name, messages) in [("kiln", &messages), ("kiln, ADT^A01 alone", &admissions)] {
        let elements = u64::try_from(messages.len()).unwrap();
        let bytes = messages.iter().map(|message| message.len() as u64).sum();
        group.throughput(Throughput::ElementsAndBytes { elements, bytes });
        group.bench_function(name, |bencher| bencher.iter(|| bundles(&mapper, messages)));
    }
    group.finish();
}

/// Whether the cost is linear in the size of a message: the rate must not fall as messages grow.
fn grow(criterion: &mut Criterion) {
    let mapper = Mapper::embedded().unwrap();
    let mut group = criterion.benchmark_group("one ORU^R01 to Bundle");
    group.sample_size(10);
    for (name, bytes) in [
        ("100 kB", 100_000),
        ("1 MB", 1_000_000),
        ("10 MB", 10_000_000),
    ] {
        let message = [kiln_benches::long_result(SEED, bytes)];
        group.throughput(Throughput::Bytes(message[0].len() as u64));
        group.bench_function(name, |bencher| bencher.iter(|| bundles(&mapper, &message)));
    }
    group.finish();
}

/// Converts all messages; answers how many bytes their Bundles have.
fn bundles(mapper: &Mapper, messages: &[Vec<u8>]) -> usize {
    let options = ConvertOptions {
        references: References::Urn,
        default_offset: UtcOffset::UTC,
    };
    let (mut index, mut conversion, mut bundle) = (Index::new(), Conversion::new(), Vec::new());
    let mut written = 0;
    for message in messages {
        let message = Message::parse(message, &mut index).unwrap();
        mapper.convert(&message, &options, &mut conversion).unwrap();
        bundle.clear();
        conversion.write_bundle(&mut bundle);
        written += bundle.len();
    }
    written
}

criterion_group!(benches, convert, grow);
criterion_main!(benches);
