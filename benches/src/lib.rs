//! Messages to measure with: realistic, all different, and the same on every machine.
//!
//! A benchmark that repeats one message teaches the branch predictor that message and flatters a parser several times
//! over; these give it 5,000 and more. The people in them are invented.
//!
//! ```
//! let messages = kiln_benches::messages(1, 100);
//! assert_eq!(messages.len(), 100);
//! assert!(messages.iter().all(|message| (1_000..3_500).contains(&message.len())));
//! assert_eq!(messages, kiln_benches::messages(1, 100));
//! ```

pub mod contest;
mod generated;
pub mod linuxforhealth;
mod messages;
mod random;
pub mod reads;
pub mod report;
pub mod values;

pub use generated::{Generated, generated};
pub use messages::{MESSAGES, SEED, long_result, messages};
