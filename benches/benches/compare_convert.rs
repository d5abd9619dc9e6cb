//! The verdict on converting: Kiln beside the LinuxForHealth converter and beside a tree of `serde_json::Value`, in one run,
//! the same messages for all, all of them different, and mimalloc for what is in Rust.
//!
//! `cargo xtask compare convert` prints it as a table, with `--json` one object a line.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeSet;
use std::hint::black_box;
use std::time::{Duration, Instant};

use kiln_benches::contest::{Contest, Timing};
use kiln_benches::linuxforhealth::{CLASS_PATH, LinuxForHealth};
use kiln_benches::report::Case;
use kiln_benches::{MESSAGES, SEED, generated, values};
use kiln_fhir::{Conversion, ConvertOptions, Mapper, References, UtcOffset};
use kiln_hl7::{Index, Message};
use serde_json::Value;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Messages between two looks at the clock.
const SLICE: usize = 50;
const ROUNDS: usize = 25;
/// The JVM converts a thousandth of what Kiln does in the same time, so it is given less to do.
const JVM_ROUNDS: usize = 9;
const JVM_MESSAGES: usize = 200;
/// What it has to compile the code it runs, before the clock is looked at.
const JVM_WARM_UP: Duration = Duration::from_secs(60);
/// Sizes of one message, in bytes.
const SIZES: [(&str, usize); 4] = [
    ("10 KB", 10_000),
    ("100 KB", 100_000),
    ("1 MB", 1_000_000),
    ("10 MB", 10_000_000),
];

/// How much is done.
struct Plan {
    messages: usize,
    rounds: usize,
    jvm_messages: usize,
    jvm_rounds: usize,
    jvm_warm_up: Duration,
    json: bool,
}

/// Kiln's conversion with its reused storage.
struct Kiln<'m> {
    mapper: &'m Mapper,
    index: Index,
    conversion: Conversion,
    bundle: Vec<u8>,
}

impl<'m> Kiln<'m> {
    fn new(mapper: &'m Mapper) -> Self {
        Self {
            mapper,
            index: Index::new(),
            conversion: Conversion::new(),
            bundle: Vec::new(),
        }
    }

    /// The Bundle; `None` when there is no map for the message.
    fn bundle(&mut self, bytes: &[u8]) -> Option<&[u8]> {
        let options = ConvertOptions {
            references: References::Urn,
            default_offset: UtcOffset::UTC,
        };
        let message = Message::parse(bytes, &mut self.index).unwrap();
        self.mapper
            .convert(&message, &options, &mut self.conversion)
            .ok()?;
        self.bundle.clear();
        self.conversion.write_bundle(&mut self.bundle);
        Some(&self.bundle)
    }

    fn bytes(&mut self, messages: &[Vec<u8>]) -> usize {
        messages
            .iter()
            .map(|message| self.bundle(message).unwrap().len())
            .sum()
    }
}

/// Admissions; and messages of all types.
fn admissions(count: usize) -> Vec<Vec<u8>> {
    kiln_benches::messages(SEED, 2 * count)
        .into_iter()
        .step_by(2)
        .collect()
}

fn of_all_types(count: usize) -> Vec<Vec<u8>> {
    generated(SEED, count)
        .map(|message| message.bytes)
        .collect()
}

/// By hand: parsed by Kiln, a tree, text.
fn by_values(bytes: &[u8], index: &mut Index) -> Vec<u8> {
    let message = Message::parse(bytes, index).unwrap();
    serde_json::to_vec(&values::bundle(&message)).unwrap()
}

/// The work of the peer must be that of Kiln: the same types of resources, and nearly as many bytes.
fn check_values(mapper: &Mapper, messages: &[Vec<u8>]) {
    let (mut kiln, mut index) = (Kiln::new(mapper), Index::new());
    let types = |bundle: &[u8]| -> BTreeSet<String> {
        let bundle: Value = serde_json::from_slice(bundle).unwrap();
        let entries = bundle["entry"].as_array().unwrap();
        entries
            .iter()
            .map(|entry| entry["resource"]["resourceType"].to_string())
            .collect()
    };
    let (mut own, mut peers) = (0, 0);
    for message in messages {
        let (bundle, by_values) = (
            kiln.bundle(message).unwrap(),
            by_values(message, &mut index),
        );
        assert_eq!(types(bundle), types(&by_values));
        own += bundle.len();
        peers += by_values.len();
    }
    assert!(
        peers * 10 > own * 9 && peers * 10 < own * 11,
        "{peers} bytes by values, {own} by Kiln: benches/src/values.rs must do what the maps do"
    );
}

/// Kiln over these messages, and with `values` the peer in Rust.
fn in_rust(
    mapper: &Mapper,
    messages: &[Vec<u8>],
    values: bool,
    slice: usize,
    rounds: usize,
) -> Vec<Timing> {
    let slices: Vec<_> = messages.chunks(slice).collect();
    let slices = &slices;
    let mut contest = Contest::new(slices.len());
    let mut kiln = Kiln::new(mapper);
    let bundles: Vec<Vec<u8>> = slices
        .iter()
        .map(|messages| {
            messages
                .iter()
                .flat_map(|message| kiln.bundle(message).unwrap().to_vec())
                .collect()
        })
        .collect();
    if values {
        let mut index = Index::new();
        contest.enter("serde_json::Value", move |slice| {
            slices[slice]
                .iter()
                .map(|message| black_box(by_values(message, &mut index)).len())
                .sum()
        });
    }
    let mut copy = Vec::new();
    contest.enter("limit: memcpy of the Bundle", move |slice| {
        copy.clear();
        copy.extend_from_slice(&bundles[slice]);
        black_box(&copy).len()
    });
    contest.enter("kiln", move |slice| kiln.bytes(slices[slice]));
    contest.run(rounds)
}

