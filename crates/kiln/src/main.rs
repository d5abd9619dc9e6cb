//! The `kiln` command: HL7v2 over MLLP in, FHIR R4 out.

mod audit;
mod author;
mod completions;
mod config;
mod console;
mod convert;
mod dead;
mod demo;
mod differences;
mod emitted;
mod explain;
mod failure;
mod fixtures;
mod interrupt;
mod invocation;
mod mapping;
mod maps;
mod messages;
mod output;
mod replay;
mod send;
mod serve;
mod shadow;
mod tail;
mod topics;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    invocation::run()
}
