//! One instance: the pod and its container.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Capabilities, ConfigMapVolumeSource, Container, ContainerPort, EnvVar, EnvVarSource,
    HTTPGetAction, Lifecycle, LifecycleHandler, LocalObjectReference, ObjectFieldSelector,
    PodSecurityContext, PodSpec, Probe, ResourceRequirements, SeccompProfile, SecretVolumeSource,
    SecurityContext, SleepAction, Toleration, TopologySpreadConstraint, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::config::FILE;
use super::names::Role;
use super::workload::Workload;
use crate::api::{Amounts, Availability, Resources, ZoneSpread};

/// The port of health and metrics.
pub const HTTP_PORT: u16 = 8090;
pub(super) const HTTP: &str = "http";

/// The label of a node, and of the pods on it, with its zone.
pub const ZONE: &str = "topology.kubernetes.io/zone";

/// How long an instance that is to leave goes on accepting, in seconds: until every node has learnt that it no longer
/// belongs to the Service.
const LEAVE_SERVICE_SECONDS: i64 = 3;
/// What is left between the instance's own bound on leaving and the node's, in seconds.
const LEAVE_MARGIN_SECONDS: i64 = 5;
/// An instance compiles its maps before it answers; it has so many seconds for it.
const START_SECONDS: i32 = 120;

/// Where the files of an instance lie.
pub mod paths {
    pub(in super::super) const CONFIG: &str = "/etc/kiln/config";
    /// Of the site's maps.
    pub const OVERLAY: &str = "/etc/kiln/overlay";
    /// Of the maps that are tried.
    pub const CANDIDATE: &str = "/etc/kiln/candidate";
    pub(in super::super) const KAFKA_CA: &str = "/etc/kiln/kafka-ca";
    pub(in super::super) const KAFKA_CLIENT: &str = "/etc/kiln/kafka-client";
    pub(in super::super) const KAFKA_SASL: &str = "/etc/kiln/kafka-sasl";

    /// Of one mapping, by its place in the spec: numbered, so that their order is the spec's and two may have files of the
    /// same name.
    pub fn mapping_directory(at: usize, name: &str) -> String {
        format!("{OVERLAY}/{at:02}-{name}")
    }

    /// The same of one that is tried, by its place among those that are.
    pub fn candidate_directory(at: usize, name: &str) -> String {
        format!("{CANDIDATE}/{at:02}-{name}")
    }

    pub(in super::super) fn tls(listener: &str) -> String {
        format!("/etc/kiln/tls/{listener}")
    }

    pub(in super::super) fn senders_ca(listener: &str) -> String {
        format!("/etc/kiln/senders-ca/{listener}")
    }

    pub(in super::super) fn senders_crl(listener: &str) -> String {
        format!("/etc/kiln/senders-crl/{listener}")
    }
}

/// The pod of an instance, in the terms of the restricted Pod Security Standard. No user id is named, so that clusters that
/// choose one by namespace (OpenShift) can; the image names one that is not root.
pub(super) fn pod(workload: &Workload<'_>, role: Role) -> PodSpec {
    let spec = &workload.pipeline.spec;
    let files = files(workload, role);
    let image = spec.image.as_ref();
    PodSpec {
        service_account_name: Some(workload.names.account()),
        automount_service_account_token: Some(false),
        enable_service_links: Some(false),
        priority_class_name: spec.availability.priority_class.clone(),
        image_pull_secrets: image
            .filter(|image| !image.pull_secrets.is_empty())
            .map(|image| {
                let named = |secret: &crate::api::NamedObject| LocalObjectReference {
                    name: secret.name.clone(),
                };
                image.pull_secrets.iter().map(named).collect()
            }),
        termination_grace_period_seconds: Some(
            LEAVE_SERVICE_SECONDS + i64::from(spec.rollout.drain_seconds) + LEAVE_MARGIN_SECONDS,
        ),
        security_context: Some(PodSecurityContext {
            run_as_non_root: Some(true),
            seccomp_profile: Some(SeccompProfile {
                type_: "RuntimeDefault".to_owned(),
                ..SeccompProfile::default()
            }),
            ..PodSecurityContext::default()
        }),
        tolerations: Some(tolerations(&spec.availability)),
        topology_spread_constraints: Some(spread(workload, role)),
        volumes: Some(files.iter().map(|file| file.volume.clone()).collect()),
        containers: vec![container(workload, role, &files)],
        ..PodSpec::default()
    }
}

