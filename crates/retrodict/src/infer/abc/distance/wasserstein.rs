//! The Wasserstein distance between two samples of trials.

use std::f64::consts::PI;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::trials::Trials;
use super::{Distance, DistanceFunction, ScaleMethod};
use crate::error::{Error, Result};
use crate::seed::{Seed, Stream};
use crate::table::Table;

/// The p-Wasserstein distance between the trials of two rows (Bernton et al. 2019,
/// arXiv:1905.03747): exact for trials of one number, (1/n Σ |x₍ᵢ₎ − y₍ᵢ₎|^p)^(1/p) of the sorted
/// values; for more, the sliced distance (Bonneel et al. 2015), the p-mean of that over directions
/// that are the same in every run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WassersteinConfig {
    /// How many values one trial has.
    pub columns: usize,
    /// The exponent p, at least 1.
    pub p: f64,
    /// Over how many directions the sliced distance is averaged.
    pub directions: usize,
    /// What each column is divided by.
    pub scale: ScaleMethod,
}

impl Default for WassersteinConfig {
    fn default() -> Self {
        Self {
            columns: 1,
            p: 1.0,
            directions: 50,
            scale: ScaleMethod::default(),
        }
    }
}

impl Distance for WassersteinConfig {
    fn fit(&self, simulated: &Table, observed: &[f64]) -> Result<DistanceFunction> {
        let p = self.p;
        if !(1.0..f64::INFINITY).contains(&p) {
            return Err(Error::invalid_option(
                "distance",
                "p",
                p,
                "a number of at least 1",
            ));
        }
        if self.directions == 0 {
            return Err(Error::invalid_option(
                "distance",
                "directions",
                0,
                "at least 1",
            ));
        }
        let trials = Trials::new(self.columns, self.scale, simulated.values(), observed.len())?;
        let directions = directions(self.columns, self.directions);
        let scaled = trials.scaled(observed);
        let sorted: Vec<Vec<f64>> = directions.iter().map(|d| project(&scaled, d)).collect();
        Ok(Box::new(move |x| {
            let scaled = trials.scaled(x);
            let along = directions.iter().zip(&sorted);
            let costs = along.map(|(d, observed)| cost(&project(&scaled, d), observed, p));
            (costs.sum::<f64>() / directions.len() as f64).powf(1.0 / p)
        }))
    }
}

/// Σ |a − b|^p / n of sorted samples.
fn cost(a: &[f64], b: &[f64], p: f64) -> f64 {
    let off = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    let sum: f64 = if p == 1.0 {
        off.sum()
    } else {
        off.map(|v| v.powf(p)).sum()
    };
    sum / a.len() as f64
}

fn project(trials: &[f64], direction: &[f64]) -> Vec<f64> {
    let along = |trial: &[f64]| trial.iter().zip(direction).map(|(v, d)| v * d).sum::<f64>();
    let mut values: Vec<f64> = trials.chunks_exact(direction.len()).map(along).collect();
    values.sort_unstable_by(f64::total_cmp);
    values
}

/// Unit vectors: evenly spaced in the plane, uniform on the sphere in more dimensions.
fn directions(columns: usize, n: usize) -> Vec<Vec<f64>> {
    let direction = |k: usize| match columns {
        1 => vec![1.0],
        2 => {
            let angle = PI * (k as f64 + 0.5) / n as f64;
            vec![angle.cos(), angle.sin()]
        }
        _ => {
            let mut random = Seed(0).stream(Stream::AbcParameters, k as u64);
            let v: Vec<f64> = (0..columns).map(|_| random.normal()).collect();
            let length = v.iter().map(|v| v * v).sum::<f64>().sqrt();
            v.iter().map(|v| v / length).collect()
        }
    };
    (0..if columns == 1 { 1 } else { n })
        .map(direction)
        .collect()
}
