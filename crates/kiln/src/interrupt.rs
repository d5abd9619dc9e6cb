//! Ctrl-C and SIGTERM.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::failure::Failure;

/// A token that is cancelled at the first SIGINT or SIGTERM. A second one ends the process at once.
pub(crate) fn token() -> Result<CancellationToken, Failure> {
    let token = CancellationToken::new();
    let cannot = |error| Failure::stopped(format!("cannot listen for signals: {error}"));
    let mut interrupt = signal(SignalKind::interrupt()).map_err(cannot)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(cannot)?;
    let cancelled = token.clone();
    tokio::spawn(async move {
        let next =
            async || tokio::select! { _ = interrupt.recv() => 130, _ = terminate.recv() => 143 };
        let mut next = next;
        next().await;
        cancelled.cancel();
        std::process::exit(next().await);
    });
    Ok(token)
}

/// The runtime of commands that talk to the network.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            Failure::stopped(format!(
                "cannot start threads: {error}; check the process limits"
            ))
        })
}
