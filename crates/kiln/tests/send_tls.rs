//! `kiln send` within TLS, with a certificate of its own.

#![allow(clippy::unwrap_used)]

mod support;

use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use support::{Served, fixture, kiln, text};

fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Writes a certificate and its key.
fn issue(
    authority: &CertifiedIssuer<'static, KeyPair>,
    root: &Path,
    name: &str,
) -> (PathBuf, PathBuf) {
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let key = KeyPair::generate().unwrap();
    let cert = params.signed_by(&key, authority).unwrap();
    let files = (
        root.join(format!("{name}.crt")),
        root.join(format!("{name}.key")),
    );
    std::fs::write(&files.0, cert.pem()).unwrap();
    std::fs::write(&files.1, key.serialize_pem()).unwrap();
    files
}

#[test]
fn sends_within_tls_and_says_why_it_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let ours = authority("Ours");
    let ca = root.path().join("ca.crt");
    std::fs::write(&ca, ours.pem()).unwrap();
    let (cert, key) = issue(&ours, root.path(), "kiln");
    let tls = format!(
        "    tls: {{ cert: {}, key: {}, clientCa: {} }}\n",
        cert.display(),
        key.display(),
        ca.display()
    );
    let served = Served::with(root.path(), &tls);
    let send = |arguments: &[&Path]| {
        let mut command = kiln();
        command
            .args(["send", "--retries", "0", "--to", &served.address])
            .arg(fixture("adt-a01-admit-medical.hl7"));
        for (name, path) in ["--tls-ca", "--tls-cert", "--tls-key"]
            .iter()
            .zip(arguments)
        {
            command.arg(name).arg(path);
        }
        let output = command.output().unwrap();
        let said = text(&output.stdout) + &text(&output.stderr);
        (output.status.code(), said)
    };
    let (lab, lab_key) = issue(&ours, root.path(), "lab");
    let (code, said) = send(&[&ca, &lab, &lab_key]);
    assert_eq!(code, Some(0), "{said}");

    let (code, said) = send(&[&ca]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("CertificateRequired"), "{said}");

    let others = authority("Others");
    let (stranger, stranger_key) = issue(&others, root.path(), "stranger");
    let (code, said) = send(&[&ca, &stranger, &stranger_key]);
    assert_eq!(code, Some(1), "{said}");
    let elsewhere = root.path().join("elsewhere.crt");
    std::fs::write(&elsewhere, others.pem()).unwrap();
    let (code, said) = send(&[&elsewhere, &lab, &lab_key]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("UnknownIssuer"), "{said}");

    // What is wrong before anything is sent names the file.
    let (code, said) = send(&[&lab_key]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("lab.key: no certificate in it"), "{said}");
    let (code, said) = send(&[&ca, &lab, &key]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("kiln.key"), "{said}");
    assert_eq!(served.terminate(), Some(0));
}
