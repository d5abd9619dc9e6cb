//! What the scorecard asks, and what it says to do.
#![allow(clippy::unwrap_used)]

mod support;

use kiln_operator::scorecard::{Seen, scorecard};
use serde_json::json;
use support::{least, most, pipeline};

/// The checks that do not pass, with their fixes.
fn open(spec: &serde_json::Value, seen: &Seen) -> Vec<(String, String)> {
    let card = scorecard(&pipeline(spec), seen);
    let open = card.checks.into_iter().filter(|check| !check.passed);
    open.map(|check| (check.name, check.fix.unwrap())).collect()
}

fn all_well() -> Seen {
    Seen {
        listen_ready: 2,
        transform_ready: 2,
        zones: ["a", "b"].map(str::to_owned).into(),
        refused_mappings: Vec::new(),
    }
}

#[test]
fn a_pipeline_that_asks_for_everything_has_what_is_left_to_say() {
    let mut spec = most();
    for listener in spec["listeners"].as_array_mut().unwrap() {
        listener["tls"] = json!({"secret": {"name": "tls"}, "clientCaSecret": {"name": "ca"}});
    }
    assert_eq!(open(&spec, &all_well()), []);
    let card = scorecard(&pipeline(&spec), &all_well());
    assert_eq!(card.summary, format!("{0} of {0}", card.checks.len()));
}

#[test]
fn each_shortcoming_is_named_with_its_fix() {
    let names: Vec<String> = open(&least(), &Seen::default())
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(
        names,
        [
            "two instances of listen are ready",
            "two instances of transform are ready",
            "listen is in two zones",
            "instances are placed before less urgent work",
            "every listener speaks TLS",
            "every listener says who may send",
            "the connection to Kafka is encrypted",
            "Kafka knows who the pipeline is",
            "the metrics are read",
            "the number of instances follows the load",
        ]
    );
    let seen = Seen {
        refused_mappings: vec!["site".to_owned(), "ward".to_owned()],
        ..all_well()
    };
    let fixes = open(&most(), &seen);
    assert_eq!(
        fixes,
        [
            (
                "every listener speaks TLS",
                "set tls.secret of listener lab, wards"
            ),
            (
                "every listener says who may send",
                "give allowedNetworks, feeds or tls.clientCaSecret of listener lab"
            ),
            (
                "all mappings are in force",
                "correct what the status of FhirMapping site, ward says"
            ),
        ]
        .map(|(name, fix)| (name.to_owned(), fix.to_owned()))
    );
}
