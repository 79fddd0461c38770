//! Simulators that are a function of this program.

use crate::error::Result;
use crate::seed::Random;
use crate::simulate::{SimulationFailure, Simulator};

/// A [`Simulator`] made of a closure: θ and a generator in, one row of data out.
///
/// # Example
/// ```
/// use retrodict::simulate::{FunctionSimulator, Simulator};
/// let simulator = FunctionSimulator::new("decay", 2, [3], |theta, random, x| {
///     for (t, x) in x.iter_mut().enumerate() {
///         *x = theta[0] * (-theta[1] * t as f64).exp() + 0.1 * random.normal();
///     }
///     Ok(())
/// });
/// assert_eq!(simulator.data_shape(), [3]);
/// ```
#[derive(Clone)]
pub struct FunctionSimulator<F> {
    name: String,
    n_parameters: usize,
    data_shape: Vec<usize>,
    function: F,
}

impl<F> FunctionSimulator<F>
where
    F: Fn(&[f64], &mut Random, &mut [f64]) -> Result<(), SimulationFailure> + Send + Sync,
{
    /// A simulator from its name, its number of parameters, the shape of its data and what it does.
    ///
    /// The function reads θ (`n_parameters` values), draws from the generator alone and fills the
    /// row of data (as many values as the product of `data_shape`).
    pub fn new(
        name: impl Into<String>,
        n_parameters: usize,
        data_shape: impl Into<Vec<usize>>,
        function: F,
    ) -> Self {
        Self {
            name: name.into(),
            n_parameters,
            data_shape: data_shape.into(),
            function,
        }
    }
}

impl<F> Simulator for FunctionSimulator<F>
where
    F: Fn(&[f64], &mut Random, &mut [f64]) -> Result<(), SimulationFailure> + Send + Sync,
{
    fn name(&self) -> String {
        self.name.clone()
    }

    fn n_parameters(&self) -> usize {
        self.n_parameters
    }

    fn data_shape(&self) -> Vec<usize> {
        self.data_shape.clone()
    }

    fn simulate(
        &self,
        theta: &[f64],
        random: &mut Random,
        x: &mut [f64],
    ) -> Result<(), SimulationFailure> {
        (self.function)(theta, random, x)
    }
}

impl<F> std::fmt::Debug for FunctionSimulator<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FunctionSimulator")
            .field("name", &self.name)
            .field("n_parameters", &self.n_parameters)
            .field("data_shape", &self.data_shape)
            .finish_non_exhaustive()
    }
}
