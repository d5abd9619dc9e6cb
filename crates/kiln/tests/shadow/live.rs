//! On a real broker: `cargo xtask test kafka` starts one and names it.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::support::{Served, http, json_lines, kiln, text, with_input};
use super::{overlay, shadow};

const PATIENCE: Duration = Duration::from_secs(120);

/// A patient whose sex has a local code.
fn message(control_id: &str, event: &str) -> Vec<u8> {
    format!(
        "MSH|^~\\&|ADT|NORTH|||20260102030405||ADT^{event}|{control_id}|P|2.5\r\
         PID|1||77^^^NORTH^MR||Marlow^Ida||19700101|W\rPV1|1|I\r"
    )
    .into_bytes()
}

fn send(served: &Served, bytes: &[u8]) {
    let mut command = kiln();
    command.args(["send", "--to", &served.address, "-"]);
    let sent = with_input(&mut command, bytes);
    assert_eq!(sent.status.code(), Some(0), "{}", text(&sent.stderr));
}

/// The resources of a topic.
fn patients(broker: &str, topic: &str) -> Option<Vec<Value>> {
    let output = Command::new("kcat")
        .args(["-C", "-e", "-q", "-o", "beginning"])
        .args(["-X", "isolation.level=read_committed"])
        .args(["-b", broker, "-t", topic, "-f", "%s\n"])
        .output()
        .unwrap();
    output.status.success().then(|| json_lines(&output.stdout))
}

/// A running `kiln shadow`. It ends with this value.
struct Shadow {
    child: Child,
    http: String,
}

impl Shadow {
    fn start(root: &Path, overlay: &Path) -> Shadow {
        // A port that was free a moment ago.
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let http = free.local_addr().unwrap().to_string();
        drop(free);
        let child = shadow(root, overlay, &http)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let shadow = Shadow { child, http };
        await_until("the shadow to read", || {
            let answer = shadow.told("/readyz")?;
            (answer["ready"] == true).then_some(())
        });
        shadow
    }

    /// None: nobody answers yet.
    fn told(&self, path: &str) -> Option<Value> {
        std::net::TcpStream::connect(&self.http).ok()?;
        serde_json::from_str(&http::get(&self.http, path).body).ok()
    }

    /// What differs, once so many messages were compared.
    fn differences(&self, messages: u64) -> Value {
        await_until("the messages to be compared", || {
            let told = self.told("/differences")?;
            (told["messages"].as_u64()? >= messages).then_some(told)
        })
    }
}

impl Drop for Shadow {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn await_until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what}, in time");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn count(told: &Value, element: &str) -> Option<u64> {
    let mut changes = told["changes"].as_array()?.iter();
    changes.find(|change| change["element"] == element)?["count"].as_u64()
}

#[test]
fn live_messages_are_compared_by_element_and_what_is_emitted_stays_as_it_is() {
    let broker = std::env::var("KILN_TEST_KAFKA").expect("KILN_TEST_KAFKA=host:port of a broker");
    let unique = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos();
    let name = format!("shadow-{unique}");
    let root = tempfile::tempdir().unwrap();
    let served = Served::on_kafka(root.path(), &broker, &name);
    send(&served, &message("before", "A01"));
    let new = overlay(root.path(), "map: AdministrativeSex\ncodes:\n  W: female\n");

    let shadow = Shadow::start(root.path(), &new);
    send(&served, &message("1", "A01"));
    assert_eq!(count(&shadow.differences(1), "Patient.gender"), Some(1));
    // It follows: these come long after it has reached the end of the log once.
    for (control_id, event) in [("2", "A08"), ("2", "A08"), ("3", "Z99"), ("4", "A08")] {
        send(&served, &message(control_id, event));
    }
    let told = shadow.differences(4);
    // The resend is dropped, and what neither converts does not differ; nothing of before the start is compared.
    assert_eq!(
        (&told["messages"], &told["differing"], &told["failing"]),
        (&json!(4), &json!(3), &json!(0)),
        "{told}"
    );
    assert_eq!(count(&told, "Patient.gender"), Some(3), "{told}");
    for content in ["Marlow", "Ida", "female", "19700101"] {
        assert!(!told.to_string().contains(content), "{told}");
    }

    // What the new maps give lies beside.
    await_until("the outputs of the shadow", || {
        let beside = patients(&broker, &format!("{name}.new-maps.fhir.Patient"))?;
        let all = beside.iter().all(|patient| patient["gender"] == "female");
        (beside.len() == 3 && all).then_some(())
    });
    let emitted = await_until("what is emitted", || {
        let emitted = patients(&broker, &format!("{name}.fhir.Patient"))?;
        (emitted.len() == 4).then_some(emitted)
    });
    assert!(emitted.iter().all(|patient| patient["gender"] != "female"));
    drop(shadow);
    assert_eq!(served.terminate(), Some(0));
}
