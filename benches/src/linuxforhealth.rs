//! A peer: the LinuxForHealth converter, in a process of its own that converts what it is asked to.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::ops::Range;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// The environment variable that holds its class path; `cargo xtask` sets it.
pub const CLASS_PATH: &str = "KILN_LINUXFORHEALTH";

/// The running converter and the messages it was given. Dropped, it is killed.
pub struct LinuxForHealth {
    process: Child,
    asked: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl LinuxForHealth {
    /// Starts it with these messages.
    ///
    /// # Panics
    /// When the class path is not set, or Java does not start.
    pub fn start<'m>(messages: impl ExactSizeIterator<Item = &'m [u8]>) -> Self {
        let class_path = std::env::var(CLASS_PATH).unwrap_or_else(|_| {
            panic!("{CLASS_PATH} is not set; run `cargo xtask compare convert`")
        });
        let mut process = Command::new("java")
            .args([
                "-Xms1g",
                "-Xmx1g",
                "-XX:+UseSerialGC",
                "-cp",
                &class_path,
                "Convert",
            ])
            .arg(messages.len().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("java is missing; run `cargo xtask setup`");
        let mut asked = process.stdin.take().expect("its standard input");
        let answers = process.stdout.take().expect("its standard output");
        for message in messages {
            let mut line = String::with_capacity(2 * message.len() + 1);
            for byte in message {
                let _ = write!(line, "{byte:02x}");
            }
            line.push('\n');
            asked
                .write_all(line.as_bytes())
                .expect("it reads the messages");
        }
        Self {
            process,
            asked,
            answers: BufReader::new(answers),
        }
    }

    /// Converts these messages, on one thread: the characters of FHIR that each gave, 0 for one that it refused.
    ///
    /// # Panics
    /// When it does not answer.
    pub fn convert(&mut self, messages: Range<usize>) -> Vec<usize> {
        writeln!(self.asked, "{} {}", messages.start, messages.end).expect("it listens");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("it answers");
        let given: Vec<usize> = answer
            .split_whitespace()
            .filter_map(|word| word.parse().ok())
            .collect();
        assert_eq!(
            given.len(),
            messages.len(),
            "LinuxForHealth answers each message"
        );
        given
    }
}

impl Drop for LinuxForHealth {
    fn drop(&mut self) {
        // It may have left already; reaping is all that matters then.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
