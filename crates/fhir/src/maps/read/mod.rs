//! Map files to the model.

mod file;
mod message;
mod reader;
mod row;
mod skip;
mod table;

pub(crate) use file::read;
