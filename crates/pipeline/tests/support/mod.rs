//! A pipeline on an embedded store in a directory of its own, and a sender.

#![allow(dead_code, unreachable_pub)] // each test target uses its part

pub mod authority;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::BytesMut;
use kiln_fhir::{MapSource, Mapper};
use kiln_pipeline::config::Config;
use kiln_pipeline::record::{Record, header};
use kiln_pipeline::store::{Reader, Selection, Stream};
use kiln_pipeline::{Pipeline, RunningPipeline};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

/// No test waits longer for anything.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Both roles in `directory`, on free ports.
pub fn config(directory: &std::path::Path) -> Config {
    let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
    Config::embedded(directory)
        .listening_on(any)
        .http_on(Some(any))
}

/// A map of its own, so that what is tested here does not change with the maps that Kiln ships.
pub fn mapper() -> Arc<Mapper> {
    let source = |path, text| MapSource { path, text };
    let message = "map: ADT_A01\nevents: [ADT^A01]\nstructure: [MSH, EVN, PID, PV1]\nresources:\n  \
                   - name: Patient\n    per: PID\n    from: [\"PID[Patient]\"]\n    id: [[PID-3.1]]\n";
    let segment = "map: PID[Patient]\nof: PID\nto: Patient\nrows:\n  - { from: PID-7, to: birthDate, as: date }\n";
    let maps = [
        source("messages/ADT_A01.yaml", message),
        source("segments/PID[Patient].yaml", segment),
    ];
    Arc::new(Mapper::load(&maps).unwrap_or_else(|errors| panic!("{errors}")))
}

/// Starts a pipeline.
pub async fn start(config: Config) -> RunningPipeline {
    Pipeline::start(config, mapper()).await.unwrap()
}

/// The bytes of a connection, in the clear or within TLS.
pub trait Bytes: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Bytes for T {}

/// A sender's connection.
pub struct Sender {
    stream: Box<dyn Bytes>,
    buffer: BytesMut,
}

impl Sender {
    pub async fn connect(running: &RunningPipeline) -> Sender {
        let stream = TcpStream::connect(running.listeners()[0].address)
            .await
            .unwrap();
        Sender::over(stream)
    }

    /// Over a connection that is open.
    pub fn over(stream: impl Bytes + 'static) -> Sender {
        Sender {
            stream: Box::new(stream),
            buffer: BytesMut::new(),
        }
    }

    /// Sends bytes as they are.
    pub async fn raw(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// Sends a message in a frame.
    pub async fn frame(&mut self, message: &[u8]) {
        let mut bytes = vec![0x0b];
        bytes.extend_from_slice(message);
        bytes.extend_from_slice(&[0x1c, 0x0d]);
        self.raw(&bytes).await;
    }

    /// The next answer; none when the connection was closed.
    pub async fn answer(&mut self) -> Option<String> {
        tokio::time::timeout(PATIENCE, async {
            loop {
                if let Some(end) = self.buffer.windows(2).position(|two| two == [0x1c, 0x0d]) {
                    let frame = self.buffer.split_to(end + 2);
                    return Some(String::from_utf8_lossy(&frame[1..end]).into_owned());
                }
                match self.stream.read_buf(&mut self.buffer).await {
                    Ok(0) | Err(_) => return None,
                    Ok(_) => {}
                }
            }
        })
        .await
        .expect("an answer in time")
    }

    /// Sends a message and waits for its answer.
    pub async fn send(&mut self, message: &[u8]) -> String {
        self.frame(message).await;
        self.answer().await.expect("an answer")
    }
}

/// A field of the first segment of that name.
pub fn field(message: &str, segment: &str, number: usize) -> String {
    let line = message
        .split('\r')
        .find(|line| line.starts_with(segment))
        .unwrap_or_default();
    line.split('|').nth(number).unwrap_or_default().to_owned()
}

/// An invented A01.
pub fn adt(control_id: &str) -> Vec<u8> {
    format!(
        "MSH|^~\\&|ADT|NORTH|KILN|LAKE|20260102030405||ADT^A01^ADT_A01|{control_id}|P|2.5\r\
         EVN|A01|20260102030405\rPID|1||{control_id}^^^NORTH^MR||Doe^Jane||19800101|F\rPV1|1|I|W1^1^1\r"
    )
    .into_bytes()
}

/// All records of a stream.
pub async fn read_all(directory: &std::path::Path, stream: Stream) -> Vec<Record> {
    let selection = Selection {
        stream,
        ..Selection::default()
    };
    let mut reader = Reader::open_directory(directory, selection).unwrap();
    let mut all = Vec::new();
    while let Some(record) = reader.next().await.unwrap() {
        all.push(record);
    }
    all
}

/// The records of a file of lines as they lie there, each value out of its base64.
pub fn read_lines(directory: &std::path::Path, file: &str) -> Vec<Record> {
    let read = |path: &str| std::fs::read_to_string(directory.join(path)).unwrap();
    let (values, headers) = (read(file), read(&format!("headers/{file}")));
    let record = |(value, headers): (&str, &str)| {
        let value: serde_json::Value = serde_json::from_str(value).unwrap();
        let of: serde_json::Map<String, serde_json::Value> = serde_json::from_str(headers).unwrap();
        let mut record = Record {
            key: of["key"].as_str().unwrap().to_owned(),
            value: STANDARD
                .decode(value["raw"].as_str().unwrap())
                .unwrap()
                .into(),
            ..Record::default()
        };
        for (name, value) in of.iter().filter(|(name, _)| *name != "key") {
            record.headers.push(name, value.as_str().unwrap());
        }
        record
    };
    values.lines().zip(headers.lines()).map(record).collect()
}

/// The audit events of messages that were taken over.
pub async fn received(directory: &std::path::Path) -> Vec<Record> {
    let mut events = read_all(directory, Stream::Audit).await;
    events.retain(|event| event.headers.get(header::SOURCE).is_some());
    events
}

/// The sum of the series of `/metrics` with that name and, where one is given, that label; 0 when there is none yet.
pub fn metric(running: &RunningPipeline, series: &str) -> i64 {
    let (name, label) = series.split_once('{').unwrap_or((series, ""));
    let label = label.trim_end_matches('}');
    let text = running.metrics_text();
    let values = text.lines().filter_map(|line| {
        let (series, value) = line.split_once(' ')?;
        let (known, labels) = series.split_once('{').unwrap_or((series, ""));
        (known == name && labels.contains(label)).then(|| value.parse::<i64>().unwrap())
    });
    values.sum()
}

/// How many connections ended for a reason.
pub fn closed(running: &RunningPipeline, reason: &str) -> i64 {
    let series = format!("kiln_listen_connections_closed_total{{reason=\"{reason}\"}}");
    metric(running, &series)
}

/// Looks until a condition holds.
pub async fn until(what: &str, condition: impl Fn() -> bool) {
    let looking = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, looking)
        .await
        .unwrap_or_else(|_| panic!("{what}, in time"));
}

/// The status and the body of an HTTP request.
pub async fn http(running: &RunningPipeline, method: &str, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(running.http_address().unwrap())
        .await
        .unwrap();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: kiln\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let body = answer.split_once("\r\n\r\n").unwrap().1;
    (status, body.to_owned())
}
