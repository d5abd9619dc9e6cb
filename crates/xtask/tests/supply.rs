//! What Kiln is made of: licences that go with its own, one registry, and nothing that has no place in it.

use std::collections::BTreeSet;
use std::process::Command;

use cargo_metadata::{Metadata, MetadataCommand, Package};
use serde_json::Value;
use spdx::{Expression, LicenseReq, ParseMode};

/// The platform of what is released.
const PLATFORM: &str = "x86_64-unknown-linux-gnu";
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// They ask for a notice at most. Of a crate that offers several, one of these is enough.
const LICENCES: [&str; 9] = [
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// What must not come in, also by way of others.
const BANNED: [(&str, &str); 4] = [
    ("aws-lc-rs", "ring is the one provider of rustls"),
    ("native-tls", "TLS is rustls"),
    (
        "openssl",
        "TLS is rustls; librdkafka alone has OpenSSL, by openssl-sys",
    ),
    (
        "serde_yaml",
        "is no longer kept; YAML is granit-parser and serde-saphyr",
    ),
];

fn metadata() -> Metadata {
    MetadataCommand::new()
        .other_options(["--locked", "--filter-platform", PLATFORM].map(str::to_owned))
        .exec()
        .expect("cargo metadata")
}

/// All but those of the workspace.
fn others(metadata: &Metadata) -> impl Iterator<Item = &Package> {
    metadata
        .packages
        .iter()
        .filter(|package| package.source.is_some())
}

fn is_allowed(licence: &LicenseReq) -> bool {
    licence
        .license
        .id()
        .is_some_and(|id| LICENCES.contains(&id.name))
}

fn expression(package: &Package) -> Option<Expression> {
    Expression::parse_mode(package.license.as_deref()?, ParseMode::LAX).ok()
}

#[test]
fn every_licence_is_allowed() {
    let metadata = metadata();
    let wrong: Vec<String> = others(&metadata)
        .filter(|package| {
            !expression(package).is_some_and(|expression| expression.evaluate(is_allowed))
        })
        .map(|package| {
            format!(
                "{} {}: {:?}",
                package.name, package.version, package.license
            )
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let copyleft = Expression::parse("MIT AND GPL-3.0-only").expect("an expression");
    assert!(!copyleft.evaluate(is_allowed));
}

#[test]
fn no_licence_is_allowed_that_nothing_has() {
    let metadata = metadata();
    let had: BTreeSet<&str> = others(&metadata)
        .filter_map(expression)
        .flat_map(|expression| {
            let licences = expression
                .requirements()
                .filter_map(|part| part.req.license.id());
            licences.map(|id| id.name).collect::<Vec<_>>()
        })
        .collect();
    let idle: Vec<&str> = LICENCES
        .into_iter()
        .filter(|licence| !had.contains(licence))
        .collect();
    assert!(idle.is_empty(), "{idle:?}");
}

#[test]
fn everything_comes_from_one_registry() {
    let metadata = metadata();
    let elsewhere: Vec<&str> = others(&metadata)
        .filter(|package| {
            package
                .source
                .as_ref()
                .is_some_and(|source| source.repr != REGISTRY)
        })
        .map(|package| package.name.as_str())
        .collect();
    assert!(elsewhere.is_empty(), "{elsewhere:?}");
}

#[test]
fn nothing_is_there_that_is_banned() {
    let metadata = metadata();
    let there: Vec<(&str, &str)> = BANNED
        .into_iter()
        .filter(|(name, _)| others(&metadata).any(|package| package.name.as_str() == *name))
        .collect();
    assert!(there.is_empty(), "{there:?}");
}

#[test]
fn the_bill_has_what_the_program_is_built_of_and_nothing_else() {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .arg("sbom")
        .output()
        .expect("xtask");
    let bill: Value = serde_json::from_slice(&output.stdout).expect("a bill in JSON");
    let components = bill["components"].as_array().expect("components");
    let named = |name: &str| {
        components
            .iter()
            .find(|component| component["name"] == name)
    };
    assert!(named("rdkafka").is_some() && named("kiln-hl7").is_some());
    // For tests and for the operator alone.
    assert!(named("criterion").is_none() && named("kube-client").is_none());
    let mut known: BTreeSet<&str> = components
        .iter()
        .filter_map(|component| component["bom-ref"].as_str())
        .collect();
    assert_eq!(known.len(), components.len());
    known.extend(bill["metadata"]["component"]["bom-ref"].as_str());
    for component in components {
        let ours = component.get("purl").is_none();
        assert!(
            ours || component["hashes"][0]["content"]
                .as_str()
                .is_some_and(|hash| hash.len() == 64)
        );
        let licence = component["licenses"][0]["expression"]
            .as_str()
            .expect("a licence");
        Expression::parse(licence).unwrap_or_else(|error| panic!("{component}: {error}"));
    }
    let dependencies = bill["dependencies"].as_array().expect("dependencies");
    assert_eq!(dependencies.len(), known.len());
    for dependency in dependencies {
        let uses = dependency["dependsOn"].as_array().expect("a list");
        let mut named = uses.iter().chain([&dependency["ref"]]);
        assert!(named.all(|name| name.as_str().is_some_and(|name| known.contains(name))));
    }
}
