//! Traces: what a collector receives of a message, and what its records carry.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use kiln_pipeline::config::{Config, TracesConfig};
use kiln_pipeline::record::header;
use kiln_pipeline::store::Stream;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use support::{PATIENCE, Sender, adt, config, field, metric, read_all, start, until};

type Received = Arc<Mutex<Vec<Span>>>;

/// A collector: OTLP over HTTP, as protobuf.
async fn collector() -> (SocketAddr, Received) {
    let received = Received::default();
    let export = async |State(received): State<Received>, headers: HeaderMap, body: Bytes| {
        assert_eq!(headers["content-type"], "application/x-protobuf");
        let request = ExportTraceServiceRequest::decode(body).unwrap();
        let resources = request.resource_spans.into_iter();
        let scopes = resources.flat_map(|resource| resource.scope_spans);
        let spans = scopes.flat_map(|scope| scope.spans);
        received.lock().unwrap().extend(spans);
    };
    let router = Router::new()
        .route("/v1/traces", post(export))
        .with_state(Arc::clone(&received));
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(socket, router).await });
    (address, received)
}

fn traced(directory: &std::path::Path, collector: SocketAddr, sampled_per_thousand: u16) -> Config {
    let mut config = config(directory);
    config.traces = Some(TracesConfig {
        endpoint: format!("http://{collector}"),
        sampled_per_thousand,
    });
    config
}

fn attributes(span: &Span) -> BTreeMap<&str, &str> {
    let text = |value: &Value| match value {
        Value::StringValue(text) => text.clone(),
        other => panic!("{other:?}"),
    };
    let all = span.attributes.iter();
    all.map(|attribute| {
        let value = attribute.value.as_ref().unwrap().value.as_ref().unwrap();
        (attribute.key.as_str(), &*text(value).leak())
    })
    .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        use std::fmt::Write as _;
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[tokio::test]
async fn the_spans_of_a_message_are_linked_and_its_records_name_them() {
    let directory = tempfile::tempdir().unwrap();
    let (address, received) = collector().await;
    let running = start(traced(directory.path(), address, 1000)).await;
    let mut sender = Sender::connect(&running).await;
    assert_eq!(field(&sender.send(&adt("T1")).await, "MSA", 1), "AA");
    let unknown = String::from_utf8(adt("T2")).unwrap();
    let unknown = unknown.replace("ADT^A01^ADT_A01", "ADT^Z99");
    assert_eq!(
        field(&sender.send(unknown.as_bytes()).await, "MSA", 1),
        "AA"
    );
    let nameless = String::from_utf8(adt("")).unwrap();
    assert_eq!(
        field(&sender.send(nameless.as_bytes()).await, "MSA", 1),
        "AR"
    );
    assert!(running.caught_up(PATIENCE).await);
    until("the spans", || received.lock().unwrap().len() == 5).await;
    let exported = "kiln_trace_spans_total{outcome=\"exported\"}";
    until("their count", || metric(&running, exported) == 5).await;
    running.shutdown().await.unwrap();

    let spans = received.lock().unwrap().clone();
    let of = |name: &str, control_id: &str| {
        let found = spans.iter().find(|span| {
            let of_message = attributes(span).get("kiln.control_id") == Some(&control_id);
            span.name == name && of_message
        });
        found
            .unwrap_or_else(|| panic!("{name} of {control_id}"))
            .clone()
    };
    let (receive, transform) = (of("receive", "T1"), of("transform", "T1"));
    assert!(receive.parent_span_id.is_empty());
    assert_eq!(transform.trace_id, receive.trace_id);
    assert_eq!(transform.parent_span_id, receive.span_id);
    assert!(receive.start_time_unix_nano <= transform.start_time_unix_nano);
    assert!(transform.start_time_unix_nano <= transform.end_time_unix_nano);
    let told = attributes(&receive);
    assert_eq!(told["kiln.acknowledgment"], "AA");
    assert_eq!(told["kiln.position"], "0/0");
    assert_eq!(told["kiln.feed"], "ADT|NORTH");
    assert_eq!(attributes(&transform)["kiln.outcome"], "resources");

    // Each message is a trace of its own; what went wrong is an error, with the reason and no more.
    let (other, dead) = (of("receive", "T2"), of("transform", "T2"));
    assert_ne!(other.trace_id, receive.trace_id);
    assert_eq!(dead.parent_span_id, other.span_id);
    assert_eq!(dead.status.unwrap().message, "no-map");
    let refused = spans.iter().find(|span| {
        let status = span.status.as_ref();
        status.is_some_and(|status| status.message == "no-control-id")
    });
    assert_eq!(refused.unwrap().name, "receive");

    // Records carry the span they come of.
    let parent = format!(
        "00-{}-{}-01",
        hex(&transform.trace_id),
        hex(&transform.span_id)
    );
    for stream in [Stream::Fhir, Stream::Audit] {
        let records = read_all(directory.path(), stream).await;
        let named = records
            .iter()
            .filter(|record| record.header(header::CONTROL_ID) == "T1");
        let named: Vec<&str> = named
            .map(|record| record.header(header::TRACEPARENT))
            .collect();
        assert_eq!(named, [parent.as_str()]);
    }
    let letters = read_all(directory.path(), Stream::Dead).await;
    assert_eq!(letters.len(), 2);
    for letter in letters {
        assert!(letter.header(header::TRACEPARENT).starts_with("00-"));
    }
}

#[tokio::test]
async fn of_messages_that_are_not_sampled_nothing_is_exported_and_the_trace_is_named_all_the_same()
{
    let directory = tempfile::tempdir().unwrap();
    let (address, received) = collector().await;
    let running = start(traced(directory.path(), address, 0)).await;
    let mut sender = Sender::connect(&running).await;
    assert_eq!(field(&sender.send(&adt("T1")).await, "MSA", 1), "AA");
    assert!(running.caught_up(PATIENCE).await);
    running.shutdown().await.unwrap();
    assert!(received.lock().unwrap().is_empty());
    let patients = read_all(directory.path(), Stream::Fhir).await;
    let traceparent = patients[0].header(header::TRACEPARENT);
    assert!(
        traceparent.starts_with("00-") && traceparent.ends_with("-00"),
        "{traceparent}"
    );
}

#[tokio::test]
async fn a_collector_that_is_gone_costs_spans_and_no_message_and_changes_no_output() {
    let (with, without) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let closed = {
        let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        socket.local_addr().unwrap()
    };
    for config in [traced(with.path(), closed, 1000), config(without.path())] {
        let is_traced = config.traces.is_some();
        let running = start(config).await;
        let mut sender = Sender::connect(&running).await;
        for n in 0..50 {
            assert_eq!(
                field(&sender.send(&adt(&format!("T{n}"))).await, "MSA", 1),
                "AA"
            );
        }
        assert!(running.caught_up(PATIENCE).await);
        if is_traced {
            let failed = "kiln_trace_spans_total{outcome=\"failed\"}";
            until("the failures", || metric(&running, failed) == 100).await;
        }
        running.shutdown().await.unwrap();
    }
    let values = async |directory: &std::path::Path| {
        let records = read_all(directory, Stream::Fhir).await;
        records
            .into_iter()
            .map(|record| record.value)
            .collect::<Vec<_>>()
    };
    let plain = read_all(without.path(), Stream::Fhir).await;
    assert!(
        plain
            .iter()
            .all(|record| record.headers.get(header::TRACEPARENT).is_none())
    );
    assert_eq!(values(with.path()).await, values(without.path()).await);
}
