//! What is in force, for all who convert. A message, and a batch, takes it once and keeps it to its end.

use std::sync::Arc;

use kiln_fhir::Mapper;
use tokio::sync::watch;

/// The maps in force.
#[derive(Clone, Debug)]
pub struct InForce {
    /// The maps.
    pub mapper: Arc<Mapper>,
    /// Why the overlay as it now lies in its directory is not in force.
    pub rejected: Option<Arc<str>>,
}

/// The maps in force, as they change.
#[derive(Clone, Debug)]
pub struct Mapping {
    state: watch::Receiver<InForce>,
}

impl Mapping {
    /// Begins with a mapper; the sender is for who renews it.
    pub(crate) fn new(mapper: Arc<Mapper>) -> (watch::Sender<InForce>, Mapping) {
        let (sender, state) = watch::channel(InForce {
            mapper,
            rejected: None,
        });
        (sender, Mapping { state })
    }

    /// The maps for the next message.
    pub fn mapper(&self) -> Arc<Mapper> {
        Arc::clone(&self.state.borrow().mapper)
    }

    /// What is in force, and what was rejected.
    pub fn in_force(&self) -> InForce {
        self.state.borrow().clone()
    }

    /// Waits until `holds` of what is in force; for ever when nothing renews it.
    pub async fn until(&mut self, holds: impl Fn(&InForce) -> bool) {
        if self.state.wait_for(holds).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
