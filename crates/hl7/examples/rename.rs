//! Changes one value of a message and prints it, everything else byte for byte:
//!
//!     cargo run -p kiln-hl7 --example rename -- fixtures/messages/adt-a08-minimal.hl7 PID-5.2 Ada
#![allow(missing_docs, reason = "a program")]

use std::error::Error;
use std::io::Write;

use kiln_hl7::{Draft, Index, Message};

fn main() -> Result<(), Box<dyn Error>> {
    let [_, file, path, text] = &std::env::args().collect::<Vec<_>>()[..] else {
        return Err("a file, a path and a text, please".into());
    };
    let bytes = std::fs::read(file)?;
    let mut index = Index::new();
    let mut draft = Draft::from(Message::parse(&bytes, &mut index)?);
    draft.set(&path.parse()?, text)?;
    std::io::stdout().write_all(&draft.to_bytes())?;
    Ok(())
}
