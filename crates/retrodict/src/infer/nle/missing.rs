//! The likelihood of trials with missing numbers: those are integrated out.

use rayon::prelude::*;

use super::likelihood::{NeuralLikelihood, join};
use crate::error::{Error, Result};
use crate::estimator::{EVALUATED, Estimator, GaussianMixture, Purpose, Workspace};
use crate::infer::discrete::codes;
use crate::infer::pairs::{self, Data};
use crate::sample::covariance::cholesky;

/// More combinations of missing discrete values are not summed over.
const MAX_COMBINATIONS: usize = 1000;
const HALF_LOG_TAU: f64 = 0.918_938_533_204_672_8;

/// One trial that lacks numbers.
struct Incomplete {
    /// Every combination of codes of the discrete columns that agrees with what was observed.
    codes: Vec<Vec<usize>>,
    /// Which continuous values were observed, by their number among those that change.
    observed: Vec<usize>,
    /// Those values, standardised.
    z: Vec<f64>,
    /// log |det ∂z/∂x| of the observed values.
    log_det: f64,
    n_continuous: usize,
}

impl NeuralLikelihood {
    /// As `log_likelihood`, where NaN in `x` is missing.
    pub(super) fn marginal_log_likelihood(
        &self,
        theta: &[f64],
        x: &[f64],
        values: &mut [f64],
    ) -> Result<()> {
        self.model.x.check_levels("observation", x)?;
        let (mut complete, mut trials) = (Vec::new(), Vec::new());
        for row in x.chunks_exact(self.model.x.n_data()) {
            if row.iter().any(|v| v.is_nan()) {
                trials.push(self.incomplete(row)?);
            } else {
                complete.extend_from_slice(row);
            }
        }
        values.fill(0.0);
        if !complete.is_empty() {
            let data = Data::Trials(&complete);
            pairs::evaluate(self, &self.desks, theta, data, values, None)?;
        }
        let p = self.space.n_parameters();
        let groups = values.par_chunks_mut(EVALUATED).enumerate();
        groups.for_each_init(
            || self.flow.workspace(EVALUATED, Purpose::Inference),
            |workspace, (k, values)| {
                let theta = &theta[k * EVALUATED * p..][..values.len() * p];
                let features = self.features(theta);
                for trial in &trials {
                    self.add_trial(trial, &features, workspace, values);
                }
            },
        );
        for (theta, value) in theta.chunks_exact(p).zip(values) {
            if !self.space.contains(theta) || value.is_nan() {
                *value = f64::NEG_INFINITY;
            }
        }
        Ok(())
    }

    fn incomplete(&self, row: &[f64]) -> Result<Incomplete> {
        let space = &self.model.x;
        let found = codes(space.discrete(), row);
        let mut all: Vec<Vec<usize>> = vec![Vec::new()];
        for (own, code) in space.discrete().iter().zip(&found) {
            let possible = match code {
                Some(code) => vec![*code],
                None => (0..own.levels.len()).collect(),
            };
            let longer = |codes: &Vec<usize>| {
                let codes = codes.clone();
                let possible = possible.clone();
                possible
                    .into_iter()
                    .map(move |code| [&codes[..], &[code]].concat())
            };
            all = all.iter().flat_map(longer).collect();
        }
        if all.len() > MAX_COMBINATIONS {
            return Err(Error::invalid(
                "observation",
                format!("missing discrete values with {} combinations", all.len()),
                format!("at most {MAX_COMBINATIONS}, which are summed over"),
                "Leave these columns out of the data and of the simulations.",
            ));
        }
        let columns = space.continuous_columns();
        let there = |k: &usize| !row[columns[*k]].is_nan();
        let observed: Vec<usize> = (0..columns.len()).filter(there).collect();
        let mixture = self.model.estimator.is_mixture();
        if !observed.is_empty() && observed.len() < columns.len() && !mixture {
            return Err(Error::invalid(
                "observation",
                "some continuous values missing, and an estimator that cannot integrate over them",
                "a mixture density network, which can",
                "Set `estimator = { kind = \"mdn\" }`, or use `npe` with `missing = \"mask\"`.",
            ));
        }
        // What is missing stands at zero while the others are standardised.
        let filled: Vec<f64> = row
            .iter()
            .map(|v| if v.is_nan() { 0.0 } else { *v })
            .collect();
        let mut standard = filled.clone();
        space.standardization().standardize(&mut standard);
        let log_det = observed.iter().map(|&k| {
            space
                .standardization()
                .log_derivative(columns[k], filled[columns[k]])
        });
        Ok(Incomplete {
            codes: all,
            z: observed.iter().map(|&k| standard[columns[k]]).collect(),
            log_det: log_det.sum(),
            observed,
            n_continuous: columns.len(),
        })
    }

    /// The features of each θ.
    fn features(&self, theta: &[f64]) -> Vec<Vec<f32>> {
        let n = self.space.n_features();
        let mut real = vec![0.0; n];
        let row = |theta: &[f64]| {
            let mut features = vec![0.0; n];
            self.space.apply(theta, &mut real, &mut features);
            features
        };
        theta
            .chunks_exact(self.space.n_parameters())
            .map(row)
            .collect()
    }

