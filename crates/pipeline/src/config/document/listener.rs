//! A listener as it is written.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::listener::{AckWhen, Lane};

/// One MLLP listener.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ListenerDocument {
    /// Its name in logs, metrics and headers. Default `mllp`.
    pub name: Option<String>,
    /// Address and port, `127.0.0.1:2575` or `[::]:2575`. Default 127.0.0.1:2575: senders on other hosts need
    /// `0.0.0.0:2575`.
    pub address: Option<String>,
    /// The feed all its messages belong to. Default: sending application and facility of each message.
    pub feed: Option<String>,
    /// `interactive` (default), or `bulk` for loads of many messages: they have a raw log and a transform of their own, so
    /// that interactive messages never wait behind them. A feed is in one lane.
    pub lane: Option<Lane>,
    /// The messages of `feed` are numbered in MSH-13, answers tell the number in MSA-4, and one out of sequence is not
    /// taken (the sequence number protocol, HL7 v2.9 §2.10.1). Needs `feed`. Default false.
    pub sequence_numbers: Option<bool>,
    /// Networks (`10.1.0.0/16`) and addresses that may connect. Default: all.
    pub allowed_networks: Vec<String>,
    /// Names, one of which a sender's certificate must have: `CN=lab,O=North` in its subject, or `DNS:lab.example.org`,
    /// `URI:spiffe://example.org/lab`, `email:lab@example.org`, `IP:192.0.2.7` among its alternative names. Needs
    /// `tls.clientCa`. Default: any certificate of these authorities.
    pub allowed_certificates: Vec<String>,
    /// The feeds that may come in here. When given, who sends none of them is refused; a connection belongs to the first
    /// that allows it.
    pub feeds: Vec<FeedDocument>,
    /// MLLP over TLS 1.2 or 1.3. Without it the port speaks in the clear.
    pub tls: Option<ListenerTlsDocument>,
    /// When to say yes: `stored` (default) once the message is kept; `mapped` also tries the mapping first.
    pub ack_when: Option<AckWhen>,
    /// Longest message accepted, in bytes. Default 16777216 (16 MiB).
    #[schemars(range(min = 1024, max = 268_435_456))]
    pub max_frame_bytes: Option<u64>,
    /// Most connections at once. Default 1000.
    #[schemars(range(min = 1, max = 100_000))]
    pub max_connections: Option<u64>,
    /// Most connections at once from one address (of IPv6, from one /64 network). Default 500. Behind a load balancer
    /// that hides the senders' addresses, set it as high as `maxConnections`.
    #[schemars(range(min = 1, max = 100_000))]
    pub max_connections_per_address: Option<u64>,
    /// Most connections at once with one client certificate. Default 500.
    #[schemars(range(min = 1, max = 100_000))]
    pub max_connections_per_certificate: Option<u64>,
    /// Most messages of one connection that wait for the store at once; beyond it nothing more is read from it. Default
    /// 64.
    #[schemars(range(min = 1, max = 10_000))]
    pub max_in_flight: Option<u64>,
    /// The same in bytes; the message that reaches it is still taken. Default 16777216 (16 MiB).
    #[schemars(range(min = 1024))]
    pub max_in_flight_bytes: Option<u64>,
    /// Most messages of one feed that wait for the store at once, over all connections that send it. Default 1024.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub max_feed_in_flight: Option<u64>,
    /// The same in bytes. Default 67108864 (64 MiB), or `maxFrameBytes` where that is more; at least `maxFrameBytes`.
    #[schemars(range(min = 1024))]
    pub max_feed_in_flight_bytes: Option<u64>,
    /// Most messages of all connections of this listener that wait for the store at once. Default 4096.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub max_total_in_flight: Option<u64>,
    /// The same in bytes. Default 134217728 (128 MiB); at least `maxFrameBytes`.
    #[schemars(range(min = 1024))]
    pub max_total_in_flight_bytes: Option<u64>,
    /// Close a connection whose TLS handshake does not end within this. Default 10.
    #[schemars(range(min = 1, max = 600))]
    pub handshake_timeout_seconds: Option<u64>,
    /// Close a connection that sent nothing for so long. Default 3600.
    #[schemars(range(min = 1))]
    pub idle_timeout_seconds: Option<u64>,
    /// Close a connection whose message has begun but not ended for so long. Default 60.
    #[schemars(range(min = 1))]
    pub frame_timeout_seconds: Option<u64>,
    /// Answer AE (CE in enhanced mode) with error code 206, send it again, when the store could not confirm for so long.
    /// Default 20.
    #[schemars(range(min = 1))]
    pub confirm_timeout_seconds: Option<u64>,
    /// Close a connection whose peer does not take its answers for so long. Default 30.
    #[schemars(range(min = 1))]
    pub write_timeout_seconds: Option<u64>,
    /// After so long without data, ask every 10 seconds whether the peer is still there, three times. Default 60.
    #[schemars(range(min = 1, max = 32_767))]
    pub tcp_keepalive_seconds: Option<u64>,
    /// End a connection whose peer does not confirm data for so long. Default 60.
    #[schemars(range(min = 1, max = 86_400))]
    pub tcp_user_timeout_seconds: Option<u64>,
}

/// A feed that is declared: at least one of the two lists; with both, both must allow a sender.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct FeedDocument {
    /// Its name. Whatever its senders send belongs to it, whatever MSH-3 and MSH-4 say.
    pub name: Option<String>,
    /// Networks (`10.1.0.0/16`) and addresses that may send it.
    pub allowed_networks: Vec<String>,
    /// Names of certificates that may send it; see those of the listener.
    pub allowed_certificates: Vec<String>,
    /// Its messages are numbered; see that of the listener. Default false.
    pub sequence_numbers: Option<bool>,
}

/// TLS of a listener: files in PEM, read again while it runs. A change counts once all of them are right together.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ListenerTlsDocument {
    /// The certificate that senders see, with the intermediate ones behind it.
    pub cert: Option<PathBuf>,
    /// Its private key: PKCS #8, PKCS #1 or SEC 1, not encrypted.
    pub key: Option<PathBuf>,
    /// The authorities of the senders. When given, a sender without a certificate from one of them is refused (mutual
    /// TLS).
    pub client_ca: Option<PathBuf>,
    /// Revocation lists of these authorities. What one of them lists is refused; of an authority without a list nothing
    /// is. A list past its next update is still heeded, with a warning.
    pub client_crl: Vec<PathBuf>,
}
