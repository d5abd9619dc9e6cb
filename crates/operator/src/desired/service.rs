//! Where senders reach a listener.

use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::names::{ACTIVE, Names, Role};
use super::network::networks;
use crate::api::{ExposureType, Hl7Pipeline, Listener, Mode};

/// A Service for each listener, since each has its own exposure.
pub(super) fn services(pipeline: &Hl7Pipeline, names: &Names) -> Vec<Service> {
    let listeners = pipeline.spec.listeners.iter();
    listeners
        .map(|listener| service(pipeline, listener, names))
        .collect()
}

fn service(pipeline: &Hl7Pipeline, listener: &Listener, names: &Names) -> Service {
    let exposure = &listener.exposure;
    let balanced = exposure.kind == ExposureType::LoadBalancer;
    let networks = networks(listener);
    let mut selector = names.role(Role::Listen);
    if pipeline.spec.availability.mode == Mode::ActiveStandby {
        selector.insert(ACTIVE.to_owned(), "true".to_owned());
    }
    let mut metadata = names.metadata(names.service(&listener.name));
    if !exposure.annotations.is_empty() {
        metadata.annotations = Some(exposure.annotations.clone());
    }
    Service {
        metadata,
        spec: Some(ServiceSpec {
            type_: Some(
                match exposure.kind {
                    ExposureType::ClusterIP => "ClusterIP",
                    ExposureType::NodePort => "NodePort",
                    ExposureType::LoadBalancer => "LoadBalancer",
                }
                .to_owned(),
            ),
            selector: Some(selector),
            ports: Some(vec![ServicePort {
                name: Some(listener.name.clone()),
                port: listener.port,
                target_port: Some(IntOrString::String(listener.name.clone())),
                node_port: exposure.node_port,
                protocol: Some("TCP".to_owned()),
                ..ServicePort::default()
            }]),
            external_traffic_policy: external(listener, networks.is_empty()),
            load_balancer_source_ranges: (balanced && !networks.is_empty())
                .then(|| networks.into_iter().collect()),
            ..ServiceSpec::default()
        }),
        status: None,
    }
}

/// `Local` keeps the senders' own addresses, by which they are bounded and let in. A load balancer asks which nodes have
/// instances; senders to a node port do not, so there it is chosen only where addresses decide who may connect.
fn external(listener: &Listener, from_anywhere: bool) -> Option<String> {
    let policy = match listener.exposure.kind {
        ExposureType::ClusterIP => return None,
        ExposureType::NodePort if from_anywhere => "Cluster",
        ExposureType::NodePort | ExposureType::LoadBalancer => "Local",
    };
    Some(policy.to_owned())
}
