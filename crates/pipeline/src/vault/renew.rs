//! Renewing the keys when their file changes: all or nothing.

use std::path::PathBuf;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::keys::Keys;
use super::metrics::VaultMetrics;
use super::safe::Vault;
use crate::settling::Settling;

/// How often the key file is read.
const KEYS_POLL: Duration = Duration::from_millis(500);

/// The file as read, or why it cannot be used.
type Reading = Result<Keys, String>;

/// Watches the key file until `stop`.
pub(crate) async fn renew(
    vault: Vault,
    file: PathBuf,
    metrics: VaultMetrics,
    stop: CancellationToken,
) {
    let Some(keys) = vault.keys() else { return };
    told(&keys, &metrics);
    let mut settling: Settling<Reading> = Settling::new(Ok(keys));
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(KEYS_POLL) => {}
        }
        let from = file.clone();
        let read = move || Keys::read(&from).map_err(|error| error.to_string());
        let Ok(reading) = tokio::task::spawn_blocking(read).await else {
            continue;
        };
        match settling.look(reading) {
            None => {}
            Some(Ok(keys)) => {
                told(&keys, &metrics);
                metrics.reloads.with_label_values(&["loaded"]).inc();
                vault.put(keys);
            }
            Some(Err(why)) => {
                tracing::error!(%why, "the key file is wrong; the keys before stay in force");
                metrics.reloads.with_label_values(&["rejected"]).inc();
                metrics.rejected.set(1);
            }
        }
    }
}

fn told(keys: &Keys, metrics: &VaultMetrics) {
    let (key, _) = keys.first();
    tracing::info!(key, keys = keys.len(), "messages are kept encrypted");
    metrics.rejected.set(0);
    metrics
        .keys
        .set(i64::try_from(keys.len()).unwrap_or(i64::MAX));
}
