//! The posterior's density for one observation, up to a factor, where samplers work.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::likelihood::LogLikelihood;
use super::space::Space;
use super::states::join;
use crate::error::{Error, Result};
use crate::sample::LogDensity;

/// log Σₛ p(x | θₛ(z)) p(z, s), as a function of z; the sum is over the values of discrete parameters.
pub(super) struct PotentialDensity<'a> {
    space: &'a Space,
    likelihood: &'a dyn LogLikelihood,
    x: &'a [f64],
    invalid: AtomicUsize,
    failure: Mutex<Option<Error>>,
}

impl<'a> PotentialDensity<'a> {
    pub(super) fn new(space: &'a Space, likelihood: &'a dyn LogLikelihood, x: &'a [f64]) -> Self {
        Self {
            space,
            likelihood,
            x,
            invalid: AtomicUsize::new(0),
            failure: Mutex::new(None),
        }
    }

    /// How many log-likelihoods were NaN or +∞, and counted as −∞.
    pub(super) fn invalid(&self) -> usize {
        self.invalid.load(Ordering::Relaxed)
    }

    /// What the likelihood failed with, if it did: from then on, the density was zero everywhere.
    pub(super) fn failure(&self) -> Result<()> {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.take().map_or(Ok(()), Err)
    }

    fn has_failed(&self) -> bool {
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.is_some()
    }

    fn fail(&self, error: Error) {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.get_or_insert(error);
    }

    /// Log-likelihoods of rows of θ, −∞ for what is no number.
    pub(super) fn log_likelihood(&self, theta: &[f64], values: &mut [f64]) {
        if self.has_failed() {
            return values.fill(f64::NEG_INFINITY);
        }
        match self.likelihood.log_likelihood(theta, self.x, values) {
            Ok(()) => self.clean(values),
            Err(error) => {
                values.fill(f64::NEG_INFINITY);
                self.fail(error);
            }
        }
    }

