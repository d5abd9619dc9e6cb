//! Whether chains are whole: a judge of records in the order in which they lie, without I/O.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::chain::{Head, Link, digest};
use super::trail::Place;

/// Most pieces that all chains may lie in, and faults that are told one by one; beyond them only that there are more.
const MAX_PIECES: usize = 100_000;
const MAX_FAULTS: usize = 1_000;

/// What is wrong with a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "fault")]
pub enum Fault {
    /// A record that is in no chain.
    Unchained {
        /// Where it lies.
        place: String,
    },
    /// A record is not the one that the next one, the store or an anchor names.
    Changed {
        /// The chain.
        chain: String,
        /// The number of the record, or of the one behind it.
        number: u64,
    },
    /// Records are not there.
    Missing {
        /// The chain.
        chain: String,
        /// The first of them.
        from: u64,
        /// The last of them.
        to: u64,
    },
    /// A record lies behind one with the same number or a later one.
    Misplaced {
        /// The chain.
        chain: String,
        /// Its number.
        number: u64,
        /// Where it lies.
        place: String,
    },
    /// Two records of one number, with others behind each.
    Forked {
        /// The chain.
        chain: String,
        /// The number.
        number: u64,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Unchained { place } => write!(f, "{place}: a record that is in no chain"),
            Fault::Changed { chain, number } => write!(
                f,
                "{chain}: record {number} is not the one that was written, or the one behind it is not"
            ),
            Fault::Missing { chain, from, to } if from == to => {
                write!(f, "{chain}: record {from} is missing")
            }
            Fault::Missing { chain, from, to } => {
                write!(f, "{chain}: records {from} to {to} are missing")
            }
            Fault::Misplaced {
                chain,
                number,
                place,
            } => write!(f, "{place}: record {number} of {chain} is not in its place"),
            Fault::Forked { chain, number } => {
                write!(f, "{chain}: there are two records {number}")
            }
        }
    }
}

/// A chain, as it was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Chain {
    /// The number of its first record; more than 1 where older ones were removed, as retention does.
    pub first: u64,
    /// Its last record.
    #[serde(flatten)]
    pub head: Head,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Records seen.
    pub records: u64,
    /// The chains, by name; they serve as anchors of a later look.
    pub chains: Vec<Chain>,
    /// What is wrong.
    pub faults: Vec<Fault>,
    /// Further faults, which are not told.
    pub more: u64,
}

/// Sees records one after another, and judges their chains.
pub struct Verifier {
    /// Whether chains are to begin with their first record, since nothing removes old ones.
    from_first: bool,
    /// By chain and number: a record that must be there.
    expected: BTreeMap<(String, u64), String>,
    pieces: BTreeMap<String, Vec<Piece>>,
    count: usize,
    /// The last number of each chain in each part of each stream.
    last: BTreeMap<(String, &'static str, i32), u64>,
    records: u64,
    faults: Vec<Fault>,
    more: u64,
}

/// Records of a chain that hang together.
struct Piece {
    first: Link,
    head: Head,
}

impl Verifier {
    /// Records of `expected` must be there, unless older ones than the first that is left.
    pub fn new(from_first: bool, expected: impl IntoIterator<Item = Head>) -> Verifier {
        Verifier {
            from_first,
            expected: expected
                .into_iter()
                .map(|head| ((head.chain, head.number), head.digest))
                .collect(),
            pieces: BTreeMap::new(),
            count: 0,
            last: BTreeMap::new(),
            records: 0,
            faults: Vec::new(),
            more: 0,
        }
    }

