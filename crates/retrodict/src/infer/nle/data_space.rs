//! The space in which a network models the data.

use serde::{Deserialize, Serialize};

use crate::embed::{Column, LinearGuess, Standardization, StandardizationMethod};
use crate::error::{Error, Result};
use crate::table::Table;

/// x → y given θ: standardisation, then the linear guess if there is one. Columns that never change
/// are left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataSpace {
    /// The standardisation of x.
    standardization: Standardization,
    /// The linear-Gaussian guess of x given θ, both standardised, whose error the network models.
    linear_guess: Option<LinearGuess>,
}

impl DataSpace {
    /// Learns from rows of x, and of θ as the network sees them.
    ///
    /// # Errors
    /// If no column of x changes.
    pub(super) fn fit(
        x: &Table,
        theta: &Table,
        method: StandardizationMethod,
        linear_guess: bool,
    ) -> Result<Self> {
        let mut space = Self {
            standardization: Standardization::fit(x, method),
            linear_guess: None,
        };
        let n = space.n_values();
        if n == 0 {
            return Err(Error::invalid(
                "simulations, x",
                "the same data in every row",
                "data that differ",
                "Look for a mistake in the simulator: its data say nothing about the parameters.",
            ));
        }
        if linear_guess {
            let mut varying = Vec::with_capacity(x.n_rows() * n);
            let mut room = vec![0.0; x.n_columns()];
            for x in x.rows() {
                space.standardize(x, &mut room);
                varying.extend_from_slice(&room[..n]);
            }
            let varying = Table::numbered("x", n, varying)?;
            space.linear_guess = Some(LinearGuess::fit(&varying, theta, &vec![false; n]));
        }
        Ok(space)
    }

    pub(super) fn standardization(&self) -> &Standardization {
        &self.standardization
    }

    /// How many numbers a row of data has.
    pub(super) fn n_data(&self) -> usize {
        self.standardization.columns().len()
    }

    /// How many of them change, and are modelled.
    pub(super) fn n_values(&self) -> usize {
        self.n_data() - self.standardization.constant_columns().len()
    }

    /// Fills `y` and returns log |det ∂y/∂x|. `room` is as long as x.
    pub(super) fn forward(
        &self,
        x: &[f64],
        features: &[f32],
        room: &mut [f64],
        y: &mut [f32],
    ) -> f64 {
        let log_det = self.standardize(x, room);
        let varying = &room[..y.len()];
        if let Some(guess) = &self.linear_guess {
            return log_det + guess.forward(varying, features, y);
        }
        for (y, value) in y.iter_mut().zip(varying) {
            *y = *value as f32;
        }
        log_det
    }

    /// Fills the front of `room` with what changes, standardised; log |det|.
    fn standardize(&self, x: &[f64], room: &mut [f64]) -> f64 {
        room.copy_from_slice(x);
        let log_det = self.standardization.standardize(room);
        let mut kept = 0;
        for (j, column) in self.standardization.columns().iter().enumerate() {
            if !matches!(column, Column::Constant { .. }) {
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

    /// Says what is wrong with a space from a file, for so many features of θ.
    pub(super) fn check(&self, n_features: usize) -> std::result::Result<(), String> {
        if !self.standardization.is_valid() {
            return Err(
                "a standardisation of x with a scale that is not positive and finite".into(),
            );
        }
        if self.n_values() == 0 {
            return Err("no data that change".into());
        }
        let fits = |guess: &LinearGuess| {
            guess.is_valid(self.n_values(), n_features) && guess.is_unconfined()
        };
        if !self.linear_guess.as_ref().is_none_or(fits) {
            return Err(
                "a linear guess of another size, or with numbers that are not finite".into(),
            );
        }
        Ok(())
    }
}
