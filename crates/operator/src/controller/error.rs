//! What goes wrong while reconciling.

/// Why a pass over a pipeline failed. It is repeated later.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The API server was not reached, or refused.
    #[error("cannot {action}: {source}")]
    Api {
        /// What was tried.
        action: String,
        /// What the API server or the connection said.
        source: Box<kube::Error>,
    },
    /// The resource has no name or namespace.
    #[error("the resource has no name or namespace; read it from the API server")]
    Nameless,
    /// The definitions are not in the cluster, or may not be read.
    #[error(
        "Hl7Pipelines cannot be listed: {0}; apply the definitions (`kiln-operator crds | kubectl apply --server-side -f -`) and the operator's roles"
    )]
    NoDefinitions(Box<kube::Error>),
}

impl Error {
    pub(super) fn api(action: impl Into<String>, source: kube::Error) -> Error {
        Error::Api {
            action: action.into(),
            source: Box::new(source),
        }
    }
}
