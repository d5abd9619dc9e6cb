//! The scorecard: what would make a pipeline more ready than it is, each with the fix. Pure.

use std::collections::BTreeSet;

use crate::api::{Area, Check, Hl7Pipeline, Hl7PipelineSpec, Listener, Scorecard};

/// What is seen of the instances.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Instances of listen that are ready.
    pub listen_ready: i32,
    /// Instances of transform that are ready.
    pub transform_ready: i32,
    /// The zones of the ready instances of listen, of those whose zone is known.
    pub zones: BTreeSet<String>,
    /// The pipeline's mappings that are refused.
    pub refused_mappings: Vec<String>,
}

/// Two survive the loss of one.
const ENOUGH: i32 = 2;
/// A broker can be lost without a pause.
const REPLICATION: i32 = 3;

/// All checks of a pipeline.
pub fn scorecard(pipeline: &Hl7Pipeline, seen: &Seen) -> Scorecard {
    let spec = &pipeline.spec;
    let checks = [
        resilience(spec, seen),
        security(spec),
        operation(spec, seen),
    ]
    .concat();
    let passed = checks.iter().filter(|check| check.passed).count();
    Scorecard {
        summary: format!("{passed} of {}", checks.len()),
        checks,
    }
}

fn resilience(spec: &Hl7PipelineSpec, seen: &Seen) -> Vec<Check> {
    let instances = |role: &str, ready: i32| {
        check(
            Area::Resilience,
            &format!("two instances of {role} are ready"),
            ready >= ENOUGH,
            &format!("set {role}.replicas to 2 or more, or see why its pods are not ready"),
        )
    };
    vec![
        instances("listen", seen.listen_ready),
        instances("transform", seen.transform_ready),
        check(
            Area::Resilience,
            "listen is in two zones",
            seen.zones.len() >= 2,
            "give nodes of two zones the label topology.kubernetes.io/zone, and set availability.zones to Required",
        ),
        check(
            Area::Resilience,
            "topics have three replicas",
            spec.kafka.topics.replication >= REPLICATION,
            "set kafka.topics.replication to 3, and raise that of topics that exist with kafka-reassign-partitions",
        ),
        check(
            Area::Resilience,
            "instances are placed before less urgent work",
            spec.availability.priority_class.is_some(),
            "name a PriorityClass in availability.priorityClass",
        ),
    ]
}

fn security(spec: &Hl7PipelineSpec) -> Vec<Check> {
    vec![
        of_listeners(
            spec,
            "every listener speaks TLS",
            "set tls.secret of",
            |listener| listener.tls.is_some(),
        ),
        of_listeners(
            spec,
            "every listener says who may send",
            "give allowedNetworks, feeds or tls.clientCaSecret of",
            |listener| {
                let tls = listener.tls.as_ref();
                !listener.allowed_networks.is_empty()
                    || !listener.feeds.is_empty()
                    || tls.is_some_and(|tls| tls.client_ca_secret.is_some())
            },
        ),
        check(
            Area::Security,
            "the connection to Kafka is encrypted",
            spec.kafka.tls.is_some(),
            "set kafka.tls",
        ),
        check(
            Area::Security,
            "Kafka knows who the pipeline is",
            spec.kafka.sasl.is_some()
                || spec
                    .kafka
                    .tls
                    .as_ref()
                    .is_some_and(|tls| tls.client_secret.is_some()),
            "set kafka.sasl or kafka.tls.clientSecret",
        ),
    ]
}

fn operation(spec: &Hl7PipelineSpec, seen: &Seen) -> Vec<Check> {
    vec![
        check(
            Area::Operation,
            "the metrics are read",
            spec.monitoring.is_some(),
            "name the namespace of Prometheus in monitoring.namespace",
        ),
        check(
            Area::Operation,
            "the number of instances follows the load",
            spec.transform.scaling.is_some(),
            "give transform.scaling, and listen.scaling where senders can reach several instances",
        ),
        check(
            Area::Operation,
            "all mappings are in force",
            seen.refused_mappings.is_empty(),
            &format!(
                "correct what the status of FhirMapping {} says",
                seen.refused_mappings.join(", ")
            ),
        ),
    ]
}

fn of_listeners(
    spec: &Hl7PipelineSpec,
    name: &str,
    fix: &str,
    holds: impl Fn(&Listener) -> bool,
) -> Check {
    let without: Vec<&str> = spec
        .listeners
        .iter()
        .filter(|listener| !holds(listener))
        .map(|listener| listener.name.as_str())
        .collect();
    let fix = format!("{fix} listener {}", without.join(", "));
    check(Area::Security, name, without.is_empty(), &fix)
}

fn check(area: Area, name: &str, passed: bool, fix: &str) -> Check {
    Check {
        area,
        name: name.to_owned(),
        passed,
        fix: (!passed).then(|| fix.to_owned()),
    }
}
