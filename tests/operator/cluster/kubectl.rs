//! What people do by hand, by the same program.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::WITHIN;

/// Each look is a process.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// kubectl, as the administrator.
#[derive(Clone)]
pub(crate) struct Kubectl {
    kubeconfig: String,
}

impl Kubectl {
    pub(crate) fn new(kubeconfig: &str) -> Kubectl {
        Kubectl {
            kubeconfig: kubeconfig.to_owned(),
        }
    }

    /// What it printed, or why it failed.
    pub(crate) fn attempt(&self, arguments: &[&str]) -> Result<String, String> {
        self.ended(arguments, "")
    }

    /// The same for what must not fail.
    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        self.attempt(arguments)
            .unwrap_or_else(|said| panic!("{said}"))
    }

    /// An object, or a list of some.
    pub(crate) fn get(&self, arguments: &[&str]) -> Value {
        let printed = self.run(&[&["get", "--output=json"], arguments].concat());
        serde_json::from_str(&printed).expect("kubectl must print JSON")
    }

    /// Looks at an object until something is so of it; it as it was then, or as it was last when the time is up.
    pub(crate) fn until(
        &self,
        what: &str,
        object: &[&str],
        mut so: impl FnMut(&Value) -> bool,
    ) -> Result<Value, Value> {
        let started = Instant::now();
        loop {
            let found = self.get(object);
            if so(&found) {
                println!("{what}: {:.1} s", started.elapsed().as_secs_f64());
                return Ok(found);
            }
            if started.elapsed() > WITHIN {
                return Err(found);
            }
            thread::sleep(LOOK_EVERY);
        }
    }

    /// Applies an object, as on the server.
    pub(crate) fn apply(&self, object: &Value) {
        let arguments = ["apply", "--server-side", "--filename=-"];
        self.ended(&arguments, &object.to_string())
            .unwrap_or_else(|said| panic!("{said}"));
    }

    fn ended(&self, arguments: &[&str], input: &str) -> Result<String, String> {
        let mut child = Command::new("kubectl")
            .arg("--kubeconfig")
            .arg(&self.kubeconfig)
            .arg("--request-timeout=20s")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("kubectl is missing; run `cargo xtask test operator`");
        let mut stdin = child.stdin.take().expect("its standard input");
        stdin
            .write_all(input.as_bytes())
            .expect("kubectl must read what it is given");
        drop(stdin);
        let output = child.wait_with_output().expect("kubectl must end");
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(format!("kubectl {}: {said}", arguments.join(" ")))
    }
}
