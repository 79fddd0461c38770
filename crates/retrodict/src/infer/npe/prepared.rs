//! What is known of simulations in memory before training begins.

use super::config::NpeConfig;
use super::target::{add_examples, fit_target};
use super::{GIVEN_SUCCESS, finish};
use crate::embed::{Standardization, StandardizationMethod};
use crate::error::{Error, Result};
use crate::estimator::Examples;
use crate::infer::discrete;
use crate::infer::missing::{Missing, Seen, fit_standardization, masked};
use crate::infer::neural::NeuralPosterior;
use crate::infer::screening::screened;
use crate::infer::target::{Target, check_varies};
use crate::infer::usable_rows::{
    check_shapes, notes, real_table, usable_rows, usable_rows_with_gaps,
};
use crate::prior::Prior;
use crate::sample::pick_levels;
use crate::samples::effective_number;
use crate::seed::{Seed, Stream};
use crate::simulate::Simulations;
use crate::table::Table;
use crate::train::{Fitted, Split, TrainLog};

/// A linear guess is made of at least so many rows.
const FEWEST_ROWS: f64 = 20.0;

/// What is known of simulations in memory before training begins.
pub(in crate::infer) struct Prepared {
    /// The positions among the simulations of the rows with data.
    pub(in crate::infer) rows: Vec<usize>,
    /// θ and x of these rows; if some data may be missing, followed by θ and masked x of all of them again.
    pub(in crate::infer) theta: Table,
    pub(in crate::infer) x: Table,
    pub(in crate::infer) split: Split,
    pub(in crate::infer) target: Target,
    pub(in crate::infer) standard_x: Standardization,
    masked: bool,
    n_failed: usize,
}

impl Prepared {
    /// With the importance weight of each simulation, the linear guess is made of rows drawn in proportion to
    /// them.
    pub(in crate::infer) fn new(
        prior: &Prior,
        simulations: &Simulations,
        config: &NpeConfig,
        weights: Option<&[f64]>,
        seed: Seed,
    ) -> Result<Self> {
        config.train.validate()?;
        config.estimator.validate()?;
        check_shapes(prior, simulations)?;
        let gaps = takes_gaps(config.missing)?;
        let rows = if gaps {
            usable_rows_with_gaps(simulations)?
        } else {
            usable_rows(simulations)?
        };
        let mut x = simulations.x.select(&rows);
        let mut theta = simulations.theta.select(&rows);
        let mut split = Split::random(rows.len(), config.train.validation_fraction, seed);
        let map = prior.continuous_map(config.support)?;
        let discrete = discrete::of_parameters(prior, &theta)?;
        let mut real = real_table(&map, simulations, &rows)?;
        let seen = [&real, &x].map(|table| table.select(&split.train));
        let standard_x = if gaps {
            fit_standardization(&seen[1], config.standardization)
        } else {
            let fitted = Standardization::fit(&seen[1], config.standardization);
            screened(fitted, config.screening, [&theta, &x])
        };
        let seen = if gaps {
            add_masked([&mut real, &mut theta, &mut x], &mut split, seed);
            [&real, &x].map(|table| table.select(&split.train))
        } else {
            seen
        };
        let seen = match weights {
            None => seen,
            Some(weights) => {
                let own = split.train.iter().map(|&row| weights[rows[row]]);
                let drawn = in_proportion(&own.collect::<Vec<_>>(), seed);
                seen.map(|table| table.select(&drawn))
            }
        };
        let told = Seen {
            standardization: &standard_x,
            masked: gaps,
        };
        let fitted_z = Standardization::fit(&seen[0], StandardizationMethod::Linear);
        let target = fit_target(map, config, &seen, (&fitted_z, told), discrete)?;
        let names = simulations.theta.names().iter();
        let names = names.filter(|name| !prior.discrete_parameters().contains(&name.as_str()));
        check_varies(&target.standardization, &names.cloned().collect::<Vec<_>>())?;
        Ok(Self {
            n_failed: simulations.len() - rows.len(),
            masked: gaps,
            rows,
            theta,
            x,
            split,
            target,
            standard_x,
        })
    }

    /// Rows of (θ, x) as a network sees them.
    pub(in crate::infer) fn examples(&self, rows: &[usize]) -> Examples {
        let mut examples = Examples::new(self.target.n_features(), self.told().width());
        let rows = rows
            .iter()
            .map(|&row| (self.theta.row(row), self.x.row(row)));
        add_examples(&self.target, self.told(), rows, &mut examples);
        examples
    }

    /// How a network sees the data.
    pub(in crate::infer) fn told(&self) -> Seen<'_> {
        Seen {
            standardization: &self.standard_x,
            masked: self.masked,
        }
    }

    /// The posterior of the networks trained on these rows.
    pub(in crate::infer) fn finish(
        self,
        prior: &Prior,
        config: &NpeConfig,
        fitted: Fitted,
    ) -> Result<(NeuralPosterior, TrainLog)> {
        let failures = (self.n_failed, GIVEN_SUCCESS);
        let notes = notes(&self.standard_x, self.x.names(), failures);
        finish(prior, config, self.target, self.standard_x, (fitted, notes))
    }
}

/// Positions drawn in proportion to the weights, as many as the effective number of them, by systematic
/// resampling: more would be the same rows again, which a regression takes for news.
fn in_proportion(weights: &[f64], seed: Seed) -> Vec<usize> {
    let total: f64 = weights.iter().sum();
    if total <= 0.0 {
        return (0..weights.len()).collect();
    }
    let n = effective_number(weights).round().max(FEWEST_ROWS);
    let shift = seed.stream(Stream::WeightedRows, 0).uniform();
    let level = |k: usize| (k as f64 + shift) * total / n;
    pick_levels(weights, &(0..n as usize).map(level).collect::<Vec<f64>>())
}

/// Whether NaN is a number that is missing.
fn takes_gaps(missing: Missing) -> Result<bool> {
    match missing {
        Missing::Refuse => Ok(false),
        Missing::Mask => Ok(true),
        Missing::Marginalize => Err(Error::invalid(
            "missing",
            "`marginalize`",
            "`mask`",
            "Neural likelihood estimation integrates missing data out; a posterior is trained for them.",
        )),
    }
}

/// Adds every row once more, without some of its data, to the same side of the split.
fn add_masked([real, theta, x]: [&mut Table; 3], split: &mut Split, seed: Seed) {
    let n = x.n_rows();
    let copies = [real.clone(), theta.clone(), masked(x, seed)];
    for (table, copy) in [real, theta, x].into_iter().zip(copies) {
        table.append(|values| values.extend_from_slice(copy.values()));
    }
    for side in [&mut split.train, &mut split.validation] {
        let copies: Vec<usize> = side.iter().map(|row| row + n).collect();
        side.extend(copies);
    }
}
