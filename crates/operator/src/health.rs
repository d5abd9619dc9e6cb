//! What the kubelet asks the operator.

use std::net::SocketAddr;

use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Serves `/livez` and `/readyz` until `stop`. An operator that waits for the Lease is as ready as the one that holds it.
pub(crate) async fn serve(
    address: SocketAddr,
    stop: CancellationToken,
) -> Result<JoinHandle<()>, String> {
    let socket = TcpListener::bind(address)
        .await
        .map_err(|error| format!("cannot listen on {address}: {error}; give --health another"))?;
    let router = Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(|| async { "ok\n" }));
    Ok(tokio::spawn(async move {
        let served = axum::serve(socket, router).with_graceful_shutdown(stop.cancelled_owned());
        if let Err(error) = served.await {
            tracing::error!(%error, "health is no longer served");
        }
    }))
}
