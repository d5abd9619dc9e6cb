//! Converts one HL7v2 file with the embedded maps and prints the Bundle: `cargo run -p kiln-fhir --example convert -- FILE`.

use std::error::Error;
use std::io::Write as _;

use kiln_fhir::{Conversion, ConvertOptions, Mapper, References};
use kiln_hl7::{Index, Message};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("name a file")?;
    let bytes = std::fs::read(path)?;
    let mapper = match Mapper::embedded() {
        Ok(mapper) => mapper,
        Err(errors) => {
            return Err(format!("{} mistakes in the maps:\n{errors}", errors.0.len()).into());
        }
    };
    let mut index = Index::new();
    let message = Message::parse(&bytes, &mut index)?;
    let mut conversion = Conversion::new();
    let options = ConvertOptions {
        references: References::Urn,
        ..ConvertOptions::default()
    };
    mapper.convert(&message, &options, &mut conversion)?;
    for issue in conversion.issues() {
        eprintln!("{issue}");
    }
    let mut bundle = Vec::new();
    conversion.write_bundle(&mut bundle);
    bundle.push(b'\n');
    std::io::stdout().write_all(&bundle)?;
    Ok(())
}
