//! The console: pages for people, on the address of health and metrics.
//!
//! Pages are made here and work without a script; `console.js` only links what belongs together and renews what changes.
//! Nothing comes from another host, and nothing is kept by the browser.

mod access;
mod assets;
mod dead;
mod flow;
mod form;
mod frame;
mod login;
mod messages;
mod oidc;
mod playground;
mod purpose;
mod refusal;
mod routes;
mod scan;
mod session;
mod text;

pub(crate) use access::Access;
pub(crate) use routes::routes;
