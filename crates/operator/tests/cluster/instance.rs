//! A server that stands for an instance: it says what the test tells it, and notes what is asked of it.
#![allow(dead_code, reason = "each suite uses some of it")]

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::routing::{get, post};
use kiln_operator::desired::HTTP_PORT;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Of how many questions so far, the answer.
type Answer = Box<dyn Fn(u64) -> String + Send>;

struct Inner {
    answer: Answer,
    asked: u64,
    ready: String,
    differences: String,
    shed: Vec<String>,
}

/// It ends with this value.
pub(crate) struct Instance {
    pub(crate) address: IpAddr,
    inner: Arc<Mutex<Inner>>,
    running: JoinHandle<()>,
}

impl Instance {
    /// Answers at an address of its own, at the port of all instances.
    pub(crate) async fn start(answer: impl Fn(u64) -> String + Send + 'static) -> Instance {
        static LAST: AtomicU8 = AtomicU8::new(0);
        let address = Ipv4Addr::new(127, 81, 0, LAST.fetch_add(1, Ordering::Relaxed) + 1).into();
        let socket = TcpListener::bind(SocketAddr::new(address, HTTP_PORT))
            .await
            .unwrap();
        let inner = Arc::new(Mutex::new(Inner {
            answer: Box::new(answer),
            asked: 0,
            ready: String::new(),
            differences: String::new(),
            shed: Vec::new(),
        }));
        let router = Router::new()
            .route("/metrics", get(metrics))
            .route("/readyz", get(ready))
            .route("/differences", get(differences))
            .route("/shed", post(shed))
            .with_state(Arc::clone(&inner));
        Instance {
            address,
            inner,
            running: tokio::spawn(async move { axum::serve(socket, router).await.unwrap() }),
        }
    }

    /// What `/readyz` answers from now on.
    pub(crate) fn says(&self, ready: &serde_json::Value) {
        self.inner.lock().unwrap().ready = ready.to_string();
    }

    /// What `/differences` answers from now on, where it stands for a shadow.
    pub(crate) fn differs(&self, differences: &serde_json::Value) {
        self.inner.lock().unwrap().differences = differences.to_string();
    }

    /// The queries of the requests to let connections go.
    pub(crate) fn shed(&self) -> Vec<String> {
        self.inner.lock().unwrap().shed.clone()
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.running.abort();
    }
}

async fn metrics(State(inner): State<Arc<Mutex<Inner>>>) -> String {
    let mut inner = inner.lock().unwrap();
    inner.asked += 1;
    (inner.answer)(inner.asked)
}

async fn ready(State(inner): State<Arc<Mutex<Inner>>>) -> String {
    inner.lock().unwrap().ready.clone()
}

async fn differences(State(inner): State<Arc<Mutex<Inner>>>) -> String {
    inner.lock().unwrap().differences.clone()
}

async fn shed(State(inner): State<Arc<Mutex<Inner>>>, RawQuery(query): RawQuery) {
    inner.lock().unwrap().shed.push(query.unwrap_or_default());
}
