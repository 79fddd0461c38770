//! A prior that the user gives as functions.

use std::sync::Arc;

use super::{Interval, Parameter};
use crate::error::{Error, Result};
use crate::seed::Random;

type LogProb = dyn Fn(&[f64]) -> f64 + Send + Sync;
type Sample = dyn Fn(&mut Random, &mut [f64]) + Send + Sync;

/// A distribution given by its log-density, its sampler and a box that holds its support.
///
/// The log-density is −∞ outside the support. A bijection can only respect the box: where the
/// density is zero within it, draws made through a [`super::SupportMap`] may land there.
#[derive(Clone)]
pub struct CustomPrior {
    pub(super) parameters: Vec<Parameter>,
    pub(super) supports: Vec<Interval>,
    log_prob: Arc<LogProb>,
    sample: Arc<Sample>,
}

impl CustomPrior {
    /// A prior from its parameters, one interval for each, and two functions.
    ///
    /// # Errors
    /// If the number of intervals is not the number of parameters, or an interval is empty.
    pub fn new(
        parameters: Vec<Parameter>,
        supports: Vec<Interval>,
        log_prob: impl Fn(&[f64]) -> f64 + Send + Sync + 'static,
        sample: impl Fn(&mut Random, &mut [f64]) + Send + Sync + 'static,
    ) -> Result<Self> {
        let given = (parameters.len(), supports.len());
        if given.0 != given.1 || given.0 == 0 {
            return Err(Error::invalid(
                "custom prior",
                format!("{} parameters and {} intervals", given.0, given.1),
                "at least one parameter, and one interval for each",
                "Give an interval with infinite ends where the support has no end.",
            ));
        }
        let is_empty = |support: &Interval| {
            support.low.is_nan() || support.high.is_nan() || support.low >= support.high
        };
        let mut pairs = parameters.iter().zip(&supports);
        if let Some((parameter, support)) = pairs.find(|(_, support)| is_empty(support)) {
            return Err(Error::invalid(
                format!("support of `{}`", parameter.name),
                format!("from {} to {}", support.low, support.high),
                "a lower end below the upper end",
                "Swap the two ends, or widen the interval.",
            ));
        }
        Ok(Self {
            parameters,
            supports,
            log_prob: Arc::new(log_prob),
            sample: Arc::new(sample),
        })
    }

    pub(super) fn contains(&self, theta: &[f64]) -> bool {
        self.in_box(theta) && (self.log_prob)(theta) > f64::NEG_INFINITY
    }

    /// −∞ outside the box and where the function gives NaN.
    pub(super) fn log_density(&self, theta: &[f64]) -> f64 {
        if !self.in_box(theta) {
            return f64::NEG_INFINITY;
        }
        let value = (self.log_prob)(theta);
        if value.is_nan() {
            f64::NEG_INFINITY
        } else {
            value.min(f64::MAX)
        }
    }

    pub(super) fn sample(&self, random: &mut Random, theta: &mut [f64]) {
        (self.sample)(random, theta);
    }

    fn in_box(&self, theta: &[f64]) -> bool {
        let mut pairs = self.supports.iter().zip(theta);
        pairs.all(|(support, x)| support.contains(*x))
    }
}

impl std::fmt::Debug for CustomPrior {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CustomPrior")
            .field("parameters", &self.parameters)
            .field("supports", &self.supports)
            .finish_non_exhaustive()
    }
}
