//! Renewing a listener's TLS when its files change: all or nothing.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::error::TlsError;
use super::files::Files;
use super::force::InForce;
use super::metrics::TlsMetrics;
use crate::config::ListenerTls;
use crate::settling::Settling;

/// How often the files are read.
const TLS_POLL: Duration = Duration::from_millis(500);

/// The files as read, or why they cannot be read.
type Reading = Result<Files, String>;

/// A listener's TLS, as it changes.
#[derive(Clone)]
pub(crate) struct Tls {
    pub(super) in_force: watch::Receiver<Arc<InForce>>,
}

/// Who renews it.
pub(crate) struct TlsWatch {
    listener: String,
    paths: ListenerTls,
    settling: Settling<Reading>,
    in_force: watch::Sender<Arc<InForce>>,
    metrics: TlsMetrics,
}

impl Tls {
    /// Begins with the files as they are, which must be right.
    pub(crate) fn open(
        listener: &str,
        paths: &ListenerTls,
        metrics: TlsMetrics,
    ) -> Result<(Tls, TlsWatch), TlsError> {
        let files = Files::read(paths)?;
        let loaded = files.load(paths)?;
        metrics.in_force(listener, &loaded);
        let (sender, in_force) = watch::channel(Arc::new(loaded));
        let watch = TlsWatch {
            listener: listener.to_owned(),
            paths: paths.clone(),
            settling: Settling::new(Ok(files)),
            in_force: sender,
            metrics,
        };
        Ok((Tls { in_force }, watch))
    }
}

/// Whether the files are right, as they are now.
pub(crate) fn check(paths: &ListenerTls) -> Result<(), TlsError> {
    Files::read(paths)?.load(paths).map(|_| ())
}

impl TlsWatch {
    /// Watches the files until `stop`.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(TLS_POLL) => {}
            }
            let paths = self.paths.clone();
            let read = move || Files::read(&paths).map_err(|error| error.to_string());
            let Ok(reading) = tokio::task::spawn_blocking(read).await else {
                continue;
            };
            let Some(settled) = self.settling.look(reading) else {
                continue;
            };
            let paths = self.paths.clone();
            let load = move || settled?.load(&paths).map_err(|error| error.to_string());
            if let Ok(loaded) = tokio::task::spawn_blocking(load).await {
                self.put(loaded);
            }
        }
    }

    fn put(&self, loaded: Result<InForce, String>) {
        let listener = &self.listener;
        match loaded {
            Ok(loaded) => {
                tracing::info!(
                    listener,
                    "certificates, keys and revocation lists were loaded"
                );
                self.metrics.loaded(listener);
                self.metrics.in_force(listener, &loaded);
                self.in_force.send_replace(Arc::new(loaded));
            }
            Err(why) => {
                tracing::error!(
                    listener,
                    %why,
                    "the files of TLS are wrong; those before them stay in force"
                );
                self.metrics.rejected(listener);
            }
        }
    }
}
