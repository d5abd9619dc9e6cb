//! Flow: what comes in, how fast it is acknowledged and transformed, and what was set aside, as it happens.

mod chart;
mod history;
mod page;
mod reading;
mod stream;

pub(super) use history::{Watched, watch};
pub(super) use page::{PATH, show};
pub(super) use stream::{PATH as STREAM, stream};
