//! A real Prometheus that scrapes an instance and judges alerts.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::process::Process;
use crate::{Host, await_until, http};

/// How long it may take to start.
const READY: Duration = Duration::from_secs(60);

/// A running Prometheus that looks once a second. Dropped, it is killed.
#[derive(Debug)]
pub struct Prometheus {
    // For its end alone.
    _process: Process,
    address: SocketAddr,
}

impl Prometheus {
    /// Starts one on a free loopback port, which keeps what it finds in `directory`, for the metrics of `target` and alerts by
    /// `rules`, a file of rules.
    ///
    /// # Panics
    /// When `KILN_PROMETHEUS` does not name the program, or it does not start.
    pub fn start(directory: &Path, target: SocketAddr, rules: &str) -> Prometheus {
        let program = env::var_os("KILN_PROMETHEUS")
            .expect("KILN_PROMETHEUS must name the program; run `cargo xtask test e2e`");
        let address = Host::loopback().address(9090);
        let config = directory.join("prometheus.yaml");
        let text = format!(
            "global: {{ scrape_interval: 1s, evaluation_interval: 1s }}\nrule_files: [rules.yaml]\nscrape_configs:\n  - job_name: kiln\n    \
             static_configs: [{{ targets: [\"{target}\"] }}]\n"
        );
        fs::write(&config, text).expect("a configuration");
        fs::write(directory.join("rules.yaml"), rules).expect("a file of rules");
        let mut command = Command::new(program);
        command
            .arg(format!("--config.file={}", config.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                directory.join("found").display()
            ))
            .arg(format!("--web.listen-address={address}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let prometheus = Prometheus {
            _process: Process::start(command),
            address,
        };
        await_until("Prometheus", READY, || prometheus.get("/-/ready"));
        prometheus
    }

    /// How often it has judged the rules.
    pub fn rounds(&self) -> u64 {
        let metrics = self.get("/metrics").unwrap_or_default();
        let mut lines = metrics.lines();
        let rounds = lines.find_map(|line| {
            let (series, value) = line.rsplit_once(' ')?;
            series
                .starts_with("prometheus_rule_group_iterations_total{")
                .then(|| value.parse().ok())?
        });
        rounds.unwrap_or_default()
    }

    /// The names of the alerts that fire.
    pub fn firing(&self) -> BTreeSet<String> {
        let body = self.get("/api/v1/alerts").expect("an answer of Prometheus");
        let answer: Value = serde_json::from_str(&body).expect("JSON of Prometheus");
        let alerts = answer["data"]["alerts"]
            .as_array()
            .expect("a list of alerts");
        alerts
            .iter()
            .filter(|alert| alert["state"] == "firing")
            .filter_map(|alert| Some(alert["labels"]["alertname"].as_str()?.to_owned()))
            .collect()
    }

    /// The body of an answer that is 200.
    fn get(&self, path: &str) -> Option<String> {
        let (status, body) = http::get(self.address, path)?;
        (status == 200).then_some(body)
    }
}
