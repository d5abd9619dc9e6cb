//! How often converting a message allocates: Kiln, once it is warm, and a tree of `serde_json::Value`.
//!
//! Apart from `compare_convert`, because counting takes time of its own. `cargo xtask compare convert` runs both.
#![allow(clippy::unwrap_used, clippy::cast_precision_loss, missing_docs)]

use allocation_counter::{AllocationInfo, measure};
use kiln_benches::{SEED, generated, values};
use kiln_fhir::{Conversion, ConvertOptions, Mapper};
use kiln_hl7::{Index, Message};

const MESSAGES: usize = 1_000;

/// Prints what a case allocates a message.
fn report(json: bool, case: &str, subject: &str, messages: usize, counted: AllocationInfo) {
    let per = |total: u64| total as f64 / messages as f64;
    let (times, bytes) = (per(counted.count_total), per(counted.bytes_total));
    if json {
        println!(
            "{{\"case\":\"{case}\",\"subject\":\"{subject}\",\"allocations\":{times:.3},\"allocated_bytes\":{bytes:.1}}}"
        );
    } else {
        println!(
            "  {case:<28} {subject:<20} {times:>10.1} allocations a message, {bytes:>10.0} bytes"
        );
    }
}

fn main() {
    let json = std::env::args().any(|argument| argument == "--json");
    let mapper = Mapper::embedded().unwrap();
    let (mut index, mut conversion, mut bundle) = (Index::new(), Conversion::new(), Vec::new());
    let mut convert = |messages: &[Vec<u8>]| {
        for message in messages {
            let message = Message::parse(message, &mut index).unwrap();
            mapper
                .convert(&message, &ConvertOptions::default(), &mut conversion)
                .unwrap();
            bundle.clear();
            conversion.write_bundle(&mut bundle);
        }
    };
    let admissions: Vec<_> = kiln_benches::messages(SEED, 2 * MESSAGES)
        .into_iter()
        .step_by(2)
        .collect();
    let mix: Vec<_> = generated(SEED, MESSAGES)
        .map(|message| message.bytes)
        .collect();
    if !json {
        println!();
    }
    for (case, messages) in [
        ("ADT^A01 to Bundle", &admissions),
        ("all types to Bundle", &mix),
    ] {
        // Its buffers have grown to the largest message after the first pass.
        convert(messages);
        let counted = measure(|| convert(messages));
        assert_eq!(
            counted.count_total, 0,
            "a warm conversion allocates nothing"
        );
        report(json, case, "kiln", messages.len(), counted);
    }
    let mut index = Index::new();
    let counted = measure(|| {
        for message in &admissions {
            let message = Message::parse(message, &mut index).unwrap();
            serde_json::to_vec(&values::bundle(&message)).unwrap();
        }
    });
    report(
        json,
        "ADT^A01 to Bundle",
        "serde_json::Value",
        admissions.len(),
        counted,
    );
}
