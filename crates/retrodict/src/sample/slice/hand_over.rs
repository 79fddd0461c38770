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
        let SliceConfig {
            chains, candidates, ..
        } = self.config;
        let reason =
            format!("the {candidates} candidates for its starts were worth {worth:.1} draws");
        (worth < *chains as f64)
            .then(|| self.particles(&reason, evaluator))
            .flatten()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::slice::slice;
    use crate::sample::{SamplerConfig, StandardNormal, sample};

    /// Two narrow normal densities, of weights 1 and 3, far apart.
    struct TwoModes;

    const SD: f64 = 0.05;

    impl LogDensity for TwoModes {
        fn dimension(&self) -> usize {
            2
        }

        fn log_density(&self, points: &[f64], values: &mut [f64]) {
            for (value, z) in values.iter_mut().zip(points.chunks_exact(2)) {
                let mode = |at: f64| -0.5 * ((z[0] - at).powi(2) + (z[1] - at).powi(2)) / (SD * SD);
                let (a, b) = (mode(-1.0), mode(1.0) + 3.0_f64.ln());
                let largest = a.max(b);
                *value = largest + ((a - largest).exp() + (b - largest).exp()).ln();
            }
        }
    }

    fn share(config: SliceConfig, seed: u64) -> f64 {
        let reference = StandardNormal { dimension: 2 };
        let drawn = sample(
            &TwoModes,
            &reference,
            2000,
            &SamplerConfig::Slice(config),
            Seed(seed),
        )
        .unwrap();
        let right = drawn.rows().filter(|z| z[0] > 0.0).count();
        right as f64 / drawn.n_draws() as f64
    }

    #[test]
    fn modes_that_no_chain_leaves_get_their_weight() {
        let mean_error = |hand_over| {
            let errors = (0..8).map(|seed| {
                let config = SliceConfig {
                    hand_over,
                    ..SliceConfig::default()
                };
                (share(config, seed) - 0.75).abs()
            });
            errors.sum::<f64>() / 8.0
        };
        let (particles, chains) = (mean_error(true), mean_error(false));
        println!(
            "mean error of a mode's weight: {particles:.3} by particles, {chains:.3} by chains"
        );
        assert!(particles < 0.04 && particles < chains);
    }

    #[test]
    fn it_says_so_and_keeps_to_the_budget() {
        let reference = StandardNormal { dimension: 2 };
        let drawn = slice(
            &TwoModes,
            &reference,
            2000,
            &SliceConfig::default(),
            Seed(1),
        )
        .unwrap();
        assert_eq!((drawn.report.sampler.as_str(), drawn.n_chains), ("smc", 1));
        assert!(
            drawn
                .report
                .notes
                .iter()
                .any(|note| note.contains("in place of 20 chains"))
        );
        // Enough for chains, and not for particles.
        let config = SliceConfig {
            max_evaluations: drawn.report.evaluations / 2,
            ..SliceConfig::default()
        };
        let drawn = slice(&TwoModes, &reference, 20, &config, Seed(1)).unwrap();
        assert_eq!(
            (drawn.report.sampler.as_str(), drawn.n_chains),
            ("slice", 20)
        );
        assert!(drawn.report.evaluations <= config.max_evaluations);
    }
}
