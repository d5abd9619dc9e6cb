//! Fear: the first command does not work, or says what is not so.

use std::fs;
use std::process::{Command, Stdio};

use kiln_tests::Kiln;
use serde_json::Value;

#[test]
fn the_demo_leaves_what_it_says() {
    let directory = tempfile::tempdir().expect("a directory");
    // Its own MLLP socket falls back to a free port when 2575 is taken, so that the test may run beside anything.
    let demo = Command::new(Kiln::binary())
        .arg("demo")
        .current_dir(directory.path())
        .stdin(Stdio::null())
        .output()
        .expect("kiln demo must start");
    let said = String::from_utf8_lossy(&demo.stdout);
    assert!(
        demo.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&demo.stderr)
    );

    let fhir = directory.path().join("kiln-demo").join("fhir");
    let mut types = 0;
    for file in fs::read_dir(&fhir)
        .expect("the directory of the output")
        .map(|entry| entry.expect("an entry").path())
    {
        let text = fs::read_to_string(&file).expect("a file of resources");
        let name = file
            .file_stem()
            .and_then(|name| name.to_str())
            .expect("a type")
            .to_owned();
        for line in text.lines() {
            let resource: Value = serde_json::from_str(line).expect("a resource a line");
            assert_eq!(resource["resourceType"], name.as_str());
        }
        let count = text.lines().count();
        let line = said
            .lines()
            .find(|line| line.split_whitespace().any(|word| word == name));
        let line = line.unwrap_or_else(|| panic!("the demo does not speak of {name}: {said}"));
        assert!(
            line.split_whitespace()
                .any(|word| word.replace(',', "") == count.to_string()),
            "{count} lines of {name} were written, the demo says: {line}"
        );
        types += 1;
    }
    assert!(
        types >= 5,
        "fixtures of all kinds give more than {types} types"
    );
    for next in ["kiln send", "kiln-demo"] {
        assert!(
            said.contains(next),
            "the demo must lead on to {next}: {said}"
        );
    }
}