/// Kiln and the JVM over those messages that both convert; and who refused how many.
fn beside_the_jvm(name: &str, mapper: &Mapper, messages: &[Vec<u8>], plan: &Plan) {
    let mut kiln = Kiln::new(mapper);
    let mut jvm = LinuxForHealth::start(messages.iter().map(Vec::as_slice));
    let begun = Instant::now();
    let mut given = jvm.convert(0..messages.len());
    while begun.elapsed() < plan.jvm_warm_up {
        given = jvm.convert(0..messages.len());
    }
    let accepted: Vec<bool> = messages
        .iter()
        .map(|message| kiln.bundle(message).is_some())
        .collect();
    let both: Vec<usize> = (0..messages.len())
        .filter(|&place| accepted[place] && given[place] > 0)
        .collect();
    if !plan.json {
        println!(
            "\n{name}: of {} messages, Kiln refused {}, LinuxForHealth {}",
            messages.len(),
            accepted.iter().filter(|accepted| !**accepted).count(),
            given.iter().filter(|given| **given == 0).count(),
        );
    }
    // As many in a row as elsewhere: what a message takes that comes after the caches are another's is not what a stream of
    // messages takes.
    let slices: Vec<_> = both.chunks(SLICE).collect();
    let slices = &slices;
    let mut contest = Contest::new(slices.len());
    contest.enter("LinuxForHealth 1.0.19", move |slice| {
        let bytes = slices[slice].iter();
        bytes.map(|&place| jvm.convert(place..place + 1)[0]).sum()
    });
    contest.enter("kiln", |slice| {
        let bytes = slices[slice].iter();
        bytes
            .map(|&place| kiln.bundle(&messages[place]).unwrap().len())
            .sum()
    });
    let case = Case {
        name,
        unit: "message",
        bytes: both.iter().map(|&place| messages[place].len()).sum(),
        work: both.len(),
    };
    case.report(&contest.run(plan.jvm_rounds), plan.json);
}

/// A result of so many bytes.
fn of_size(bytes: usize) -> Vec<u8> {
    let mut message =
        b"MSH|^~\\&|LAB|NORTH|KILN|REGION|20240501120000||ORU^R01^ORU_R01|1|P|2.5.1\r\
        PID|1||1000001^^^NORTH&2.999.1.5&ISO^MR||Marlow^Ida||19610203|F\r\
        OBR|1|O1^EHR|A1^LAB|58410-2^CBC panel - Blood by Automated count^LN|||20240501110000\r"
            .to_vec();
    let mut place = 0;
    while message.len() < bytes {
        place += 1;
        let line = format!(
            "OBX|{place}|NM|718-7^Hemoglobin [Mass/volume] in Blood^LN|{place}|{}.{}|g/dL^^UCUM|12.0-16.0|N|||F|||20240501110000\r",
            80 + place % 90,
            place % 10
        );
        message.extend_from_slice(line.as_bytes());
    }
    message
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let json = arguments.iter().any(|argument| argument == "--json");
    // Cargo says so when it benchmarks; without, as a test, each subject works once.
    let measured = arguments.iter().any(|argument| argument == "--bench");
    let plan = if measured {
        Plan {
            messages: MESSAGES,
            rounds: ROUNDS,
            jvm_messages: JVM_MESSAGES,
            jvm_rounds: JVM_ROUNDS,
            jvm_warm_up: JVM_WARM_UP,
            json,
        }
    } else {
        Plan {
            messages: 2 * SLICE,
            rounds: 1,
            jvm_messages: 1,
            jvm_rounds: 1,
            jvm_warm_up: Duration::ZERO,
            json,
        }
    };
    let mapper = Mapper::embedded().unwrap();
    let admissions = admissions(plan.messages);
    check_values(&mapper, &admissions[..2 * SLICE]);

    let report = |name: &str, messages: &[Vec<u8>], timings: &[Timing]| {
        let case = Case {
            name,
            unit: "message",
            bytes: messages.iter().map(Vec::len).sum(),
            work: messages.len(),
        };
        case.report(timings, json);
    };
    let timings = in_rust(&mapper, &admissions, true, SLICE, plan.rounds);
    report("ADT^A01 to Bundle", &admissions, &timings);
    let mix = of_all_types(plan.messages);
    let timings = in_rust(&mapper, &mix, false, SLICE, plan.rounds);
    report("all types to Bundle", &mix, &timings);

    // The whole run has it; a test has it where the class path is.
    if measured || std::env::var_os(CLASS_PATH).is_some() {
        let few = &admissions[..plan.jvm_messages];
        beside_the_jvm("ADT^A01 to Bundle, beside the JVM", &mapper, few, &plan);
        // It refuses most types.
        let few = &mix[..3 * plan.jvm_messages];
        beside_the_jvm("all types to Bundle, beside the JVM", &mapper, few, &plan);
    }

    for (size, bytes) in SIZES
        .into_iter()
        .take(if measured { SIZES.len() } else { 2 })
    {
        let message = [of_size(bytes)];
        let timings = in_rust(&mapper, &message, false, 1, plan.rounds);
        let case = Case {
            name: &format!("ORU^R01 of {size} to Bundle"),
            unit: "byte",
            bytes: message[0].len(),
            work: message[0].len(),
        };
        case.report(&timings, json);
    }
}
