//! `kiln explain`: where elements come from, for people and for programs.

#![allow(clippy::unwrap_used)]

mod support;

use std::fs;

use support::{fixture, json_lines, kiln, text, with_input};

#[test]
fn each_element_has_its_value_its_path_and_its_row() {
    let output = kiln()
        .args(["explain", "--type", "patient"])
        .arg(fixture("adt-a08-minimal.hl7"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let page = text(&output.stdout);
    let family = page
        .lines()
        .find(|line| line.trim_start().starts_with("name[0].family"))
        .unwrap();
    let columns: Vec<&str> = family.split_whitespace().collect();
    assert_eq!(columns[1..3], ["Doe", "PID-5.1.1"]);
    assert!(columns[3].starts_with("datatypes/FN[HumanName].yaml:"));
    assert!(page.contains("put: the message is the authority on it"));
    assert!(!page.contains("MessageHeader/"), "only the type asked for");
    assert!(page.contains("Not used"));
}

#[test]
fn the_elements_are_those_of_the_conversion() {
    let path = fixture("oru-r01-every-value-type.hl7");
    let converted = kiln().arg("convert").arg(&path).output().unwrap();
    let explained = kiln()
        .args(["explain", "--json"])
        .arg(&path)
        .output()
        .unwrap();
    let explained = &json_lines(&explained.stdout)[0];
    let resources = explained["resources"].as_array().unwrap();
    let converted = json_lines(&converted.stdout);
    assert_eq!(resources.len(), converted.len());
    for (explained, converted) in resources.iter().zip(&converted) {
        assert_eq!(explained["id"], converted["id"]);
        for element in explained["elements"].as_array().unwrap() {
            let path = element["path"].as_str().unwrap();
            let (_, below) = path.split_once('.').unwrap();
            let pointer = format!("/{}", below.replace(['.', '['], "/").replace(']', ""));
            assert_eq!(
                Some(&element["value"]),
                converted.pointer(&pointer),
                "{path}"
            );
        }
    }
}

#[test]
fn what_nothing_used_is_listed() {
    let message =
        "MSH|^~\\&|A|B|||20240301||ADT^A08^ADT_A01|1|P|2.5\rPID|||7^^^B||Roe\rZZZ|of no map\r";
    let output = with_input(kiln().args(["explain", "--json", "-"]), message.as_bytes());
    let explained = &json_lines(&output.stdout)[0];
    let unused = explained["unused"].as_array().unwrap();
    let zzz = unused
        .iter()
        .find(|value| value["path"] == "ZZZ-1")
        .unwrap();
    assert_eq!(zzz["value"], "of no map");
    assert!(!unused.iter().any(|value| value["path"] == "PID-5"));
}

#[test]
fn the_default_offset_and_its_source_are_told() {
    let message = "MSH|^~\\&|A|B|||20240301||ADT^A08^ADT_A01|1|P|2.5\rEVN|A08|202403011200\rPID|||7^^^B||Roe\r";
    let offset = |zone: &str| {
        let mut kiln = kiln();
        kiln.args(["explain", "--json", "--time-zone", zone, "-"]);
        let output = with_input(&mut kiln, message.as_bytes());
        json_lines(&output.stdout)[0]["defaultOffset"].clone()
    };
    assert_eq!(offset("-05:00")["value"], "-05:00");
    assert_eq!(offset("-05:00")["from"], "the site's setting");
}

#[test]
fn a_message_that_fails_says_why_and_the_others_are_explained() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("two.hl7");
    let no_map = "MSH|^~\\&|A|B|||20240301||QQQ^Q99|1|P|2.5\r";
    let minimal = fs::read_to_string(fixture("adt-a08-minimal.hl7")).unwrap();
    fs::write(&path, format!("{no_map}{minimal}")).unwrap();
    let output = kiln().arg("explain").arg(&path).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("message 1: no map for message type QQQ^Q99"));
    assert!(text(&output.stdout).contains("message 2"));
}
