//! The space in which a network models θ.

use std::borrow::Cow;

use super::discrete::{self, DiscreteColumn};
use crate::embed::{Column, LinearGuess, Standardization};
use crate::error::{Error, Result};
use crate::prior::SupportMap;

/// θ → y given x: the prior's support map, standardisation, and the linear guess if there is one. Its
/// inverse lands in the support whatever the number, so a draw cannot fall outside the prior. Of
/// discrete parameters, y has the codes of their values, before all else.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) map: SupportMap,
    pub(super) standardization: Standardization,
    pub(super) guess: Option<LinearGuess>,
    pub(super) discrete: Vec<DiscreteColumn>,
}

impl Target {
    pub(super) fn n_features(&self) -> usize {
        self.discrete.len() + self.n_continuous()
    }

    pub(super) fn n_continuous(&self) -> usize {
        self.standardization.columns().len()
    }

    /// Which continuous features of y are confined to the estimator's box.
    pub(super) fn bounded(&self) -> Vec<bool> {
        match self.guess {
            Some(_) => vec![false; self.n_continuous()],
            None => self.map.bounded().to_vec(),
        }
    }

    /// Fills `y` and returns log |det ∂y/∂θ|; −∞ outside the support, where `y` is arbitrary but
    /// finite. `real` is room for as many numbers.
    pub(super) fn forward(
        &self,
        theta: &[f64],
        context: &[f32],
        real: &mut [f64],
        y: &mut [f32],
    ) -> f64 {
        // The map moves a point on the boundary inside; what is outside has no density.
        if !self.map.prior().contains(theta) {
            y.fill(0.0);
            return f64::NEG_INFINITY;
        }
        let (codes, y) = y.split_at_mut(self.discrete.len());
        let found = discrete::codes(&self.discrete, theta);
        for (code, found) in codes.iter_mut().zip(&found) {
            *code = found.unwrap_or(0) as f32;
        }
        let log_det = if found.contains(&None) {
            f64::NEG_INFINITY
        } else {
            0.0
        };
        let context = &*self.with_codes(context, &found);
        let real = &mut real[..self.n_continuous()];
        log_det + self.map.forward(theta, real) + self.forward_real(real, context, y)
    }

    /// Fills `y` from a point of real space, which is changed, and returns the log-determinant. Without
    /// discrete parameters; otherwise the context has to hold their codes.
    pub(super) fn forward_real(&self, real: &mut [f64], context: &[f32], y: &mut [f32]) -> f64 {
        let Some(guess) = &self.guess else {
            self.standardization.apply(real, y);
            return self.standardization.log_det(real);
        };
        self.standardization.standardize(real) + guess.forward(real, context, y)
    }

    /// Fills `z`, the standardised θ before the linear guess, and returns log |det ∂z/∂θ|. `theta` has to
    /// lie inside the support.
    pub(super) fn standardized(&self, theta: &[f64], z: &mut [f64]) -> f64 {
        let log_det = self.map.forward(theta, z);
        log_det + self.standardization.standardize(z)
    }

    /// Fills `y` from the standardised θ and returns log |det ∂y/∂z|.
    pub(super) fn guess(&self, z: &[f64], context: &[f32], y: &mut [f32]) -> f64 {
        if let Some(guess) = &self.guess {
            return guess.forward(z, context, y);
        }
        for (y, z) in y.iter_mut().zip(z) {
            *y = *z as f32;
        }
        0.0
    }

    /// For one context, L and b of y = L z + b, z in the map's real space: L is lower triangular, row after
    /// row, and the same for every context. No coordinate may be confined, no parameter discrete.
    pub(super) fn affine(&self, context: &[f32]) -> (Vec<f64>, Vec<f64>) {
        let d = self.n_continuous();
        let unit = |k: usize| if k / d == k % d { 1.0 } else { 0.0 };
        let (mut lower, mut offset) = match &self.guess {
            Some(guess) => guess.affine(context),
            None => ((0..d * d).map(unit).collect(), vec![0.0; d]),
        };
        for (j, column) in self.standardization.columns().iter().enumerate() {
            let Column::Linear { mean, sd } = column else {
                unreachable!("a parameter is standardised linearly")
            };
            for (i, offset) in offset.iter_mut().enumerate().skip(j) {
                *offset -= lower[i * d + j] * mean / sd;
                lower[i * d + j] /= sd;
            }
        }
        (lower, offset)
    }

    /// Fills `theta` and returns log |det ∂θ/∂y|.
    pub(super) fn inverse(
        &self,
        y: &[f32],
        context: &[f32],
        real: &mut [f64],
        theta: &mut [f64],
    ) -> f64 {
        let (codes, y) = y.split_at(self.discrete.len());
        let codes: Vec<Option<usize>> = codes.iter().map(|code| Some(*code as usize)).collect();
        for (own, code) in self.discrete.iter().zip(&codes) {
            theta[own.column] = own.levels[code.unwrap_or(0)];
        }
        let context = &*self.with_codes(context, &codes);
        let real = &mut real[..self.n_continuous()];
        let log_det = if let Some(guess) = &self.guess {
            let log_det = guess.inverse(y, context, real);
            log_det + self.standardization.unstandardize(real)
        } else {
            self.standardization.invert(y, real);
            -self.standardization.log_det(real)
        };
        log_det + self.map.inverse(real, theta)
    }

    /// What the linear guess is told: the context, and the discrete parameters one-hot.
    fn with_codes<'a>(&self, context: &'a [f32], codes: &[Option<usize>]) -> Cow<'a, [f32]> {
        if self.discrete.is_empty() {
            return Cow::Borrowed(context);
        }
        let hot = discrete::one_hot(&self.discrete, codes);
        Cow::Owned([context, &hot].concat())
    }
}

/// Refuses a parameter that the same value was drawn for every time.
pub(super) fn check_varies(standardization: &Standardization, names: &[String]) -> Result<()> {
    let constant = standardization.constant_columns();
    let Some(&column) = constant.first() else {
        return Ok(());
    };
    let name = names.get(column).map_or("a parameter", String::as_str);
    Err(Error::invalid(
        format!("simulations, parameter `{name}`"),
        "the same value in every row",
        "values that differ",
        "Draw the parameters from the prior, or leave this one out.",
    ))
}
