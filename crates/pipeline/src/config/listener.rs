//! A listener's settings, checked.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::admission::{Admission, FeedConfig};
use super::document::ListenerDocument;

/// When to say yes to a sender.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum AckWhen {
    /// Once the store confirmed that it keeps the message.
    #[default]
    Stored,
    /// Once the mapping was tried and the store confirmed; AE with the reason when the mapping fails.
    Mapped,
}

/// Which raw log a listener's messages go to.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum Lane {
    /// Messages that someone waits for.
    #[default]
    Interactive,
    /// Loads of many messages, which those never wait behind.
    Bulk,
}

impl Lane {
    /// The label of metrics.
    pub fn label(self) -> &'static str {
        match self {
            Lane::Interactive => "interactive",
            Lane::Bulk => "bulk",
        }
    }
}

/// TLS of a listener; files in PEM, read again while it runs.
#[derive(Clone, Debug)]
pub struct ListenerTls {
    /// The certificate that senders see, with the intermediate ones behind it.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// Who may send.
    pub clients: Option<ClientAuthorities>,
}

/// Who vouches for the senders (mutual TLS).
#[derive(Clone, Debug)]
pub struct ClientAuthorities {
    /// The authorities' certificates.
    pub ca: PathBuf,
    /// Their revocation lists.
    pub crl: Vec<PathBuf>,
}

/// The settings of one MLLP listener.
#[derive(Clone, Debug)]
pub struct ListenerConfig {
    /// Its name in logs, metrics and record headers.
    pub name: String,
    /// Where it listens; port 0 is any free one.
    pub address: SocketAddr,
    /// The feed of all its messages; none: sending application and facility of each.
    pub feed: Option<String>,
    /// Which raw log its messages go to.
    pub lane: Lane,
    /// Whether the messages of `feed` are numbered (MSH-13; HL7 v2.9 §2.10.1).
    pub sequence_numbers: bool,
    /// Who may connect.
    pub allowed: Admission,
    /// The feeds that are declared; none: every peer that may connect is let in, and `feed` holds.
    pub feeds: Vec<FeedConfig>,
    /// TLS; none: in the clear.
    pub tls: Option<ListenerTls>,
    /// When to say yes.
    pub ack_when: AckWhen,
    /// Longest message in bytes.
    pub max_frame_bytes: usize,
    /// Most connections at once.
    pub max_connections: usize,
    /// Most connections at once from one address; of IPv6, from one /64 network.
    pub max_connections_per_address: usize,
    /// Most connections at once with one client certificate.
    pub max_connections_per_certificate: usize,
    /// Most messages of one connection waiting for the store; beyond it nothing is read from it.
    pub max_in_flight: usize,
    /// The same in bytes; the message that reaches it is still taken.
    pub max_in_flight_bytes: usize,
    /// Most messages of one feed waiting for the store, over all connections that send it.
    pub max_feed_in_flight: usize,
    /// The same in bytes; at least `max_frame_bytes`.
    pub max_feed_in_flight_bytes: usize,
    /// Most messages of all its connections waiting for the store.
    pub max_total_in_flight: usize,
    /// The same in bytes; at least `max_frame_bytes`.
    pub max_total_in_flight_bytes: usize,
    /// A connection whose TLS handshake does not end within this is closed.
    pub handshake_timeout: Duration,
    /// A connection that sends nothing for so long is closed.
    pub idle_timeout: Duration,
    /// A connection whose message does not end within this is closed.
    pub frame_timeout: Duration,
    /// Without the store's word within this, the answer is AE.
    pub confirm_timeout: Duration,
    /// A connection whose peer does not take its answers within this is closed.
    pub write_timeout: Duration,
    /// After so long without data the system asks whether the peer is still there.
    pub tcp_keepalive: Duration,
    /// A connection whose peer does not confirm data within this is ended by the system (RFC 5482).
    pub tcp_user_timeout: Duration,
}

