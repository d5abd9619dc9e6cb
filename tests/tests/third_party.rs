//! Fear: it works with its own sender and with no other. Here the peers are python's `hl7`, by its command
//! `mllp_send`, and HAPI's Java client.

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use kiln_tests::{Feed, Kiln};

#[test]
fn pythons_mllp_send_gets_its_acknowledgements() {
    let mllp_send = env::var_os("KILN_MLLP_SEND")
        .expect("KILN_MLLP_SEND must name the mllp_send of the Python package hl7; run `cargo xtask test e2e`");
    let directory = tempfile::tempdir().expect("a directory");
    let kiln = serve(directory.path());

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

#[test]
fn hapis_client_gets_its_acknowledgements() {
    let class_path = env::var("KILN_HAPI_SENDER").expect(
        "KILN_HAPI_SENDER must be the class path of HAPI's sender; run `cargo xtask test e2e`",
    );
    let directory = tempfile::tempdir().expect("a directory");
    let kiln = serve(directory.path());
    let messages: Vec<_> = (0..6)
        .map(|place| Feed::new("HAPI").message(place))
        .collect();
    let files: Vec<_> = (0..messages.len())
        .map(|place| directory.path().join(format!("{place}.hl7")))
        .collect();
    for (file, message) in files.iter().zip(&messages) {
        fs::write(file, &message.bytes).expect("a file");
    }
    let sent = Command::new("java")
        .args(["-cp", &class_path, "Send", &kiln.mllp().ip().to_string()])
        .arg(kiln.mllp().port().to_string())
        .args(&files)
        .stdin(Stdio::null())
        .output()
        .expect("java must start");
    let said = String::from_utf8_lossy(&sent.stdout);
    assert!(
        sent.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&sent.stderr)
    );
    for message in &messages {
        let id = &message.control_id;
        let answer = format!(r#"{{"control_id":"{id}","code":"AA","answers":"{id}"}}"#);
        assert!(said.contains(&answer), "{id}: {said}");
    }
}

fn serve(directory: &Path) -> Kiln {
    let data = directory.join("data");
    Kiln::serve(
        directory,
        &format!("store:\n  embedded:\n    directory: {}", data.display()),
    )
}
