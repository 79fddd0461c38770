//! Which instruction set the kernels run on.

use pulp::{Arch, WithSimd};
use std::fmt;
use std::sync::OnceLock;

/// The environment variable that chooses a tier for the whole process.
const VARIABLE: &str = "RETRODICT_TIER";

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

    /// `scalar`, `neon`, `avx2` or `avx512`: its name in `RETRODICT_TIER`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Neon => "neon",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }
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
    /// The tier that the environment variable `RETRODICT_TIER` names (`scalar`, `neon`, `avx2` or
    /// `avx512`), or else the fastest that this machine has. Looked up once.
    ///
    /// # Errors
    /// If the variable names no tier of this machine.
    pub fn chosen() -> Result<Self, UnknownTier> {
        static CHOSEN: OnceLock<Result<Kernels, UnknownTier>> = OnceLock::new();
        let named = || choose(&std::env::var_os(VARIABLE)?.to_string_lossy());
        CHOSEN
            .get_or_init(|| named().unwrap_or(Ok(Self { arch: Arch::new() })))
            .clone()
    }

    /// As [`Kernels::chosen`], where a program has no use for the error.
    ///
    /// # Panics
    /// If the variable names no tier of this machine.
    pub fn detect() -> Self {
        Self::chosen().unwrap_or_else(|unknown| panic!("{unknown}"))
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

/// `RETRODICT_TIER` names no tier of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownTier {
    /// What it names.
    pub given: String,
    /// The names of the tiers that there are.
    pub available: String,
}

impl fmt::Display for UnknownTier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { given, available } = self;
        write!(
            f,
            "{VARIABLE} is `{given}`, but this machine has {available}"
        )
    }
}

impl std::error::Error for UnknownTier {}

/// The tier of a name; nothing if the name is empty.
fn choose(name: &str) -> Option<Result<Kernels, UnknownTier>> {
    if name.is_empty() {
        return None;
    }
    let named = Kernels::available().find(|kernels| kernels.tier().name() == name);
    Some(named.ok_or_else(|| {
        let names: Vec<_> = Kernels::available().map(|k| k.tier().name()).collect();
        UnknownTier {
            given: name.into(),
            available: names.join(", "),
        }
    }))
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
    fn a_tier_is_chosen_by_its_name() {
        for kernels in Kernels::available() {
            let chosen = choose(kernels.tier().name()).unwrap().unwrap();
            assert_eq!(chosen.tier(), kernels.tier());
        }
        assert!(choose("").is_none());
        let message = choose("sse9").unwrap().unwrap_err().to_string();
        assert!(message.contains("RETRODICT_TIER is `sse9`") && message.contains("scalar"));
    }

    #[test]
    fn every_machine_has_the_scalar_tier() {
        assert_eq!(Kernels::new(Tier::Scalar).unwrap().tier(), Tier::Scalar);
    }
}