    /// Adds the trial's log-likelihood at each θ.
    fn add_trial(
        &self,
        trial: &Incomplete,
        features: &[Vec<f32>],
        workspace: &mut Workspace,
        values: &mut [f64],
    ) {
        let mut totals = vec![f64::NEG_INFINITY; values.len()];
        for codes in &trial.codes {
            let mut y: Vec<f32> = codes.iter().map(|&code| code as f32).collect();
            y.resize(self.flow.n_features(), 0.0);
            for (weights, share) in self.members.iter().zip(&self.model.mixture) {
                // The observed values are in the mixture's space, which depends on θ.
                workspace.resize(features.len());
                for (row, features) in features.iter().enumerate() {
                    if trial.observed.len() == trial.n_continuous {
                        self.place(trial, features, codes, &mut y);
                    }
                    workspace.set_row(row, &y, features);
                }
                workspace.pad();
                let terms = self.terms(trial, (codes, features), weights, workspace);
                for (total, term) in totals.iter_mut().zip(terms) {
                    join(total, share.ln() + term);
                }
            }
        }
        for (value, total) in values.iter_mut().zip(totals) {
            *value += total + trial.log_det;
        }
    }

    /// Puts y of the continuous values, all of which were observed, behind the codes.
    fn place(&self, trial: &Incomplete, features: &[f32], codes: &[usize], y: &mut [f32]) {
        let (lower, offset) = self.model.x.affine(features, codes);
        let d = trial.n_continuous;
        for (j, y) in y[codes.len()..].iter_mut().enumerate() {
            let product = lower[j * d..(j + 1) * d].iter().zip(&trial.z);
            *y = (offset[j] + product.map(|(l, z)| l * z).sum::<f64>()) as f32;
        }
    }

    /// log q of codes and observed values of each row of the workspace, under one network.
    fn terms(
        &self,
        trial: &Incomplete,
        (codes, features): (&[usize], &[Vec<f32>]),
        weights: &[f32],
        workspace: &mut Workspace,
    ) -> Vec<f64> {
        let d = trial.n_continuous;
        if d > 0 && trial.observed.len() == d {
            self.flow.log_prob(weights, workspace);
            let log_det = |features: &Vec<f32>| {
                let (lower, _) = self.model.x.affine(features, codes);
                (0..d).map(|j| lower[j * d + j].ln()).sum::<f64>()
            };
            let values = workspace.log_prob().iter().zip(features);
            return values.map(|(v, f)| f64::from(*v) + log_det(f)).collect();
        }
        let mixtures = self.flow.mixtures(weights, workspace);
        let discrete = workspace.log_prob().iter().map(|v| f64::from(*v));
        let mut terms: Vec<f64> = discrete.collect();
        if let (Some(mixtures), false) = (mixtures, trial.observed.is_empty()) {
            for ((term, mixture), features) in terms.iter_mut().zip(&mixtures).zip(features) {
                let affine = self.model.x.affine(features, codes);
                *term += marginal(mixture, &affine, &trial.observed, &trial.z);
            }
        }
        terms
    }
}

/// log of the density of some coordinates `z` of a vector whose image y = L z + b has this mixture, the
/// other coordinates integrated out.
fn marginal(
    mixture: &GaussianMixture,
    (lower, offset): &(Vec<f64>, Vec<f64>),
    observed: &[usize],
    z: &[f64],
) -> f64 {
    let d = mixture.dimension;
    let mut total = f64::NEG_INFINITY;
    for component in &mixture.components {
        // A (y − μ) = (A L)(z − m) is standard normal, so z has the covariance B Bᵀ, B = L⁻¹A⁻¹.
        let shifted: Vec<f64> = component
            .mean
            .iter()
            .zip(offset)
            .map(|(m, b)| m - b)
            .collect();
        let mean = solve_lower(lower, &shifted);
        let mut columns = Vec::with_capacity(d);
        for k in 0..d {
            let unit: Vec<f64> = (0..d).map(|i| if i == k { 1.0 } else { 0.0 }).collect();
            columns.push(solve_lower(lower, &solve_upper(&component.factor, &unit)));
        }
        let n = observed.len();
        let mut covariance = vec![0.0; n * n];
        for (i, a) in observed.iter().enumerate() {
            for (j, b) in observed.iter().enumerate() {
                covariance[i * n + j] = columns.iter().map(|c| c[*a] * c[*b]).sum();
            }
        }
        let factor = cholesky(&covariance, n);
        let residual: Vec<f64> = observed.iter().zip(z).map(|(i, z)| z - mean[*i]).collect();
        let white = solve_lower(&factor, &residual);
        let square: f64 = white.iter().map(|w| w * w).sum();
        let log_det: f64 = (0..n).map(|i| factor[i * n + i].ln()).sum();
        let log = component.log_share - 0.5 * square - log_det - n as f64 * HALF_LOG_TAU;
        join(&mut total, log);
    }
    total
}

/// L⁻¹ v.
fn solve_lower(lower: &[f64], v: &[f64]) -> Vec<f64> {
    let n = v.len();
    let mut out = v.to_vec();
    for i in 0..n {
        let known: f64 = (0..i).map(|j| lower[i * n + j] * out[j]).sum();
        out[i] = (out[i] - known) / lower[i * n + i];
    }
    out
}

/// A⁻¹ v.
fn solve_upper(upper: &[f64], v: &[f64]) -> Vec<f64> {
    let n = v.len();
    let mut out = v.to_vec();
    for i in (0..n).rev() {
        let known: f64 = (i + 1..n).map(|j| upper[i * n + j] * out[j]).sum();
        out[i] = (out[i] - known) / upper[i * n + i];
    }
    out
}
