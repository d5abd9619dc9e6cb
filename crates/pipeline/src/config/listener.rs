//! A listener's settings, checked.

use std::net::SocketAddr;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

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

/// The settings of one MLLP listener.
#[derive(Clone, Debug)]
pub struct ListenerConfig {
    /// Its name in logs, metrics and record headers.
    pub name: String,
    /// Where it listens; port 0 is any free one.
    pub address: SocketAddr,
    /// The feed of all its messages; none: sending application and facility of each.
    pub feed: Option<String>,
    /// When to say yes.
    pub ack_when: AckWhen,
    /// Longest message in bytes.
    pub max_frame_bytes: usize,
    /// Most connections at once.
    pub max_connections: usize,
    /// Most messages of one connection waiting for the store.
    pub max_in_flight: usize,
    /// A connection that sends nothing for so long is closed.
    pub idle_timeout: Duration,
    /// A connection whose message does not end within this is closed.
    pub frame_timeout: Duration,
    /// Without the store's word within this, the answer is AE.
    pub confirm_timeout: Duration,
}

/// The address of a listener when none is given.
pub(super) const DEFAULT_ADDRESS: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 2575);
const DEFAULT_MAX_FRAME_BYTES: usize = 16 * 1024 * 1024;
const DEFAULT_MAX_CONNECTIONS: usize = 1000;
const DEFAULT_MAX_IN_FLIGHT: usize = 64;
const DEFAULT_IDLE_TIMEOUT: Duration = Duration::from_secs(3600);
const DEFAULT_FRAME_TIMEOUT: Duration = Duration::from_secs(60);
const DEFAULT_CONFIRM_TIMEOUT: Duration = Duration::from_secs(20);

impl Default for ListenerConfig {
    fn default() -> ListenerConfig {
        ListenerConfig::from_document(&ListenerDocument::default(), DEFAULT_ADDRESS)
    }
}

impl ListenerConfig {
    pub(super) fn from_document(
        document: &ListenerDocument,
        address: SocketAddr,
    ) -> ListenerConfig {
        let count = |value: Option<u64>, default| value.map_or(default, super::checked::saturated);
        let seconds = |value: Option<u64>, default| value.map_or(default, Duration::from_secs);
        ListenerConfig {
            name: document.name.clone().unwrap_or_else(|| "mllp".to_owned()),
            address,
            feed: document.feed.clone(),
            ack_when: document.ack_when.unwrap_or_default(),
            max_frame_bytes: count(document.max_frame_bytes, DEFAULT_MAX_FRAME_BYTES),
            max_connections: count(document.max_connections, DEFAULT_MAX_CONNECTIONS),
            max_in_flight: count(document.max_in_flight, DEFAULT_MAX_IN_FLIGHT),
            idle_timeout: seconds(document.idle_timeout_seconds, DEFAULT_IDLE_TIMEOUT),
            frame_timeout: seconds(document.frame_timeout_seconds, DEFAULT_FRAME_TIMEOUT),
            confirm_timeout: seconds(document.confirm_timeout_seconds, DEFAULT_CONFIRM_TIMEOUT),
        }
    }
}