/// The pod of a command that ends, with the files and rights of an instance of transform. One that failed is left for its
/// log to be read.
pub(super) fn job_pod(workload: &Workload<'_>, arguments: &[&str]) -> PodSpec {
    let mut pod = pod(workload, Role::Transform);
    pod.restart_policy = Some("Never".to_owned());
    // There is one.
    pod.topology_spread_constraints = None;
    for container in &mut pod.containers {
        let words = arguments.iter().map(|word| (*word).to_owned());
        container.args = Some(words.collect());
        container.ports = None;
        container.readiness_probe = None;
        container.liveness_probe = None;
        container.startup_probe = None;
        container.lifecycle = None;
    }
    pod
}

/// The pod that has mappings in shadow: the files and rights of an instance of transform, and the mappings beside those in
/// force.
pub(super) fn shadow_pod(workload: &Workload<'_>, candidate: &[String]) -> PodSpec {
    let mut pod = pod(workload, Role::Transform);
    pod.topology_spread_constraints = None;
    let mut files = Vec::new();
    for (at, name) in candidate.iter().enumerate() {
        if let Some(config_map) = workload.observed.mappings.get(name) {
            files.push(Files::of_config_map(
                format!("candidate-{at:02}"),
                config_map,
                paths::candidate_directory(at, name),
            ));
        }
    }
    let address = format!("0.0.0.0:{HTTP_PORT}");
    let mut words = vec!["shadow", "--into", "shadow", "--http", &address];
    if !candidate.is_empty() {
        words.extend(["--overlay", paths::CANDIDATE]);
    }
    let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
    let volumes = files.iter().map(|file| file.volume.clone());
    pod.volumes.get_or_insert_default().extend(volumes);
    for container in &mut pod.containers {
        container.args = Some(words.clone());
        let mounts = files.iter().map(|file| file.mount.clone());
        container
            .volume_mounts
            .get_or_insert_default()
            .extend(mounts);
        container.lifecycle = None;
    }
    pod
}

