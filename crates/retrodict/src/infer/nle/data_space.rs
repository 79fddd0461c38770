//! The space in which a network models the data.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::NleConfig;
use crate::embed::{Column, LinearGuess, Standardization};
use crate::error::{Error, Result};
use crate::estimator::{EstimatorConfig, MixedDensity};
use crate::infer::discrete::{self, DiscreteColumn};
use crate::table::Table;

/// x → y given θ: the codes of discrete columns; then standardisation of the others and the linear
/// guess, if there is one. Columns that never change are left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataSpace {
    /// The standardisation of x; discrete columns count as constant.
    standardization: Standardization,
    /// The linear-Gaussian guess of the continuous data given θ and the discrete data, whose error the
    /// network models.
    linear_guess: Option<LinearGuess>,
    /// The discrete columns, and the values that each can take.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    discrete: Vec<DiscreteColumn>,
}

impl DataSpace {
    /// Learns from rows of x, and of θ as the network sees them, without the columns that are `unrelated`.
    ///
    /// # Errors
    /// If no column of x changes.
    pub(super) fn fit(
        [x, theta]: [&Table; 2],
        config: &NleConfig,
        mut discrete: Vec<DiscreteColumn>,
        unrelated: &[usize],
    ) -> Result<Self> {
        let fitted = Standardization::fit(x, config.standardization).without(unrelated);
        let mut columns = fitted.columns().to_vec();
        discrete.retain(|own| !unrelated.contains(&own.column));
        for own in &discrete {
            columns[own.column] = Column::Constant {
                value: own.levels[0],
            };
        }
        let mut space = Self {
            standardization: Standardization::new(columns),
            linear_guess: None,
            discrete,
        };
        if space.n_values() == 0 {
            return Err(Error::invalid(
                "simulations, x",
                "the same data in every row",
                "data that differ",
                "Look for a mistake in the simulator: its data say nothing about the parameters.",
            ));
        }
        let n = space.n_continuous();
        if config.linear_guess && n > 0 {
            let mut varying = Vec::with_capacity(x.n_rows() * n);
            let mut told = Vec::new();
            let mut room = vec![0.0; x.n_columns()];
            for (x, theta) in x.rows().zip(theta.rows()) {
                space.standardize(x, &mut room);
                varying.extend_from_slice(&room[..n]);
                told.extend_from_slice(theta);
                let codes = discrete::codes(&space.discrete, x);
                let hot = discrete::one_hot(&space.discrete, &codes);
                told.extend(hot.into_iter().map(f64::from));
            }
            let varying = Table::numbered("x", n, varying)?;
            let told = Table::numbered("c", theta.n_columns() + space.n_hot(), told)?;
            space.linear_guess = Some(LinearGuess::fit(&varying, &told, &vec![false; n]));
        }
        Ok(space)
    }

    /// The density of y.
    pub(super) fn build(
        &self,
        estimator: &EstimatorConfig,
        n_features: usize,
    ) -> Result<MixedDensity> {
        let levels = discrete::counts(&self.discrete);
        estimator.build_mixed(&levels, &vec![false; self.n_continuous()], n_features)
    }

    /// The standardisation and the names of the columns that are not discrete.
    pub(super) fn continuous(&self, names: &[String]) -> (Standardization, Vec<String>) {
        let is_discrete = |j: usize| self.discrete.iter().any(|own| own.column == j);
        let each = self.standardization.columns().iter().zip(names);
        let kept = each.enumerate().filter(|(j, _)| !is_discrete(*j));
        let (columns, names) = kept
            .map(|(_, (column, name))| (*column, name.clone()))
            .unzip();
        (Standardization::new(columns), names)
    }

    /// How many numbers a row of data has.
    pub(super) fn n_data(&self) -> usize {
        self.standardization.columns().len()
    }

    /// How many of them change, and are modelled.
    pub(super) fn n_values(&self) -> usize {
        self.discrete.len() + self.n_continuous()
    }

    fn n_continuous(&self) -> usize {
        self.continuous_columns().len()
    }

    fn n_hot(&self) -> usize {
        discrete::counts(&self.discrete).iter().sum()
    }

    /// Fills `y` and returns log |det ∂y/∂x|, −∞ for a value that a discrete column cannot take. `room`
    /// is as long as x.
    pub(super) fn forward(
        &self,
        x: &[f64],
        features: &[f32],
        room: &mut [f64],
        y: &mut [f32],
    ) -> f64 {
        let (codes, y) = y.split_at_mut(self.discrete.len());
        let found = discrete::codes(&self.discrete, x);
        for (code, found) in codes.iter_mut().zip(&found) {
            *code = found.unwrap_or(0) as f32;
        }
        let impossible = found.contains(&None);
        let start = if impossible { f64::NEG_INFINITY } else { 0.0 };
        let log_det = start + self.standardize(x, room);
        let varying = &room[..y.len()];
        if let Some(guess) = &self.linear_guess {
            return log_det + guess.forward(varying, &self.told(features, &found), y);
        }
        for (y, value) in y.iter_mut().zip(varying) {
            *y = *value as f32;
        }
        log_det
    }

