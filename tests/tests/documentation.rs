//! Fear: what the documentation tells people to do does not work, or prints something else.
//!
//! A page is followed from top to bottom, in a directory of its own: a block with a file's name behind its language is
//! written to that file, a block of `sh` is run, and a block of `text` behind one holds lines that it prints, in their
//! order, where `…` stands for anything. What needs a cluster says `cluster` behind its language and is not run here.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use kiln_tests::Kiln;
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

/// Behind each block of commands in what a page prints.
const END_OF_BLOCK: &str = "\u{1e}";
/// A page takes less.
const SECONDS: &str = "300";

/// A fenced block: the words behind the fence, and what it holds.
struct Block {
    words: Vec<String>,
    text: String,
}

fn pages() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let mut pages: Vec<PathBuf> = fs::read_dir(directory)
        .expect("docs")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    pages.sort();
    pages
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut within = false;
    for event in Parser::new(page) {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                within = true;
                blocks.push(Block {
                    words: info.split_whitespace().map(str::to_owned).collect(),
                    text: String::new(),
                });
            }
            Event::End(TagEnd::CodeBlock) => within = false,
            Event::Text(text) if within => {
                blocks.last_mut().expect("the block").text += &text;
            }
            _ => {}
        }
    }
    blocks
}

/// What a page has its reader do, for bash, and for each block of commands what it is to print.
fn script(blocks: &[Block]) -> (String, Vec<&str>) {
    let mut script =
        "set -euo pipefail\nexec 2>&1\ntrap 'kill $(jobs -p) 2> /dev/null || true' EXIT\n"
            .to_owned();
    let mut printed = Vec::new();
    let mut behind_commands = false;
    for block in blocks {
        let words: Vec<&str> = block.words.iter().map(String::as_str).collect();
        behind_commands = match words[..] {
            ["sh"] => {
                let _ = writeln!(script, "{}echo {END_OF_BLOCK}", block.text);
                printed.push("");
                true
            }
            ["text"] if behind_commands => {
                *printed.last_mut().expect("the commands") = &block.text;
                false
            }
            [_, "cluster"] => false,
            [_, file] => {
                let _ = writeln!(
                    script,
                    "mkdir -p \"$(dirname {file})\"\ncat > {file} <<'END-OF-FILE'\n{}END-OF-FILE",
                    block.text
                );
                false
            }
            _ => panic!(
                "a block of {words:?} is neither commands, nor a file, nor what commands print: {}",
                block.text
            ),
        };
    }
    (script, printed)
}

/// Whether a line says what is expected of it, where `…` is anything.
fn says(line: &str, expected: &str) -> bool {
    let mut rest = line;
    expected.split('…').map(str::trim).all(|part| {
        rest.find(part).is_some_and(|at| {
            rest = &rest[at + part.len()..];
            true
        })
    })
}

/// Follows a page; an error says where it went otherwise.
fn follow(page: &Path) -> Result<(), String> {
    let name = page.file_name().unwrap_or_default().to_string_lossy();
    let blocks = blocks(&fs::read_to_string(page).expect("a page"));
    let (script, printed) = script(&blocks);
    if printed.is_empty() {
        return Ok(());
    }
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join(".script");
    fs::write(&file, script).expect("the script");
    let programs = Kiln::binary().parent().expect("its directory").to_owned();
    let path = env::join_paths(
        std::iter::once(programs).chain(env::split_paths(&env::var_os("PATH").expect("PATH"))),
    );
    let output = Command::new("timeout")
        .args(["--kill-after=10", SECONDS, "bash"])
        .arg(&file)
        .current_dir(directory.path())
        .env("PATH", path.expect("a path"))
        .stdin(Stdio::null())
        .output()
        .expect("bash");
    let said = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        return Err(format!("{name}: {}:\n{said}", output.status));
    }
    for (printed, said) in printed.iter().zip(said.split(END_OF_BLOCK)) {
        let mut lines = said.lines();
        for expected in printed.lines().filter(|line| !line.trim().is_empty()) {
            if !lines.any(|line| says(line, expected)) {
                return Err(format!(
                    "{name}: no line (any more) says\n{expected}\nin\n{said}"
                ));
            }
        }
    }
    Ok(())
}

#[test]
fn every_page_does_what_it_says() {
    // One after another: pages use the same ports.
    let wrong: Vec<String> = pages()
        .iter()
        .filter_map(|page| follow(page).err())
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn a_page_that_says_otherwise_is_noticed() {
    assert!(says("  a  12 ms  b", "a … ms"));
    assert!(!says("  a  12 s  b", "a … ms"));
    let directory = tempfile::tempdir().expect("a directory");
    let page = directory.path().join("page.md");
    for (text, right) in [
        (
            "```sh\necho one; echo two\n```\n```text\none\ntwo\n```\n",
            true,
        ),
        (
            "```sh\necho one; echo two\n```\n```text\ntwo\none\n```\n",
            false,
        ),
        ("```sh\nfalse\ntrue\n```\n", false),
        (
            "```yaml a/b.yaml\nx: 1\n```\n```sh\ncat a/b.yaml\n```\n```text\nx: 1\n```\n",
            true,
        ),
        ("```sh cluster\nfalse\n```\n", true),
    ] {
        fs::write(&page, text).expect("the page");
        assert_eq!(follow(&page).is_ok(), right, "{text}");
    }
}
