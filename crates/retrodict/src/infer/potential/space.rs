//! The space in which samplers work: the prior's own, where it is standard normal.

use rayon::prelude::*;

use super::states::{join, states};
use crate::error::Result;
use crate::prior::{Prior, SupportKind, SupportMap};
use crate::sample::{LogDensity, Reference, StandardNormal};
use crate::seed::{Seed, Stream};

/// z ∈ R^m with θ(z) inside the prior's support, whatever z.
///
/// The map is the prior's distribution function followed by the normal quantile
/// ([`SupportKind::Probit`]), under which the prior of z is exactly N(0, I): every coordinate has scale
/// one before the data speak, the tails are light, so that no chain walks off along a flat one (those
/// of the logit fall but exponentially), a posterior that leans on a bound is smooth, dependent
/// parameters become independent, and tempering, importance and rejection sampling have a reference
/// that costs nothing. For a prior given as functions, whose distribution function nobody knows, the
/// map only respects its box, and the prior's density in z follows from its density in θ.
///
/// Discrete parameters have no coordinate. Their combinations of values, the states, are few, and θ is
/// a function θₛ(z) of z and the state. Densities of z are sums over states, exactly; the state of a
/// draw is drawn given z. Without a continuous parameter there is one coordinate on which nothing
/// depends.
#[derive(Debug, Clone)]
pub(super) struct Space {
    map: SupportMap,
    /// Whether the prior of z is exactly N(0, I).
    standard: bool,
    /// The discrete columns of θ.
    discrete: Vec<usize>,
    /// Their values in each state; one state without values if there are none.
    states: Vec<Vec<f64>>,
}

/// Rows that one thread maps at a time, at least.
const ROWS: usize = 32;

impl Space {
    pub(super) fn new(prior: &Prior) -> Result<Self> {
        Ok(Self {
            map: prior.continuous_map(SupportKind::Probit)?,
            // What cannot be written down was given as functions.
            standard: prior.to_config().is_ok(),
            discrete: prior.discrete_columns(),
            states: states(prior)?,
        })
    }

    pub(super) fn prior(&self) -> &Prior {
        self.map.prior()
    }

    /// m.
    pub(super) fn n_coordinates(&self) -> usize {
        self.map.n_unconstrained().max(1)
    }

    /// Whether every parameter is discrete.
    pub(super) fn is_finite(&self) -> bool {
        self.map.n_unconstrained() == 0
    }

    pub(super) fn n_states(&self) -> usize {
        self.states.len()
    }

    pub(super) fn is_standard(&self) -> bool {
        self.standard
    }

    /// θ of each row of `points` in a state, and log |det ∂θ/∂z|.
    pub(super) fn parameters(&self, points: &[f64], state: usize) -> (Vec<f64>, Vec<f64>) {
        let (m, width) = (self.n_coordinates(), self.map.n_parameters());
        let n = points.len() / m;
        let (mut theta, mut log_dets) = (vec![0.0; n * width], vec![0.0; n]);
        points
            .par_chunks_exact(m)
            .zip(theta.par_chunks_exact_mut(width))
            .zip(&mut log_dets)
            .with_min_len(ROWS)
            .for_each(|((z, theta), log_det)| *log_det = self.inverse(z, state, theta));
        (theta, log_dets)
    }

    /// Fills θ of one z in a state; log |det ∂θ/∂z|.
    fn inverse(&self, z: &[f64], state: usize, theta: &mut [f64]) -> f64 {
        for (&column, &value) in self.discrete.iter().zip(&self.states[state]) {
            theta[column] = value;
        }
        self.map.inverse(&z[..self.map.n_unconstrained()], theta)
    }

    /// z of one θ inside the support.
    pub(super) fn coordinates(&self, theta: &[f64], z: &mut [f64]) {
        let n = self.map.n_unconstrained();
        z[n..].fill(0.0);
        self.map.forward(theta, &mut z[..n]);
    }

