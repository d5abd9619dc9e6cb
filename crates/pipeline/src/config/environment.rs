//! The few settings that the environment may override, for containers and for trying things out.

use super::document::{
    Document, EmbeddedDocument, HttpDocument, KafkaDocument, ListenerDocument, Role, StoreDocument,
};
use super::problem::Problem;

/// The variables, with what each overrides.
pub const OVERRIDES: [(&str, &str); 6] = [
    ("KILN_INSTANCE", "instance"),
    ("KILN_ROLES", "roles, separated by commas"),
    ("KILN_DIRECTORY", "store.embedded.directory"),
    (
        "KILN_KAFKA_BROKERS",
        "store.kafka.brokers, separated by commas",
    ),
    ("KILN_LISTEN_ADDRESS", "listeners[0].address"),
    ("KILN_HTTP_ADDRESS", "http.address"),
];

/// Puts the variables that are set into the document.
pub(super) fn apply(
    document: &mut Document,
    variable: &dyn Fn(&str) -> Option<String>,
    problems: &mut Vec<Problem>,
) {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    if let Some(instance) = set("KILN_INSTANCE") {
        document.instance = Some(instance);
    }
    if let Some(roles) = set("KILN_ROLES") {
        let mut chosen = Vec::new();
        for role in roles.split(',').map(str::trim) {
            match role {
                "listen" => chosen.push(Role::Listen),
                "transform" => chosen.push(Role::Transform),
                _ => problems.push(Problem {
                    file: "environment".to_owned(),
                    line: 0,
                    column: 0,
                    path: "KILN_ROLES".to_owned(),
                    what: "no such role; valid are listen, transform".to_owned(),
                }),
            }
        }
        document.roles = Some(chosen);
    }
    if let Some(directory) = set("KILN_DIRECTORY") {
        let store = document.store.get_or_insert_with(StoreDocument::default);
        store
            .embedded
            .get_or_insert_with(EmbeddedDocument::default)
            .directory = Some(directory.into());
    }
    if let Some(brokers) = set("KILN_KAFKA_BROKERS") {
        let store = document.store.get_or_insert_with(StoreDocument::default);
        store
            .kafka
            .get_or_insert_with(KafkaDocument::default)
            .brokers = brokers
            .split(',')
            .map(|broker| broker.trim().to_owned())
            .collect();
    }
    if let Some(address) = set("KILN_LISTEN_ADDRESS") {
        let listeners = document.listeners.get_or_insert_with(Vec::new);
        if listeners.is_empty() {
            listeners.push(ListenerDocument::default());
        }
        listeners[0].address = Some(address);
    }
    if let Some(address) = set("KILN_HTTP_ADDRESS") {
        document
            .http
            .get_or_insert_with(HttpDocument::default)
            .address = Some(address);
    }
}
