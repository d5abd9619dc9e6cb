//! `/livez`, `/readyz`, `/metrics`, and for who operates it `POST /drain` and `POST /shed`, on one address with the pages
//! that the program adds.
//!
//! Whoever reaches the address may ask; what that can cost is bounded by `serve`.

mod metrics;
mod routes;
mod serve;
mod waiting;

pub(crate) use metrics::HttpMetrics;
pub(crate) use routes::Health;
pub(crate) use serve::serve;
pub use serve::serve_pages;
