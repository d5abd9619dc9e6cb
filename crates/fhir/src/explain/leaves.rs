//! The primitive elements of a resource's JSON, with their paths and places.

use std::ops::Range;

/// One primitive: its path and where its JSON lies.
pub(super) struct Leaf {
    pub(super) path: String,
    pub(super) range: Range<usize>,
}

/// Lists the primitives of well-formed compact JSON whose outermost object is a resource of that type.
pub(super) fn leaves(resource_type: &str, json: &[u8]) -> Vec<Leaf> {
    let mut reader = Reader {
        json,
        at: 0,
        leaves: Vec::new(),
    };
    reader.value(resource_type);
    reader.leaves
}

struct Reader<'j> {
    json: &'j [u8],
    at: usize,
    leaves: Vec<Leaf>,
}

impl Reader<'_> {
    fn peek(&self) -> u8 {
        self.json.get(self.at).copied().unwrap_or(b'}')
    }

    fn value(&mut self, path: &str) {
        match self.peek() {
            b'{' => {
                self.at += 1;
                while self.peek() == b'"' {
                    let key = self.string();
                    let name = String::from_utf8_lossy(&self.json[key.start + 1..key.end - 1]);
                    let path = format!("{path}.{name}");
                    self.at += 1;
                    self.value(&path);
                    self.at += usize::from(self.peek() == b',');
                }
                self.at += 1;
            }
            b'[' => {
                self.at += 1;
                let mut item = 0;
                while self.peek() != b']' && self.at < self.json.len() {
                    self.value(&format!("{path}[{item}]"));
                    item += 1;
                    self.at += usize::from(self.peek() == b',');
                }
                self.at += 1;
            }
            b'"' => {
                let range = self.string();
                self.push(path, range);
            }
            _ => {
                let start = self.at;
                while !matches!(self.peek(), b',' | b'}' | b']') {
                    self.at += 1;
                }
                self.push(path, start..self.at);
            }
        }
    }

    /// Steps over a string; answers where it lies, quotes included.
    fn string(&mut self) -> Range<usize> {
        let start = self.at;
        self.at += 1;
        while self.at < self.json.len() && self.json[self.at] != b'"' {
            self.at += if self.json[self.at] == b'\\' { 2 } else { 1 };
        }
        self.at += 1;
        start..self.at
    }

    fn push(&mut self, path: &str, range: Range<usize>) {
        self.leaves.push(Leaf {
            path: path.to_owned(),
            range,
        });
    }
}
