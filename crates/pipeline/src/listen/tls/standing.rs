//! Whether an open connection's peer is still accepted.

use std::sync::Arc;

use tokio::sync::watch;
use tokio_rustls::rustls::pki_types::CertificateDer;

use super::fault::Fault;
use super::force::InForce;

/// A peer's standing: its certificates, held to whatever is in force.
pub(in super::super) struct Standing {
    in_force: watch::Receiver<Arc<InForce>>,
    chain: Vec<CertificateDer<'static>>,
}

impl Standing {
    /// Of a peer that what `in_force` last showed has accepted.
    pub(super) fn new(
        in_force: watch::Receiver<Arc<InForce>>,
        chain: Vec<CertificateDer<'static>>,
    ) -> Standing {
        Standing { in_force, chain }
    }

    /// Resolves once something is in force by which the peer is not accepted. May be given up and begun again.
    pub(in super::super) async fn lost(&mut self) -> Fault {
        while self.in_force.changed().await.is_ok() {
            let in_force = Arc::clone(&self.in_force.borrow_and_update());
            if let Err(fault) = in_force.accepts(&self.chain) {
                return fault;
            }
        }
        // Nothing renews it any more.
        std::future::pending().await
    }
}
