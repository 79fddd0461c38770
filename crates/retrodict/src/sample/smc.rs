//! Tempered sequential Monte Carlo: particles that go from a reference to the target.

use super::config::SmcConfig;
use super::drawn::{Drawn, Evidence, Report};
use super::evaluator::Evaluator;
use super::particles::Particles;
use super::start::{multinomial, no_density};
use super::{LogDensity, Reference};
use crate::error::{Error, Result};
use crate::samples::{effective_number, normalized};
use crate::seed::{Seed, Stream};

/// Particles drawn from the reference r, weighted and resampled along r^(1−β) π^β from β = 0 to
/// 1, and moved by Metropolis steps at each β (Del Moral, Doucet and Jasra 2006, JRSS B 68).
///
/// The next β is where the effective number of particles falls to `effective_share` (Jasra et al.
/// 2011). Steps add differences of other particles, as they were before the steps (differential
/// evolution: ter Braak 2006), so that they have the scale and shape of each mode and reach from one
/// to another. The evidence ∫π/∫r comes with a standard error from the particles' genealogy (Lee and
/// Whiteley 2018, Biometrika 105, equation 2.4).
///
/// # Errors
/// If the target is zero at every draw from the reference, or the budget is spent.
pub(super) fn smc(
    target: &dyn LogDensity,
    reference: &dyn Reference,
    n: usize,
    config: &SmcConfig,
    seed: Seed,
) -> Result<Drawn> {
    smc_by(
        &mut Evaluator::new(target, config.max_evaluations),
        reference,
        n,
        config,
        seed,
    )
}

/// The same, counted by somebody else's evaluator.
pub(super) fn smc_by(
    evaluator: &mut Evaluator<'_>,
    reference: &dyn Reference,
    n: usize,
    config: &SmcConfig,
    seed: Seed,
) -> Result<Drawn> {
    let n_particles = config.particles.max(n);
    let mut run = Run {
        particles: Particles::draw(evaluator, reference, n_particles, seed)?,
        temper: Temper::new(n_particles),
        config,
        seed,
    };
    while run.temper.beta < 1.0 {
        run.stage(evaluator, reference)?;
    }
    let report = Report {
        sampler: "smc".to_string(),
        evaluations: evaluator.spent,
        invalid: evaluator.invalid,
        acceptance: Some(run.particles.acceptance),
        evidence: Some(run.temper.evidence()),
        notes: run.notes(),
        ..Report::default()
    };
    let mut drawn = run
        .particles
        .into_drawn(report, &mut seed.stream(Stream::Start, 1));
    drawn.truncate(n);
    Ok(drawn)
}

struct Run<'a> {
    particles: Particles,
    temper: Temper,
    config: &'a SmcConfig,
    seed: Seed,
}

impl Run<'_> {
    /// From one temperature to the next: weights, resampling, moves.
    fn stage(&mut self, evaluator: &mut Evaluator<'_>, reference: &dyn Reference) -> Result<()> {
        let stage = self.temper.stages;
        let (beta, all) = (self.temper.beta, self.config.max_stages);
        if stage == all {
            return Err(Error::Sampling {
                problem: format!(
                    "tempering came to β = {beta:.3e} of 1 in {stage} temperatures, as many as it may take"
                ),
                advice: "Raise the sampler option `max_stages`, or lower `effective_share`."
                    .to_string(),
            });
        }
        let ratios = self.particles.log_ratios();
        if ratios.iter().all(|w| *w == f64::NEG_INFINITY) {
            return Err(no_density(ratios.len(), evaluator.invalid));
        }
        let step = next_step(&ratios, 1.0 - beta, self.config.effective_share);
        let weights = self.temper.advance(&ratios, step);
        let mut random = self.seed.stream(Stream::Start, 2 + stage as u64);
        let parents = multinomial(&weights, weights.len(), &mut random);
        self.particles.resample(&parents);
        self.temper.inherit(&parents);
        self.particles
            .move_all(evaluator, reference, self.temper.beta, self.config, &|| {
                format!(
                    "at temperature {} (β = {:.3e} of 1)",
                    stage + 1,
                    beta + step
                )
            })
    }

    fn notes(&self) -> Vec<String> {
        let lineages = self.temper.n_lineages();
        if lineages >= MIN_LINEAGES {
            return Vec::new();
        }
        vec![format!(
            "All particles descend from {lineages} of the first ones: modes may have been lost, and the \
             error of the evidence is itself uncertain. Use more particles."
        )]
    }
}

