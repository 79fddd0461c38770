//! A posterior that is right for half of the data.

use retrodict::error::Result;
use retrodict::infer::Posterior;
use retrodict::prior::Parameter;
use retrodict::{Samples, Seed, Table};

/// One posterior where the first datum is negative, and another where it is not.
#[derive(Debug)]
pub struct LocallyWrong<P> {
    /// For negative first data.
    pub right: P,
    /// For the others.
    pub wrong: P,
}

impl<P: Posterior> LocallyWrong<P> {
    fn at(&self, x: &[f64]) -> &P {
        if x[0] < 0.0 { &self.right } else { &self.wrong }
    }
}

impl<P: Posterior> Posterior for LocallyWrong<P> {
    fn parameters(&self) -> &[Parameter] {
        self.right.parameters()
    }

    fn sample(&self, x: &[f64], n: usize, seed: Seed) -> Result<Samples> {
        self.at(x).sample(x, n, seed)
    }

    fn log_prob(&self, theta: &Table, x: &[f64]) -> Result<Vec<f64>> {
        self.at(x).log_prob(theta, x)
    }

    fn map(&self, x: &[f64], seed: Seed) -> Result<Vec<f64>> {
        self.at(x).map(x, seed)
    }
}
