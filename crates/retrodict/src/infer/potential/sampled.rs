//! What a sampler's run gives a user: draws of θ, diagnostics, provenance.

use std::collections::BTreeMap;

use super::density::PotentialDensity;
use super::posterior::PotentialPosterior;
use crate::error::Result;
use crate::prior::special::LOG_SQRT_2PI;
use crate::sample::{Diagnostics, Drawn, Report};
use crate::samples::Samples;
use crate::seed::{Random, Seed, Stream};
use crate::table::Table;

/// Draws from a posterior, and how the sampler's run went.
#[derive(Debug, Clone, PartialEq)]
pub struct SampledPosterior {
    /// The draws: exactly as many as were asked for.
    pub samples: Samples,
    /// What the sampler says about its run.
    pub report: Report,
    /// R̂ and effective sample sizes, one a parameter, of all draws of all chains; none if the draws
    /// are weighted.
    pub diagnostics: Vec<Diagnostics>,
}

/// Chains whose R̂ is above this do not agree.
const MAX_R_HAT: f64 = 1.05;
/// Fewer effective draws make a coarse posterior.
const MIN_ESS: f64 = 100.0;

impl PotentialPosterior {
    /// The first `n` draws, and what is to be said about all.
    pub(super) fn sampled(
        &self,
        density: &PotentialDensity<'_>,
        drawn: Drawn,
        n: usize,
        seed: Seed,
    ) -> Result<SampledPosterior> {
        let mut drawn = drawn;
        let mut theta = self.thetas(density, &mut drawn, seed);
        density.failure()?;
        let diagnostics = if drawn.log_weights.is_some() || drawn.n_draws() == 0 {
            Vec::new()
        } else {
            self.diagnose(&mut drawn, &theta)
        };
        drawn.truncate(n);
        theta.truncate(drawn.n_draws() * self.prior().n_parameters());
        let mut samples = self.samples(&drawn, theta)?;
        samples.provenance = self.provenance(&drawn.report, &diagnostics, seed);
        Ok(SampledPosterior {
            samples,
            report: drawn.report,
            diagnostics,
        })
    }

    /// θ of every draw, the state of each drawn given z; turns the statistic `log_density` into that
    /// of θ: log p(x | θ) + log p(θ).
    fn thetas(&self, density: &PotentialDensity<'_>, drawn: &mut Drawn, seed: Seed) -> Vec<f64> {
        let n_states = self.space.n_states();
        let (mut theta, mut log_dets) = self.space.parameters(&drawn.points, 0);
        let width = self.prior().n_parameters();
        let n = drawn.n_draws();
        if n_states > 1 && n > 0 {
            let mut values = vec![0.0; n_states * n];
            for (state, own) in values.chunks_exact_mut(n).enumerate() {
                density.log_density_in(state, &drawn.points, own);
            }
            let chosen: Vec<usize> = (0..n)
                .map(|i| {
                    pick(
                        &values,
                        (i, n),
                        seed.stream(Stream::DiscreteStates, i as u64),
                    )
                })
                .collect();
            for state in 0..n_states {
                let (own, own_dets) = self.space.parameters(&drawn.points, state);
                for i in (0..n).filter(|&i| chosen[i] == state) {
                    let row = i * width..(i + 1) * width;
                    theta[row.clone()].copy_from_slice(&own[row]);
                    log_dets[i] = own_dets[i];
                }
            }
            if let Some(statistic) = drawn.statistics.get_mut("log_density") {
                for (i, value) in statistic.iter_mut().enumerate() {
                    *value = values[chosen[i] * n + i];
                }
            }
        }
        if let Some(values) = drawn.statistics.get_mut("log_density") {
            // Without a continuous parameter, less what the coordinate on which nothing depends adds.
            let idle = if self.space.is_finite() {
                -LOG_SQRT_2PI
            } else {
                0.0
            };
            for (value, log_det) in values.iter_mut().zip(log_dets) {
                *value -= log_det + idle;
            }
        }
        theta
    }

