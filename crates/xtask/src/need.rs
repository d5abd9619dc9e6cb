use std::{
    collections::hash_map::DefaultHasher,
    env,
    ffi::OsStr,
    fs,
    hash::{Hash, Hasher},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The Python package that is a third party's sender, pinned.
const PYTHON_SENDER: &str = "hl7==0.4.5";

/// The folders of the programs in Java: each has a pom that names its jars.
pub(crate) const VALIDATOR: &str = "tests/java/validator";
pub(crate) const SENDER: &str = "tests/java/sender";
pub(crate) const PARSER: &str = "tests/java/parser";
pub(crate) const KAFKA: &str = "tests/java/kafka";
pub(crate) const LINUXFORHEALTH: &str = "benches/peers/linuxforhealth";
pub(crate) const CAMEL: &str = "benches/peers/camel";
pub(crate) const HAPI: &str = "benches/peers/hapi";

/// The folder of the programs in JavaScript; its package file names their modules.
pub(crate) const BROWSER: &str = "tests/console";

/// The top of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .map(Path::to_owned)
        .unwrap_or_default()
}

/// Runs a command, and says which one failed: the program and its arguments, as a person would repeat it.
pub(crate) fn run(command: &mut Command) -> Result<(), String> {
    let words = [command.get_program()]
        .into_iter()
        .chain(command.get_args());
    let words: Vec<_> = words.map(OsStr::to_string_lossy).collect();
    let shown = words.join(" ");
    let status = command
        .status()
        .map_err(|error| format!("`{shown}` did not start: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("`{shown}` ended with {status}"))
    }
}

/// Brings everything that the stages need.
pub(crate) fn all() -> Result<(), String> {
    programs()?;
    for home in [
        VALIDATOR,
        SENDER,
        PARSER,
        KAFKA,
        LINUXFORHEALTH,
        CAMEL,
        HAPI,
    ] {
        jars(home)?;
    }
    node_modules(BROWSER)?;
    mllp_send().map(drop)
}

/// The programs of the system; missing ones are installed with apt-get when root, else named.
fn programs() -> Result<(), String> {
    let wanted = [
        ("cc", "build-essential"),
        ("make", "make"),
        ("perl", "perl"),
        ("javac", "default-jdk-headless"),
        ("mvn", "maven"),
        ("kcat", "kcat"),
        ("openssl", "openssl"),
        ("python3", "python3"),
        ("ip", "iproute2"),
        ("unshare", "util-linux"),
        ("runc", "runc"),
        ("nft", "nftables"),
        ("faketime", "faketime"),
        ("node", "nodejs"),
        ("npm", "npm"),
        ("chromium", "chromium"),
    ];
    let mut packages: Vec<&str> = wanted
        .iter()
        .filter(|(program, _)| !on_path(program))
        .map(|(_, package)| *package)
        .collect();
    let venv = Command::new("python3")
        .args(["-c", "import ensurepip, venv"])
        .stderr(Stdio::null())
        .status();
    if !venv.is_ok_and(|status| status.success()) {
        packages.push("python3-venv");
    }
    if packages.is_empty() {
        return Ok(());
    }
    let by_hand = format!("install with `apt-get install {}`", packages.join(" "));
    if !on_path("apt-get") || !is_root() {
        return Err(format!("missing programs; {by_hand} or your system's own"));
    }
    run(Command::new("apt-get").args(["update", "-qq"]))
        .and_then(|()| {
            run(Command::new("apt-get")
                .env("DEBIAN_FRONTEND", "noninteractive")
                .args(["install", "-y", "-qq", "--no-install-recommends"])
                .args(&packages))
        })
        .map_err(|error| format!("{error}; {by_hand}"))
}

/// The directory of the jars of the program in the folder `home`, brought from Maven Central once for each state of its pom.
pub(crate) fn jars(home: &str) -> Result<PathBuf, String> {
    let pom = root().join(home).join("pom.xml");
    let cache = cached(name(home), &pom)?;
    let done = cache.join("complete");
    if !done.exists() {
        programs()?;
        run(Command::new("mvn")
            .args(["-q", "-B", "-ntp", "-f"])
            .arg(&pom)
            .args(["dependency:copy-dependencies", "-DincludeScope=runtime"])
            .arg(format!("-DoutputDirectory={}", cache.display())))
        .map_err(|error| format!("{error}; Maven Central must be reachable"))?;
        written(&done)?;
    }
    Ok(cache)
}

/// The modules of the programs in the folder `home`, brought from the npm registry once for each state of its package file.
pub(crate) fn node_modules(home: &str) -> Result<PathBuf, String> {
    programs()?;
    let package = root().join(home).join("package.json");
    let cache = root().join(format!("target/node-{:016x}", digest(&package)?));
    let done = cache.join("complete");
    if !done.exists() {
        let told = |error| format!("{}: {error}", cache.display());
        fs::create_dir_all(&cache).map_err(told)?;
        fs::copy(&package, cache.join("package.json")).map_err(told)?;
        run(Command::new("npm")
            .args(["install", "--no-package-lock", "--no-fund", "--no-audit"])
            .current_dir(&cache))
        .map_err(|error| format!("{error}; the npm registry must be reachable"))?;
        written(&done)?;
    }
    Ok(cache.join("node_modules"))
}

/// The class path of the program `<home>/<class>.java`, compiled once for each state of its source.
pub(crate) fn class_path(home: &str, class: &str) -> Result<String, String> {
    let jars = jars(home)?;
    let source = root().join(home).join(format!("{class}.java"));
    let classes = cached(&format!("{}-classes", name(home)), &source)?;
    let done = classes.join("complete");
    if !done.exists() {
        programs()?;
        run(Command::new("javac")
            .args(["-cp", &format!("{}/*", jars.display()), "-d"])
            .arg(&classes)
            .arg(&source))?;
        written(&done)?;
    }
    Ok(format!("{}/*:{}", jars.display(), classes.display()))
}

/// The command `mllp_send` of the Python package hl7, in an environment of its own.
pub(crate) fn mllp_send() -> Result<PathBuf, String> {
    let environment = root().join("target/python");
    let command = environment.join("bin/mllp_send");
    if !command.exists() {
        programs()?;
        run(Command::new("python3")
            .args(["-m", "venv"])
            .arg(&environment))?;
        run(Command::new(environment.join("bin/pip"))
            .args(["install", "--quiet", PYTHON_SENDER])
            .stdin(Stdio::null()))?;
    }
    Ok(command)
}

/// kcat, or what to install.
pub(crate) fn kcat() -> Result<(), String> {
    if on_path("kcat") {
        return Ok(());
    }
    programs()
}

/// The library that puts a process's clock wrong, or what to install.
pub(crate) fn faketime() -> Result<PathBuf, String> {
    programs()?;
    let library = "faketime/libfaketime.so.1";
    let folders = fs::read_dir("/usr/lib").map_err(|error| format!("/usr/lib: {error}"))?;
    folders
        .flatten()
        .map(|folder| folder.path().join(library))
        .find(|path| path.exists())
        .ok_or_else(|| format!("no /usr/lib/*/{library}; install faketime from Debian or Ubuntu"))
}

/// The same program in a network and with mounts of its own, in which it is root: it can make hosts, cut links and fill disks,
/// and nothing of it is seen outside or left behind. Arguments are still to be added.
pub(crate) fn isolated(command: &Command) -> Result<Command, String> {
    programs()?;
    let unshare = ["--user", "--map-root-user", "--net", "--mount"];
    run(Command::new("unshare").args(unshare).arg("true")).map_err(|error| {
        format!(
            "{error}; the faults need network and mount namespaces: run as root, or allow them to users with \
             `sysctl kernel.unprivileged_userns_clone=1` (and `kernel.apparmor_restrict_unprivileged_userns=0` on Ubuntu)"
        )
    })?;
    Ok(within(&unshare, command))
}

/// The same program as the first process of a machine of its own: a network, mounts and processes, none of which is left when
/// it ends. On it nodes can be made, for which it must be root of the system itself.
pub(crate) fn machine(command: &Command) -> Result<Command, String> {
    programs()?;
    if !is_root() {
        return Err("nodes have cgroups and mounts of their own: run as root".to_owned());
    }
    let unshare = [
        "--net",
        "--mount",
        "--pid",
        "--fork",
        "--kill-child=KILL",
        "--mount-proc",
    ];
    Ok(within(&unshare, command))
}

/// The command in namespaces of its own, whose network has a loopback address.
fn within(namespaces: &[&str], command: &Command) -> Command {
    // Names of network namespaces are files in /run.
    let begin = "mount -t tmpfs run /run && ip link set dev lo up && exec \"$0\" \"$@\"";
    let mut isolated = Command::new("unshare");
    isolated
        .args(namespaces)
        .args(["sh", "-c", begin])
        .arg(command.get_program())
        .args(command.get_args())
        .env("KILN_OWN_NETWORK", "1");
    if let Some(directory) = command.get_current_dir() {
        isolated.current_dir(directory);
    }
    isolated
}

/// Go, or what to install. Debian's own is too old for Kubernetes.
pub(crate) fn go() -> Result<(), String> {
    if on_path("go") {
        return Ok(());
    }
    Err("missing program go; install Go 1.26 or newer from https://go.dev/dl".to_owned())
}

/// A program that cargo installs, built once for each version.
pub(crate) fn installed(name: &str, version: &str, options: &[&str]) -> Result<PathBuf, String> {
    let directory = cache()?.join(format!("{name}-{version}"));
    let done = directory.join("complete");
    if !done.exists() {
        println!("-- {name} is built; once");
        run(Command::new("cargo")
            .args(["install", name, "--locked", "--version", version])
            .args(options)
            .arg("--root")
            .arg(&directory))
        .map_err(|error| format!("{error}; the registry of cargo must be reachable"))?;
        written(&done)?;
    }
    Ok(directory.join("bin").join(name))
}

/// A directory that outlives the tree, so that a fresh clone does not build it all again.
pub(crate) fn cache() -> Result<PathBuf, String> {
    let given = env::var_os("KILN_CACHE").map(PathBuf::from);
    let base = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
    given
        .or_else(|| base.or(home).map(|base| base.join("kiln")))
        .ok_or_else(|| "no directory for what is built once; set KILN_CACHE".to_owned())
}

/// The last part of a folder's path.
fn name(home: &str) -> &str {
    home.rsplit('/').next().unwrap_or(home)
}

fn cached(name: &str, source: &Path) -> Result<PathBuf, String> {
    Ok(root()
        .join("target/java")
        .join(format!("{name}-{:016x}", digest(source)?)))
}

/// A number for the state of a text file.
pub(crate) fn digest(source: &Path) -> Result<u64, String> {
    let text =
        fs::read_to_string(source).map_err(|error| format!("{}: {error}", source.display()))?;
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    Ok(hasher.finish())
}

pub(crate) fn written(path: &Path) -> Result<(), String> {
    fs::write(path, "").map_err(|error| format!("{}: {error}", path.display()))
}

fn on_path(program: &str) -> bool {
    env::var_os("PATH")
        .is_some_and(|path| env::split_paths(&path).any(|entry| entry.join(program).is_file()))
}

fn is_root() -> bool {
    Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout == b"0\n")
}
