//! Fear: what Kafka knows Kiln by is renewed, a password or a certificate, or what Kiln knows Kafka by, and whoever holds the old
//! stands still until somebody restarts it.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use kiln_tests::{
    Broker, Feed, Kiln, Sender, Verdict, await_until, expected_resources, records, settled,
};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};

const LIMIT: Duration = Duration::from_secs(120);

/// A broker with a second listener, which lets in whom it knows.
struct Guarded {
    broker: Broker,
    properties: PathBuf,
    /// Without those of who is let in.
    text: String,
    address: String,
}

impl Guarded {
    fn start(directory: &Path, protocol: &str) -> Guarded {
        let broker = Broker::start(directory, &Broker::jars());
        let free = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
        let address = free.expect("a free port").to_string();
        let properties = directory.join("1/server.properties");
        let text = fs::read_to_string(&properties).expect("the broker's properties");
        let changed = text.lines().map(|line| match line.split_once('=') {
            Some(("listeners" | "advertised.listeners", _)) => {
                format!("{line},{protocol}://{address}\n")
            }
            Some(("listener.security.protocol.map", _)) => {
                format!("{line},{protocol}:{protocol}\n")
            }
            _ => format!("{line}\n"),
        });
        Guarded {
            broker,
            properties,
            text: changed.collect(),
            address,
        }
    }

    /// Starts it again with these properties of who is let in.
    fn admit(&mut self, who: &str) {
        self.broker.kill();
        fs::write(&self.properties, format!("{}{who}", self.text)).expect("its properties");
        self.broker.start_again();
        self.broker.await_ready(1);
    }
}

/// Sends over a listener that lets Kiln in by what `kafka` says, then over one that does not until `renew`.
fn renewed(
    directory: &Path,
    protocol: &str,
    kafka: &str,
    [before, after]: [&str; 2],
    renew: impl FnOnce(),
) {
    let mut guarded = Guarded::start(&directory.join("broker"), protocol);
    guarded.admit(before);
    let config = format!(
        "name: credentials\nstore:\n  kafka:\n    brokers: [\"{}\"]\n    {kafka}\n    topics: {{ create: true, partitions: 2, replication: 1 }}\n",
        guarded.address
    );
    let messages = Feed::new("RENEWED").messages(4);
    let expected = expected_resources(&messages, directory);
    let kiln = Kiln::serve(directory, &config);
    let mut sender = Sender::new(kiln.mllp());
    let start = Instant::now();
    let give_up = || start.elapsed() > LIMIT;
    for message in &messages[..2] {
        assert!(sender.deliver(message, give_up).ack.is_some());
    }

    guarded.admit(after);
    let answer = sender.exchange(&messages[2].bytes).expect("an answer");
    assert_eq!(answer.code, "AE");
    await_until("a word of the refusal", LIMIT, || {
        let (status, reasons) = kiln.http_get("/readyz")?;
        (status == 503 && reasons.contains("Kafka refuses this process")).then_some(())
    });
    renew();
    for message in &messages[2..] {
        let sent = sender.deliver(message, give_up);
        assert!(sent.ack.is_some(), "{} in time", sent.control_id);
    }
    let plain = guarded.broker.address();
    let found = settled(LIMIT, || {
        Verdict::of(&expected, &records::kafka(&plain, "credentials"))
    });
    assert!(found.is_clean(), "{found}");
    await_until("readyz", LIMIT, || {
        (kiln.http_status("/readyz") == Some(200)).then_some(())
    });
}

#[test]
fn a_password_that_is_renewed_is_taken_without_a_restart() {
    let directory = tempfile::tempdir().expect("a directory");
    let username = put(directory.path(), "username", "kiln\n");
    let password = put(directory.path(), "password", "first\n");
    let admitting = |password: &str| {
        let plain = "listener.name.sasl_plaintext.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule";
        format!("sasl.enabled.mechanisms=PLAIN\n{plain} required user_kiln=\"{password}\";\n")
    };
    renewed(
        directory.path(),
        "SASL_PLAINTEXT",
        &format!(
            "sasl: {{ mechanism: PLAIN, usernameFile: {}, passwordFile: {} }}",
            username.display(),
            password.display()
        ),
        [&admitting("first"), &admitting("second")],
        || drop(put(directory.path(), "password", "second\n")),
    );
}

#[test]
fn a_client_certificate_that_is_renewed_is_taken_without_a_restart() {
    let directory = tempfile::tempdir().expect("a directory");
    let [of_brokers, old, new] = ["brokers", "old", "new"].map(authority);
    let admitting = |clients: &Authority, name: &str| {
        mutual_tls(directory.path(), name, &of_brokers, &clients.pem())
    };
    renewed(
        directory.path(),
        "SSL",
        &known(directory.path(), &of_brokers, &old),
        [&admitting(&old, "before"), &admitting(&new, "after")],
        || drop(known(directory.path(), &of_brokers, &new)),
    );
}

#[test]
fn a_certificate_authority_that_is_renewed_is_trusted_without_a_restart() {
    let directory = tempfile::tempdir().expect("a directory");
    let [of_clients, old, new] = ["clients", "old", "new"].map(authority);
    let admitting = |brokers: &Authority, name: &str| {
        mutual_tls(directory.path(), name, brokers, &of_clients.pem())
    };
    renewed(
        directory.path(),
        "SSL",
        &known(directory.path(), &old, &of_clients),
        [&admitting(&old, "before"), &admitting(&new, "after")],
        || drop(known(directory.path(), &new, &of_clients)),
    );
}

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let key = KeyPair::generate().expect("a key");
    CertifiedIssuer::self_signed(params, key).expect("an authority")
}

/// A certificate of this machine and its key, in PEM.
fn issued(authority: &Authority) -> (String, String) {
    let mut params = CertificateParams::new(["127.0.0.1".to_owned()]).expect("a name");
    params.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ServerAuth,
        ExtendedKeyUsagePurpose::ClientAuth,
    ];
    let key = KeyPair::generate().expect("a key");
    let cert = params.signed_by(&key, authority).expect("a certificate");
    (cert.pem(), key.serialize_pem())
}

/// Kiln's side: files of whom it trusts and what it is known by, and its settings that name them.
fn known(directory: &Path, trusted: &Authority, issuer: &Authority) -> String {
    let (cert, key) = issued(issuer);
    format!(
        "tls: {{ ca: {}, cert: {}, key: {} }}",
        put(directory, "ca.crt", &trusted.pem()).display(),
        put(directory, "tls.crt", &cert).display(),
        put(directory, "tls.key", &key).display()
    )
}

/// The broker's side: its properties, with files under a name of their own.
fn mutual_tls(directory: &Path, name: &str, issuer: &Authority, trusted: &str) -> String {
    let (cert, key) = issued(issuer);
    let own = put(directory, &format!("{name}-broker.pem"), &(key + &cert));
    let clients = put(directory, &format!("{name}-clients.pem"), trusted);
    let of_listener = "listener.name.ssl.ssl";
    format!(
        "{of_listener}.client.auth=required\n\
         {of_listener}.keystore.type=PEM\n{of_listener}.keystore.location={}\n\
         {of_listener}.truststore.type=PEM\n{of_listener}.truststore.location={}\n",
        own.display(),
        clients.display()
    )
}

fn put(directory: &Path, name: &str, text: &str) -> PathBuf {
    let path = directory.join(name);
    fs::write(&path, text).expect("a file");
    path
}
