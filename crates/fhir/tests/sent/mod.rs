//! Messages through the embedded maps.
#![allow(dead_code)] // each test file uses its part

use std::sync::LazyLock;

use kiln_fhir::{Conversion, ConvertOptions, Mapper};
use kiln_hl7::{Index, Message};
use serde_json::Value;

pub(crate) static MAPPER: LazyLock<Mapper> = LazyLock::new(|| Mapper::embedded().unwrap());

/// The entries of the Bundle of a message whose segments follow its MSH.
pub(crate) fn entries(message_type: &str, segments: &str) -> Vec<Value> {
    converted(&MAPPER, message_type, segments)
}

pub(crate) fn converted(mapper: &Mapper, message_type: &str, segments: &str) -> Vec<Value> {
    let text =
        format!("MSH|^~\\&|APP|HOSP|||20240101120000+0000||{message_type}|1|P|2.5.1\r{segments}");
    let mut index = Index::new();
    let message = Message::parse(text.as_bytes(), &mut index).unwrap();
    let mut out = Conversion::new();
    mapper
        .convert(&message, &ConvertOptions::default(), &mut out)
        .unwrap();
    let mut bundle = Vec::new();
    out.write_bundle(&mut bundle);
    let bundle: Value = serde_json::from_slice(&bundle).unwrap();
    bundle["entry"].as_array().unwrap().clone()
}

pub(crate) fn resources(message_type: &str, segments: &str, resource_type: &str) -> Vec<Value> {
    entries(message_type, segments)
        .into_iter()
        .map(|mut entry| entry["resource"].take())
        .filter(|resource| resource["resourceType"] == resource_type)
        .collect()
}