    /// What the linear guess is told: the features of θ, and the discrete data one-hot.
    fn told<'a>(&self, features: &'a [f32], codes: &[Option<usize>]) -> Cow<'a, [f32]> {
        if self.discrete.is_empty() {
            return Cow::Borrowed(features);
        }
        let hot = discrete::one_hot(&self.discrete, codes);
        Cow::Owned([features, &hot].concat())
    }

    pub(super) fn has_linear_guess(&self) -> bool {
        self.linear_guess.is_some()
    }

    /// The positions of the columns that never change.
    pub(super) fn constant_columns(&self) -> Vec<usize> {
        let discrete = |j: &usize| self.discrete.iter().any(|own| own.column == *j);
        let mut columns = self.standardization.constant_columns();
        columns.retain(|j| !discrete(j));
        columns
    }

    pub(super) fn discrete(&self) -> &[DiscreteColumn] {
        &self.discrete
    }

    pub(super) fn standardization(&self) -> &Standardization {
        &self.standardization
    }

    /// The positions of the continuous columns that change.
    pub(super) fn continuous_columns(&self) -> Vec<usize> {
        let modelled = |j: &usize| self.standardization.columns()[*j].is_modelled();
        (0..self.n_data()).filter(modelled).collect()
    }

    /// L and b of y = L z + b, with z the continuous data standardised, for given features of θ and codes:
    /// the linear guess, or nothing.
    pub(super) fn affine(&self, features: &[f32], codes: &[usize]) -> (Vec<f64>, Vec<f64>) {
        let n = self.n_continuous();
        let codes: Vec<Option<usize>> = codes.iter().copied().map(Some).collect();
        if let Some(guess) = &self.linear_guess {
            return guess.affine(&self.told(features, &codes));
        }
        let identity = (0..n * n).map(|i| if i % (n + 1) == 0 { 1.0 } else { 0.0 });
        (identity.collect(), vec![0.0; n])
    }

    /// Refuses rows of `what` with a value that no simulation gave.
    pub(super) fn check_levels(&self, what: &str, x: &[f64]) -> Result<()> {
        if self.discrete.is_empty() {
            return Ok(());
        }
        for (i, row) in x.chunks_exact(self.n_data()).enumerate() {
            let codes = discrete::codes(&self.discrete, row);
            let known = |(own, code): (&DiscreteColumn, &Option<usize>)| {
                code.is_some() || row[own.column].is_nan()
            };
            let unknown = |pair: (&DiscreteColumn, &Option<usize>)| !known(pair);
            let Some(at) = self.discrete.iter().zip(&codes).position(unknown) else {
                continue;
            };
            let own = &self.discrete[at];
            let levels: Vec<String> = own.levels.iter().map(f64::to_string).collect();
            return Err(Error::invalid(
                format!("{what}, row {}, value {}", i + 1, own.column + 1),
                row[own.column],
                format!(
                    "one of the values that simulations gave: {}",
                    levels.join(", ")
                ),
                "Look for a mistake in the data or the simulator, or simulate more; if the column is \
                 continuous, leave it out of `discrete_data`.",
            ));
        }
        Ok(())
    }

    /// Fills the front of `room` with what changes, standardised; log |det|.
    fn standardize(&self, x: &[f64], room: &mut [f64]) -> f64 {
        room.copy_from_slice(x);
        let log_det = self.standardization.standardize(room);
        let mut kept = 0;
        for (j, column) in self.standardization.columns().iter().enumerate() {
            if column.is_modelled() {
                room[kept] = room[j];
                kept += 1;
            }
        }
        log_det
    }

    /// Adds to `out` what y's dependence on the features of θ makes of a gradient with respect to y.
    pub(super) fn add_feature_gradient(&self, y_gradient: &[f64], out: &mut [f64]) {
        if let Some(guess) = &self.linear_guess {
            guess.add_context_gradient(y_gradient, out);
        }
    }

    /// Says what is wrong with a space from a file.
    pub(super) fn check(&self) -> std::result::Result<(), String> {
        if !self.standardization.is_valid() {
            return Err(
                "a standardisation of x with a scale that is not positive and finite".into(),
            );
        }
        DiscreteColumn::check(&self.discrete, self.n_data())?;
        let constant = |own: &DiscreteColumn| {
            let column = &self.standardization.columns()[own.column];
            matches!(column, Column::Constant { .. })
        };
        if !self.discrete.iter().all(constant) {
            return Err("a discrete column that is standardised".into());
        }
        if self.n_values() == 0 {
            return Err("no data that change".into());
        }
        Ok(())
    }

    /// Refuses a linear guess from a file that is not for so many features of θ.
    pub(super) fn check_guess(&self, n_features: usize) -> Result<()> {
        let fits = |guess: &LinearGuess| {
            guess.is_valid(self.n_continuous(), n_features + self.n_hot()) && guess.is_unconfined()
        };
        if self.linear_guess.as_ref().is_none_or(fits) {
            return Ok(());
        }
        Err(Error::invalid(
            "the model's linear guess",
            "another size, or numbers that are not finite",
            format!("{} values given {n_features} numbers", self.n_continuous()),
            "Use the prior that the model was trained with.",
        ))
    }
}
