//! What the parsers are given.

use std::path::{Path, PathBuf};
use std::{env, fs};

use kiln_hl7::batch;

/// How many messages are generated.
const GENERATED: u64 = 3_000;

/// The fixtures, the fuzz corpus of parsing, generated messages, and what `KILN_CORPUS` names; a batch gives each of
/// its messages. The peers take text only, so what is no UTF-8 is left out.
pub(crate) fn all() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut directories = vec![root.join("../../fixtures/messages")];
    if let Some(corpus) = env::var_os("KILN_CORPUS") {
        directories.push(PathBuf::from(corpus).join("messages"));
    }
    let mut messages: Vec<String> = directories
        .iter()
        .flat_map(|directory| files(directory))
        .flat_map(|file| {
            batch::messages(&file)
                .map(<[u8]>::to_vec)
                .collect::<Vec<_>>()
        })
        .chain(files(&root.join("fuzz/corpus/parse")))
        .filter_map(|message| String::from_utf8(message).ok())
        .collect();
    messages.extend((1..=GENERATED).map(|seed| generated(&mut Random(seed))));
    messages
}

/// The files of a directory and of those in it, by name.
fn files(directory: &Path) -> Vec<Vec<u8>> {
    let mut paths: Vec<PathBuf> = fs::read_dir(directory)
        .unwrap_or_else(|error| panic!("{}: {error}", directory.display()))
        .map(|entry| entry.expect("a readable directory").path())
        .collect();
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(fs::read(&path).expect("a readable file"));
        }
    }
    found
}

/// xorshift64*, so that every run has the same messages.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % end
    }

    fn one_of<'t>(&mut self, choices: &[&'t str]) -> &'t str {
        choices[usize::try_from(self.below(choices.len() as u64)).expect("it is small")]
    }
}

/// A message as senders write them, with one oddity in some: a line end, an empty line, a segment without fields.
fn generated(random: &mut Random) -> String {
    // Few seeds that differ in few bits begin alike.
    for _ in 0..8 {
        random.below(2);
    }
    let end = random.one_of(&["\r", "\r", "\r", "\r", "\r", "\n", "\r\n"]);
    let delimiters = random.one_of(&[
        "|^~\\&", "|^~\\&", "|^~\\&", "|^~\\&", "|^~\\&#", "!*%$@", "|^~\\", "|^",
    ]);
    let [field, others @ ..] = delimiters.as_bytes() else {
        unreachable!("each has a field separator")
    };
    let field = char::from(*field);
    let other = |place: usize| others.get(place).map(|&byte| char::from(byte));
    let mut text = format!(
        "MSH{delimiters}{field}LAB{field}NORTH{field}EHR{field}{field}20240501{field}{field}ADT{c}A01{field}7{field}P{field}2.5",
        c = char::from(others[0])
    );
    for _ in 0..random.below(6) {
        text += end;
        match random.below(40) {
            0 => text += end,
            1 => {
                text += "PV2";
                continue;
            }
            2 => {
                text += "remark";
                continue;
            }
            _ => {}
        }
        text += random.one_of(&["PID", "PV1", "OBX", "NTE", "ZZ1"]);
        for _ in 0..=random.below(7) {
            text.push(field);
            for part in 0..=random.below(5) {
                if part > 0 {
                    let delimiter = [other(0), other(0), other(1), other(3)]
                        [usize::try_from(random.below(4)).expect("small")];
                    text.extend(delimiter);
                }
                match random.below(24) {
                    0 => text += "\"\"",
                    1..=4 => {}
                    5 => text += "Zoë €",
                    6 => {
                        let content = random.one_of(&[
                            "F", "S", "T", "R", "E", "P", "X0A", "X0D", "X41", "XC3AB", ".br",
                            ".sp", "H", "N", "Z1", "C2842", "Q", "",
                        ]);
                        if let Some(escape) = other(2) {
                            text.extend([escape]);
                            text += content;
                            text.extend((random.below(8) > 0).then_some(escape));
                        }
                    }
                    7 => text += " ",
                    _ => text += random.one_of(&["Marlow", "4711", "a b", "1970", "#"]),
                }
            }
        }
    }
    if random.below(6) > 0 {
        text += end;
    }
    text
}
