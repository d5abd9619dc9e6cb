//! Renewing the maps when the overlay's directory changes: all or nothing.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kiln_fhir::Mapper;
use tokio::sync::watch::Sender;
use tokio_util::sync::CancellationToken;

use super::directory::{Overlay, OverlayError};
use super::force::InForce;
use super::metrics::MappingMetrics;
use crate::audit::{Deed, Event, Journal, Outcome};
use crate::record::header;
use crate::settling::Settling;

/// How often the directory is read.
const OVERLAY_POLL: Duration = Duration::from_millis(500);

/// The directory as read: its files, or why they cannot be read.
type Reading = Result<Overlay, String>;

/// Watches the directory until `stop`; `loaded` is what is in force of it already.
pub(crate) async fn watch(
    base: Arc<Mapper>,
    directory: PathBuf,
    loaded: Overlay,
    in_force: Sender<InForce>,
    metrics: MappingMetrics,
    journal: Journal,
    stop: CancellationToken,
) {
    let mut settling: Settling<Reading> = Settling::new(Ok(loaded));
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(OVERLAY_POLL) => {}
        }
        let from = directory.clone();
        let read = move || Overlay::read(&from).map_err(|error| error.to_string());
        let Ok(reading) = tokio::task::spawn_blocking(read).await else {
            continue;
        };
        let Some(settled) = settling.look(reading) else {
            continue;
        };
        let (base, at) = (Arc::clone(&base), directory.clone());
        let load = move || -> Result<Mapper, String> {
            settled?
                .over(&base, &at)
                .map_err(|error: OverlayError| error.to_string())
        };
        let Ok(loaded) = tokio::task::spawn_blocking(load).await else {
            continue;
        };
        put(loaded, &in_force, &metrics, &journal);
    }
}

fn put(
    loaded: Result<Mapper, String>,
    in_force: &Sender<InForce>,
    metrics: &MappingMetrics,
    journal: &Journal,
) {
    match loaded {
        Ok(mapper) => {
            metrics.rejected.set(0);
            let known = in_force.borrow().clone();
            let same = known.mapper.version() == mapper.version();
            if same && known.rejected.is_none() {
                return;
            }
            if !same {
                tracing::info!(version = mapper.version(), "the overlay was loaded");
                metrics.reloads.with_label_values(&["loaded"]).inc();
                let mut event = Event::new(Deed::Mapping, Timestamp::now(), journal.instance());
                event.explained = Some("an overlay came into force");
                event.details.push((header::MAPPING, mapper.version()));
                event.details.push(("before", known.mapper.version()));
                journal.tell(&event);
            }
            let mapper = if same { known.mapper } else { Arc::new(mapper) };
            in_force.send_replace(InForce {
                mapper,
                rejected: None,
            });
        }
        Err(why) => {
            tracing::error!(%why, "the overlay is wrong; the one before it stays in force");
            metrics.reloads.with_label_values(&["rejected"]).inc();
            metrics.rejected.set(1);
            let mut event = Event::new(Deed::Mapping, Timestamp::now(), journal.instance());
            event.outcome = Outcome::Failure;
            event.explained = Some(&why);
            journal.tell(&event);
            in_force.send_modify(|state| state.rejected = Some(why.into()));
        }
    }
}
