//! Messages with the Bundles that others expect of them (COMPARED.md), where `KILN_CORPUS` names a corpus:
//! `KILN_CORPUS=DIR cargo test -p kiln-fhir --test pairs -- --nocapture` prints how much of the expected is found.
//!
//! A resource becomes a multiset of elements: the path without indexes, and the value. Ids, meta, narrative, extensions and
//! Provenance are left out, and a reference counts as the type that it leads to.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use kiln_fhir::{Conversion, ConvertOptions, Mapper, References};
use kiln_hl7::{Index, Message};
use serde_json::Value;

/// Element and value, and how often.
type Elements = BTreeMap<(String, String), usize>;

const LEFT_OUT: [&str; 7] = [
    "id",
    "meta",
    "text",
    "extension",
    "modifierExtension",
    "contained",
    "resourceType",
];
/// The constant organization that the pipeline of the expected Bundles adds.
const OWN: &str = "CDC PRIME";

#[test]
fn no_less_of_the_expected_bundles_is_found_than_before() {
    let Some(corpus) = std::env::var_os("KILN_CORPUS") else {
        return;
    };
    let mapper = Mapper::embedded().unwrap();
    let options = ConvertOptions {
        references: References::Urn,
        ..ConvertOptions::default()
    };
    let (mut index, mut conversion) = (Index::new(), Conversion::new());
    let (mut all, mut distinct) = (Count::default(), Count::default());
    for path in messages(&Path::new(&corpus).join("pairs")) {
        let bytes = fs::read(&path).unwrap();
        let message = Message::parse(&bytes, &mut index).unwrap();
        mapper.convert(&message, &options, &mut conversion).unwrap();
        let mut bundle = Vec::new();
        conversion.write_bundle(&mut bundle);
        let found = merged(&resources(&bundle));
        let expected = resources(&fs::read(path.with_extension("fhir")).unwrap());
        all.add(&merged(&expected), &found);
        let once: BTreeSet<Elements> = expected.into_iter().collect();
        distinct.add(&merged(&once), &found);
    }
    println!("every expected resource: {}", all.told());
    println!("of equal ones of a Bundle, one: {}", distinct.told());
    assert!(all.recall() > 0.686, "{}", all.told());
    assert!(distinct.recall() > 0.818, "{}", distinct.told());
}

#[derive(Default)]
struct Count {
    expected: usize,
    given: usize,
    found: usize,
}

impl Count {
    fn add(&mut self, expected: &Elements, given: &Elements) {
        self.expected += expected.values().sum::<usize>();
        self.given += given.values().sum::<usize>();
        let both = expected.iter().map(|(element, count)| {
            let given = given.get(element).copied().unwrap_or_default();
            given.min(*count)
        });
        self.found += both.sum::<usize>();
    }

    #[allow(clippy::cast_precision_loss)] // thousands
    fn recall(&self) -> f64 {
        self.found as f64 / self.expected as f64
    }

    #[allow(clippy::cast_precision_loss)] // thousands
    fn told(&self) -> String {
        let precision = self.found as f64 / self.given as f64;
        format!(
            "{} of {} found, recall {:.3}, precision {precision:.3}",
            self.found,
            self.expected,
            self.recall()
        )
    }
}

fn messages(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(messages(&path));
        } else if path.extension().is_some_and(|end| end == "hl7") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The resources of a Bundle as elements.
fn resources(bundle: &[u8]) -> Vec<Elements> {
    let bundle: Value = serde_json::from_slice(bundle).unwrap();
    let entries = bundle["entry"].as_array().unwrap();
    let mut types: BTreeMap<String, &str> = BTreeMap::new();
    for entry in entries {
        let resource = &entry["resource"];
        let kind = resource["resourceType"].as_str().unwrap();
        let id = resource["id"].as_str().unwrap_or_default();
        let url = entry["fullUrl"].as_str().unwrap_or_default();
        for name in [
            url.to_owned(),
            format!("{kind}/{id}"),
            format!("urn:uuid:{id}"),
        ] {
            types.insert(name, kind);
        }
    }
    let told = entries.iter().map(|entry| &entry["resource"]);
    told.filter(|resource| {
        resource["resourceType"] != "Provenance" && !resource.to_string().contains(OWN)
    })
    .map(|resource| {
        let mut elements = Elements::new();
        let kind = resource["resourceType"].as_str().unwrap();
        count(&mut elements, kind.to_owned(), "resource".to_owned());
        walk(resource, kind, &types, &mut elements);
        elements
    })
    .collect()
}

fn walk(of: &Value, path: &str, types: &BTreeMap<String, &str>, elements: &mut Elements) {
    match of {
        Value::Object(members) => {
            for (name, value) in members {
                if LEFT_OUT.contains(&name.as_str()) || name.starts_with('_') {
                    continue;
                }
                let path = format!("{path}.{name}");
                match value.as_str().filter(|_| name == "reference") {
                    Some(reference) => {
                        let named = reference.split(['/', '?']).next().unwrap_or_default();
                        let kind = types.get(reference).copied().unwrap_or(named);
                        count(elements, path, kind.to_owned());
                    }
                    None => walk(value, &path, types, elements),
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                walk(item, path, types, elements);
            }
        }
        value => count(elements, path.to_owned(), value.to_string()),
    }
}

fn count(elements: &mut Elements, path: String, value: String) {
    *elements.entry((path, value)).or_default() += 1;
}

fn merged<'e>(resources: impl IntoIterator<Item = &'e Elements>) -> Elements {
    let mut all = Elements::new();
    for (element, times) in resources.into_iter().flatten() {
        *all.entry(element.clone()).or_default() += times;
    }
    all
}
