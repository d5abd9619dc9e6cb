//! Images without an engine: OCI archives (image-spec 1.1) of one layer, which `ctr image import`, `skopeo` and `podman load`
//! take.
//!
//! An image holds the program, the shared libraries that it names (glibc's), and its bill of materials; no shell and no package
//! manager. Nothing in it belongs to a user or is written to, so that any user id may run it on a read-only root. Files are in one
//! order and have one date: what was built twice from one state has one digest.

use std::{
    collections::BTreeSet,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use clap::ValueEnum;
use flate2::{Compression, GzBuilder};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tar::{Builder, EntryType, Header};

use crate::{need::root, need::run, sbom::sbom, stage::cargo_command};

/// Where the images of releases are to be published; the chart names the same.
const REGISTRY: &str = "ghcr.io/kiln-health";
/// No user of any system; clusters may choose another.
const USER: &str = "65532:65532";
/// Of all files.
const DATE: &str = "1970-01-01T00:00:00Z";
const PROGRAMS: [(&str, &str); 2] = [("kiln", "kiln"), ("kiln-operator", "kiln-operator")];

/// How the programs are built.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Profile {
    /// Optimized, and the same from whatever directory it is built.
    Release,
    /// As the tests build them, in a minute or two instead of ten.
    Dev,
}

/// An image that was written.
pub(crate) struct Image {
    /// The archive.
    pub(crate) archive: PathBuf,
    /// By which the chart names it.
    pub(crate) name: String,
    /// Of its manifest.
    pub(crate) digest: String,
    /// Compressed, as a node downloads it.
    pub(crate) bytes: usize,
}

/// Builds the programs and writes their images into `directory`, each beside its bill of materials.
pub(crate) fn images(profile: Profile, directory: &Path) -> Result<Vec<Image>, String> {
    let built = build(profile)?;
    fs::create_dir_all(directory).map_err(|error| told(directory, &error))?;
    PROGRAMS
        .iter()
        .map(|(package, program)| image(package, &built.join(program), directory))
        .collect()
}

/// The directory of the built programs.
fn build(profile: Profile) -> Result<PathBuf, String> {
    let mut command = cargo_command();
    command.args(["build", "--locked"]);
    for (package, program) in PROGRAMS {
        command.args(["--package", package, "--bin", program]);
    }
    if profile == Profile::Dev {
        run(&mut command)?;
        return Ok(root().join("target/debug"));
    }
    // Paths of this machine would be in messages of panics, and in what the C compiler tells of OpenSSL.
    let home = std::env::var("CARGO_HOME")
        .or_else(|_| std::env::var("HOME").map(|home| format!("{home}/.cargo")))
        .map_err(|_| "neither CARGO_HOME nor HOME is set".to_owned())?;
    let root = root().canonicalize().map_err(|error| error.to_string())?;
    let root = root.display();
    let target = format!("{root}/target/image");
    run(command
        .args(["--release", "--target-dir", &target])
        .env(
            "RUSTFLAGS",
            format!("--remap-path-prefix={root}=/kiln --remap-path-prefix={home}=/cargo"),
        )
        .env(
            "CFLAGS",
            format!("-ffile-prefix-map={root}=/kiln -ffile-prefix-map={home}=/cargo"),
        ))?;
    Ok(PathBuf::from(target).join("release"))
}

fn image(package: &str, program: &Path, directory: &Path) -> Result<Image, String> {
    let libraries = libraries(program)?;
    let bill = bill(package, &libraries)?;
    let beside = directory.join(format!("{package}.cdx.json"));
    fs::write(&beside, &bill).map_err(|error| told(&beside, &error))?;
    let stripped = directory.join(format!("{package}.stripped"));
    run(Command::new("strip")
        .arg("--strip-debug")
        .arg("-o")
        .arg(&stripped)
        .arg(program))?;
    let mut files = vec![
        File::of("etc/nsswitch.conf", &b"hosts: files dns\n"[..]),
        File::of(
            "etc/passwd",
            &b"kiln:x:65532:65532:kiln:/:/sbin/nologin\n"[..],
        ),
        File::of("etc/group", &b"kiln:x:65532:\n"[..]),
        File::of(
            &format!("usr/share/doc/{package}/LICENSE"),
            read(&root().join("LICENSE"))?,
        ),
        File::of(&format!("usr/share/doc/{package}/sbom.cdx.json"), bill),
        File::program(package, read(&stripped)?),
    ];
    for library in &libraries {
        let name = library.to_string_lossy();
        files.push(File::program(name.trim_start_matches('/'), read(library)?));
    }
    fs::remove_file(&stripped).map_err(|error| told(&stripped, &error))?;
    let name = format!("{REGISTRY}/{package}:{}", env!("CARGO_PKG_VERSION"));
    write(directory, name, package, &layer(files)?)
}

