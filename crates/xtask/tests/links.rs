//! That every link within the repository's pages leads somewhere, and that the book has every page.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use support::root;

/// Folders without pages of ours.
const OTHERS: [&str; 3] = ["target", ".git", "node_modules"];

fn pages(directory: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && !path.is_symlink() {
            if !OTHERS.contains(&name.as_ref()) {
                pages(&path, into);
            }
        } else if name.ends_with(".md") {
            into.push(path);
        }
    }
}

/// A page, or the one that it includes whole.
fn text(page: &Path) -> String {
    let text =
        fs::read_to_string(page).unwrap_or_else(|error| panic!("{}: {error}", page.display()));
    match included(&text) {
        Some(other) => {
            let other = page.parent().expect("a folder").join(other);
            fs::read_to_string(&other)
                .unwrap_or_else(|error| panic!("{}: {error}", other.display()))
        }
        None => text,
    }
}

fn included(text: &str) -> Option<&str> {
    text.trim().strip_prefix("{{#include ")?.strip_suffix("}}")
}

fn events(text: &str) -> Parser<'_> {
    Parser::new_ext(text, Options::ENABLE_TABLES)
}

fn links(text: &str) -> Vec<String> {
    events(text)
        .filter_map(|event| match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                Some(dest_url.into_string())
            }
            _ => None,
        })
        .filter(|link| !link.contains("://") && !link.starts_with("mailto:"))
        .collect()
}

/// The names by which headings are led to, as mdBook and others make them.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    let mut heading: Option<String> = None;
    for event in events(text) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => anchors.extend(heading.take()),
            Event::Text(part) | Event::Code(part) => {
                if let Some(heading) = &mut heading {
                    heading.extend(part.to_lowercase().chars().filter_map(|c| match c {
                        ' ' => Some('-'),
                        c if c.is_alphanumeric() || "-_".contains(c) => Some(c),
                        _ => None,
                    }));
                }
            }
            _ => {}
        }
    }
    anchors
}

#[test]
fn every_link_leads_somewhere() {
    let mut all = Vec::new();
    pages(&root(), &mut all);
    let mut wrong = Vec::new();
    let mut checked = 0;
    for page in &all {
        let own = fs::read_to_string(page).expect("a page");
        for link in links(&own) {
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = if file.is_empty() {
                page.clone()
            } else {
                page.parent().expect("a folder").join(file)
            };
            let leads =
                target.exists() && (anchor.is_empty() || anchors(&text(&target)).contains(anchor));
            if !leads {
                wrong.push(format!("{}: {link}", page.display()));
            }
            checked += 1;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(checked > 50, "{checked} links");
}

#[test]
fn every_page_that_is_named_is_there() {
    let mut all = Vec::new();
    pages(&root(), &mut all);
    let mut wrong = Vec::new();
    for page in &all {
        let own = fs::read_to_string(page).expect("a page");
        let named = events(&own).filter_map(|event| match event {
            Event::Code(span) if span.ends_with(".md") && !span.contains(' ') => {
                Some(span.into_string())
            }
            _ => None,
        });
        for name in named {
            if !all.iter().any(|page| page.ends_with(&name)) {
                wrong.push(format!("{}: {name}", page.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_book_has_every_page_once() {
    let docs = root().join("docs");
    let mut files = Vec::new();
    pages(&docs, &mut files);
    let there: BTreeSet<PathBuf> = files.into_iter().collect();
    let summary = docs.join("SUMMARY.md");
    let mut listed = links(&text(&summary));
    listed.push("SUMMARY.md".to_owned());
    let in_book: BTreeSet<PathBuf> = listed.iter().map(|link| docs.join(link)).collect();
    assert_eq!(in_book.len(), listed.len(), "a page is listed twice");
    assert_eq!(in_book, there);
    // What is included is read from another folder in the book.
    for page in &there {
        if included(&fs::read_to_string(page).expect("a page")).is_some() {
            assert_eq!(
                links(&text(page)),
                Vec::<String>::new(),
                "{}",
                page.display()
            );
        }
    }
}
