//! The document as a whole, and what all checks share.

use std::net::SocketAddr;
use std::time::Duration;

use kiln_fhir::{ParseProfileError, Profile};

use super::super::checked::{Config, DEFAULT_HTTP, Limits, Roles, TracesConfig};
use super::super::document::{Document, Role};
use super::super::node::Node;
use super::super::problem::Problem;

/// The checks that a schema cannot state.
pub(in super::super) struct Check<'a> {
    pub(in super::super) file: &'a str,
    pub(in super::super) node: &'a Node,
    pub(in super::super) variable: &'a dyn Fn(&str) -> Option<String>,
    pub(in super::super) problems: Vec<Problem>,
}

impl Check<'_> {
    pub(in super::super) fn report(&mut self, path: &str, what: String) {
        let place = self.node.nearest(path).place;
        self.problems.push(Problem {
            file: self.file.to_owned(),
            line: place.line,
            column: place.column,
            path: path.to_owned(),
            what,
        });
    }

    pub(in super::super) fn config(&mut self, document: &Document) -> Option<Config> {
        let name = document.name.clone().unwrap_or_else(|| "kiln".to_owned());
        let lawful = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || !name.chars().all(lawful) {
            self.report(
                "name",
                "use letters, digits, `-` and `_`, at least one".to_owned(),
            );
        }
        let roles = document
            .roles
            .clone()
            .unwrap_or_else(|| vec![Role::Listen, Role::Transform]);
        if roles.is_empty() {
            self.report("roles", "name at least one of listen, transform".to_owned());
        }
        let limits = Self::limits(document);
        let store = self.store(document, &limits);
        let listeners = self.listeners(document);
        self.room(&limits, &listeners);
        let http = self.address(
            "http.address",
            document
                .http
                .as_ref()
                .and_then(|http| http.address.as_deref()),
            DEFAULT_HTTP,
        );
        let oidc = self.oidc(document);
        let mapping = document.mapping.clone().unwrap_or_default();
        let profile = self.profile(mapping.profile.as_deref());
        let traces = self.traces(document);
        let offset_minutes = self.offset(document.time_zone.as_deref().unwrap_or("+00:00"));
        Some(Config {
            name,
            instance: document.instance.clone().unwrap_or_else(host_name),
            roles: Roles {
                listen: roles.contains(&Role::Listen),
                transform: roles.contains(&Role::Transform),
            },
            store: store?,
            key_file: self.key_file(document),
            listeners,
            layout: document
                .output
                .as_ref()
                .and_then(|output| output.layout)
                .unwrap_or_default(),
            http: Some(http),
            token_file: document
                .http
                .as_ref()
                .and_then(|http| http.token_file.clone()),
            oidc,
            offset_minutes,
            profile,
            overlay: mapping.overlay,
            limits,
            traces,
            log_format: document.logs.as_ref().and_then(|logs| logs.format),
        })
    }

    fn traces(&mut self, document: &Document) -> Option<TracesConfig> {
        let given = document.traces.clone()?;
        let endpoint = given.endpoint?;
        let authority = endpoint.strip_prefix("http://");
        if authority.is_none_or(|authority| authority.is_empty() || authority.contains('@')) {
            self.report(
                "traces.endpoint",
                "not of the form http://host:port; a collector nearby takes what is to leave within TLS"
                    .to_owned(),
            );
        }
        let default = TracesConfig::DEFAULT_SAMPLED_PER_THOUSAND;
        Some(TracesConfig {
            endpoint,
            sampled_per_thousand: given.sampled_per_thousand.unwrap_or(default),
        })
    }

    fn limits(document: &Document) -> Limits {
        let given = document.limits.clone().unwrap_or_default();
        let default = Limits::default();
        Limits {
            batch_messages: given
                .batch_messages
                .map_or(default.batch_messages, saturated),
            batch_bytes: given.batch_bytes.map_or(default.batch_bytes, saturated),
            batch_wait: given
                .batch_wait_milliseconds
                .map_or(default.batch_wait, Duration::from_millis),
            dedupe_messages: given
                .dedupe_messages
                .map_or(default.dedupe_messages, saturated),
            dedupe_time: given
                .dedupe_seconds
                .map_or(default.dedupe_time, Duration::from_secs),
            max_in_flight: given.max_in_flight.map_or(default.max_in_flight, saturated),
            max_in_flight_bytes: given
                .max_in_flight_bytes
                .map_or(default.max_in_flight_bytes, saturated),
            max_receiving_bytes: given
                .max_receiving_bytes
                .map_or(default.max_receiving_bytes, saturated),
            drain: given
                .drain_seconds
                .map_or(default.drain, Duration::from_secs),
            shutdown: given
                .shutdown_seconds
                .map_or(default.shutdown, Duration::from_secs),
        }
    }

    pub(super) fn address(
        &mut self,
        path: &str,
        given: Option<&str>,
        default: SocketAddr,
    ) -> SocketAddr {
        let Some(text) = given else { return default };
        text.parse().unwrap_or_else(|_| {
            self.report(
                path,
                "not an address and port, for example 0.0.0.0:2575 or [::]:2575".to_owned(),
            );
            default
        })
    }

    fn profile(&mut self, name: Option<&str>) -> Profile {
        name.map_or(Ok(Profile::default()), str::parse)
            .unwrap_or_else(|error: ParseProfileError| {
                self.report("mapping.profile", error.to_string());
                Profile::default()
            })
    }

    /// `Z` or `+hh:mm` within a day, in minutes.
    fn offset(&mut self, text: &str) -> i16 {
        let digits = text
            .strip_prefix(['+', '-'])
            .and_then(|rest| rest.split_once(':'));
        let minutes = digits.and_then(|(hours, minutes)| {
            let (hours, minutes) = (hours.parse::<i16>().ok()?, minutes.parse::<i16>().ok()?);
            (hours <= 14 && minutes < 60).then_some(hours * 60 + minutes)
        });
        match minutes {
            Some(minutes) if text.starts_with('-') => -minutes,
            Some(minutes) => minutes,
            None if text == "Z" => 0,
            None => {
                self.report(
                    "timeZone",
                    "not an offset from UTC, for example \"+01:00\"".to_owned(),
                );
                0
            }
        }
    }
}

/// A count as `usize`; more than the machine can address is as good as its most.
pub(in super::super) fn saturated(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}
/// The host's name, which in a container is the pod's.
fn host_name() -> String {
    let from_kernel = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    from_kernel
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| std::env::var("HOSTNAME").unwrap_or_else(|_| "local".to_owned()))
}
