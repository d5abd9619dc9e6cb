//! A disk of its own for a directory, which can be full.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::await_until;

/// What it holds, most tests ever need.
const SIZE: &str = "1g";
/// For a moment in which nobody writes.
const PATIENCE: Duration = Duration::from_secs(10);

/// A tmpfs mount. Dropped, it is gone with what it held.
#[derive(Debug)]
pub struct Disk {
    directory: PathBuf,
}

impl Disk {
    /// Mounts one; makes the directory when it is missing.
    ///
    /// # Panics
    /// Unless the process may mount, as it may under `cargo xtask chaos`.
    pub fn mount(directory: &Path) -> Disk {
        fs::create_dir_all(directory).expect("a directory");
        let disk = Disk {
            directory: directory.to_owned(),
        };
        let mounted = run(Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={SIZE}"), "disk"])
            .arg(directory));
        assert!(
            mounted,
            "{} cannot be mounted: run `cargo xtask chaos` or `cargo xtask test e2e`, which may",
            directory.display()
        );
        disk
    }

    /// Nothing more goes onto it.
    pub fn fill(&self) {
        // It refuses to become smaller than what it holds, and somebody may be writing.
        await_until("a full disk", PATIENCE, || {
            self.resize(&self.used()).then_some(())
        });
    }

    /// There is room again.
    pub fn free(&self) {
        assert!(self.resize(SIZE), "room on {}", self.directory.display());
    }

    fn resize(&self, size: &str) -> bool {
        run(Command::new("mount")
            .args(["-o", &format!("remount,size={size}")])
            .arg(&self.directory))
    }

    /// In KiB, as tmpfs takes it.
    fn used(&self) -> String {
        let output = Command::new("df")
            .args(["-k", "--output=used"])
            .arg(&self.directory)
            .output()
            .expect("the command df");
        let text = String::from_utf8_lossy(&output.stdout);
        // At least a page: 0 would be no limit.
        let used = text.split_whitespace().nth(1).unwrap_or_default();
        let used: u64 = used.parse().expect("df must print a number");
        format!("{}k", used.max(4))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        run(Command::new("umount").arg("--lazy").arg(&self.directory));
    }
}

fn run(command: &mut Command) -> bool {
    let status = command
        .stderr(Stdio::null())
        .status()
        .expect("a command of the system");
    status.success()
}
