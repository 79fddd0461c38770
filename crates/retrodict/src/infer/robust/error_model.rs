//! Errors of the data, each by itself: nearly none, or one with a heavy tail.

use std::f64::consts::PI;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::RobustConfig;
use crate::error::{Error, Result};
use crate::npy;
use crate::samples::quantiles;
use crate::seed::{Random, Seed, Stream};
use crate::table::Table;

/// y = x + s e, and each e by itself N(0, spike²) with probability 1 − ρ and Cauchy(0, slab) otherwise; s is the
/// spread of the column.
///
/// A column that never changes, or takes a few whole numbers only, has s = 0 and no errors.
///
/// # Reference
/// Ward et al. 2022, arXiv:2210.06564, section 3.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorModel {
    /// The settings.
    pub config: RobustConfig,
    /// The middle of each column.
    pub middles: Vec<f64>,
    /// The spread of each column, from its quartiles.
    pub scales: Vec<f64>,
}

/// A column of at most so many whole numbers is counts or choices, which have no small errors.
const FEW_VALUES: usize = 20;
/// Rows that the spreads are taken from.
const MOST_ROWS: usize = 10_000;
const FILE: &str = "errors.json";

impl ErrorModel {
    /// With the spreads of simulated data; rows that are not finite are left out.
    pub fn of(config: &RobustConfig, x: &Table) -> Self {
        let finite = |row: &&[f64]| row.iter().all(|v| v.is_finite());
        let rows: Vec<&[f64]> = x.rows().filter(finite).take(MOST_ROWS).collect();
        let column = |j: usize| -> Vec<f64> { rows.iter().map(|row| row[j]).collect() };
        let (middles, scales) = (0..x.n_columns()).map(|j| spread(&column(j))).unzip();
        Self {
            config: config.clone(),
            middles,
            scales,
        }
    }

    /// The same data with errors. Row *i* depends on (seed, i) alone.
    pub fn with_errors(&self, x: &Table, seed: Seed) -> Table {
        let mut noisy = x.clone();
        let d = x.n_columns().max(1);
        for (i, row) in noisy.values_mut().chunks_exact_mut(d).enumerate() {
            let mut random = seed.stream(Stream::DataErrors, i as u64);
            for (value, scale) in row.iter_mut().zip(&self.scales) {
                *value += scale * self.draw(&mut random);
            }
        }
        noisy
    }

    /// One error, in units of the spread.
    pub(super) fn draw(&self, random: &mut Random) -> f64 {
        if random.uniform() < self.config.slab_probability {
            self.config.slab * (PI * (random.uniform_open() - 0.5)).tan()
        } else {
            self.config.spike * random.normal()
        }
    }

    /// The log-density of an error, in units of the spread.
    pub(super) fn log_density(&self, error: f64) -> f64 {
        let [spike, slab] = self.parts(error);
        (spike + slab).max(f64::MIN_POSITIVE).ln()
    }

    /// The probability that an error is of the slab.
    pub(super) fn slab_share(&self, error: f64) -> f64 {
        let [spike, slab] = self.parts(error);
        slab / (spike + slab)
    }

    fn parts(&self, error: f64) -> [f64; 2] {
        let RobustConfig {
            spike,
            slab,
            slab_probability,
            ..
        } = self.config;
        let z = error / spike;
        let narrow = (-0.5 * z * z).exp() / (spike * (2.0 * PI).sqrt());
        let wide = 1.0 / (PI * slab * (1.0 + (error / slab).powi(2)));
        [(1.0 - slab_probability) * narrow, slab_probability * wide]
    }

    /// Writes it beside a model.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(&self, folder: &Path) -> Result<()> {
        let json = serde_json::to_string_pretty(self).expect("plain data");
        npy::write_atomically(folder.join(FILE), (json + "\n").as_bytes())
    }

    /// Reads what [`ErrorModel::save`] wrote.
    ///
    /// # Errors
    /// If the file is missing or damaged.
    pub fn load(folder: &Path) -> Result<Self> {
        let path = folder.join(FILE);
        let advice = "Delete the run's `model` folder and fit again.";
        let bytes = std::fs::read(&path).map_err(Error::io(&path, "read"))?;
        let own: Self = serde_json::from_slice(&bytes)
            .map_err(|error| Error::file(&path, format!("damaged: {error}"), advice))?;
        let sound = |v: &f64| v.is_finite() && *v >= 0.0;
        if own.scales.len() != own.middles.len() || !own.scales.iter().all(sound) {
            return Err(Error::file(&path, "spreads that are none", advice));
        }
        Ok(own)
    }
}

/// The middle and the spread of a column; zero for one without errors.
fn spread(values: &[f64]) -> (f64, f64) {
    if values.is_empty() {
        return (0.0, 0.0);
    }
    let weights = vec![1.0 / values.len() as f64; values.len()];
    let [low, middle, high] = quantiles(values, &weights, [0.25, 0.5, 0.75]);
    if few_whole_numbers(values) {
        return (middle, 0.0);
    }
    // The quartiles of a normal distribution are 1.349 sd apart.
    let robust = (high - low) / 1.349;
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let square: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    let sd = (square / values.len() as f64).sqrt();
    let scale = if robust > 1e-3 * sd { robust } else { sd };
    // Less is rounding.
    let varies = scale > 1e-12 * middle.abs();
    (middle, if varies { scale } else { 0.0 })
}

fn few_whole_numbers(values: &[f64]) -> bool {
    let mut levels: Vec<f64> = Vec::new();
    for value in values {
        if value.fract() != 0.0 {
            return false;
        }
        if !levels.contains(value) {
            levels.push(*value);
        }
        if levels.len() > FEW_VALUES {
            return false;
        }
    }
    true
}
