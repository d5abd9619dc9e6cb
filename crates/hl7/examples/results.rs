//! Prints the results in the messages of a file, each with its patient:
//!
//!     cargo run -p kiln-hl7 --example results -- fixtures/messages/oru-r01-blood-count.hl7
#![allow(missing_docs, reason = "a program")]

use std::error::Error;

use kiln_hl7::types::{Cwe, Cx};
use kiln_hl7::{Index, Message, batch};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("which file?")?;
    let bytes = std::fs::read(path)?;
    let mut index = Index::new();
    for bytes in batch::messages(&bytes) {
        print(&Message::parse(bytes, &mut index)?)?;
    }
    Ok(())
}

fn print(message: &Message<'_>) -> Result<(), Box<dyn Error>> {
    let mut patient = String::new();
    for segment in message.segments() {
        match segment.name() {
            "PID" => {
                let id = Cx::from(segment.field(3).value());
                patient = id.id_number().text()?.into_owned();
            }
            "OBX" => {
                let name = Cwe::from(segment.field(3).value()).description().text()?;
                let (value, unit) = (segment.field(5).value(), segment.field(6).component(1));
                println!("{patient}: {name} = {} {}", value.text()?, unit.text()?);
            }
            _ => {}
        }
    }
    Ok(())
}
