//! The listeners, and that a message finds room.

use std::collections::BTreeMap;

use super::super::checked::Limits;
use super::super::document::{Document, ListenerDocument};
use super::super::listener::{DEFAULT_ADDRESS, Lane, ListenerConfig};
use super::Check;

impl Check<'_> {
    pub(super) fn listeners(&mut self, document: &Document) -> Vec<ListenerConfig> {
        let documents = document
            .listeners
            .clone()
            .unwrap_or_else(|| vec![ListenerDocument::default()]);
        if documents.is_empty() {
            self.report(
                "listeners",
                "name at least one listener, or leave the setting out".to_owned(),
            );
        }
        let mut listeners: Vec<ListenerConfig> = Vec::new();
        for (at, document) in documents.iter().enumerate() {
            let path = format!("listeners[{at}]");
            let address = self.address(
                &format!("{path}.address"),
                document.address.as_deref(),
                DEFAULT_ADDRESS,
            );
            let mut listener = ListenerConfig::from_document(document, address);
            listener.tls = document
                .tls
                .as_ref()
                .and_then(|tls| self.tls(&format!("{path}.tls"), tls));
            self.senders(&path, document, &mut listener);
            if listeners.iter().any(|other| other.name == listener.name) {
                self.report(
                    &format!("{path}.name"),
                    format!(
                        "`{}` is taken by another listener; give each a name",
                        listener.name
                    ),
                );
            }
            if address.port() != 0 && listeners.iter().any(|other| other.address == address) {
                self.report(
                    &format!("{path}.address"),
                    format!("{address} is taken by another listener; give each an address"),
                );
            }
            if listener.feed.as_deref() == Some("") {
                self.report(
                    &format!("{path}.feed"),
                    "give the feed a name or leave it out".to_owned(),
                );
            }
            listeners.push(listener);
        }
        self.lanes(&listeners);
        listeners
    }

    /// The order of a feed is that of one raw log.
    fn lanes(&mut self, listeners: &[ListenerConfig]) {
        let mut known: BTreeMap<&str, Lane> = BTreeMap::new();
        for (at, listener) in listeners.iter().enumerate() {
            let declared = listener.feeds.iter().map(|feed| feed.name.as_str());
            for feed in listener.feed.as_deref().into_iter().chain(declared) {
                if *known.entry(feed).or_insert(listener.lane) != listener.lane {
                    self.report(
                        &format!("listeners[{at}].lane"),
                        format!(
                            "feed `{feed}` is in the other lane too; give it another name here"
                        ),
                    );
                }
            }
        }
    }

    /// A message that is not too long must find room.
    pub(super) fn room(&mut self, limits: &Limits, listeners: &[ListenerConfig]) {
        let mut longest = 0;
        for (at, listener) in listeners.iter().enumerate() {
            longest = longest.max(listener.max_frame_bytes);
            for (name, bytes) in [
                ("maxFeedInFlightBytes", listener.max_feed_in_flight_bytes),
                ("maxTotalInFlightBytes", listener.max_total_in_flight_bytes),
            ] {
                if bytes < listener.max_frame_bytes {
                    self.report(
                        &format!("listeners[{at}].{name}"),
                        format!(
                            "at least maxFrameBytes ({}), or the longest message never finds room",
                            listener.max_frame_bytes
                        ),
                    );
                }
            }
        }
        for (name, bytes) in [
            ("maxInFlightBytes", limits.max_in_flight_bytes),
            ("maxReceivingBytes", limits.max_receiving_bytes),
        ] {
            if bytes < longest {
                self.report(
                    &format!("limits.{name}"),
                    format!(
                        "at least the longest maxFrameBytes ({longest}), or such a message never finds room"
                    ),
                );
            }
        }
    }
}
