use std::collections::VecDeque;

use crate::batch::line::Line;
use crate::batch::problem::{Problem, ProblemKind};
use crate::batch::segment::BatchSegment;

/// What a file of messages holds, one after the other.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Entry<'a> {
    /// FHS.
    FileHeader(BatchSegment<'a>),
    /// BHS.
    BatchHeader(BatchSegment<'a>),
    /// A message, without frame, with its last line end if it has one. Lines that belong to no message are one of their
    /// own, so that [`parse`](crate::Message::parse) reports them; they are not counted.
    Message(&'a [u8]),
    /// BTS.
    BatchTrailer(BatchSegment<'a>),
    /// FTS.
    FileTrailer(BatchSegment<'a>),
    /// What is wrong with the file; it stands behind what it is about. Reading goes on.
    Problem(Problem),
}

/// The messages in a file's bytes, in order, without frames and batch segments; each with its last line end, if it
/// has one.
///
/// Lines that belong to no message are an item of their own, so that [`parse`](crate::Message::parse) reports them
/// and nothing is skipped silently. A file of blanks has no messages. [`read`] tells of batches too.
pub fn messages(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    read(bytes).filter_map(|entry| match entry {
        Entry::Message(message) => Some(message),
        _ => None,
    })
}

/// What a file's bytes hold, with its batches checked: that headers have trailers, and that BTS-1 and FTS-1 count right.
/// Headers and trailers may all be left out, as §2.10.3.1 allows; several files may follow each other.
pub fn read(bytes: &[u8]) -> impl Iterator<Item = Entry<'_>> {
    let mut reader = Reader {
        bytes,
        at: 0,
        file: None,
        batch: None,
        found: VecDeque::new(),
    };
    std::iter::from_fn(move || reader.next())
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    file: Option<File<'a>>,
    batch: Option<Batch<'a>>,
    /// What is still to be told.
    found: VecDeque<Entry<'a>>,
}

/// The file that is being read.
struct File<'a> {
    /// `None` where a batch came without one.
    header: Option<BatchSegment<'a>>,
    batches: u64,
}

/// The batch that is being read.
struct Batch<'a> {
    /// `None` where a message came without one.
    header: Option<BatchSegment<'a>>,
    messages: u64,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<Entry<'a>> {
        if self.found.is_empty() {
            self.read_on();
        }
        self.found.pop_front()
    }

    /// Reads to the end of a message or of a batch segment, or of the file.
    fn read_on(&mut self) {
        let mut begin = None;
        let mut end = self.at;
        while self.at < self.bytes.len() {
            let line = Line::read(self.bytes, self.at);
            let name = line.name();
            let batch_segment = matches!(name, b"FHS" | b"BHS" | b"BTS" | b"FTS");
            if begin.is_some() && (batch_segment || name == b"MSH") {
                break;
            }
            self.at = line.next;
            if batch_segment {
                return self.segment(&line);
            }
            if !line.text.is_empty() {
                begin.get_or_insert(line.begin);
                end = line.kept;
            }
            if line.ends_frame && begin.is_some() {
                break;
            }
        }
        match begin {
            Some(begin) => self.message(&self.bytes[begin..end]),
            None => self.end_file(self.bytes.len()),
        }
    }

    fn message(&mut self, bytes: &'a [u8]) {
        if bytes.starts_with(b"MSH") {
            if self.batch.is_none() {
                self.begin_batch(None);
            }
            if let Some(batch) = &mut self.batch {
                batch.messages += 1;
            }
        }
        self.found.push_back(Entry::Message(bytes));
    }

    fn segment(&mut self, line: &Line<'a>) {
        match line.name() {
            b"FHS" => {
                self.end_file(line.begin);
                let header = BatchSegment::header(line.text, line.begin);
                self.file = Some(File {
                    header: Some(header),
                    batches: 0,
                });
                self.found.push_back(Entry::FileHeader(header));
            }
            b"BHS" => {
                self.end_batch(line.begin);
                let header = BatchSegment::header(line.text, line.begin);
                self.begin_batch(Some(header));
                self.found.push_back(Entry::BatchHeader(header));
            }
            b"BTS" => {
                let batch = self.batch.take();
                let header = batch.as_ref().and_then(|batch| batch.header);
                let trailer = self.trailer(line, header);
                self.found.push_back(Entry::BatchTrailer(trailer));
                if header.is_none() {
                    self.problem(ProblemKind::NoBatchHeader, line.begin);
                }
                let found = batch.map_or(0, |batch| batch.messages);
                self.count(trailer, found, |declared| ProblemKind::MessageCount {
                    declared,
                    found,
                });
            }
            // FTS
            _ => {
                self.end_batch(line.begin);
                let file = self.file.take();
                let header = file.as_ref().and_then(|file| file.header);
                let trailer = self.trailer(line, header);
                self.found.push_back(Entry::FileTrailer(trailer));
                if header.is_none() {
                    self.problem(ProblemKind::NoFileHeader, line.begin);
                }
                let found = file.map_or(0, |file| file.batches);
                self.count(trailer, found, |declared| ProblemKind::BatchCount {
                    declared,
                    found,
                });
            }
        }
    }

    /// A trailer, which is read by the delimiters of its header, or else of the file's.
    fn trailer(&self, line: &Line<'a>, header: Option<BatchSegment<'a>>) -> BatchSegment<'a> {
        let file = || self.file.as_ref().and_then(|file| file.header);
        let reading = header.or_else(file).map(|header| header.reading);
        let own = BatchSegment::header(line.text, line.begin);
        BatchSegment {
            reading: reading.unwrap_or(own.reading),
            ..own
        }
    }

    fn begin_batch(&mut self, header: Option<BatchSegment<'a>>) {
        let file = self.file.get_or_insert(File {
            header: None,
            batches: 0,
        });
        file.batches += 1;
        self.batch = Some(Batch {
            header,
            messages: 0,
        });
    }

    /// Where a batch ends without a trailer.
    fn end_batch(&mut self, at: usize) {
        let batch = self.batch.take();
        if batch.is_some_and(|batch| batch.header.is_some()) {
            self.problem(ProblemKind::NoBatchTrailer, at);
        }
    }

    /// Where a file ends without a trailer.
    fn end_file(&mut self, at: usize) {
        self.end_batch(at);
        let file = self.file.take();
        if file.is_some_and(|file| file.header.is_some()) {
            self.problem(ProblemKind::NoFileTrailer, at);
        }
    }

    /// Compares the count of a trailer, if it has one.
    fn count(
        &mut self,
        trailer: BatchSegment<'a>,
        found: u64,
        wrong: impl FnOnce(u64) -> ProblemKind,
    ) {
        let count = trailer.field(1).value();
        if !count.is_valued() {
            return;
        }
        let declared = std::str::from_utf8(count.raw())
            .ok()
            .and_then(|digits| digits.trim().parse::<u64>().ok());
        match declared {
            Some(declared) if declared == found => {}
            Some(declared) => self.problem(wrong(declared), count.offset()),
            None => self.problem(ProblemKind::BadCount, count.offset()),
        }
    }

    fn problem(&mut self, kind: ProblemKind, offset: usize) {
        self.found
            .push_back(Entry::Problem(Problem { kind, offset }));
    }
}
