//! The chart as Helm renders and installs it, held to the schemas of a real API server.
#![allow(clippy::unwrap_used)]

mod cluster {
    pub(crate) mod calls;
    pub(crate) mod instance;
    pub(crate) mod site;
}
mod openapi;
mod support;

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use cluster::site::site;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kiln_operator::api::Hl7Pipeline;
use serde_json::Value;

/// What nobody says; all that can be said; one namespace with images of its own.
const VALUES: [&str; 3] = [
    "{}",
    "{replicas: 3, image: {repository: registry.example.org/operator, tag: \"1\", pullPolicy: Always}, \
      kilnImage: {repository: registry.example.org/kiln, tag: \"2\"}, imagePullSecrets: [registry], \
      watchNamespace: integration, logLevel: debug, resources: {limits: {memory: 1Gi}}, priorityClassName: clinical, \
      nodeSelector: {disk: fast}, tolerations: [{key: clinical, operator: Exists}], \
      networkPolicy: {enabled: true, apiServerPorts: [8443]}}",
    "{replicas: 1, watchNamespace: integration, networkPolicy: {enabled: false}}",
];

/// What helm renders of the chart with values on standard input.
const RENDER: [&str; 8] = [
    "template",
    "kiln",
    "charts/kiln",
    "--include-crds",
    "--namespace",
    "kiln-system",
    "--values",
    "-",
];

fn program(variable: &str) -> Command {
    let path = std::env::var_os(variable)
        .unwrap_or_else(|| panic!("{variable} names no program; run `cargo xtask test operator`"));
    let mut command = Command::new(path);
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."));
    command
}

/// Helm for the test's cluster, with nothing of this user's.
fn helm(arguments: &[&str], input: &str) -> Output {
    let home = tempfile::tempdir().unwrap();
    let mut helm = program("KILN_TEST_HELM");
    for variable in ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"] {
        helm.env(variable, home.path());
    }
    let kubeconfig = std::env::var_os("KILN_TEST_KUBECONFIG").unwrap_or_default();
    ended(helm.args(arguments).env("KUBECONFIG", kubeconfig), input)
}

fn ended(command: &mut Command, input: &str) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    child.wait_with_output().unwrap()
}

/// What it printed; it must have succeeded.
fn printed(output: &Output) -> String {
    let (out, errors) = (&output.stdout, &output.stderr);
    let (out, errors) = (
        String::from_utf8_lossy(out),
        String::from_utf8_lossy(errors),
    );
    assert!(output.status.success(), "{out}\n{errors}");
    out.into_owned()
}

#[test]
fn helm_has_nothing_to_say_against_the_chart() {
    for values in VALUES {
        let lint = ["lint", "--strict", "charts/kiln", "--values", "-"];
        printed(&helm(&lint, values));
    }
}

#[test]
fn values_that_are_none_are_refused_by_name() {
    for (values, words) in [
        ("{replica: 3}", "replica"),
        ("{replicas: 0}", "replicas"),
        ("{watchNamespace: Integration}", "watchNamespace"),
        ("{networkPolicy: {apiServerPorts: []}}", "apiServerPorts"),
    ] {
        let output = helm(&RENDER, values);
        assert!(!output.status.success(), "{values} was taken");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(words), "{words:?} is not in {said}");
    }
}

#[tokio::test]
async fn every_object_of_the_chart_has_only_fields_that_the_api_server_knows() {
    let site = site("chart").await;
    let request = axum::http::Request::get("/openapi/v2")
        .body(Vec::new())
        .unwrap();
    let known: Value = site.admin_client().request(request).await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    openapi::write_schemas(&known, directory.path());
    let location = directory
        .path()
        .join("{{ .ResourceKind }}{{ .KindSuffix }}.json");
    let conform = |objects: &str| {
        let mut kubeconform = program("KILN_TEST_KUBECONFORM");
        kubeconform.args(["-strict", "-summary", "-schema-location"]);
        ended(kubeconform.arg(&location).arg("-"), objects)
    };
    for values in VALUES {
        let objects = printed(&helm(&RENDER, values));
        for kind in ["CustomResourceDefinition", "Deployment", "RoleBinding"] {
            assert!(objects.contains(&format!("kind: {kind}")), "{kind}");
        }
        let summary = printed(&conform(&objects));
        let clean = "Invalid: 0, Errors: 0, Skipped: 0";
        assert!(summary.contains(clean), "{summary}");
    }
    let wrong = "{apiVersion: v1, kind: ServiceAccount, metadata: {name: a}, automountToken: true}";
    let refused = conform(wrong);
    assert!(!refused.status.success(), "an unknown field was taken");
    let said = String::from_utf8_lossy(&refused.stdout);
    assert!(said.contains("automountToken"), "{said}");
}

#[tokio::test]
async fn the_chart_installs_upgrades_and_leaves_pipelines_when_it_goes() {
    let site = site("release").await;
    let namespace = site.namespace();
    let release = |arguments: &[&str], values: &str| {
        let named = ["--namespace", namespace];
        printed(&helm(&[arguments, &named].concat(), values))
    };
    let operators = async || {
        let found = site.all::<Deployment>().get("kiln-operator").await.unwrap();
        found.spec.replicas
    };
    let policies = async || {
        let policies = site.all::<NetworkPolicy>();
        policies.get_opt("kiln-operator").await.unwrap().is_some()
    };

    let install = ["install", "kiln", "charts/kiln", "--values", "-"];
    let notes = release(&install, &format!("{{watchNamespace: {namespace}}}"));
    assert_eq!(operators().await, Some(2));
    assert!(policies().await);

    // What the notes lead to is a pipeline that the API server takes.
    let (_, after) = notes.split_once("<<YAML\n").unwrap();
    let (first, _) = after.split_once("\n  YAML\n").unwrap();
    let first: Value = serde_saphyr::from_str(first).unwrap();
    let name = first["metadata"]["name"].as_str().unwrap();
    site.create(name, &first["spec"]).await.unwrap();
    let describe = format!("describe hl7pipeline {name} -n {namespace}");
    assert!(notes.contains(&describe), "{notes}");

    let upgrade = ["upgrade", "kiln", "charts/kiln", "--values", "-"];
    let values =
        format!("{{watchNamespace: {namespace}, replicas: 3, networkPolicy: {{enabled: false}}}}");
    release(&upgrade, &values);
    assert_eq!(operators().await, Some(3));
    assert!(!policies().await);

    release(&["uninstall", "kiln"], "");
    let left = site.all::<Deployment>().get_opt("kiln-operator").await;
    assert!(left.unwrap().is_none());
    let pipeline = site.all::<Hl7Pipeline>().get(name).await.unwrap();
    assert_eq!(pipeline.metadata.deletion_timestamp, None);
}
