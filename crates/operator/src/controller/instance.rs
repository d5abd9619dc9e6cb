//! Talking to an instance: what it measures, what it says of itself, and the request to let connections go.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;

use super::observe::is_leaving;
use crate::desired::HTTP_PORT;

/// An instance answers in milliseconds; one that takes so long counts as silent.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// The longest answer that is read; one of a hundred listeners has a tenth of it.
const MAX_ANSWER_BYTES: usize = 4 << 20;

/// An instance that may be asked.
#[derive(Clone, Debug)]
pub(super) struct Instance {
    pub(super) name: String,
    address: SocketAddr,
}

impl Instance {
    /// None: it is leaving, or has no address yet.
    pub(super) fn of(pod: &Pod) -> Option<Instance> {
        let address: IpAddr = pod.status.as_ref()?.pod_ip.as_ref()?.parse().ok()?;
        (!is_leaving(pod)).then(|| Instance {
            name: pod.name_any(),
            address: SocketAddr::new(address, HTTP_PORT),
        })
    }
}

/// Asks instances. Each question has a connection of its own: one kept to a node that lost its power would only be waited
/// for.
#[derive(Clone)]
pub(super) struct Asking(Client<HttpConnector, Body>);

impl Asking {
    pub(super) fn new() -> Asking {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(ANSWER_WITHIN));
        let mut client = Client::builder(TokioExecutor::new());
        Asking(client.pool_max_idle_per_host(0).build(connector))
    }

    /// What `/metrics` says; none: no answer in time, or one that says no.
    pub(super) async fn metrics(&self, instance: &Instance) -> Option<String> {
        let (status, body) = self.ask(instance, Method::GET, "/metrics").await?;
        status.is_success().then_some(body)
    }

    /// What `/readyz` says, ready or not.
    pub(super) async fn ready(&self, instance: &Instance) -> Option<String> {
        let (_, body) = self.ask(instance, Method::GET, "/readyz").await?;
        Some(body)
    }

    /// What a shadow says of the differences it found.
    pub(super) async fn differences(&self, instance: &Instance) -> Option<String> {
        let (status, body) = self.ask(instance, Method::GET, "/differences").await?;
        status.is_success().then_some(body)
    }

    /// Asks for so many connections to be let go between messages; whether it was heard.
    pub(super) async fn shed(&self, instance: &Instance, connections: u32) -> bool {
        let path = format!("/shed?connections={connections}");
        let answer = self.ask(instance, Method::POST, &path).await;
        answer.is_some_and(|(status, _)| status.is_success())
    }

    async fn ask(
        &self,
        instance: &Instance,
        method: Method,
        path: &str,
    ) -> Option<(StatusCode, String)> {
        let address = instance.address;
        let request = Request::builder()
            .method(method)
            .uri(format!("http://{address}{path}"))
            .body(Body::empty())
            .ok()?;
        let asked = async {
            let answer = self.0.request(request).await.ok()?;
            let status = answer.status();
            let body = Body::new(answer.into_body());
            let body = to_bytes(body, MAX_ANSWER_BYTES).await.ok()?;
            Some((status, String::from_utf8(body.to_vec()).ok()?))
        };
        tokio::time::timeout(ANSWER_WITHIN, asked).await.ok()?
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use axum::Router;
    use axum::routing::{get, post};
    use tokio::net::TcpListener;

    use super::*;

    async fn serve(router: Router) -> Instance {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(socket, router).await.unwrap() });
        Instance {
            name: "instance".to_owned(),
            address,
        }
    }

    #[tokio::test]
    async fn an_instance_is_heard_whether_it_is_ready_or_not() {
        let unready = (StatusCode::SERVICE_UNAVAILABLE, "{\"ready\":false}");
        let shed = |query: axum::extract::RawQuery| async move {
            match query.0.as_deref() {
                Some("connections=7") => StatusCode::OK,
                _ => StatusCode::BAD_REQUEST,
            }
        };
        let router = Router::new()
            .route("/metrics", get(|| async { "a 1\n" }))
            .route("/readyz", get(move || async move { unready }))
            .route("/shed", post(shed));
        let (asking, instance) = (Asking::new(), serve(router).await);
        assert_eq!(asking.metrics(&instance).await.unwrap(), "a 1\n");
        assert_eq!(asking.ready(&instance).await.unwrap(), unready.1);
        assert!(asking.shed(&instance, 7).await);
        assert!(!asking.shed(&instance, 8).await);
    }

    #[tokio::test]
    async fn one_that_does_not_answer_or_answers_without_end_is_silent() {
        let asking = Asking::new();
        let never = get(std::future::pending::<&str>);
        let silent = serve(Router::new().route("/metrics", never)).await;
        assert_eq!(asking.metrics(&silent).await, None);
        let long = get(|| async { "a 1\n".repeat(MAX_ANSWER_BYTES) });
        let endless = serve(Router::new().route("/metrics", long)).await;
        assert_eq!(asking.metrics(&endless).await, None);
        let gone = Instance {
            name: "gone".to_owned(),
            address: "127.0.0.1:1".parse().unwrap(),
        };
        assert_eq!(asking.metrics(&gone).await, None);
    }
}
