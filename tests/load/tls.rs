//! What an idle connection takes within TLS.

use std::net::SocketAddr;
use std::sync::Arc;

use kiln_tests::Feed;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::OF_ADDRESS;
use crate::measure::Memory;
use crate::server::Server;
use crate::work::{connect, exchange};

/// Bytes of memory a connection, of so many that are idle after a message each.
pub(crate) async fn idle_bytes(count: usize) -> u64 {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["kiln.test".to_owned()]).expect("a certificate");
    let kiln = Server::start(|directory| {
        let file = |name: &str, text: String| {
            let path = directory.path().join(name);
            std::fs::write(&path, text).expect("a file");
            path.display().to_string()
        };
        vec![
            format!("maxConnections: {}", count + 1),
            format!("maxConnectionsPerAddress: {OF_ADDRESS}"),
            format!(
                "tls: {{ cert: {}, key: {} }}",
                file("tls.crt", cert.pem()),
                file("tls.key", signing_key.serialize_pem())
            ),
        ]
    });
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone()).expect("a root");
    let config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));
    // The first brings in what all share.
    let _first = one(&connector, kiln.mllp(), 0).await;
    let before = Memory::of(&kiln);
    let mut all = Vec::with_capacity(count);
    for n in 0..count {
        all.push(one(&connector, kiln.mllp(), n).await);
    }
    Memory::of(&kiln).over(before) / count.max(1) as u64
}

async fn one(
    connector: &TlsConnector,
    address: SocketAddr,
    n: usize,
) -> tokio_rustls::client::TlsStream<tokio::net::TcpStream> {
    let name = ServerName::try_from("kiln.test").expect("a name");
    let tcp = connect(address, 4, n).await;
    let mut stream = connector.connect(name, tcp).await.expect("a handshake");
    let message = Feed::new(&format!("TLS{n}")).message(0);
    let answer = exchange(&mut stream, &message.bytes).await;
    assert!(answer.is_positive(), "{answer:?}");
    stream
}