    fn diagnose(&self, drawn: &mut Drawn, theta: &[f64]) -> Vec<Diagnostics> {
        let names = self.prior().names();
        let discrete = self.prior().discrete_columns();
        let table = Table::new(names.clone(), theta.to_vec()).expect("a prior's names differ");
        let diagnostics: Vec<Diagnostics> = (0..names.len())
            .map(|j| {
                let own = Diagnostics::of(&table.column(j), drawn.n_chains);
                if discrete.contains(&j) {
                    settled(own, drawn.n_draws())
                } else {
                    own
                }
            })
            .collect();
        for (name, own) in names.iter().zip(&diagnostics) {
            if drawn.n_chains > 1 && own.r_hat > MAX_R_HAT {
                drawn.report.notes.push(format!(
                    "The chains do not agree about `{name}` (R̂ = {:.3}): raise `warmup` or `thin`, or use \
                     the sampler `smc` if there are several modes.",
                    own.r_hat
                ));
            } else if drawn.n_chains > 1 && own.ess_bulk < MIN_ESS {
                drawn.report.notes.push(format!(
                    "The draws of `{name}` are worth only {:.0} independent ones: raise `thin` or the \
                     number of draws.",
                    own.ess_bulk
                ));
            }
        }
        diagnostics
    }

    fn samples(&self, drawn: &Drawn, theta: Vec<f64>) -> Result<Samples> {
        let mut samples = Samples::from_rows(self.prior().names(), theta)?;
        samples.n_chains = drawn.n_chains;
        samples.log_weights.clone_from(&drawn.log_weights);
        samples.statistics.clone_from(&drawn.statistics);
        Ok(samples)
    }

    fn provenance(
        &self,
        report: &Report,
        diagnostics: &[Diagnostics],
        seed: Seed,
    ) -> BTreeMap<String, String> {
        let largest = |of: fn(&Diagnostics) -> f64| diagnostics.iter().map(of).reduce(f64::max);
        let smallest = |of: fn(&Diagnostics) -> f64| diagnostics.iter().map(of).reduce(f64::min);
        let number = |value: Option<f64>| value.map(|v| format!("{v:.4}"));
        let evidence = report.evidence;
        let entries = [
            ("method", Some(self.method.clone())),
            ("sampler", Some(report.sampler.clone())),
            ("version", Some(env!("CARGO_PKG_VERSION").to_string())),
            ("seed", Some(seed.0.to_string())),
            ("evaluations", Some(report.evaluations.to_string())),
            ("invalid_log_likelihoods", Some(report.invalid.to_string())),
            ("divergences", Some(report.divergences.to_string())),
            ("acceptance", number(report.acceptance)),
            ("r_hat", number(largest(|d| d.r_hat))),
            ("ess_bulk", number(smallest(|d| d.ess_bulk))),
            ("ess_tail", number(smallest(|d| d.ess_tail))),
            ("log_evidence", number(evidence.map(|e| e.log_evidence))),
            (
                "log_evidence_standard_error",
                number(evidence.map(|e| e.standard_error)),
            ),
            ("effective_size", number(report.effective)),
            ("k_hat", number(report.k_hat)),
            (
                "notes",
                (!report.notes.is_empty()).then(|| report.notes.join(" ")),
            ),
        ];
        let given = entries.into_iter();
        given
            .filter_map(|(key, value)| Some((key.to_string(), value?)))
            .collect()
    }
}

/// Of a discrete parameter, which is drawn given the others and does not move by itself: that all draws,
/// or all in a tail, have the same value says that it is certain.
fn settled(own: Diagnostics, n: usize) -> Diagnostics {
    let or = |value: f64, other: f64| if value.is_nan() { other } else { value };
    let ess_bulk = or(own.ess_bulk, n as f64);
    Diagnostics {
        r_hat: or(own.r_hat, 1.0),
        ess_bulk,
        ess_tail: or(own.ess_tail, ess_bulk),
        mcse_mean: or(own.mcse_mean, 0.0),
        mcse_sd: or(own.mcse_sd, 0.0),
    }
}

/// The state of draw `i` of `n`, with the probabilities that the densities of all states give it.
fn pick(values: &[f64], (i, n): (usize, usize), mut random: Random) -> usize {
    let own = || values.iter().skip(i).step_by(n);
    let largest = own().copied().fold(f64::NEG_INFINITY, f64::max);
    let total: f64 = own().map(|v| (v - largest).exp()).sum();
    let level = random.uniform() * total;
    let mut below = 0.0;
    let found = own().position(|v| {
        below += (v - largest).exp();
        level < below
    });
    // Rounding may leave the sum just under the level.
    found
        .or_else(|| own().position(|v| *v == largest))
        .unwrap_or(0)
}
