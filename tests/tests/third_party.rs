//! Fear: it works with its own sender and with no other. Here the peer is python's `hl7`, by its command `mllp_send`.

use std::env;
use std::fs;
use std::process::{Command, Stdio};

use kiln_tests::{Feed, Kiln};

#[test]
fn pythons_mllp_send_gets_its_acknowledgements() {
    let mllp_send = env::var_os("KILN_MLLP_SEND")
        .expect("KILN_MLLP_SEND must name the mllp_send of the Python package hl7; run `cargo xtask test e2e`");
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let kiln = Kiln::serve(
        directory.path(),
        &format!("store:\n  embedded:\n    directory: {}", data.display()),
    );

    let messages: Vec<_> = (0..6)
        .map(|place| Feed::new("PYTHON").message(place))
        .collect();
    let file = directory.path().join("messages.hl7");
    fs::write(
        &file,
        messages
            .iter()
            .flat_map(|message| message.bytes.clone())
            .collect::<Vec<_>>(),
    )
    .expect("a file");
    let sent = Command::new(mllp_send)
        .args([
            "--loose",
            "--port",
            &kiln.mllp().port().to_string(),
            "--file",
        ])
        .arg(&file)
        .arg(kiln.mllp().ip().to_string())
        .stdin(Stdio::null())
        .output()
        .expect("mllp_send must start");
    let said = String::from_utf8_lossy(&sent.stdout);
    assert!(
        sent.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&sent.stderr)
    );
    for message in &messages {
        assert!(
            said.contains(&format!("MSA|AA|{}", message.control_id)),
            "{}: {said}",
            message.control_id
        );
    }
}
