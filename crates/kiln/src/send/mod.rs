//! `kiln send`

mod acknowledgment;
mod connection;
mod feed;
mod outcome;
mod record;
mod report;
mod sender;
mod tls;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::failure::Failure;
use crate::output::print;
use crate::{interrupt, messages};

pub(crate) use connection::Settings;
pub(crate) use feed::outgoing;
pub(crate) use report::Report;
pub(crate) use sender::send;

/// Send messages over MLLP and wait for each acknowledgment
#[derive(Debug, Args)]
#[command(
    long_about = "Sends messages over MLLP as an interface engine does: one at a time on each connection, the next only after the acknowledgment of the last.\n\nOrder: all messages of one sending application and facility (MSH-3, MSH-4) go over one connection, in the order given. A message that gets no acknowledgment is sent again over a new connection, after 0.1 s, 0.2 s, 0.4 s and so on up to 5 s. When the retries are used up its connection stops there, so that nothing overtakes it.",
    after_help = "Examples:\n  kiln send --to localhost:2575 adt.hl7\n  kiln send --to localhost:2575 --connections 8 --rate 200 --count 2000 fixtures/messages\n  kiln send --to localhost:2575 --json --record sent.ndjson messages/ | jq .latency_ms.p99\n  kiln send --to kiln.example.org:2575 --tls-ca ca.pem --tls-cert lab.pem --tls-key lab.key adt.hl7\n\nExit codes: 0 all accepted; 1 some refused or not acknowledged; 2 nothing to send."
)]
pub(crate) struct Send {
    /// Files, directories of *.hl7, or - for standard input
    #[arg(required = true, value_name = "FILE")]
    paths: Vec<PathBuf>,
    /// Where to
    #[arg(long, value_name = "HOST:PORT")]
    to: String,
    /// Connections at a time; a feed stays on one of them
    #[arg(long, default_value = "1", value_name = "N")]
    connections: NonZeroUsize,
    /// Messages a second, all connections together; as fast as acknowledged when not given
    #[arg(long, value_name = "N", value_parser = rate)]
    rate: Option<f64>,
    /// How many to send in all, starting over at the end of the files; the control ids of later rounds end in -2, -3, ...
    #[arg(long, value_name = "N")]
    count: Option<NonZeroUsize>,
    /// How often one message is sent again when no acknowledgment comes
    #[arg(long, default_value_t = 5, value_name = "N")]
    retries: u32,
    /// How long to wait for a connection or an acknowledgment, in seconds
    #[arg(long, default_value_t = 30, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
    /// Write one JSON line for each message: control id, acknowledgment code, latency
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Print the result as one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    tls: tls::TlsFiles,
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate > 0.0 => Ok(rate),
        _ => Err("a number above 0 is wanted, such as 200 or 0.5".to_owned()),
    }
}

impl Send {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let mut files = Vec::new();
        for input in messages::inputs(&self.paths)? {
            files.push((input.name(), input.bytes()?));
        }
        let messages = outgoing(
            files
                .iter()
                .map(|(name, bytes)| (name.as_str(), bytes.as_slice())),
            self.count,
        )?;
        let settings = Settings {
            tls: self.tls.open(&self.to)?,
            to: self.to,
            connections: self.connections,
            rate: self.rate,
            retries: self.retries,
            timeout: Duration::from_secs(self.timeout),
        };
        let record = self
            .record
            .as_deref()
            .map(record::Recorder::create)
            .transpose()?;
        let report = interrupt::runtime()?.block_on(async {
            let stop = interrupt::token()?;
            send(settings, messages, record, stop).await
        })?;
        let text = if self.json {
            report.json()
        } else {
            report.to_string()
        };
        print(text)?;
        if report.all_accepted() {
            Ok(())
        } else {
            Err(Failure::SomeFailed)
        }
    }
}
