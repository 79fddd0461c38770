//! What summaries are learned from.

use super::SummariesConfig;
use super::powers::Powers;
use crate::error::{Error, Result};
use crate::infer::least_squares::{LinearFit, Rows};
use crate::prior::{Prior, SupportKind};
use crate::simulate::Simulations;

/// What the regression learns from.
pub(super) struct Examples {
    features: Vec<f64>,
    n_features: usize,
    targets: Vec<f64>,
    pub(super) n_targets: usize,
    weights: Vec<f64>,
}

impl Examples {
    pub(super) fn new(
        prior: &Prior,
        simulations: &Simulations,
        degree: usize,
    ) -> Result<(Powers, Self)> {
        let config = SummariesConfig::SemiAutomatic { degree };
        config.validate()?;
        let rows = simulations.valid_rows();
        let n_features = degree * simulations.x.n_columns();
        let fewest = config.fewest_simulations(simulations.x.n_columns());
        if rows.len() < fewest {
            return Err(Error::invalid(
                "summaries `semi_automatic`",
                format!("{} simulations with data", rows.len()),
                format!("at least {fewest}, for {n_features} regressors"),
                "Simulate more, or choose a lower degree.",
            ));
        }
        let (targets, n_targets) = targets(prior, simulations, &rows);
        let (middle, scale) = standardization(simulations, &rows);
        let powers = Powers {
            degree,
            middle,
            scale,
        };
        let x = rows.iter().map(|&i| simulations.x.row(i));
        let examples = Self {
            features: x.flat_map(|x| powers.of(x)).collect(),
            n_features,
            targets,
            n_targets,
            weights: vec![1.0; rows.len()],
        };
        Ok((powers, examples))
    }

    /// Σ over targets of the mean squared error of predictions by the other rows, relative to their variance.
    pub(super) fn left_out_error(&self) -> f64 {
        let (_, predicted) = LinearFit::with_left_out(self.rows());
        let n = self.weights.len() as f64;
        let of_target = |k: usize| {
            let own = || self.targets.iter().skip(k).step_by(self.n_targets);
            let mean = own().sum::<f64>() / n;
            let variance = own().map(|t| (t - mean).powi(2)).sum::<f64>();
            let predicted = predicted.iter().skip(k).step_by(self.n_targets);
            own()
                .zip(predicted)
                .map(|(t, p)| (t - p).powi(2))
                .sum::<f64>()
                / variance
        };
        (0..self.n_targets).map(of_target).sum()
    }

    pub(super) fn rows(&self) -> Rows<'_> {
        Rows {
            features: &self.features,
            n_features: self.n_features,
            targets: &self.targets,
            n_targets: self.n_targets,
            weights: &self.weights,
        }
    }
}

/// θ where the regression is made: the bounded space if the prior has one.
fn targets(prior: &Prior, simulations: &Simulations, rows: &[usize]) -> (Vec<f64>, usize) {
    let theta = &simulations.theta;
    let Ok(map) = prior.support_map(SupportKind::Box) else {
        return (theta.select(rows).values().to_vec(), theta.n_columns());
    };
    let n = map.n_unconstrained();
    let mut targets = vec![0.0; rows.len() * n];
    for (z, &i) in targets.chunks_exact_mut(n).zip(rows) {
        map.forward(theta.row(i), z);
    }
    (targets, n)
}

fn standardization(simulations: &Simulations, rows: &[usize]) -> (Vec<f64>, Vec<f64>) {
    let n = rows.len() as f64;
    let moments = |j: usize| {
        let column = rows.iter().map(|&i| simulations.x.row(i)[j]);
        let mean = column.clone().sum::<f64>() / n;
        let sd = (column.map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
        (mean, if sd > 1e-14 * mean.abs() { sd } else { 1.0 })
    };
    (0..simulations.x.n_columns()).map(moments).unzip()
}