fn container(workload: &Workload<'_>, role: Role, files: &[Files]) -> Container {
    let spec = &workload.pipeline.spec;
    let variable = |name: &str, value: String| EnvVar {
        name: name.to_owned(),
        value: Some(value),
        ..EnvVar::default()
    };
    let mut ports = vec![ContainerPort {
        name: Some(HTTP.to_owned()),
        container_port: HTTP_PORT.into(),
        protocol: Some("TCP".to_owned()),
        ..ContainerPort::default()
    }];
    if role == Role::Listen {
        ports.extend(spec.listeners.iter().map(|listener| ContainerPort {
            name: Some(listener.name.clone()),
            container_port: listener.port,
            protocol: Some("TCP".to_owned()),
            ..ContainerPort::default()
        }));
    }
    let resources = match role {
        Role::Listen => spec.listen.resources.as_ref(),
        Role::Transform => spec.transform.resources.as_ref(),
    };
    let recovery = spec.availability.tolerated_recovery_seconds;
    Container {
        name: "kiln".to_owned(),
        image: Some(spec.image.as_ref().map_or_else(
            || workload.settings.image.clone(),
            |image| image.name.clone(),
        )),
        args: Some(vec!["serve".to_owned()]),
        env: Some(vec![
            variable("KILN_CONFIG", format!("{}/{FILE}", paths::CONFIG)),
            variable("KILN_ROLES", role.word().to_owned()),
            EnvVar {
                name: "KILN_INSTANCE".to_owned(),
                value_from: Some(EnvVarSource {
                    field_ref: Some(ObjectFieldSelector {
                        api_version: Some("v1".to_owned()),
                        field_path: "metadata.name".to_owned(),
                    }),
                    ..EnvVarSource::default()
                }),
                ..EnvVar::default()
            },
        ]),
        ports: Some(ports),
        // Why it ended, for the status of a mapping that it did not take.
        termination_message_policy: Some("FallbackToLogsOnError".to_owned()),
        volume_mounts: Some(files.iter().map(|file| file.mount.clone()).collect()),
        resources: Some(resources.map_or_else(default_resources, requirements)),
        // Asked every second; two silences take it out of the Service.
        readiness_probe: Some(probe("/readyz", 2)),
        liveness_probe: Some(probe("/livez", recovery)),
        startup_probe: Some(probe("/livez", START_SECONDS)),
        lifecycle: Some(Lifecycle {
            pre_stop: Some(LifecycleHandler {
                sleep: Some(SleepAction {
                    seconds: LEAVE_SERVICE_SECONDS,
                }),
                ..LifecycleHandler::default()
            }),
            ..Lifecycle::default()
        }),
        security_context: Some(SecurityContext {
            allow_privilege_escalation: Some(false),
            read_only_root_filesystem: Some(true),
            capabilities: Some(Capabilities {
                drop: Some(vec!["ALL".to_owned()]),
                ..Capabilities::default()
            }),
            ..SecurityContext::default()
        }),
        ..Container::default()
    }
}

/// A probe every second that fails after so many silences.
fn probe(path: &str, failures: i32) -> Probe {
    Probe {
        http_get: Some(HTTPGetAction {
            path: Some(path.to_owned()),
            port: IntOrString::String(HTTP.to_owned()),
            ..HTTPGetAction::default()
        }),
        period_seconds: Some(1),
        timeout_seconds: Some(1),
        failure_threshold: Some(failures),
        ..Probe::default()
    }
}

/// Its bounds hold 512 MiB of messages that wait or have begun; the rest is the maps and the clients' buffers.
fn default_resources() -> ResourceRequirements {
    let amounts = |cpu: Option<&str>, memory: &str| Amounts {
        cpu: cpu.map(str::to_owned),
        memory: Some(memory.to_owned()),
    };
    requirements(&Resources {
        requests: amounts(Some("250m"), "512Mi"),
        limits: amounts(None, "1Gi"),
    })
}

fn requirements(resources: &Resources) -> ResourceRequirements {
    ResourceRequirements {
        requests: quantities(&resources.requests),
        limits: quantities(&resources.limits),
        ..ResourceRequirements::default()
    }
}

fn quantities(amounts: &Amounts) -> Option<BTreeMap<String, Quantity>> {
    let named = [("cpu", &amounts.cpu), ("memory", &amounts.memory)];
    let given: BTreeMap<String, Quantity> = named
        .into_iter()
        .filter_map(|(name, amount)| Some((name.to_owned(), Quantity(amount.clone()?))))
        .collect();
    (!given.is_empty()).then_some(given)
}

/// How long pods stay bound to a node that is gone.
fn tolerations(availability: &Availability) -> Vec<Toleration> {
    [
        "node.kubernetes.io/not-ready",
        "node.kubernetes.io/unreachable",
    ]
    .into_iter()
    .map(|taint| Toleration {
        key: Some(taint.to_owned()),
        operator: Some("Exists".to_owned()),
        effect: Some("NoExecute".to_owned()),
        toleration_seconds: Some(i64::from(availability.tolerated_recovery_seconds)),
        ..Toleration::default()
    })
    .collect()
}

