//! The cgroups of a node (version 1): one in each hierarchy, below that of this process.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use kiln_tests::await_until;

/// What the kernel needs to bring all processes of a killed node to their end.
const ENDED: Duration = Duration::from_secs(30);

/// One group in each hierarchy.
pub(crate) struct Groups(Vec<Group>);

struct Group {
    path: PathBuf,
    /// Whether it decides on processors and memory nodes, without which it takes no process.
    places: bool,
}

impl Groups {
    /// Makes them, or takes those that are there.
    pub(crate) fn new(name: &str) -> Groups {
        let text = fs::read_to_string("/proc/self/cgroup").expect("the cgroups of this process");
        let mut groups = Vec::new();
        // hierarchy:controllers:path
        for line in text.lines() {
            let mut parts = line.splitn(3, ':').skip(1);
            let (Some(names), Some(path)) = (parts.next(), parts.next()) else {
                continue;
            };
            if names.is_empty() {
                continue;
            }
            let path = Path::new("/sys/fs/cgroup")
                .join(names.trim_start_matches("name="))
                .join(path.trim_start_matches('/'))
                .join(name);
            groups.push(Group {
                path,
                places: names == "cpuset",
            });
        }
        assert!(
            !groups.is_empty(),
            "nodes need the controllers of cgroup version 1; boot with systemd.unified_cgroup_hierarchy=0"
        );
        let groups = Groups(groups);
        groups.make();
        groups
    }

    /// Makes those that are not there.
    pub(crate) fn make(&self) {
        for Group { path, places } in &self.0 {
            fs::create_dir_all(path).unwrap_or_else(|error| {
                panic!("{}: {error}; nodes need root", path.display());
            });
            for file in ["cpuset.cpus", "cpuset.mems"].iter().filter(|_| *places) {
                let parent = path.parent().expect("a group below another");
                let value = fs::read(parent.join(file)).expect("the parent's set");
                fs::write(path.join(file), value).expect("a set");
            }
        }
    }

    /// The files that take a process into them.
    pub(crate) fn entrances(&self) -> Vec<PathBuf> {
        let groups = self.0.iter();
        groups
            .map(|group| group.path.join("cgroup.procs"))
            .collect()
    }

    /// Waits until nothing runs in them, and takes them away.
    pub(crate) fn remove(&self) {
        await_until("the end of a node's processes", ENDED, || {
            self.0.iter().all(|group| remove(&group.path)).then_some(())
        });
    }
}

/// Whether the group is gone, with those below it.
fn remove(group: &Path) -> bool {
    let Ok(entries) = fs::read_dir(group) else {
        return true;
    };
    for entry in entries.flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove(&entry.path());
        }
    }
    fs::remove_dir(group).is_ok()
}