    fn clean(&self, values: &mut [f64]) {
        for value in values {
            if value.is_nan() || *value == f64::INFINITY {
                *value = f64::NEG_INFINITY;
                self.invalid.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// θ of each point, the prior's log-density there, and the rows inside its support, which are the
    /// only ones that a likelihood is asked about.
    fn rows(&self, points: &[f64], state: usize) -> Rows {
        let (theta, log_dets) = self.space.parameters(points, state);
        let width = self.space.prior().n_parameters();
        let each = points.chunks_exact(self.space.n_coordinates());
        let each = each.zip(theta.chunks_exact(width)).zip(log_dets);
        let priors: Vec<f64> = each
            .map(|((z, theta), log_det)| self.space.log_prior(z, theta, log_det))
            .collect();
        let inside: Vec<usize> = (0..priors.len())
            .filter(|&i| priors[i] > f64::NEG_INFINITY)
            .collect();
        let row = |i: &usize| theta[i * width..(i + 1) * width].iter().copied();
        Rows {
            theta: inside.iter().flat_map(row).collect(),
            priors,
            inside,
        }
    }

    /// As [`PotentialDensity::log_likelihood`], with gradients; false if there are none.
    fn likelihood_gradient(
        &self,
        theta: &[f64],
        values: &mut [f64],
        gradients: &mut [f64],
    ) -> bool {
        let outcome = if self.has_failed() {
            values.fill(f64::NEG_INFINITY);
            Ok(true)
        } else {
            self.likelihood
                .with_gradient(theta, self.x, values, gradients)
        };
        match outcome {
            Ok(exists) => {
                self.clean(values);
                exists
            }
            Err(error) => {
                values.fill(f64::NEG_INFINITY);
                self.fail(error);
                true
            }
        }
    }
}

struct Rows {
    /// Of the rows inside alone.
    theta: Vec<f64>,
    /// Of all rows.
    priors: Vec<f64>,
    inside: Vec<usize>,
}

impl LogDensity for PotentialDensity<'_> {
    fn dimension(&self) -> usize {
        self.space.n_coordinates()
    }

    fn log_density(&self, points: &[f64], values: &mut [f64]) {
        values.fill(f64::NEG_INFINITY);
        let mut own = vec![0.0; values.len()];
        for state in 0..self.space.n_states() {
            self.log_density_in(state, points, &mut own);
            for (value, own) in values.iter_mut().zip(&own) {
                join(value, *own);
            }
        }
    }

    fn gains_from_batches(&self) -> bool {
        self.likelihood.gains_from_batches()
    }

    fn with_gradient(&self, points: &[f64], values: &mut [f64], gradients: &mut [f64]) -> bool {
        values.fill(f64::NEG_INFINITY);
        gradients.fill(0.0);
        let m = self.dimension();
        let (mut own, mut slopes) = (vec![0.0; values.len()], vec![0.0; gradients.len()]);
        for state in 0..self.space.n_states() {
            if !self.with_gradient_in(state, points, &mut own, &mut slopes) {
                return false;
            }
            let rows = gradients.chunks_exact_mut(m).zip(slopes.chunks_exact(m));
            for (i, (gradient, slope)) in rows.enumerate() {
                let part = join(&mut values[i], own[i]);
                if part == 1.0 {
                    gradient.copy_from_slice(slope);
                } else if part > 0.0 {
                    for (gradient, slope) in gradient.iter_mut().zip(slope) {
                        *gradient += part * (slope - *gradient);
                    }
                }
            }
        }
        true
    }
}

impl PotentialDensity<'_> {
    /// log p(x | θₛ(z)) + log p(z, s) in one state.
    pub(super) fn log_density_in(&self, state: usize, points: &[f64], values: &mut [f64]) {
        let rows = self.rows(points, state);
        let mut likelihoods = vec![0.0; rows.inside.len()];
        if !rows.inside.is_empty() {
            self.log_likelihood(&rows.theta, &mut likelihoods);
        }
        values.fill(f64::NEG_INFINITY);
        for (&i, likelihood) in rows.inside.iter().zip(likelihoods) {
            values[i] = rows.priors[i] + likelihood;
        }
    }

    fn with_gradient_in(
        &self,
        state: usize,
        points: &[f64],
        values: &mut [f64],
        gradients: &mut [f64],
    ) -> bool {
        let rows = self.rows(points, state);
        let (m, width) = (self.dimension(), self.space.prior().n_parameters());
        let mut likelihoods = vec![0.0; rows.inside.len()];
        let mut slopes = vec![0.0; rows.theta.len()];
        if !rows.inside.is_empty()
            && !self.likelihood_gradient(&rows.theta, &mut likelihoods, &mut slopes)
        {
            self.differences_in(state, points, values, gradients);
            return true;
        }
        values.fill(f64::NEG_INFINITY);
        gradients.fill(0.0);
        for (k, &i) in rows.inside.iter().enumerate() {
            values[i] = rows.priors[i] + likelihoods[k];
            if values[i] > f64::NEG_INFINITY {
                let own = i * m..(i + 1) * m;
                let slope = &slopes[k * width..(k + 1) * width];
                self.space
                    .pull_back(&points[own.clone()], state, slope, &mut gradients[own]);
            }
        }
        true
    }

    /// The same for a likelihood without gradients: the density at each point and at two more for each
    /// coordinate, all in one call. Of an edge of the support, the side with a density counts.
    ///
    /// In this space the prior has scale one, so that one step does for all. As for
    /// [`Space::pull_back`], leapfrog steps leave the density as it is with any gradient.
    fn differences_in(
        &self,
        state: usize,
        points: &[f64],
        values: &mut [f64],
        gradients: &mut [f64],
    ) {
        let m = self.dimension();
        let mut all = Vec::with_capacity(points.len() * (2 * m + 1));
        for point in points.chunks_exact(m) {
            all.extend_from_slice(point);
            for k in 0..m {
                for step in [DIFFERENCE, -DIFFERENCE] {
                    let first = all.len();
                    all.extend_from_slice(point);
                    all[first + k] += step;
                }
            }
        }
        let mut found = vec![0.0; all.len() / m];
        self.log_density_in(state, &all, &mut found);
        let groups = found.chunks_exact(2 * m + 1);
        for ((own, value), gradient) in groups.zip(values).zip(gradients.chunks_exact_mut(m)) {
            *value = own[0];
            for (slope, sides) in gradient.iter_mut().zip(own[1..].chunks_exact(2)) {
                *slope = slope_between(own[0], sides);
            }
        }
    }
}

/// Wider than rounding asks: likelihoods that are integrated or learned are not smooth to the last digit.
const DIFFERENCE: f64 = 3e-4;

/// From the densities at a point, above and below it.
fn slope_between(here: f64, sides: &[f64]) -> f64 {
    match (sides[0].is_finite(), sides[1].is_finite()) {
        _ if here == f64::NEG_INFINITY => 0.0,
        (true, true) => (sides[0] - sides[1]) / (2.0 * DIFFERENCE),
        (true, false) => (sides[0] - here) / DIFFERENCE,
        (false, true) => (here - sides[1]) / DIFFERENCE,
        (false, false) => 0.0,
    }
}