    /// The prior's log-density of z and the state of θ, where θ(z) and the log-determinant are known.
    pub(super) fn log_prior(&self, z: &[f64], theta: &[f64], log_det: f64) -> f64 {
        if self.standard {
            let mut value = [0.0];
            let standard = StandardNormal { dimension: z.len() };
            standard.log_density(z, &mut value);
            return value[0] + self.log_state(theta);
        }
        let value = self.prior().log_prob(theta) + log_det;
        if value.is_nan() {
            f64::NEG_INFINITY
        } else {
            value
        }
    }

    /// log p of the discrete parameters given those before each.
    fn log_state(&self, theta: &[f64]) -> f64 {
        if self.discrete.is_empty() {
            return 0.0;
        }
        self.prior().log_prob_discrete(theta)
    }

    /// Fills `slope` with the gradient in z, within a state, of a function whose gradient in θ is given,
    /// plus that of the prior's log-density of z and the state.
    ///
    /// The derivatives of the map are central differences, good to about ten digits. Leapfrog steps are
    /// reversible and keep volumes with whatever function stands for the gradient, and the energy
    /// they are judged by is exact, so the draws are, too.
    pub(super) fn pull_back(&self, z: &[f64], state: usize, gradient: &[f64], slope: &mut [f64]) {
        let mut shifted = z.to_vec();
        let mut sides = [vec![0.0; gradient.len()], vec![0.0; gradient.len()]];
        for (k, slope) in slope.iter_mut().enumerate() {
            let step = DIFFERENCE * z[k].abs().max(1.0);
            let mut priors = [0.0; 2];
            for (side, sign) in [1.0, -1.0].into_iter().enumerate() {
                shifted[k] = z[k] + sign * step;
                let log_det = self.inverse(&shifted, state, &mut sides[side]);
                priors[side] = if self.standard {
                    self.log_state(&sides[side])
                } else {
                    self.log_prior(&shifted, &sides[side], log_det)
                };
            }
            shifted[k] = z[k];
            let [above, below] = &sides;
            let products = gradient.iter().zip(above.iter().zip(below));
            let change: f64 = products.map(|(g, (a, b))| g * (a - b)).sum();
            *slope = (change + priors[0] - priors[1]) / (2.0 * step);
            if self.standard {
                *slope -= z[k];
            }
        }
    }
}

/// The cube root of the rounding error balances it against the error of the difference.
const DIFFERENCE: f64 = 6e-6;

impl LogDensity for Space {
    fn dimension(&self) -> usize {
        self.n_coordinates()
    }

    fn log_density(&self, points: &[f64], values: &mut [f64]) {
        let standard = StandardNormal {
            dimension: self.n_coordinates(),
        };
        if self.standard {
            return standard.log_density(points, values);
        }
        values.fill(f64::NEG_INFINITY);
        for state in 0..self.n_states() {
            let (theta, log_dets) = self.parameters(points, state);
            let rows = points.chunks_exact(self.n_coordinates());
            let rows = rows.zip(theta.chunks_exact(self.map.n_parameters()));
            for (value, ((z, theta), log_det)) in values.iter_mut().zip(rows.zip(log_dets)) {
                join(value, self.log_prior(z, theta, log_det));
            }
        }
    }
}

impl Reference for Space {
    fn draw(&self, first: u64, seed: Seed, points: &mut [f64]) {
        let dimension = self.n_coordinates();
        if self.standard {
            return StandardNormal { dimension }.draw(first, seed, points);
        }
        points
            .par_chunks_exact_mut(dimension)
            .enumerate()
            .for_each(|(i, z)| {
                let mut random = seed.stream(Stream::Proposal, first + i as u64);
                let mut theta = vec![0.0; self.map.n_parameters()];
                self.prior().sample(&mut random, &mut theta);
                self.coordinates(&theta, z);
            });
    }
}
