//! A posterior with two modes, and what is left if one of them is missing.

use retrodict::error::Result;
use retrodict::infer::Posterior;
use retrodict::prior::Parameter;
use retrodict::simulate::{Simulations, Status};
use retrodict::{Random, Samples, Seed, Stream, Table};

use crate::verdict::Study;

/// θ = ±(1 + 0.1 ε) with a random sign, and x = ε + 0.5 η: the data tell ε but not the sign, so the
/// posterior is two equal copies of N(1 + 0.1·E\[ε | x\], …), one of them mirrored.
#[derive(Debug, Clone)]
pub struct Bimodal {
    /// Whether the posterior knows of the negative mode.
    pub both_modes: bool,
    parameters: Vec<Parameter>,
}

const WIDTH: f64 = 0.1;
const NOISE: f64 = 0.5;

impl Bimodal {
    /// The exact posterior, or its positive half.
    pub fn new(both_modes: bool) -> Self {
        Self {
            both_modes,
            parameters: vec![Parameter::named("theta")],
        }
    }

    /// ε | x.
    fn moments(x: f64) -> (f64, f64) {
        let variance = 1.0 / (1.0 + 1.0 / (NOISE * NOISE));
        (x * variance / (NOISE * NOISE), variance.sqrt())
    }
}

impl Study for Bimodal {
    fn prior_draw(&self, random: &mut Random) -> Vec<f64> {
        let sign = if random.below(2) == 0 { -1.0 } else { 1.0 };
        vec![sign * (1.0 + WIDTH * random.normal())]
    }

    fn simulate(&self, theta: &[f64], random: &mut Random) -> Vec<f64> {
        vec![(theta[0].abs() - 1.0) / WIDTH + NOISE * random.normal()]
    }

    fn simulations(&self, n: usize, seed: Seed, stream: Stream) -> Simulations {
        let (mut theta, mut x) = (Vec::new(), Vec::new());
        for i in 0..n as u64 {
            let mut random = seed.stream(stream, i);
            let row = self.prior_draw(&mut random);
            x.extend(self.simulate(&row, &mut random));
            theta.extend(row);
        }
        Simulations {
            theta: Table::new(["theta"], theta).expect("whole rows"),
            x: Table::numbered("x", 1, x).expect("whole rows"),
            status: vec![Status::Ok; n],
        }
    }
}

impl Posterior for Bimodal {
    fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    fn sample(&self, x: &[f64], n: usize, seed: Seed) -> Result<Samples> {
        let (mean, sd) = Self::moments(x[0]);
        let mut random = seed.stream(Stream::Posterior, 0);
        let draw = |_| {
            let negative = random.below(2) == 0 && self.both_modes;
            let size = 1.0 + WIDTH * (mean + sd * random.normal());
            if negative { -size } else { size }
        };
        Samples::from_rows(["theta"], (0..n).map(draw).collect())
    }

    fn log_prob(&self, theta: &Table, x: &[f64]) -> Result<Vec<f64>> {
        let (mean, sd) = Self::moments(x[0]);
        let log_prob = |row: &[f64]| {
            let z = ((row[0].abs() - 1.0) / WIDTH - mean) / sd;
            if row[0] < 0.0 && !self.both_modes {
                f64::NEG_INFINITY
            } else {
                -0.5 * z * z
            }
        };
        Ok(theta.rows().map(log_prob).collect())
    }

    fn map(&self, x: &[f64], _: Seed) -> Result<Vec<f64>> {
        Ok(vec![1.0 + WIDTH * Self::moments(x[0]).0])
    }
}
