//! Messages of every type that Kiln maps, drawn from the grammar in `benches/grammar`.

mod draw;
mod grammar;
mod template;

use draw::Draw;
use grammar::Grammar;

use crate::random::Random;

/// One drawn message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generated {
    /// Its type and its number, fit for the name of a file: `ADT_A01-00017`.
    pub name: String,
    /// Segments that end in CR, in UTF-8.
    pub bytes: Vec<u8>,
}

/// `count` messages of that seed, each type in turn.
///
/// ```
/// let drawn: Vec<_> = kiln_benches::generated(1, 200).collect();
/// assert!(drawn.iter().any(|message| message.name.starts_with("MFN_M05")));
/// assert!(kiln_benches::generated(1, 200).eq(drawn));
/// ```
///
/// # Panics
/// When the grammar is wrong, with the file and the line.
pub fn generated(seed: u64, count: usize) -> impl Iterator<Item = Generated> {
    let grammar = Grammar::embedded();
    let mut random = Random::new(seed);
    (0..count).map(move |number| {
        let kind = grammar.kind(number);
        let mut name = kind.name.split('^');
        let (code, event) = (
            name.next().unwrap_or_default(),
            name.next().unwrap_or_default(),
        );
        Generated {
            name: format!("{code}_{event}-{number:05}"),
            bytes: Draw::message(&grammar, kind, number, &mut random),
        }
    })
}
