//! The tree of targets of one resource: rows of all maps merged, then put in R4 order.

mod flatten;
mod frame;
mod guard;
mod loops;
mod pool;
mod shape;
mod walk;

pub(crate) use pool::Pool;
pub(crate) use shape::{Application, Placed, Row, Target, Tree};
