//! The only way a sampler looks at a density: counted, and within a budget.

use super::LogDensity;
use crate::error::{Error, Result};

/// Evaluates a density and counts: a sampler that would need more evaluations than its budget ends
/// with an error that says how far it came.
pub(super) struct Evaluator<'a> {
    density: &'a dyn LogDensity,
    budget: usize,
    /// Evaluations so far.
    pub(super) spent: usize,
    /// How many gave NaN or +∞, which count as no density.
    pub(super) invalid: usize,
}

impl<'a> Evaluator<'a> {
    pub(super) fn new(density: &'a dyn LogDensity, budget: usize) -> Self {
        Self {
            density,
            budget,
            spent: 0,
            invalid: 0,
        }
    }

    pub(super) fn dimension(&self) -> usize {
        self.density.dimension()
    }

    /// Fills `values`; `progress` says in words how far the sampler has come.
    pub(super) fn evaluate(
        &mut self,
        points: &[f64],
        values: &mut [f64],
        progress: impl Fn() -> String,
    ) -> Result<()> {
        self.spend(values.len(), progress)?;
        self.density.log_density(points, values);
        self.clean(values);
        Ok(())
    }

    /// The same with gradients; where there is no density, or no gradient that is a number, the
    /// gradient is zero.
    ///
    /// # Errors
    /// Also if the density has no gradients.
    pub(super) fn with_gradient(
        &mut self,
        points: &[f64],
        values: &mut [f64],
        gradients: &mut [f64],
        progress: impl Fn() -> String,
    ) -> Result<()> {
        self.spend(values.len(), progress)?;
        if !self.density.with_gradient(points, values, gradients) {
            return Err(no_gradient());
        }
        self.clean(values);
        for (value, gradient) in values
            .iter()
            .zip(gradients.chunks_exact_mut(self.density.dimension()))
        {
            if *value == f64::NEG_INFINITY || gradient.iter().any(|g| !g.is_finite()) {
                gradient.fill(0.0);
            }
        }
        Ok(())
    }

    /// Whether the budget is good for `n` evaluations more.
    ///
    /// # Errors
    /// If not.
    pub(super) fn afford(&self, n: usize, progress: impl Fn() -> String) -> Result<()> {
        if n > self.budget - self.spent {
            return Err(budget_spent(self.budget, &progress()));
        }
        Ok(())
    }

    fn spend(&mut self, n: usize, progress: impl Fn() -> String) -> Result<()> {
        self.afford(n, progress)?;
        self.spent += n;
        Ok(())
    }

    fn clean(&mut self, values: &mut [f64]) {
        for value in values {
            if value.is_nan() || *value == f64::INFINITY {
                *value = f64::NEG_INFINITY;
                self.invalid += 1;
            }
        }
    }
}

/// The error of a density that a sampler cannot use.
pub(super) fn no_gradient() -> Error {
    Error::invalid(
        "sampler",
        "a density that has no gradient",
        "one that has, for `nuts` and `variational`",
        "Give the log-likelihood with its gradient, or choose the sampler `slice`.",
    )
}

/// The error of a budget that is spent.
pub(super) fn budget_spent(budget: usize, progress: &str) -> Error {
    Error::Sampling {
        problem: format!("the budget of {budget} density evaluations was spent {progress}"),
        advice:
            "Raise the sampler option `max_evaluations`, ask for fewer draws, or choose another \
                 kind of sampler."
                .to_string(),
    }
}
