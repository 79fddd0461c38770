//! Particles in place of chains that miss modes or do not agree.

use super::{Drawn, Evaluator, LogDensity, Reference, SliceConfig};
use crate::sample::config::SmcConfig;
use crate::sample::smc::smc_by;
use crate::seed::{Seed, Stream};

/// So many particles, or as many as there shall be draws if that is more: the weight of a mode is then known to two
/// or three hundredths.
const PARTICLES: usize = 500;

/// Draws by tempered sequential Monte Carlo in place of chains. A chain stays in the mode where it began, and the
/// few of them share out the modes by chance, where thousands of particles give each its weight.
///
/// If the particles fail, or would take more than half of what is left of the budget, there are none, and the
/// chains go on. What was spent counts either way.
pub(super) struct HandOver<'a> {
    pub(super) densities: (&'a dyn LogDensity, &'a dyn Reference),
    pub(super) n: usize,
    pub(super) config: &'a SliceConfig,
    pub(super) seed: Seed,
}

impl HandOver<'_> {
    /// If the candidates for starts are worth fewer draws than there are chains: all of these may begin in one mode,
    /// and agree with each other.
    pub(super) fn if_few(&self, worth: f64, evaluator: &mut Evaluator<'_>) -> Option<Drawn> {
        if worth >= self.config.chains as f64 {
            return None;
        }
        let candidates = self.config.candidates;
        let reason =
            format!("the {candidates} candidates for its starts were worth {worth:.1} draws");
        self.particles(&reason, evaluator)
    }

    /// If the chains are still `r_hat` apart after the warm-up.
    pub(super) fn if_apart(&self, r_hat: f64, evaluator: &mut Evaluator<'_>) -> Option<Drawn> {
        let warmup = self.config.warmup;
        let reason = format!("they did not agree after {warmup} sweeps (R̂ = {r_hat:.2})");
        self.particles(&reason, evaluator)
    }

    fn particles(&self, reason: &str, evaluator: &mut Evaluator<'_>) -> Option<Drawn> {
        if !self.config.hand_over {
            return None;
        }
        let (target, reference) = self.densities;
        let left = self.config.max_evaluations.saturating_sub(evaluator.spent);
        let mut own = Evaluator::new(target, left / 2);
        let seed = self.seed.derive(Stream::Start, 2);
        let config = SmcConfig {
            particles: PARTICLES,
            ..SmcConfig::default()
        };
        let drawn = smc_by(&mut own, reference, self.n, &config, seed);
        evaluator.spent += own.spent;
        evaluator.invalid += own.invalid;
        let mut drawn = drawn.ok()?;
        drawn.report.evaluations = evaluator.spent;
        drawn.report.invalid = evaluator.invalid;
        drawn.report.notes.push(format!(
            "Tempered sequential Monte Carlo drew in place of {} chains of the slice sampler, because {reason}.",
            self.config.chains
        ));
        Some(drawn)
    }
}
