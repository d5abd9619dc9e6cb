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
    let bytes: usize = messages.iter().map(Vec::len).sum();
    let mapper = Mapper::embedded().unwrap();
    let options = ConvertOptions {
        references: References::Urn,
        default_offset: UtcOffset::UTC,
    };

    let mut group = criterion.benchmark_group("parse to Bundle");
    group
        .throughput(Throughput::Bytes(bytes as u64))
        .sample_size(20);
    let (mut index, mut conversion, mut bundle) = (Index::new(), Conversion::new(), Vec::new());
    group.bench_function("kiln", |bencher| {
        bencher.iter(|| {
            let mut written = 0;
            for message in &messages {
                let message = Message::parse(message, &mut index).unwrap();
                mapper.convert(&message, &options, &mut conversion).unwrap();
                bundle.clear();
                conversion.write_bundle(&mut bundle);
                written += bundle.len();
            }
            written
        });
    });
    group.finish();
}

criterion_group!(benches, convert);
criterion_main!(benches);
