//! Whether the brokers let a client in.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rdkafka::ClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::client;

/// In the text of OpenSSL's faults: the other side of TLS says why it ends. With TLS 1.3 a client learns only after the handshake
/// that its certificate is not accepted (RFC 8446 §4.4.2.4), and librdkafka calls that a fault of the transport.
const ALERT: &str = "SSL alert number";

/// That the brokers did not let a client in, and why.
#[derive(Clone, Default)]
pub(super) struct Refusals(Arc<Mutex<Option<String>>>);

impl Refusals {
    /// Why they did not, if so.
    pub(super) fn why(&self) -> Option<String> {
        self.last().clone()
    }

    fn last(&self) -> MutexGuard<'_, Option<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Refusals {
    fn error(&self, error: KafkaError, reason: &str) {
        tracing::warn!(%error, reason, "a client of Kafka");
        let transport = Some(RDKafkaErrorCode::BrokerTransportFailure);
        let alerted = error.rdkafka_error_code() == transport && reason.contains(ALERT);
        if alerted || client::is_refusal(&error) {
            *self.last() = Some(reason.to_owned());
        }
    }
}
