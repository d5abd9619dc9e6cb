#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| kiln_hl7_fuzz::rules(input));
