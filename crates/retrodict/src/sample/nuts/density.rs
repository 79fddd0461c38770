//! A density as the crate `nuts-rs` wants it.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use nuts_rs::{CpuLogpFunc, CpuMathError, HasDims};

use crate::error::Result;
use crate::sample::LogDensity;

/// What one chain has used, readable while the crate owns the density.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) evaluations: AtomicUsize,
    /// Values or gradients that were no numbers.
    pub(super) invalid: AtomicUsize,
}

/// The density as the crate wants it: one point at a time.
pub(super) struct Density<'a> {
    pub(super) target: &'a dyn LogDensity,
    pub(super) budget: usize,
    pub(super) counts: Arc<Counts>,
}

/// Why there is no value.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoDensity {
    /// The trajectory ends here.
    #[error("the density is zero")]
    Zero,
    /// The chain ends here.
    #[error("the density has no gradient")]
    Gradient,
    /// The chain ends here.
    #[error("the budget of density evaluations is spent")]
    Budget,
}

impl nuts_rs::LogpError for NoDensity {
    fn is_recoverable(&self) -> bool {
        matches!(self, Self::Zero)
    }
}

impl HasDims for Density<'_> {
    fn dim_sizes(&self) -> HashMap<String, u64> {
        HashMap::from([(
            "unconstrained_parameter".to_string(),
            self.target.dimension() as u64,
        )])
    }
}

impl CpuLogpFunc for Density<'_> {
    type LogpError = NoDensity;
    type FlowParameters = ();
    type ExpandedVector = Vec<f64>;

    fn dim(&self) -> usize {
        self.target.dimension()
    }

    fn logp(&mut self, position: &[f64], gradient: &mut [f64]) -> Result<f64, NoDensity> {
        if self.counts.evaluations.load(Ordering::Relaxed) >= self.budget {
            return Err(NoDensity::Budget);
        }
        self.counts.evaluations.fetch_add(1, Ordering::Relaxed);
        let mut value = [0.0];
        if !self.target.with_gradient(position, &mut value, gradient) {
            return Err(NoDensity::Gradient);
        }
        let is_number = value[0] < f64::INFINITY && gradient.iter().all(|g| g.is_finite());
        if value[0] > f64::NEG_INFINITY && is_number {
            return Ok(value[0]);
        }
        if value[0] != f64::NEG_INFINITY {
            self.counts.invalid.fetch_add(1, Ordering::Relaxed);
        }
        Err(NoDensity::Zero)
    }

    fn expand_vector<R>(&mut self, _: &mut R, array: &[f64]) -> Result<Vec<f64>, CpuMathError>
    where
        R: nuts_rs::rand::Rng + ?Sized,
    {
        Ok(array.to_vec())
    }
}