    fn fault(&mut self, fault: Fault) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(fault);
        } else {
            self.more += 1;
        }
    }

    /// Sees the next record.
    pub fn see(&mut self, place: Place, record: &[u8]) {
        self.records += 1;
        let Some(link) = Link::of(record) else {
            let place = place.to_string();
            return self.fault(Fault::Unchained { place });
        };
        let own = digest(record);
        let key = (link.chain.clone(), link.number);
        if self.expected.get(&key) == Some(&own) {
            self.expected.remove(&key);
        }
        let part = (link.chain.clone(), place.stream, place.position.partition);
        let before = self.last.insert(part, link.number);
        if before.is_some_and(|before| before >= link.number) {
            self.fault(Fault::Misplaced {
                chain: link.chain.clone(),
                number: link.number,
                place: place.to_string(),
            });
        }
        let pieces = self.pieces.entry(link.chain.clone()).or_default();
        let head = Head {
            chain: link.chain.clone(),
            number: link.number,
            digest: own,
        };
        let behind = |piece: &&mut Piece| {
            piece.head.number + 1 == link.number && piece.head.digest == link.previous
        };
        if let Some(piece) = pieces.iter_mut().rev().find(behind) {
            piece.head = head;
        } else if self.count < MAX_PIECES {
            self.count += 1;
            pieces.push(Piece { first: link, head });
        } else {
            self.more += 1;
        }
    }

    /// What all of it comes to.
    pub fn verdict(mut self) -> Verdict {
        let mut chains = Vec::new();
        for (chain, mut pieces) in std::mem::take(&mut self.pieces) {
            pieces.sort_by_key(|piece| piece.first.number);
            let Some((first, rest)) = pieces.split_first() else {
                continue;
            };
            self.judge_first(&first.first);
            let mut head = first.head.clone();
            for piece in rest {
                self.judge_joint(&head, &piece.first);
                if piece.head.number > head.number {
                    head = piece.head.clone();
                }
            }
            self.judge_expected(&chain, first.first.number, head.number);
            chains.push(Chain {
                first: first.first.number,
                head,
            });
        }
        // Of chains of which nothing is left.
        for ((chain, number), _) in std::mem::take(&mut self.expected) {
            self.fault(Fault::Missing {
                chain,
                from: 1,
                to: number,
            });
        }
        Verdict {
            records: self.records,
            chains,
            faults: self.faults,
            more: self.more,
        }
    }

    fn judge_first(&mut self, first: &Link) {
        let chain = first.chain.clone();
        if first.number == 0 || (first.number == 1 && !first.is_first()) {
            self.fault(Fault::Changed {
                chain,
                number: first.number,
            });
        } else if self.from_first && first.number > 1 {
            self.fault(Fault::Missing {
                chain,
                from: 1,
                to: first.number - 1,
            });
        }
    }

    fn judge_joint(&mut self, head: &Head, next: &Link) {
        if next.number == head.number + 1 && next.previous == head.digest {
            // Only not in its place, which is told already, or in another part of the stream.
            return;
        }
        let chain = next.chain.clone();
        let fault = if next.number <= head.number {
            Fault::Forked {
                chain,
                number: next.number,
            }
        } else if next.number == head.number + 1 {
            Fault::Changed {
                chain,
                number: head.number,
            }
        } else {
            Fault::Missing {
                chain,
                from: head.number + 1,
                to: next.number - 1,
            }
        };
        self.fault(fault);
    }

    /// What must be there of a chain and was not seen.
    fn judge_expected(&mut self, chain: &str, first: u64, last: u64) {
        let of_chain = (chain.to_owned(), 0)..=(chain.to_owned(), u64::MAX);
        let unseen: Vec<u64> = self
            .expected
            .range(of_chain)
            .map(|((_, number), _)| *number)
            .collect();
        let mut end = last;
        for number in unseen {
            self.expected.remove(&(chain.to_owned(), number));
            let chain = chain.to_owned();
            if number > end {
                self.fault(Fault::Missing {
                    chain,
                    from: end + 1,
                    to: number,
                });
                end = number;
            } else if number >= first {
                self.fault(Fault::Changed { chain, number });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::{Fault, Verdict, Verifier};
    use crate::audit::{Head, Place};

    /// So many records of a chain, and its head.
    fn chain(writer: &str, count: u64) -> (Vec<Bytes>, Head) {
        let mut head = Head::begin(writer);
        let seal = |n| head.seal(format!("{{\"id\":\"{n}\"}}").as_bytes());
        let records = (1..=count).map(seal).collect();
        (records, head)
    }

    fn verify(records: &[Bytes], from_first: bool, expected: &[&Head]) -> Verdict {
        let expected = expected.iter().map(|head| (*head).clone());
        let mut verifier = Verifier::new(from_first, expected);
        for (number, record) in (0..).zip(records) {
            verifier.see(Place::line("line", number), record);
        }
        verifier.verdict()
    }

    #[test]
    fn what_is_wrong_is_named() {
        let (records, head) = chain("w", 6);
        let name = head.chain.clone();
        let with = |change: &dyn Fn(&mut Vec<Bytes>)| {
            let mut records = records.clone();
            change(&mut records);
            verify(&records, true, &[&head]).faults
        };
        let missing = |from, to| Fault::Missing {
            chain: name.clone(),
            from,
            to,
        };
        let changed = |number| Fault::Changed {
            chain: name.clone(),
            number,
        };
        let misplaced = |number, line| Fault::Misplaced {
            chain: name.clone(),
            number,
            place: format!("line 0/{line}"),
        };
        let edit = |record: &Bytes, from: &str, to: &str| {
            Bytes::from(
                String::from_utf8(record.to_vec())
                    .unwrap()
                    .replace(from, to),
            )
        };
        assert_eq!(with(&|_| {}), []);
        assert_eq!(with(&|all| drop(all.remove(2))), [missing(3, 3)]);
        assert_eq!(with(&|all| drop(all.drain(..2))), [missing(1, 2)]);
        assert_eq!(with(&|all| all.truncate(4)), [missing(5, 6)]);
        assert_eq!(with(&Vec::clear), [missing(1, 6)]);
        assert_eq!(with(&|all| all.swap(1, 2)), [misplaced(2, 2)]);
        let edited = |at: usize| with(&|all| all[at] = edit(&all[at], "\"id\"", "\"ID\""));
        assert_eq!(edited(2), [changed(3)]);
        assert_eq!(edited(0), [changed(1)]);
        // Of the last one only the store knows.
        assert_eq!(edited(5), [changed(6)]);
        let foreign = with(&|all| all.push(Bytes::from_static(b"{}")));
        let place = "line 0/6".to_owned();
        assert_eq!(foreign, [Fault::Unchained { place }]);
        let copied = with(&|all| all.push(all[0].clone()));
        assert_eq!(copied[0], misplaced(1, 6));
    }

    #[test]
    fn old_records_may_be_gone_where_something_removes_them_and_an_anchor_of_them_with_them() {
        let (records, head) = chain("w", 6);
        let mut early = head.clone();
        (early.number, early.digest) = (2, "00".to_owned());
        let verdict = verify(&records[3..], false, &[&head, &early]);
        assert_eq!(verdict.faults, []);
        assert_eq!(verdict.chains[0].first, 4);
        // It is there, and not as it was.
        let verdict = verify(&records, false, &[&head, &early]);
        assert_eq!(verdict.faults.len(), 1);
    }

    #[test]
    fn a_chain_that_was_written_anew_from_some_record_on_does_not_agree_with_an_anchor() {
        let (records, head) = chain("w", 6);
        let mut forged = Head::of(&records[2]).unwrap();
        let mut all = records[..3].to_vec();
        for n in 4..=9 {
            all.push(forged.seal(format!("{{\"id\":\"other {n}\"}}").as_bytes()));
        }
        assert_eq!(verify(&all, true, &[&forged]).faults, []);
        assert_eq!(verify(&all, true, &[&forged, &head]).faults.len(), 1);
    }

    proptest! {
        #[test]
        fn chains_that_are_mixed_are_whole_and_any_change_of_a_byte_shows(
            order in proptest::collection::vec(0_usize..3, 3..40),
            at in any::<proptest::sample::Index>(),
            byte in any::<proptest::sample::Index>(),
            flip in 1_u8..=255,
        ) {
            let mut heads = ["a", "b", "c"].map(Head::begin);
            let seal = |(n, which): (usize, &usize)| heads[*which].seal(format!("{{\"id\":\"{n}\"}}").as_bytes());
            let mut records: Vec<Bytes> = order.iter().enumerate().map(seal).collect();
            let written: Vec<&Head> = heads.iter().filter(|head| head.number > 0).collect();
            prop_assert_eq!(verify(&records, true, &written).faults, []);
            let (at, mut changed) = (at.index(records.len()), Vec::new());
            changed.extend_from_slice(&records[at]);
            let byte = byte.index(changed.len());
            changed[byte] ^= flip;
            records[at] = changed.into();
            prop_assert!(!verify(&records, true, &written).faults.is_empty());
        }
    }
}
