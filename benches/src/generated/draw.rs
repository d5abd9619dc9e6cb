use std::collections::HashMap;
use std::fmt::Write as _;

use super::grammar::{Grammar, Item, Kind, Part, Times};
use super::template::{Piece, Template};
use crate::random::Random;

/// One message on its way.
pub(super) struct Draw<'g> {
    grammar: &'g Grammar,
    kind: &'g Kind,
    number: usize,
    random: &'g mut Random,
    /// Segments so far, by name.
    counts: HashMap<&'static str, usize>,
    /// The values kept for the message, its group, the group therein and so on.
    kept: Vec<HashMap<&'static str, String>>,
    set: usize,
    out: String,
}

impl<'g> Draw<'g> {
    pub(super) fn message(
        grammar: &'g Grammar,
        kind: &'g Kind,
        number: usize,
        random: &'g mut Random,
    ) -> Vec<u8> {
        let mut draw = Self {
            grammar,
            kind,
            number,
            random,
            counts: HashMap::new(),
            kept: vec![HashMap::new()],
            set: 0,
            out: String::new(),
        };
        draw.segment("MSH");
        draw.items(&kind.items);
        draw.out.into_bytes()
    }

    fn items(&mut self, items: &'g [Item]) {
        for item in items {
            for _ in 0..self.times(item.times) {
                match &item.part {
                    Part::Segment(name) => self.segment(name),
                    Part::Group(items) => {
                        self.kept.push(HashMap::new());
                        self.items(items);
                        self.kept.pop();
                    }
                }
            }
        }
    }

    fn times(&mut self, times: Times) -> u64 {
        match times {
            Times::Once => 1,
            Times::Half => self.random.below(2),
            Times::UpToThree => self.random.below(4),
            Times::OneToFour => self.random.within(1..5),
        }
    }

    fn segment(&mut self, rule: &'static str) {
        let name = rule.split('/').next().unwrap_or_default();
        let set = self.counts.entry(name).or_default();
        *set += 1;
        self.set = *set;
        let begun = self.out.len();
        self.out.push_str(name);
        // MSH-1 is the separator itself.
        let mut before = 0;
        if name == "MSH" {
            self.out.push_str("|^~\\&");
            before = 1;
        }
        for field in self.grammar.segment(rule) {
            if self.random.chance(field.percent) {
                let written = self.out[begun..].matches('|').count() + before;
                self.out.extend((written..field.number).map(|_| '|'));
                self.template(&field.template);
            }
        }
        self.out.push('\r');
    }

    fn template(&mut self, template: &'g Template) {
        for piece in &template.0 {
            match *piece {
                Piece::Text(text) => self.out.push_str(text),
                Piece::Number(from, to) => {
                    let number = self.random.within(from..to + 1);
                    let _ = write!(self.out, "{number}");
                }
                Piece::Value(name) => self.value(name),
                Piece::Kept(name) => self.kept(name),
            }
        }
    }

    fn value(&mut self, name: &str) {
        match name {
            "type" => self.out.push_str(&self.kind.name),
            "event" => self
                .out
                .push_str(self.kind.name.split('^').nth(1).unwrap_or_default()),
            "message" => {
                let _ = write!(self.out, "{:07}", self.number);
            }
            "set" => {
                let _ = write!(self.out, "{}", self.set);
            }
            _ => {
                let templates = self.grammar.value(name);
                let drawn = self.random.below(templates.len() as u64);
                self.template(&templates[usize::try_from(drawn).unwrap_or_default()]);
            }
        }
    }

    fn kept(&mut self, name: &'static str) {
        if let Some(value) = self.kept.iter().rev().find_map(|values| values.get(name)) {
            self.out.push_str(value);
            return;
        }
        let begun = self.out.len();
        self.value(name);
        let drawn = self.out[begun..].to_owned();
        if let Some(innermost) = self.kept.last_mut() {
            innermost.insert(name, drawn);
        }
    }
}
