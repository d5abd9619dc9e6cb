//! The kernels: one algorithm over blocks of 64 bytes, with the instructions of each kind of processor.
//!
//! `unsafe` lives here and nowhere else in the crate. What the rest relies on: [`Kernel::mark`] and
//! [`window::marks`] are safe to call, a kernel that the processor lacks cannot be had, and all kernels write the same marks.
#![allow(unsafe_code, reason = "vector instructions")]
#![allow(
    clippy::inline_always,
    reason = "instructions of a kernel may only be used in the function that declares them"
)]
#![allow(
    clippy::cast_lossless,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "masks and bytes are reinterpreted, and offsets fit u32"
)]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod block;
mod choice;
mod emit;
#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
mod neon;
mod portable;
#[cfg(target_arch = "x86_64")]
mod sse2;
pub(crate) mod window;

pub use choice::Kernel;

pub(super) use block::{CHUNK_BYTES, SPARE_PLACES};
