//! Several posteriors as one: a mixture.

use super::posterior::Posterior;
use crate::error::{Error, Result};
use crate::prior::Parameter;
use crate::samples::Samples;
use crate::seed::{Seed, Stream};
use crate::table::Table;

/// p(θ | x) = Σₖ wₖ pₖ(θ | x): posteriors of the same parameters, from other methods, networks or
/// simulations, mixed with weights. Where one is overconfident, others widen the mixture.
///
/// # Reference
/// Hermans et al. 2022, "A trust crisis in simulation-based inference?", arXiv:2110.06581.
pub struct EnsemblePosterior {
    members: Vec<Box<dyn Posterior>>,
    /// They sum to one.
    weights: Vec<f64>,
}

impl EnsemblePosterior {
    /// A mixture with these weights, or relative weights; all the same if there are none.
    ///
    /// # Errors
    /// If there is no member, the members differ in their parameters, or the weights are not as many
    /// numbers that are not negative and have a positive sum.
    pub fn new(members: Vec<Box<dyn Posterior>>, weights: Option<&[f64]>) -> Result<Self> {
        let names = |member: &dyn Posterior| {
            let names = member.parameters().iter().map(|p| p.name.clone());
            names.collect::<Vec<_>>()
        };
        let Some(first) = members.first() else {
            return Err(Error::invalid(
                "ensemble",
                "no member",
                "at least one posterior",
                "Give the posteriors to mix.",
            ));
        };
        let expected = names(&**first);
        if let Some(other) = members.iter().find(|m| names(&***m) != expected) {
            return Err(Error::invalid(
                "ensemble, parameters of a member",
                names(&**other).join(", "),
                expected.join(", "),
                "Mix posteriors of the same parameters in the same order.",
            ));
        }
        let equal = vec![1.0; members.len()];
        let weights = weights.unwrap_or(&equal);
        let total: f64 = weights.iter().sum();
        let valid = weights.iter().all(|w| *w >= 0.0) && total.is_finite() && total > 0.0;
        if weights.len() != members.len() || !valid {
            return Err(Error::invalid(
                "ensemble, weights",
                format!("{weights:?}"),
                format!(
                    "{} numbers that are not negative, with a positive sum",
                    members.len()
                ),
                "Give one weight a member, or none for equal ones.",
            ));
        }
        Ok(Self {
            weights: weights.iter().map(|w| w / total).collect(),
            members,
        })
    }

    /// The weights, which sum to one.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// Which member makes each draw.
    fn choose(&self, n: usize, seed: Seed) -> Vec<usize> {
        let mut random = seed.stream(Stream::Posterior, u64::MAX);
        let last = self.weights.iter().rposition(|w| *w > 0.0).unwrap_or(0);
        let one = |level: f64| {
            let mut below = 0.0;
            let found = self.weights.iter().position(|w| {
                below += w;
                level < below
            });
            found.unwrap_or(last)
        };
        (0..n).map(|_| one(random.uniform())).collect()
    }

    fn mixed(
        &self,
        theta: &Table,
        of: impl Fn(&dyn Posterior) -> Result<Vec<f64>>,
    ) -> Result<Vec<f64>> {
        let mut total = vec![f64::NEG_INFINITY; theta.n_rows()];
        for (member, weight) in self.members.iter().zip(&self.weights) {
            if *weight == 0.0 {
                continue;
            }
            for (total, value) in total.iter_mut().zip(of(&**member)?) {
                let (a, b) = (*total, value + weight.ln());
                let largest = a.max(b);
                if largest > f64::NEG_INFINITY {
                    *total = largest + (-(a - b).abs()).exp().ln_1p();
                }
            }
        }
        Ok(total)
    }
}

impl std::fmt::Debug for EnsemblePosterior {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EnsemblePosterior")
            .field("weights", &self.weights)
            .finish_non_exhaustive()
    }
}

impl Posterior for EnsemblePosterior {
    fn parameters(&self) -> &[Parameter] {
        self.members[0].parameters()
    }

    /// # Errors
    /// As its members', and if one gives weighted draws.
    fn sample(&self, x: &[f64], n: usize, seed: Seed) -> Result<Samples> {
        let chosen = self.choose(n, seed);
        let width = self.parameters().len();
        let mut values = vec![0.0; n * width];
        for (k, member) in self.members.iter().enumerate() {
            let rows: Vec<usize> = (0..n).filter(|&i| chosen[i] == k).collect();
            if rows.is_empty() {
                continue;
            }
            let own = member.sample(x, rows.len(), seed.derive(Stream::Posterior, k as u64))?;
            if own.log_weights.is_some() {
                return Err(Error::invalid(
                    "ensemble",
                    "a member with weighted draws",
                    "draws that all count the same",
                    "Let its sampler resample.",
                ));
            }
            for (row, theta) in rows.into_iter().zip(own.draws.rows()) {
                values[row * width..(row + 1) * width].copy_from_slice(theta);
            }
        }
        let names = self.parameters().iter().map(|p| p.name.clone());
        let mut samples = Samples::from_rows(names, values)?;
        samples.provenance = [
            ("method", "ensemble".to_string()),
            ("version", env!("CARGO_PKG_VERSION").to_string()),
            ("seed", seed.0.to_string()),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_string(), value))
        .collect();
        Ok(samples)
    }

    /// Members that have to estimate their normalisation do so.
    fn log_prob(&self, theta: &Table, x: &[f64]) -> Result<Vec<f64>> {
        self.mixed(theta, |member| member.log_prob(theta, x))
    }

    fn map(&self, x: &[f64], seed: Seed) -> Result<Vec<f64>> {
        self.best_of(x, seed, |member, seed| member.map(x, seed))
    }

    fn map_from(&self, draws: &Table, x: &[f64], seed: Seed) -> Result<Vec<f64>> {
        self.best_of(x, seed, |member, seed| member.map_from(draws, x, seed))
    }
}

impl EnsemblePosterior {
    /// The best of the members' maxima, by the density of the mixture.
    fn best_of(
        &self,
        x: &[f64],
        seed: Seed,
        maximum: impl Fn(&dyn Posterior, Seed) -> Result<Vec<f64>>,
    ) -> Result<Vec<f64>> {
        let mut tops = Vec::new();
        for (k, member) in self.members.iter().enumerate() {
            tops.extend(maximum(&**member, seed.derive(Stream::Search, k as u64))?);
        }
        let names = self.parameters().iter().map(|p| p.name.clone());
        let table = Table::new(names, tops)?;
        let values = self.log_prob(&table, x)?;
        let best = (0..values.len()).max_by(|&a, &b| values[a].total_cmp(&values[b]));
        Ok(table.row(best.unwrap_or(0)).to_vec())
    }
}
