//! What a sampler's run gives a user: draws of θ, diagnostics, provenance.

use std::collections::BTreeMap;

use super::posterior::PotentialPosterior;
use crate::error::Result;
use crate::sample::{Diagnostics, Drawn, Report};
use crate::samples::Samples;
use crate::seed::Seed;
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
    pub(super) fn sampled(&self, drawn: Drawn, n: usize, seed: Seed) -> Result<SampledPosterior> {
        let mut drawn = drawn;
        let diagnostics = if drawn.log_weights.is_some() || drawn.n_draws() == 0 {
            Vec::new()
        } else {
            self.diagnose(&mut drawn)
        };
        drawn.truncate(n);
        let mut samples = self.samples(&drawn)?;
        samples.provenance = self.provenance(&drawn.report, &diagnostics, seed);
        Ok(SampledPosterior {
            samples,
            report: drawn.report,
            diagnostics,
        })
    }

    fn diagnose(&self, drawn: &mut Drawn) -> Vec<Diagnostics> {
        let (theta, _) = self.space.parameters(&drawn.points);
        let names = self.prior().names();
        let table = Table::new(names.clone(), theta).expect("a prior's names differ");
        let diagnostics: Vec<Diagnostics> = (0..names.len())
            .map(|j| Diagnostics::of(&table.column(j), drawn.n_chains))
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

    fn samples(&self, drawn: &Drawn) -> Result<Samples> {
        let (theta, log_dets) = self.space.parameters(&drawn.points);
        let mut samples = Samples::from_rows(self.prior().names(), theta)?;
        samples.n_chains = drawn.n_chains;
        samples.log_weights.clone_from(&drawn.log_weights);
        samples.statistics.clone_from(&drawn.statistics);
        // From the density of z to that of θ: log p(x | θ) + log p(θ).
        if let Some(values) = samples.statistics.get_mut("log_density") {
            for (value, log_det) in values.iter_mut().zip(log_dets) {
                *value -= log_det;
            }
        }
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
