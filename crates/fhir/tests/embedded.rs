//! The embedded maps load, and every mistake in them is told.
#![allow(clippy::unwrap_used)]

use kiln_fhir::Mapper;

#[test]
fn embedded_maps_load() {
    if let Err(errors) = Mapper::embedded() {
        panic!("{} mistakes in the maps:\n{errors}", errors.0.len());
    }
}
