//! The tree of targets of one resource: rows of all maps merged, then put in R4 order.

mod flatten;
mod guard;
mod loops;
mod shape;
mod walk;

pub(crate) use shape::{Application, Placed, Target, Tree};