/// The image of a program that needs no library, with nothing else in it.
pub(crate) fn of_program(name: &str, program: &Path, directory: &Path) -> Result<Image, String> {
    let package = program.file_name().unwrap_or_default().to_string_lossy();
    let layer = layer(vec![File::program(&package, read(program)?)])?;
    write(directory, name.to_owned(), &package, &layer)
}

/// The shared libraries that a program names, and the one that loads them.
fn libraries(program: &Path) -> Result<Vec<PathBuf>, String> {
    let output = Command::new("ldd")
        .arg(program)
        .output()
        .map_err(|error| format!("`ldd` did not start: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() || text.contains("not found") {
        return Err(format!("{}: {text}", program.display()));
    }
    let words = text.split_whitespace();
    let paths: BTreeSet<PathBuf> = words
        .filter(|word| word.starts_with('/'))
        .map(PathBuf::from)
        .collect();
    Ok(paths.into_iter().collect())
}

/// The program's crates, and the packages of the system that its libraries are of.
fn bill(package: &str, libraries: &[PathBuf]) -> Result<Vec<u8>, String> {
    let mut bill = sbom(package)?;
    let packages: BTreeSet<String> = libraries
        .iter()
        .map(|library| owner(library))
        .collect::<Result<_, _>>()?;
    let shown = "${Package}\t${Version}\t${Architecture}\n";
    for package in packages {
        let line = asked(&["-W", "-f", shown, &package])?;
        let mut parts = line.trim().split('\t');
        let [Some(name), Some(version), Some(architecture)] =
            [parts.next(), parts.next(), parts.next()]
        else {
            return Err(format!("dpkg-query says {line:?} of {package}"));
        };
        let url = format!("pkg:deb/debian/{name}@{version}?arch={architecture}");
        if let Some(components) = bill["components"].as_array_mut() {
            components.push(json!({
                "type": "library", "bom-ref": url, "name": name, "version": version, "purl": url,
            }));
        }
    }
    let mut text = format!("{bill:#}").into_bytes();
    text.push(b'\n');
    Ok(text)
}

/// The package of a file, which dpkg may know by its path from before /lib became a link to /usr/lib.
fn owner(library: &Path) -> Result<String, String> {
    let path = library.display().to_string();
    let line = asked(&["-S", &path]).or_else(|_| asked(&["-S", &format!("/usr{path}")]))?;
    let owner = line.rsplit_once(": ").map(|(owner, _)| owner.to_owned());
    owner.ok_or_else(|| format!("dpkg-query says {line:?} of {path}"))
}

fn asked(arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("dpkg-query")
        .args(arguments)
        .output()
        .map_err(|error| {
            format!("`dpkg-query` did not start: {error}; images are built on Debian")
        })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("dpkg-query {}: {said}", arguments.join(" ")));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A file of the layer.
struct File {
    path: String,
    mode: u32,
    bytes: Vec<u8>,
}

impl File {
    fn of(path: &str, bytes: impl Into<Vec<u8>>) -> File {
        File {
            path: path.to_owned(),
            mode: 0o644,
            bytes: bytes.into(),
        }
    }

    fn program(path: &str, bytes: Vec<u8>) -> File {
        File {
            mode: 0o755,
            ..File::of(path, bytes)
        }
    }
}

/// The layer as a tar file: its directories, then its files, by name.
fn layer(mut files: Vec<File>) -> Result<Vec<u8>, String> {
    files.sort_by(|one, other| one.path.cmp(&other.path));
    let mut directories = BTreeSet::from([PathBuf::from("tmp")]);
    for file in &files {
        let parents = Path::new(&file.path).ancestors().skip(1);
        directories.extend(
            parents
                .filter(|path| *path != Path::new(""))
                .map(Path::to_owned),
        );
    }
    let mut tar = Builder::new(Vec::new());
    let written = || -> std::io::Result<Vec<u8>> {
        for directory in directories {
            let mode = if directory == Path::new("tmp") {
                0o1777
            } else {
                0o755
            };
            append(&mut tar, EntryType::Directory, &directory, mode, &[])?;
        }
        for file in &files {
            append(
                &mut tar,
                EntryType::Regular,
                Path::new(&file.path),
                file.mode,
                &file.bytes,
            )?;
        }
        tar.into_inner()
    };
    written().map_err(|error| format!("the layer: {error}"))
}

fn append(
    tar: &mut Builder<Vec<u8>>,
    kind: EntryType,
    path: &Path,
    mode: u32,
    bytes: &[u8],
) -> std::io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_mtime(0);
    header.set_size(bytes.len() as u64);
    tar.append_data(&mut header, path, bytes)
}

