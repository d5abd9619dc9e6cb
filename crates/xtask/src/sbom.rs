//! The bill of materials of a program: every crate that is part of it, in CycloneDX 1.5.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Node, Package, PackageId};
use serde_json::{Value, json};

use crate::need::root;

/// The platform of what is released.
const PLATFORM: &str = "x86_64-unknown-linux-gnu";

/// Of the program that is built from the package of this name.
pub(crate) fn sbom(name: &str) -> Result<Value, String> {
    let metadata = MetadataCommand::new()
        .current_dir(root())
        .other_options(["--locked", "--filter-platform", PLATFORM].map(str::to_owned))
        .exec()
        .map_err(|error| error.to_string())?;
    let program = metadata
        .workspace_packages()
        .into_iter()
        .find(|package| package.name.as_str() == name)
        .ok_or_else(|| format!("no package {name} in the workspace"))?;
    let checksums = checksums()?;
    let within = within(&metadata, &program.id);
    let mut components = Vec::new();
    let mut dependencies = Vec::new();
    for (id, uses) in &within {
        let package = &metadata[*id];
        if *id != &program.id {
            components.push(component(package, "library", &checksums));
        }
        let uses: Vec<String> = uses.iter().map(|id| reference(&metadata[*id])).collect();
        dependencies.push(json!({ "ref": reference(package), "dependsOn": uses }));
    }
    Ok(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": { "component": component(program, "application", &checksums) },
        "components": components,
        "dependencies": dependencies,
    }))
}

/// What a program is built of, itself too, and what each of that uses. Tests are no part of it.
fn within<'m>(
    metadata: &'m Metadata,
    program: &'m PackageId,
) -> BTreeMap<&'m PackageId, BTreeSet<&'m PackageId>> {
    let nodes = metadata.resolve.iter().flat_map(|resolve| &resolve.nodes);
    let nodes: BTreeMap<&PackageId, &Node> = nodes.map(|node| (&node.id, node)).collect();
    let mut within = BTreeMap::new();
    let mut left = vec![program];
    while let Some(id) = left.pop() {
        if within.contains_key(id) {
            continue;
        }
        let dependencies = nodes.get(id).map_or(&[][..], |node| &node.deps);
        let uses: BTreeSet<&PackageId> = dependencies
            .iter()
            .filter(|used| {
                let mut kinds = used.dep_kinds.iter();
                kinds.any(|kind| kind.kind != DependencyKind::Development)
            })
            .map(|used| &used.pkg)
            .collect();
        left.extend(&uses);
        within.insert(id, uses);
    }
    within
}

fn component(package: &Package, kind: &str, checksums: &BTreeMap<String, String>) -> Value {
    let mut component = json!({
        "type": kind,
        "bom-ref": reference(package),
        "name": package.name.as_str(),
        "version": package.version.to_string(),
    });
    if package.source.is_some() {
        component["purl"] = reference(package).into();
    }
    if let Some(licence) = &package.license {
        // As crates wrote it before there were expressions.
        let licence = licence.replace(" / ", "/").replace('/', " OR ");
        component["licenses"] = json!([{ "expression": licence }]);
    }
    if let Some(checksum) = checksums.get(&key(package.name.as_str(), &package.version.to_string()))
    {
        component["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
    }
    component
}

/// The package URL (<https://github.com/package-url/purl-spec>), which also names it within the bill.
fn reference(package: &Package) -> String {
    format!("pkg:cargo/{}@{}", package.name, package.version)
}

/// By which cargo checks what it downloads.
fn checksums() -> Result<BTreeMap<String, String>, String> {
    let path = root().join("Cargo.lock");
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let of = |block: &str, name: &str| {
        let line = block.lines().find_map(|line| line.strip_prefix(name))?;
        Some(line.strip_prefix(" = ")?.trim_matches('"').to_owned())
    };
    let checksums = text.split("[[package]]").filter_map(|block| {
        let key = key(&of(block, "name")?, &of(block, "version")?);
        Some((key, of(block, "checksum")?))
    });
    Ok(checksums.collect())
}

fn key(name: &str, version: &str) -> String {
    format!("{name} {version}")
}
