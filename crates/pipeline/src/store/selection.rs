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
    /// Wait for more at the end.
    pub follow: bool,
}
