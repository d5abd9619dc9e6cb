//! Fear: a certificate is renewed and nobody sees it, or everybody is thrown out for it.

use std::process::{Command, Stdio};
use std::time::Duration;

use rcgen::{CertificateParams, CertifiedKey, KeyPair};
use serde_json::{Value, json};

use crate::cluster::cluster;
use crate::pipeline::Pipeline;
use crate::senders::{PATIENT, repeated};

const FEEDS: usize = 8;
const PACE: Duration = Duration::from_millis(250);
const PORT: u16 = 2576;

#[test]
fn new_connections_see_the_new_certificate_and_old_ones_stay() {
    let cluster = cluster();
    let (old, new) = (certificate(), certificate());
    cluster.namespace("secret-rotated");
    cluster.kubectl.apply(&secret(&old));
    let pipeline = Pipeline::start(&cluster, "secret_rotated", |spec| {
        spec["listeners"] = json!([
            {"name": "mllp"},
            {"name": "secured", "port": PORT, "tls": {"secret": {"name": "listener"}}},
        ]);
    });
    let senders = pipeline.senders(FEEDS, (PACE, PATIENT));
    let before = pipeline.pods("listen");
    let shows = |certificate: &CertifiedKey<KeyPair>| {
        let mut pods = before.iter();
        pods.all(|pod| shown(&pod.ip).contains(certificate.cert.pem().trim()))
    };
    assert!(shows(&old));
    cluster.kubectl.apply(&secret(&new));
    pipeline.until("shows the new certificate", |_| shows(&new));
    assert_eq!(
        pipeline.pods("listen"),
        before,
        "no instance was started anew"
    );
    senders.await_each(2);
    let sent = senders.stop();
    pipeline.judge(&sent);
    assert_eq!(repeated(&sent), [""; 0], "sends that had to be repeated");
}

fn certificate() -> CertifiedKey<KeyPair> {
    let signing_key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(["mllp.test".to_owned()]).expect("a name");
    let cert = params.self_signed(&signing_key).expect("a certificate");
    CertifiedKey { cert, signing_key }
}

fn secret(certificate: &CertifiedKey<KeyPair>) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "listener", "namespace": "secret-rotated"},
        "type": "kubernetes.io/tls",
        "stringData": {
            "tls.crt": certificate.cert.pem(),
            "tls.key": certificate.signing_key.serialize_pem(),
        },
    })
}

/// The certificate that a new connection sees, in PEM.
fn shown(ip: &str) -> String {
    let output = Command::new("openssl")
        .args([
            "s_client",
            "-showcerts",
            "-connect",
            &format!("{ip}:{PORT}"),
        ])
        .stdin(Stdio::null())
        .output()
        .expect("openssl is missing; run `cargo xtask setup`");
    // rcgen ends lines as RFC 7468 lets it.
    String::from_utf8_lossy(&output.stdout).into_owned()
}
