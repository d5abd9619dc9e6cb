//! What messages give, by `kiln convert`: the path of a message without its log, stores and roles.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::{Kiln, Message, Record};

/// The resources that each message must give, in no order.
///
/// # Panics
/// When `kiln convert` fails on any of them, or gives a message no resource.
pub fn expected_resources(messages: &[Message], scratch: &Path) -> Vec<Record> {
    let (input, output) = (scratch.join("messages"), scratch.join("bundles"));
    fs::create_dir_all(&input).expect("a scratch directory");
    for message in messages {
        fs::write(
            input.join(format!("{}.hl7", message.control_id)),
            &message.bytes,
        )
        .expect("a scratch file");
    }
    let convert = Command::new(Kiln::binary())
        .args(["convert", "--format", "bundle", "--out"])
        .args([&output, &input])
        .output()
        .expect("kiln convert must start");
    assert!(
        convert.status.success(),
        "kiln convert: {}",
        String::from_utf8_lossy(&convert.stderr)
    );
    let mut records = Vec::new();
    for message in messages {
        let path = output.join(format!("{}.json", message.control_id));
        let text =
            fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let bundle: Value = serde_json::from_str(&text).expect("a Bundle must be JSON");
        let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
        assert!(
            !entries.is_empty(),
            "{} gave no resource",
            message.control_id
        );
        for entry in entries {
            records.push(Record::of(&message.control_id, &entry["resource"]));
        }
    }
    records
}
