//! A distance given as a function.

use super::{Distance, DistanceFunction};
use crate::error::Result;
use crate::table::Table;

/// A [`Distance`] made of a closure of (simulated row, observation).
///
/// # Example
/// ```
/// use retrodict::Table;
/// use retrodict::infer::abc::{Distance, FunctionDistance};
/// let largest = FunctionDistance::new(|x: &[f64], observed: &[f64]| (x[0] - observed[0]).abs());
/// let pilot = Table::numbered("x", 1, vec![0.0, 1.0])?;
/// assert_eq!(largest.fit(&pilot, &[3.0])?(&[1.0]), 2.0);
/// # Ok::<(), retrodict::Error>(())
/// ```
#[derive(Clone)]
pub struct FunctionDistance<F>(F);

impl<F> FunctionDistance<F>
where
    F: Fn(&[f64], &[f64]) -> f64 + Clone + Send + Sync + 'static,
{
    /// The distance that this function gives.
    pub fn new(function: F) -> Self {
        Self(function)
    }
}

impl<F> Distance for FunctionDistance<F>
where
    F: Fn(&[f64], &[f64]) -> f64 + Clone + Send + Sync + 'static,
{
    fn fit(&self, _: &Table, observed: &[f64]) -> Result<DistanceFunction> {
        let (function, observed) = (self.0.clone(), observed.to_vec());
        Ok(Box::new(move |x| function(x, &observed)))
    }
}

impl<F> std::fmt::Debug for FunctionDistance<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FunctionDistance").finish_non_exhaustive()
    }
}