/// Writes the archive: an OCI image layout as a tar file.
fn write(directory: &Path, name: String, package: &str, layer: &[u8]) -> Result<Image, String> {
    // Without name and date.
    let mut gzip = GzBuilder::new().write(Vec::new(), Compression::default());
    let compressed = gzip
        .write_all(layer)
        .and_then(|()| gzip.finish())
        .map_err(|error| format!("the layer: {error}"))?;
    let archive = directory.join(format!("{package}.tar"));
    let version = env!("CARGO_PKG_VERSION");
    let config = encoded(&json!({
        "architecture": "amd64",
        "os": "linux",
        "created": DATE,
        "config": {
            "User": USER,
            "Entrypoint": [format!("/{package}")],
            "WorkingDir": "/",
            "Env": ["PATH=/"],
            "Labels": {
                "org.opencontainers.image.title": package,
                "org.opencontainers.image.version": version,
                "org.opencontainers.image.licenses": "Apache-2.0",
            },
        },
        "rootfs": { "type": "layers", "diff_ids": [digest(layer)] },
        "history": [{ "created": DATE, "created_by": "cargo xtask image" }],
    }));
    let manifest = encoded(&json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": described("application/vnd.oci.image.config.v1+json", &config),
        "layers": [described("application/vnd.oci.image.layer.v1.tar+gzip", &compressed)],
    }));
    let mut described_manifest = described("application/vnd.oci.image.manifest.v1+json", &manifest);
    described_manifest["platform"] = json!({ "architecture": "amd64", "os": "linux" });
    described_manifest["annotations"] = json!({
        "io.containerd.image.name": name,
        "org.opencontainers.image.ref.name": version,
    });
    let index = encoded(&json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [described_manifest],
    }));
    let mut tar = Builder::new(Vec::new());
    let mut add = |path: String, bytes: &[u8]| {
        append(&mut tar, EntryType::Regular, Path::new(&path), 0o644, bytes)
    };
    let blob = |bytes: &[u8]| format!("blobs/{}", digest(bytes).replace(':', "/"));
    add(
        "oci-layout".to_owned(),
        br#"{"imageLayoutVersion":"1.0.0"}"#,
    )
    .and_then(|()| add("index.json".to_owned(), &index))
    .and_then(|()| add(blob(&manifest), &manifest))
    .and_then(|()| add(blob(&config), &config))
    .and_then(|()| add(blob(&compressed), &compressed))
    .and_then(|()| tar.into_inner())
    .and_then(|bytes| fs::write(&archive, bytes))
    .map_err(|error| told(&archive, &error))?;
    Ok(Image {
        archive,
        name,
        digest: digest(&manifest),
        bytes: compressed.len(),
    })
}

fn described(media_type: &str, blob: &[u8]) -> Value {
    json!({ "mediaType": media_type, "digest": digest(blob), "size": blob.len() })
}

fn encoded(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

fn digest(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = "sha256:".to_owned();
    for byte in Sha256::digest(bytes) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| told(path, &error))
}

fn told(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_built_twice_from_one_state_has_one_digest() {
        let made = |directory: &Path| {
            let program = directory.join("program");
            fs::write(&program, "#!").expect("a program");
            let image = of_program("kiln.test/program:1", &program, directory).expect("an image");
            (image.digest, fs::read(image.archive).expect("an archive"))
        };
        let (one, other) = (tempfile::tempdir(), tempfile::tempdir());
        let (one, other) = (one.expect("a directory"), other.expect("a directory"));
        assert_eq!(made(one.path()), made(other.path()));
    }

    #[test]
    fn every_blob_has_the_digest_and_the_size_by_which_it_is_named() {
        let directory = tempfile::tempdir().expect("a directory");
        let program = directory.path().join("program");
        fs::write(&program, "#!").expect("a program");
        let name = "kiln.test/program:1";
        let image = of_program(name, &program, directory.path()).expect("an image");
        // As any tool reads it: from the index down.
        let file = |path: &str| {
            let output = Command::new("tar")
                .args(["--extract", "--to-stdout", "--file"])
                .arg(&image.archive)
                .arg(path)
                .output()
                .expect("tar");
            assert!(output.status.success(), "{path} is not in the archive");
            output.stdout
        };
        let blob = |descriptor: &Value| {
            let digest = descriptor["digest"].as_str().expect("a digest");
            let bytes = file(&format!("blobs/{}", digest.replace(':', "/")));
            assert_eq!(descriptor["size"], bytes.len());
            let path = directory.path().join("blob");
            fs::write(&path, &bytes).expect("a blob");
            let sum = Command::new("sha256sum")
                .arg(&path)
                .output()
                .expect("sha256sum");
            let sum = String::from_utf8(sum.stdout).expect("a sum");
            assert_eq!(
                Some(digest),
                sum.split(' ')
                    .next()
                    .map(|sum| format!("sha256:{sum}"))
                    .as_deref()
            );
            bytes
        };
        let read = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).expect("JSON");
        let index = read(&file("index.json"));
        let described = &index["manifests"][0];
        assert_eq!(described["annotations"]["io.containerd.image.name"], name);
        assert_eq!(described["digest"], image.digest);
        let manifest = read(&blob(described));
        let config = read(&blob(&manifest["config"]));
        assert_eq!(config["config"]["User"], USER);
        assert_eq!(config["config"]["Entrypoint"], json!(["/program"]));
        blob(&manifest["layers"][0]);
    }
}