/// Over zones as the spec asks, over nodes where possible. Each rollout is spread by itself: the pods that it replaces do
/// not count.
fn spread(workload: &Workload<'_>, role: Role) -> Vec<TopologySpreadConstraint> {
    let zones = match workload.pipeline.spec.availability.zones {
        ZoneSpread::Preferred => "ScheduleAnyway",
        ZoneSpread::Required => "DoNotSchedule",
    };
    [(ZONE, zones), ("kubernetes.io/hostname", "ScheduleAnyway")]
        .into_iter()
        .map(|(key, when)| TopologySpreadConstraint {
            max_skew: 1,
            topology_key: key.to_owned(),
            when_unsatisfiable: when.to_owned(),
            label_selector: Some(workload.names.select(role)),
            match_label_keys: Some(vec!["pod-template-hash".to_owned()]),
            ..TopologySpreadConstraint::default()
        })
        .collect()
}

/// A volume and where it is mounted.
struct Files {
    volume: Volume,
    mount: VolumeMount,
}

impl Files {
    fn of_config_map(volume: String, config_map: &str, path: String) -> Files {
        let source = Volume {
            config_map: Some(ConfigMapVolumeSource {
                name: config_map.to_owned(),
                ..ConfigMapVolumeSource::default()
            }),
            ..Volume::default()
        };
        Files::at(volume, source, path)
    }

    fn of_secret(volume: &str, secret: &str, path: &str) -> Files {
        let source = Volume {
            secret: Some(SecretVolumeSource {
                secret_name: Some(secret.to_owned()),
                ..SecretVolumeSource::default()
            }),
            ..Volume::default()
        };
        Files::at(volume.to_owned(), source, path.to_owned())
    }

    fn at(name: String, source: Volume, path: String) -> Files {
        Files {
            mount: VolumeMount {
                name: name.clone(),
                mount_path: path,
                read_only: Some(true),
                ..VolumeMount::default()
            },
            volume: Volume { name, ..source },
        }
    }
}

/// What an instance reads. Each mapping has a directory of its own below the overlay's.
fn files(workload: &Workload<'_>, role: Role) -> Vec<Files> {
    let spec = &workload.pipeline.spec;
    let mut files = vec![Files::of_config_map(
        "config".to_owned(),
        &workload.names.config(),
        paths::CONFIG.to_owned(),
    )];
    for (at, mapping) in spec.mappings.iter().enumerate() {
        if let Some(config_map) = workload.observed.mappings.get(&mapping.name) {
            files.push(Files::of_config_map(
                format!("mapping-{at:02}"),
                config_map,
                paths::mapping_directory(at, &mapping.name),
            ));
        }
    }
    // Transform never sees the listeners' keys.
    for listener in spec.listeners.iter().filter(|_| role == Role::Listen) {
        let name = &listener.name;
        let Some(tls) = &listener.tls else { continue };
        let (volume, path) = (format!("tls-{name}"), paths::tls(name));
        files.push(Files::of_secret(&volume, &tls.secret.name, &path));
        if let Some(secret) = &tls.client_ca_secret {
            let (volume, path) = (format!("senders-ca-{name}"), paths::senders_ca(name));
            files.push(Files::of_secret(&volume, &secret.name, &path));
        }
        if let Some(secret) = &tls.client_crl_secret {
            let (volume, path) = (format!("senders-crl-{name}"), paths::senders_crl(name));
            files.push(Files::of_secret(&volume, &secret.name, &path));
        }
    }
    if let Some(tls) = &spec.kafka.tls {
        if let Some(secret) = &tls.ca_secret {
            files.push(Files::of_secret("kafka-ca", &secret.name, paths::KAFKA_CA));
        }
        if let Some(secret) = &tls.client_secret {
            files.push(Files::of_secret(
                "kafka-client",
                &secret.name,
                paths::KAFKA_CLIENT,
            ));
        }
    }
    if let Some(sasl) = &spec.kafka.sasl {
        files.push(Files::of_secret(
            "kafka-sasl",
            &sasl.secret.name,
            paths::KAFKA_SASL,
        ));
    }
    files
}
