//! Which kernel runs.

use super::block::{self, Marked, SPARE_PLACES};
#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
use super::neon::Neon;
use super::portable::Portable;
#[cfg(target_arch = "x86_64")]
use super::{avx2, avx512, sse2::Sse2};

/// A kernel that this processor can run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kernel(Kind);

/// A value other than `Portable` is made only where the processor was found to have the instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Sse2,
    #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
    Neon,
    Portable,
}

impl Kernel {
    /// All that this processor can run, the fastest first.
    pub fn available() -> Vec<Self> {
        let mut kinds = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            let bits = is_x86_feature_detected!("bmi1")
                && is_x86_feature_detected!("bmi2")
                && is_x86_feature_detected!("popcnt");
            if bits
                && is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512vbmi2")
            {
                kinds.push(Kind::Avx512);
            }
            if bits && is_x86_feature_detected!("avx2") {
                kinds.push(Kind::Avx2);
            }
            kinds.push(Kind::Sse2);
        }
        #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
        kinds.push(Kind::Neon);
        kinds.push(Kind::Portable);
        kinds.into_iter().map(Self).collect()
    }

    /// The fastest; looked up once.
    pub(in crate::index) fn best() -> Self {
        static BEST: std::sync::OnceLock<Kernel> = std::sync::OnceLock::new();
        *BEST.get_or_init(|| Self::available()[0])
    }

    /// What it is called in reports.
    pub fn name(self) -> &'static str {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => "AVX-512",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => "AVX2",
            #[cfg(target_arch = "x86_64")]
            Kind::Sse2 => "SSE2",
            #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
            Kind::Neon => "NEON",
            Kind::Portable => "portable",
        }
    }

    /// Writes where in `text` field separators and line ends stand, `base` added, to `tape` from `place` on, and to
    /// `line_ends` the places of those that are line ends. What lies behind them in both is left undefined.
    #[inline]
    pub(in crate::index) fn mark(
        self,
        text: &[u8],
        base: u32,
        field: u8,
        place: usize,
        tape: &mut [u32],
        line_ends: &mut [u32],
    ) -> Marked {
        let room = text.len() + SPARE_PLACES;
        assert!(
            tape.len().checked_sub(place) >= Some(room) && line_ends.len() >= room && field != 0
        );
        // SAFETY: `self` is there only if the processor has the instructions, and the room was checked.
        unsafe {
            match self.0 {
                #[cfg(target_arch = "x86_64")]
                Kind::Avx512 => avx512::mark(text, base, field, place, tape, line_ends),
                #[cfg(target_arch = "x86_64")]
                Kind::Avx2 => avx2::mark(text, base, field, place, tape, line_ends),
                #[cfg(target_arch = "x86_64")]
                Kind::Sse2 => block::mark::<Sse2>(text, base, field, place, tape, line_ends),
                #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
                Kind::Neon => block::mark::<Neon>(text, base, field, place, tape, line_ends),
                Kind::Portable => {
                    block::mark::<Portable>(text, base, field, place, tape, line_ends)
                }
            }
        }
    }

    /// How many field separators and line ends the whole blocks of `text` hold, for benchmarks.
    pub fn count(self, text: &[u8], field: u8) -> usize {
        // SAFETY: `self` is there only if the processor has the instructions.
        unsafe {
            match self.0 {
                #[cfg(target_arch = "x86_64")]
                Kind::Avx512 => avx512::count(text, field),
                #[cfg(target_arch = "x86_64")]
                Kind::Avx2 => avx2::count(text, field),
                #[cfg(target_arch = "x86_64")]
                Kind::Sse2 => block::count::<Sse2>(text, field),
                #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
                Kind::Neon => block::count::<Neon>(text, field),
                Kind::Portable => block::count::<Portable>(text, field),
            }
        }
    }
}