/// The address of a listener when none is given.
pub(super) const DEFAULT_ADDRESS: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 2575);
const DEFAULT_MAX_FRAME_BYTES: usize = 16 * 1024 * 1024;
const DEFAULT_MAX_CONNECTIONS: usize = 1000;
const DEFAULT_MAX_CONNECTIONS_PER_ADDRESS: usize = 500;
const DEFAULT_MAX_CONNECTIONS_PER_CERTIFICATE: usize = 500;
const DEFAULT_MAX_IN_FLIGHT: usize = 64;
const DEFAULT_MAX_IN_FLIGHT_BYTES: usize = 16 * 1024 * 1024;
const DEFAULT_MAX_FEED_IN_FLIGHT: usize = 1024;
const DEFAULT_MAX_FEED_IN_FLIGHT_BYTES: usize = 64 * 1024 * 1024;
const DEFAULT_MAX_TOTAL_IN_FLIGHT: usize = 4096;
const DEFAULT_MAX_TOTAL_IN_FLIGHT_BYTES: usize = 128 * 1024 * 1024;
const DEFAULT_HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
const DEFAULT_IDLE_TIMEOUT: Duration = Duration::from_secs(3600);
const DEFAULT_FRAME_TIMEOUT: Duration = Duration::from_secs(60);
const DEFAULT_CONFIRM_TIMEOUT: Duration = Duration::from_secs(20);
const DEFAULT_WRITE_TIMEOUT: Duration = Duration::from_secs(30);
const DEFAULT_TCP_KEEPALIVE: Duration = Duration::from_secs(60);
const DEFAULT_TCP_USER_TIMEOUT: Duration = Duration::from_secs(60);

impl Default for ListenerConfig {
    fn default() -> ListenerConfig {
        ListenerConfig::from_document(&ListenerDocument::default(), DEFAULT_ADDRESS)
    }
}

impl ListenerConfig {
    /// All but what is to be checked further: who may connect, and TLS.
    pub(super) fn from_document(
        document: &ListenerDocument,
        address: SocketAddr,
    ) -> ListenerConfig {
        let count = |value: Option<u64>, default| value.map_or(default, super::check::saturated);
        let seconds = |value: Option<u64>, default| value.map_or(default, Duration::from_secs);
        let max_frame_bytes = count(document.max_frame_bytes, DEFAULT_MAX_FRAME_BYTES);
        ListenerConfig {
            name: document.name.clone().unwrap_or_else(|| "mllp".to_owned()),
            address,
            feed: document.feed.clone(),
            lane: document.lane.unwrap_or_default(),
            sequence_numbers: document.sequence_numbers.unwrap_or_default(),
            allowed: Admission::default(),
            feeds: Vec::new(),
            tls: None,
            ack_when: document.ack_when.unwrap_or_default(),
            max_frame_bytes,
            max_connections: count(document.max_connections, DEFAULT_MAX_CONNECTIONS),
            max_connections_per_address: count(
                document.max_connections_per_address,
                DEFAULT_MAX_CONNECTIONS_PER_ADDRESS,
            ),
            max_connections_per_certificate: count(
                document.max_connections_per_certificate,
                DEFAULT_MAX_CONNECTIONS_PER_CERTIFICATE,
            ),
            max_in_flight: count(document.max_in_flight, DEFAULT_MAX_IN_FLIGHT),
            max_in_flight_bytes: count(document.max_in_flight_bytes, DEFAULT_MAX_IN_FLIGHT_BYTES),
            max_feed_in_flight: count(document.max_feed_in_flight, DEFAULT_MAX_FEED_IN_FLIGHT),
            max_feed_in_flight_bytes: count(
                document.max_feed_in_flight_bytes,
                DEFAULT_MAX_FEED_IN_FLIGHT_BYTES.max(max_frame_bytes),
            ),
            max_total_in_flight: count(document.max_total_in_flight, DEFAULT_MAX_TOTAL_IN_FLIGHT),
            max_total_in_flight_bytes: count(
                document.max_total_in_flight_bytes,
                DEFAULT_MAX_TOTAL_IN_FLIGHT_BYTES,
            ),
            handshake_timeout: seconds(
                document.handshake_timeout_seconds,
                DEFAULT_HANDSHAKE_TIMEOUT,
            ),
            idle_timeout: seconds(document.idle_timeout_seconds, DEFAULT_IDLE_TIMEOUT),
            frame_timeout: seconds(document.frame_timeout_seconds, DEFAULT_FRAME_TIMEOUT),
            confirm_timeout: seconds(document.confirm_timeout_seconds, DEFAULT_CONFIRM_TIMEOUT),
            write_timeout: seconds(document.write_timeout_seconds, DEFAULT_WRITE_TIMEOUT),
            tcp_keepalive: seconds(document.tcp_keepalive_seconds, DEFAULT_TCP_KEEPALIVE),
            tcp_user_timeout: seconds(document.tcp_user_timeout_seconds, DEFAULT_TCP_USER_TIMEOUT),
        }
    }
}
