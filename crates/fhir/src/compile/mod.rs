//! Maps to plan: data type maps are inlined, rows are merged into one tree a resource, and the tree is put in R4 order, where
//! parts that came out the same are kept once.

mod body;
mod coding;
mod compiler;
mod field_map;
mod leaf;
mod message;
mod resource;
mod source;
mod table;

pub(crate) use compiler::{Compiled, compile};
