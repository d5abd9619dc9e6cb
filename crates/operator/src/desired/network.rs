//! Who may talk to the instances, and to whom they may talk: nothing but what the spec implies.

use std::collections::BTreeSet;

use k8s_openapi::api::networking::v1::{
    IPBlock, NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule, NetworkPolicyPeer,
    NetworkPolicyPort, NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::Settings;
use super::names::{Names, Role};
use super::pod::HTTP_PORT;
use crate::api::{Hl7Pipeline, Listener};

/// The label that every namespace has with its own name.
const NAMESPACE: &str = "kubernetes.io/metadata.name";
const DNS_PORT: i32 = 53;

/// The policies of a pipeline. The first forbids all; the others allow, and what none allows stays forbidden.
pub(super) fn policies(
    pipeline: &Hl7Pipeline,
    names: &Names,
    settings: &Settings,
) -> Vec<NetworkPolicy> {
    let spec = &pipeline.spec;
    let all = LabelSelector {
        match_labels: Some(names.all()),
        ..LabelSelector::default()
    };
    let monitoring = spec.monitoring.as_ref();
    let mut watchers = vec![operator(settings)];
    watchers.extend(monitoring.map(|monitoring| in_namespace(&monitoring.namespace)));
    let policy = |of: &str, spec| NetworkPolicy {
        metadata: names.metadata(names.policy(of)),
        spec: Some(spec),
    };
    let types = |types: &[&str]| Some(types.iter().map(|kind| (*kind).to_owned()).collect());
    vec![
        policy(
            "deny-all",
            NetworkPolicySpec {
                pod_selector: Some(all.clone()),
                policy_types: types(&["Ingress", "Egress"]),
                ..NetworkPolicySpec::default()
            },
        ),
        policy(
            "allow-senders",
            NetworkPolicySpec {
                pod_selector: Some(names.select(Role::Listen)),
                policy_types: types(&["Ingress"]),
                ingress: Some(spec.listeners.iter().map(senders).collect()),
                ..NetworkPolicySpec::default()
            },
        ),
        policy(
            "allow-operations",
            NetworkPolicySpec {
                pod_selector: Some(all.clone()),
                policy_types: types(&["Ingress"]),
                ingress: Some(vec![NetworkPolicyIngressRule {
                    from: Some(watchers),
                    ports: Some(vec![port("TCP", HTTP_PORT.into())]),
                }]),
                ..NetworkPolicySpec::default()
            },
        ),
        policy(
            "allow-kafka",
            NetworkPolicySpec {
                pod_selector: Some(all),
                policy_types: types(&["Egress"]),
                egress: Some(vec![brokers(&spec.kafka.brokers), names_service()]),
                ..NetworkPolicySpec::default()
            },
        ),
    ]
}

/// The networks that may connect to a listener: its own, or those of its feeds where each has some. All when empty.
pub(super) fn networks(listener: &Listener) -> BTreeSet<String> {
    let of_feeds = listener.feeds.iter().map(|feed| &feed.allowed_networks);
    let own = &listener.allowed_networks;
    let anywhere = of_feeds.clone().any(Vec::is_empty);
    if own.is_empty() && !anywhere {
        return of_feeds.flatten().cloned().collect();
    }
    own.iter().cloned().collect()
}

fn senders(listener: &Listener) -> NetworkPolicyIngressRule {
    let from: Vec<NetworkPolicyPeer> = networks(listener)
        .into_iter()
        .map(|cidr| NetworkPolicyPeer {
            ip_block: Some(IPBlock { cidr, except: None }),
            ..NetworkPolicyPeer::default()
        })
        .collect();
    NetworkPolicyIngressRule {
        from: (!from.is_empty()).then_some(from),
        ports: Some(vec![port("TCP", listener.port)]),
    }
}

/// The brokers' ports at any address: brokers are named by DNS, and tell clients of further ones.
fn brokers(brokers: &[String]) -> NetworkPolicyEgressRule {
    let ports: BTreeSet<i32> = brokers
        .iter()
        .filter_map(|broker| broker.rsplit_once(':')?.1.parse().ok())
        .collect();
    NetworkPolicyEgressRule {
        ports: Some(
            ports
                .into_iter()
                .map(|number| port("TCP", number))
                .collect(),
        ),
        to: None,
    }
}

/// DNS, wherever the cluster's resolver runs.
fn names_service() -> NetworkPolicyEgressRule {
    NetworkPolicyEgressRule {
        ports: Some(vec![port("UDP", DNS_PORT), port("TCP", DNS_PORT)]),
        to: None,
    }
}

fn operator(settings: &Settings) -> NetworkPolicyPeer {
    NetworkPolicyPeer {
        pod_selector: Some(LabelSelector {
            match_labels: Some(
                [(
                    "app.kubernetes.io/name".to_owned(),
                    "kiln-operator".to_owned(),
                )]
                .into(),
            ),
            ..LabelSelector::default()
        }),
        ..in_namespace(&settings.namespace)
    }
}

fn in_namespace(namespace: &str) -> NetworkPolicyPeer {
    NetworkPolicyPeer {
        namespace_selector: Some(LabelSelector {
            match_labels: Some([(NAMESPACE.to_owned(), namespace.to_owned())].into()),
            ..LabelSelector::default()
        }),
        ..NetworkPolicyPeer::default()
    }
}

fn port(protocol: &str, number: i32) -> NetworkPolicyPort {
    NetworkPolicyPort {
        protocol: Some(protocol.to_owned()),
        port: Some(IntOrString::Int(number)),
        end_port: None,
    }
}
