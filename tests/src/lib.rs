//! What the end-to-end suites share: senders, the `kiln` process, readers of its output, and a checker.
//!
//! Nothing here uses Kiln's own crates: frames, acknowledgements and records are read by other code than that which wrote
//! them, so that one mistake cannot hide another.
//!
//! - [`Feed`] makes invented messages whose control ids state feed and place.
//! - [`Sender`] sends them over MLLP, one at a time, and sends again what was not acknowledged.
//! - [`Broker`] runs a real Kafka broker and kills it.
//! - [`Kiln`] runs the real binary and kills it, gently or not.
//! - [`Network`] has hosts for both, with links that can be cut and slowed; [`Disk`] can be full, and [`Host`] has a clock.
//! - [`Prometheus`] judges the alerts.
//! - [`records`] reads what was emitted.
//! - [`reference`](mod@reference) makes the reference of settings out of their schema.
//! - [`Checker`] says what is lost, doubled or out of order, by control id.
//!
//! ```
//! use kiln_tests::{Checker, Feed, Record};
//!
//! let message = Feed::new("WARD").message(1);
//! let mut checker = Checker::new();
//! let patient = serde_json::json!({ "resourceType": "Patient", "id": "a" });
//! let record = Record::of(&message.control_id, &patient);
//! checker.expect(&record);
//! checker.observe(&record);
//! assert!(checker.verdict().is_clean());
//! ```

#![allow(
    clippy::missing_panics_doc,
    reason = "a panic here is how a test fails"
)]

mod ack;
mod audit;
mod broker;
mod checker;
mod collector;
mod convert;
mod deadline;
mod disk;
mod feed;
mod frame;
mod host;
pub mod http;
mod kiln;
mod network;
mod process;
mod prometheus;
pub mod records;
pub mod reference;
mod sender;
mod traffic;

pub use ack::Ack;
pub use audit::follow_chains;
pub use broker::Broker;
pub use checker::{Checker, Verdict};
pub use collector::collector;
pub use convert::expected_resources;
pub use deadline::{await_until, settled};
pub use disk::Disk;
pub use feed::{Feed, Message};
pub use frame::{read_frame, write_frame};
pub use host::Host;
pub use kiln::Kiln;
pub use network::{Network, ip};
pub use process::Process;
pub use prometheus::Prometheus;
pub use records::Record;
pub use sender::{Sender, Sent};
pub use traffic::Traffic;