/// With fewer first ancestors, the estimate of the evidence's error has hardly any digits.
const MIN_LINEAGES: usize = 10;

/// The largest step of β, up to `left`, that keeps the effective number of particles at `share` of
/// those with any density.
fn next_step(ratios: &[f64], left: f64, share: f64) -> f64 {
    let alive = ratios.iter().filter(|w| w.is_finite()).count() as f64;
    let enough = |step: f64| effective(ratios, step) >= share * alive;
    if enough(left) {
        return left;
    }
    let (mut low, mut high) = (0.0, left);
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if enough(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    // A step of zero would go on for ever.
    if low > 0.0 { low } else { high }
}

fn effective(ratios: &[f64], step: f64) -> f64 {
    effective_number(&normalized(&scaled(ratios, step)))
}

fn scaled(ratios: &[f64], step: f64) -> Vec<f64> {
    ratios.iter().map(|w| w * step).collect()
}

/// How far tempering has come.
struct Temper {
    beta: f64,
    stages: usize,
    log_evidence: f64,
    /// Σ over stages of the relative variance of the mean weight, as if particles were independent.
    independent_variance: f64,
    /// Which of the first particles each descends from.
    ancestors: Vec<usize>,
}

impl Temper {
    fn new(n: usize) -> Self {
        Self {
            beta: 0.0,
            stages: 0,
            log_evidence: 0.0,
            independent_variance: 0.0,
            ancestors: (0..n).collect(),
        }
    }

    /// Goes a step of β further; returns the normalised weights of the particles.
    fn advance(&mut self, ratios: &[f64], step: f64) -> Vec<f64> {
        let log_weights = scaled(ratios, step);
        let largest = log_weights
            .iter()
            .copied()
            .fold(f64::NEG_INFINITY, f64::max);
        let n = ratios.len() as f64;
        let sum: f64 = log_weights.iter().map(|w| (w - largest).exp()).sum();
        self.log_evidence += largest + (sum / n).ln();
        let weights = normalized(&log_weights);
        self.independent_variance += weights.iter().map(|w| w * w).sum::<f64>() - 1.0 / n;
        let next = self.beta + step;
        self.beta = if next > 1.0 - f64::EPSILON { 1.0 } else { next };
        self.stages += 1;
        weights
    }

    fn inherit(&mut self, parents: &[usize]) {
        self.ancestors = parents.iter().map(|&i| self.ancestors[i]).collect();
    }

    fn descendants(&self) -> Vec<usize> {
        let mut counts = vec![0; self.ancestors.len()];
        for &ancestor in &self.ancestors {
            counts[ancestor] += 1;
        }
        counts
    }

    fn n_lineages(&self) -> usize {
        self.descendants().iter().filter(|n| **n > 0).count()
    }

    /// The genealogical estimate of the relative variance, 1 − (N/(N−1))^k (1 − Σ (nₑ/N)²) after k
    /// resamplings, which knows how well the moves mixed; it is noisy, so never below what
    /// independent particles would give.
    fn evidence(&self) -> Evidence {
        let n = self.ancestors.len() as f64;
        let together: f64 = self
            .descendants()
            .iter()
            .map(|&own| (own as f64 / n).powi(2))
            .sum();
        let factor = (n / (n - 1.0)).powf(self.stages as f64 + 1.0);
        let genealogical = 1.0 - factor * (1.0 - together);
        Evidence {
            log_evidence: self.log_evidence,
            standard_error: genealogical.max(self.independent_variance).max(0.0).sqrt(),
        }
    }
}
