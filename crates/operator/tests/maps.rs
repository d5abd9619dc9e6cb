//! What the status of a `FhirMapping` says, of what instances say.
#![allow(clippy::unwrap_used)]

use kiln_operator::desired::{OVERLAY, mapping_directory};
use kiln_operator::maps::{Report, Use, Verdict, verdict};
use serde_json::json;

/// An instance that runs, as it answers.
fn answer(version: &str, rejected: Option<&str>) -> Report {
    let answer = json!({
        "ready": true, "reasons": [], "mapping": {"version": version, "rejected": rejected},
    });
    Report::of_answer(&answer.to_string()).unwrap()
}

fn used(pipeline: &str, at: usize, name: &str, reports: &[Report]) -> Use {
    Use {
        pipeline: pipeline.to_owned(),
        directory: mapping_directory(at, name),
        reports: reports.to_vec(),
    }
}

const WRONG: &str = "/etc/kiln/overlay/00-site/PID.yaml:7: Patient has no element `brithDate`; nearest: birthDate\n\
    /etc/kiln/overlay/00-site/PV1.yaml:3: no such field\n\
    /etc/kiln/overlay/02-site/PID.yaml:1: of another";

#[test]
fn a_mistake_is_told_with_its_file_and_line_at_the_mapping_that_has_it() {
    let wrong = answer("1", Some(WRONG));
    let refused = verdict(&[used(
        "north",
        0,
        "site",
        &[answer("1", None), wrong.clone()],
    )]);
    assert_eq!(refused.holds(), Some(false));
    assert_eq!(
        refused.message(),
        "Hl7Pipeline north does not take it:\n\
         PID.yaml:7: Patient has no element `brithDate`; nearest: birthDate\n\
         PV1.yaml:3: no such field"
    );
    let beside = verdict(&[used("north", 1, "ward", &[wrong])]);
    assert_eq!((beside.holds(), beside.reason()), (None, "HeldBack"));
}

#[test]
fn an_instance_that_does_not_start_says_why_in_its_last_words() {
    let words = format!("{{\"level\":\"INFO\"}}\nkiln: {WRONG}\n");
    let report = Report::of_last_words(&words, OVERLAY).unwrap();
    let refused = verdict(&[used("north", 0, "site", &[report])]);
    assert!(
        refused.message().contains("\nPID.yaml:7: "),
        "{}",
        refused.message()
    );
    assert_eq!(
        Report::of_last_words("kiln: no broker answers", OVERLAY),
        None
    );
}

#[test]
fn the_worst_of_several_pipelines_counts() {
    let fine = used("north", 0, "site", &[answer("1", None)]);
    let silent = used("south", 0, "site", &[]);
    let wrong = used("west", 0, "site", &[answer("2", Some(WRONG))]);
    let compiled = Verdict::Compiled {
        version: "1".to_owned(),
    };
    assert_eq!(verdict(&[]), Verdict::Unused);
    assert_eq!(verdict(std::slice::from_ref(&silent)), Verdict::NotTold);
    assert_eq!(verdict(&[silent.clone(), fine.clone()]), compiled);
    assert_eq!(verdict(&[fine, silent, wrong]).holds(), Some(false));
    assert_eq!(Report::of_answer("{\"ready\": true}"), None);
    assert_eq!(Report::of_answer("no JSON"), None);
}

#[test]
fn the_status_stays_small_whatever_is_wrong() {
    let long = format!(
        "{}/PID.yaml:1: {}\n",
        mapping_directory(0, "site"),
        "é".repeat(9000)
    );
    let wrong = Report::Rejected {
        why: long.repeat(100),
    };
    let message = verdict(&[used("north", 0, "site", &[wrong])]).message();
    assert!(message.len() < 6000, "{}", message.len());
}
