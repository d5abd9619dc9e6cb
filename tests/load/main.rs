//! Fear: a crowd of open connections, and peers that send a byte now and then, take memory without bound or make those who
//! work wait.
//!
//! One instance, and in turn: senders that work, alone; the same among many connections that are open and idle; the same
//! while slow peers try without end. What senders wait for and the memory of the process is told of each; at last the memory
//! that an idle connection takes within TLS. `cargo xtask load` runs it at full size, `cargo xtask test e2e` at a small one.

mod crowd;
mod measure;
mod options;
mod report;
mod server;
mod slow;
mod tls;
mod work;

use std::net::Ipv4Addr;
use std::process::ExitCode;

use crate::crowd::Crowd;
use crate::measure::{Memory, Phase, counted};
use crate::options::Options;
use crate::report::Report;
use crate::server::Server;
use crate::slow::Slow;
use crate::work::Workers;

/// A message that has begun and not ended may take so long; less than by default, so that slow peers come again and again.
const FRAME_TIMEOUT_SECONDS: u64 = 10;
/// Most connections of one address.
const OF_ADDRESS: usize = 1000;

fn main() -> ExitCode {
    let options = match Options::read(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(wrong) => {
            eprintln!("{wrong}");
            return ExitCode::from(2);
        }
    };
    // Both ends of every connection have a file; the other end is in another process, which raises its own limit.
    let files = rlimit::increase_nofile_limit(u64::MAX).expect("the limit of open files");
    let wanted = (options.connections + options.slow) as u64;
    assert!(
        files > wanted,
        "open files: {files} are allowed, more than {wanted} are needed"
    );
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let report = runtime.block_on(run(&options));
    print!("{}", report.shown(options.json));
    match report.broken(&options) {
        None => ExitCode::SUCCESS,
        Some(promise) => {
            eprintln!("{promise}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: &Options) -> Report {
    // Half of the slow peers find a place, the other half none.
    let places = options.connections + options.slow / 2;
    let kiln = Server::start(|_| {
        vec![
            format!("maxConnections: {places}"),
            format!("maxConnectionsPerAddress: {OF_ADDRESS}"),
            format!("frameTimeoutSeconds: {FRAME_TIMEOUT_SECONDS}"),
        ]
    });
    let mut report = Report::default();
    let mut workers = Workers::connect(kiln.mllp(), options).await;
    // Unmeasured: threads, code and buffers come into being.
    workers.work(options.seconds / 4 + 1).await;
    report.add(Phase::of("alone", &kiln, workers.work(options.seconds)).await);

    let before = Memory::of(&kiln);
    let idle = options.connections - options.active;
    let crowd = Crowd::connect(kiln.mllp(), idle).await;
    let after = Memory::of(&kiln);
    report.idle_bytes = after.over(before) / idle.max(1) as u64;
    report.add(Phase::of("in a crowd", &kiln, workers.work(options.seconds)).await);

    let slow = Slow::start(kiln.mllp(), options.slow);
    slow.reach(options.slow).await;
    report.add(Phase::of("and slow peers", &kiln, workers.work(options.seconds)).await);
    report.tries = slow.stop().await;
    report.open = counted(&kiln, "kiln_listen_connections{");
    report.closed = measure::closed(&kiln);
    assert!(crowd.is_whole(), "an idle connection was closed");
    drop(crowd);
    drop(kiln);

    report.idle_tls_bytes = tls::idle_bytes(options.tls).await;
    report
}

/// The address of the nth connection: of loopback, so many of each, so that neither ports nor places of an address run out.
fn source(network: u8, n: usize) -> Ipv4Addr {
    let host = u8::try_from(n / (OF_ADDRESS / 2)).expect("a host of that network");
    Ipv4Addr::new(127, network, 0, host + 1)
}
