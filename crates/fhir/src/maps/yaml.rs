//! YAML as a tree that remembers lines and keeps scalars as they were written.
//!
//! Typed YAML readers stop at the first mistake and read a code such as `01` as a number; a map file wants every mistake
//! reported and every code kept.

use granit_parser::{Event, Parser};

/// Collections nest no deeper than this.
const MAX_DEPTH: usize = 24;

/// A value and the line where it starts.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) line: u32,
    pub(crate) kind: Kind,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Scalar(String),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

impl Node {
    pub(crate) fn scalar(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar(text) => Some(text),
            _ => None,
        }
    }
}

/// Reads one document; an error is its line and what is wrong.
pub(crate) fn read(text: &str) -> Result<Node, (u32, String)> {
    let mut open: Vec<(Node, Option<Node>)> = Vec::new();
    let mut root = None;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            (
                u32::try_from(error.marker().line()).unwrap_or(u32::MAX),
                format!("not YAML: {}", error.info()),
            )
        })?;
        let line = u32::try_from(span.start.line()).unwrap_or(u32::MAX);
        let done = match event {
            Event::Scalar(value, ..) => Some(Node {
                line,
                kind: Kind::Scalar(value.into_owned()),
            }),
            Event::SequenceStart(..) => {
                open.push((
                    Node {
                        line,
                        kind: Kind::List(Vec::new()),
                    },
                    None,
                ));
                None
            }
            Event::MappingStart(..) => {
                open.push((
                    Node {
                        line,
                        kind: Kind::Map(Vec::new()),
                    },
                    None,
                ));
                None
            }
            Event::SequenceEnd | Event::MappingEnd => open.pop().map(|(node, _)| node),
            Event::Alias(_) => {
                return Err((
                    line,
                    "aliases are not used in maps: write the value out".to_owned(),
                ));
            }
            _ => None,
        };
        if open.len() > MAX_DEPTH {
            return Err((line, format!("nested deeper than {MAX_DEPTH}")));
        }
        let Some(node) = done else { continue };
        match open.last_mut() {
            None => root = Some(node),
            Some((
                Node {
                    kind: Kind::List(items),
                    ..
                },
                _,
            )) => items.push(node),
            Some((
                Node {
                    kind: Kind::Map(entries),
                    ..
                },
                key,
            )) => match key.take() {
                None => *key = Some(node),
                Some(key) => entries.push((key, node)),
            },
            Some((
                Node {
                    kind: Kind::Scalar(_),
                    ..
                },
                _,
            )) => {}
        }
    }
    root.ok_or((1, "the file is empty".to_owned()))
}
