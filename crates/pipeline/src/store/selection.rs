//! Which outputs to read back.

/// A stream of outputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stream {
    /// Resources or Bundles.
    #[default]
    Fhir,
    /// Dead letters.
    Dead,
    /// Audit events.
    Audit,
}

/// Which outputs to read back.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// The stream.
    pub stream: Stream,
    /// Only this type; only for [`Stream::Fhir`].
    pub resource_type: Option<String>,
    /// Not what was written before this time, in milliseconds since 1970-01-01T00:00Z, where the store knows that: Kafka does.
    pub since_ms: Option<i64>,
    /// Wait for more at the end.
    pub follow: bool,
}
