//! Which instruction set the kernels run on.

use pulp::{Arch, WithSimd};

/// An instruction set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tier {
    /// One number at a time, on any machine.
    Scalar,
    /// x86-64 with AVX2 and FMA: 8 numbers at a time.
    Avx2,
    /// x86-64 with AVX-512 (F, BW, CD, DQ, VL): 16 numbers at a time.
    Avx512,
    /// 64-bit ARM: 4 numbers at a time.
    Neon,
}

impl Tier {
    /// Every tier, from the narrowest.
    pub const ALL: [Self; 4] = [Self::Scalar, Self::Neon, Self::Avx2, Self::Avx512];
}

/// A handle to the kernels of one tier; copies freely.
#[derive(Debug, Clone, Copy)]
pub struct Kernels {
    arch: Arch,
}

impl Default for Kernels {
    fn default() -> Self {
        Self::detect()
    }
}

impl Kernels {
    /// The fastest tier that this machine has.
    pub fn detect() -> Self {
        Self { arch: Arch::new() }
    }

    /// The given tier, if this machine has it.
    pub fn new(tier: Tier) -> Option<Self> {
        arch(tier).map(|arch| Self { arch })
    }

    /// All tiers that this machine has: tests run over them.
    pub fn available() -> impl Iterator<Item = Self> {
        Tier::ALL.into_iter().filter_map(Self::new)
    }

    /// The tier in use.
    pub fn tier(self) -> Tier {
        match self.arch {
            #[cfg(target_arch = "x86_64")]
            Arch::V3(_) => Tier::Avx2,
            #[cfg(target_arch = "x86_64")]
            Arch::V4(_) => Tier::Avx512,
            #[cfg(target_arch = "aarch64")]
            Arch::Neon(_) | Arch::NeonFcma(_) => Tier::Neon,
            _ => Tier::Scalar,
        }
    }

    #[inline]
    pub(crate) fn dispatch<Op: WithSimd>(self, operation: Op) -> Op::Output {
        self.arch.dispatch(operation)
    }
}

fn arch(tier: Tier) -> Option<Arch> {
    match tier {
        Tier::Scalar => Some(Arch::Scalar),
        #[cfg(target_arch = "x86_64")]
        Tier::Avx2 => pulp::x86::V3::try_new().map(Arch::V3),
        #[cfg(target_arch = "x86_64")]
        Tier::Avx512 => pulp::x86::V4::try_new().map(Arch::V4),
        #[cfg(target_arch = "aarch64")]
        Tier::Neon => pulp::aarch64::Neon::try_new().map(Arch::Neon),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_detected_tier_is_available() {
        let detected = Kernels::detect().tier();
        assert!(Kernels::available().any(|kernels| kernels.tier() == detected));
    }

    #[test]
    fn every_machine_has_the_scalar_tier() {
        assert_eq!(Kernels::new(Tier::Scalar).unwrap().tier(), Tier::Scalar);
    }
}
