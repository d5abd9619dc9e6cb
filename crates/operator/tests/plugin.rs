//! What `kubectl kiln` says.
#![allow(clippy::unwrap_used)]

mod support;

use kiln_operator::api::Hl7Pipeline;
use kiln_operator::plugin;
use serde_json::{Value, json};
use support::{least, pipeline};

fn condition(kind: &str, status: &str, reason: &str, message: &str) -> Value {
    json!({
        "type": kind, "status": status, "reason": reason, "message": message,
        "lastTransitionTime": "2026-03-02T12:00:00Z",
    })
}

fn with(conditions: &[Value]) -> Hl7Pipeline {
    let mut pipeline = pipeline(&least());
    pipeline.status = serde_json::from_value(json!({
        "conditions": conditions,
        "observedGeneration": 1,
        "listen": {"replicas": 4, "readyReplicas": 3, "desiredReplicas": 4, "reason": "2 to 4: ACK p99 410 ms over target 250 ms for 10 s"},
        "transform": {"replicas": 2, "readyReplicas": 2, "desiredReplicas": 2},
        "scorecard": {"summary": "1 of 2", "checks": [
            {"area": "Resilience", "name": "listen is in two zones", "passed": true},
            {"area": "Security", "name": "every listener speaks TLS", "passed": false, "fix": "set tls.secret of listener mllp"},
        ]},
    }))
    .unwrap();
    pipeline
}

fn serving() -> Value {
    condition("Ready", "True", "Serving", "3 of 4 instances are ready")
}

#[test]
fn the_status_is_one_line_a_pipeline() {
    let mut unseen = pipeline(&least());
    unseen.metadata.name = Some("n".to_owned());
    let text = plugin::status(&[with(&[serving()]), unseen]);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[..2],
        [
            "PIPELINE                  READY    LISTEN  TRANSFORM  SCORECARD  SAYS",
            "integration/st-elsewhere  True     3/4     2/2        1 of 2     3 of 4 instances are ready",
        ]
    );
    assert!(
        lines[2].starts_with("integration/n             Unknown  0/0"),
        "{text}"
    );
    assert!(
        lines[2].contains("the operator has not looked at it yet"),
        "{text}"
    );
}

#[test]
fn why_begins_with_what_keeps_the_rest_from_being_so() {
    let refused = condition("Applied", "False", "Refused", "exceeded quota");
    let down = condition("Ready", "False", "NoListener", "no sender can connect");
    let stuck = condition("Progressing", "False", "Stuck", "listen: no image");
    let settled = condition(
        "Progressing",
        "False",
        "Settled",
        "nothing is being changed",
    );
    for (conditions, expected) in [
        (
            vec![down.clone(), stuck.clone(), refused],
            "Applied is False since 2026-03-02T12:00:00Z: Refused\nexceeded quota\n",
        ),
        (
            vec![down, stuck.clone()],
            "Ready is False since 2026-03-02T12:00:00Z: NoListener\n",
        ),
        (
            vec![serving(), stuck],
            "Progressing is False since 2026-03-02T12:00:00Z: Stuck\n",
        ),
        (
            vec![serving(), settled],
            "Ready is True since 2026-03-02T12:00:00Z: Serving\n",
        ),
    ] {
        let text = plugin::why(&with(&conditions));
        assert!(text.starts_with(expected), "{text}");
        assert!(
            text.ends_with("listen: 2 to 4: ACK p99 410 ms over target 250 ms for 10 s\n"),
            "{text}"
        );
    }
    let mut changed = with(&[serving()]);
    changed.metadata.generation = Some(2);
    assert!(plugin::why(&changed).contains("not acted on yet"));
}

#[test]
fn the_scorecard_gives_the_fix_below_each_shortcoming() {
    assert_eq!(
        plugin::scorecard(&with(&[])),
        "1 of 2 checks pass\n\n\
         Resilience\n  yes  listen is in two zones\n\n\
         Security\n  no   every listener speaks TLS\n       set tls.secret of listener mllp\n\n\
         Operation\n"
    );
}
