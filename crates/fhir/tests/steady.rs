//! A warm conversion allocates nothing, and no message makes one panic or write broken JSON.
#![allow(clippy::unwrap_used, unsafe_code)]

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use kiln_fhir::{Conversion, ConvertOptions, Mapper, References};
use kiln_hl7::{Index, Message};
use proptest::prelude::*;
use support::fixtures;

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call goes to the system's allocator; counting touches no memory of it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_warm_conversion_allocates_nothing() {
    let mapper = Mapper::embedded().unwrap();
    let options = ConvertOptions::default();
    let mut out = Conversion::new();
    let mut bundle = Vec::new();
    let mut converted = 0;
    for bytes in fixtures() {
        let mut index = Index::new();
        let message = Message::parse(&bytes, &mut index).unwrap();
        if mapper.convert(&message, &options, &mut out).is_err() {
            continue;
        }
        bundle.clear();
        out.write_bundle(&mut bundle);
        mapper.convert(&message, &options, &mut out).unwrap();
        let before = ALLOCATIONS.with(Cell::get);
        mapper.convert(&message, &options, &mut out).unwrap();
        bundle.clear();
        out.write_bundle(&mut bundle);
        let allocations = ALLOCATIONS.with(Cell::get) - before;
        let first = String::from_utf8_lossy(&bytes[..80.min(bytes.len())]);
        assert_eq!(allocations, 0, "{first}");
        converted += 1;
    }
    assert!(converted > 10);
}

#[test]
fn each_fixture_gives_resources_of_valid_json() {
    let mapper = Mapper::embedded().unwrap();
    let mut out = Conversion::new();
    for bytes in fixtures() {
        let mut index = Index::new();
        let message = Message::parse(&bytes, &mut index).unwrap();
        if mapper
            .convert(&message, &ConvertOptions::default(), &mut out)
            .is_err()
        {
            continue;
        }
        let mut bundle = Vec::new();
        out.write_bundle(&mut bundle);
        let bundle: serde_json::Value = serde_json::from_slice(&bundle).unwrap();
        let text = bundle.to_string();
        for (at, _) in text.match_indices("\"reference\":\"") {
            let id = text[at + 13..]
                .split('"')
                .next()
                .unwrap()
                .split('/')
                .nth(1)
                .unwrap();
            assert!(
                out.resources()
                    .any(|resource| resource.id.to_string() == id),
                "a reference leads nowhere"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_readable_message_converts_to_valid_json(
        event in prop::sample::select(vec!["ORU^R01", "VXU^V04", "SIU^S12"]),
        lines in prop::collection::vec("(PID|PV1|OBR|OBX|NTE|ORC|SCH|RXA|AIG|ZZZ)[|][ -~\u{e4}]{0,60}", 0..12),
    ) {
        thread_local!(static MAPPER: Mapper = Mapper::embedded().unwrap());
        let text = format!("MSH|^~\\&|A|B|||2024||{event}|1|P|2.5\r{}\r", lines.join("\r"));
        let mut index = Index::new();
        let message = Message::parse(text.as_bytes(), &mut index).unwrap();
        let mut out = Conversion::new();
        MAPPER.with(|mapper| mapper.convert(&message, &ConvertOptions::default(), &mut out)).unwrap();
        let mut bundle = Vec::new();
        out.write_bundle(&mut bundle);
        prop_assert!(serde_json::from_slice::<serde_json::Value>(&bundle).is_ok());
    }
}

/// HL7 v2.9, 2.5.4: a message chooses its delimiters. JSON escapes two that it may choose.
#[test]
fn quotation_marks_and_backslashes_are_escaped_whether_or_not_they_divide_values() {
    let mapper = Mapper::embedded().unwrap();
    for (delimiters, family) in [
        ("^~!&", r#"Mar\low "the elder""#),
        ("\"~!&", "Mar\\low"),
        ("^\"!&", "Mar\\low"),
        ("\\~!&", "Mar"),
        ("^~!\\", "Mar"),
    ] {
        let [component, _, _, subcomponent] = [0, 1, 2, 3].map(|at| &delimiters[at..=at]);
        let text = format!(
            "MSH|{delimiters}|A|B|||2024||ORU{component}R01|1|P|2.5\r\
            PID|1||7{component}{component}{component}N{subcomponent}1.2.3{subcomponent}ISO||Mar\\low \"the elder\"\r\
            OBX|1|TX|1{component}x{component}L||He said \"yes\\no\"|||||F\r"
        );
        let mut index = Index::new();
        let message = Message::parse(text.as_bytes(), &mut index).unwrap();
        let (mut out, mut bundle) = (Conversion::new(), Vec::new());
        let options = ConvertOptions::default();
        mapper.convert(&message, &options, &mut out).unwrap();
        out.write_bundle(&mut bundle);
        let bundle: serde_json::Value = serde_json::from_slice(&bundle).unwrap();
        let entries = bundle["entry"].as_array().unwrap();
        let patient = entries
            .iter()
            .find(|entry| entry["resource"]["resourceType"] == "Patient");
        let name = &patient.unwrap()["resource"]["name"][0]["family"];
        assert_eq!(name, family, "{delimiters}");
    }
}

#[test]
fn ids_are_the_same_however_references_are_written() {
    let mapper = Mapper::embedded().unwrap();
    let ids = |bytes: &[u8], references| {
        let mut index = Index::new();
        let message = Message::parse(bytes, &mut index).unwrap();
        let options = ConvertOptions {
            references,
            ..ConvertOptions::default()
        };
        let mut out = Conversion::new();
        // A message without a map has no ids, in either form.
        let _ = mapper.convert(&message, &options, &mut out);
        out.resources()
            .map(|resource| (resource.resource_type.to_owned(), resource.id))
            .collect::<Vec<_>>()
    };
    for bytes in fixtures() {
        assert_eq!(
            ids(&bytes, References::Relative),
            ids(&bytes, References::Urn)
        );
    }
}
