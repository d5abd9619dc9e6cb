//! Map files to the model.

mod file;
mod message;
mod overlay;
mod reader;
mod row;
mod site;
mod skip;
mod table;

pub(crate) use file::read;
pub(crate) use overlay::read as overlay;
