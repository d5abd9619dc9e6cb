//! Files of messages: one or many, plain, MLLP-framed or in a batch (HL7 v2.9 §2.10.3).
//!
//! ```text
//! FHS   file header           one file: batches
//!   BHS   batch header          one batch: messages
//!     MSH … MSH …
//!   BTS   batch trailer         BTS-1: how many messages
//! FTS   file trailer          FTS-1: how many batches
//! ```
//!
//! ```
//! use kiln_hl7::batch::{self, Entry, ProblemKind};
//!
//! let file = b"FHS|^~\\&|LAB\nBHS|^~\\&|LAB\nMSH|^~\\&|A\nPID|1\nMSH|^~\\&|B\nBTS|3\nFTS|1\n";
//! let messages: Vec<&[u8]> = batch::messages(file).collect();
//! assert_eq!(messages, [&b"MSH|^~\\&|A\nPID|1\n"[..], b"MSH|^~\\&|B\n"]);
//!
//! for entry in batch::read(file) {
//!     match entry {
//!         Entry::FileHeader(header) => assert_eq!(header.field(3).raw(), b"LAB"),
//!         Entry::Problem(problem) => {
//!             assert_eq!(problem.kind, ProblemKind::MessageCount { declared: 3, found: 2 });
//!         }
//!         _ => {}
//!     }
//! }
//! ```

mod entries;
mod line;
mod problem;
mod segment;

pub use entries::{Entry, messages, read};
pub use problem::{Problem, ProblemKind};
pub use segment::BatchSegment;
