//! The playground: a message, the FHIR it becomes, and which of the one became which of the other.

mod fhir;
mod findings;
mod links;
mod message;
mod page;
mod work;

pub(super) use page::{PATH, convert, show};
