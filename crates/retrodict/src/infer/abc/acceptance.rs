//! Which candidates are accepted.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::distance::{Distance, DistanceFunction};
use super::population::Population;
use crate::error::{Error, Result};
use crate::samples::{effective_number, normalized};
use crate::table::Table;

/// Which candidates are accepted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum AcceptanceConfig {
    /// All whose distance is at most the tolerance.
    #[default]
    Uniform,
    /// The observation is a datum of the simulator plus independent normal noise, which the simulator
    /// leaves out: a candidate is accepted with probability proportional to the density of that noise.
    /// The draws are then from the exact posterior, not from an approximation (Wilkinson 2013,
    /// arXiv:0811.3355; Schälte and Hasenauer 2020). It takes the place of the distance.
    GaussianNoise {
        /// The standard deviation of each datum's noise; one number stands for all.
        sd: Vec<f64>,
    },
}

impl AcceptanceConfig {
    /// The distance that takes the place of the configured one: ½ Σ ((x − `x_o`) / sd)².
    pub(super) fn noise(&self, n_data: usize) -> Result<Option<NoiseDistance>> {
        let Self::GaussianNoise { sd } = self else {
            return Ok(None);
        };
        let good = sd.iter().all(|s| *s > 0.0 && s.is_finite());
        if !good || ![1, n_data].contains(&sd.len()) {
            let expected = format!("one positive number, or {n_data} of them");
            return Err(Error::invalid_option(
                "acceptance",
                "sd",
                format!("{sd:?}"),
                expected,
            ));
        }
        let sd = (0..n_data).map(|j| sd[j % sd.len()]).collect();
        Ok(Some(NoiseDistance { sd }))
    }
}

/// Minus the log-density of normal noise, up to a constant.
#[derive(Debug, Clone)]
pub(super) struct NoiseDistance {
    sd: Vec<f64>,
}

impl Distance for NoiseDistance {
    fn fit(&self, _: &Table, observed: &[f64]) -> Result<DistanceFunction> {
        let (sd, observed) = (self.sd.clone(), observed.to_vec());
        Ok(Box::new(move |x| {
            let off = x.iter().zip(&observed).zip(&sd);
            0.5 * off.map(|((x, o), s)| ((x - o) / s).powi(2)).sum::<f64>()
        }))
    }
}

/// The rule of one generation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Acceptance {
    /// Distances of at most this.
    Within(f64),
    /// With probability exp(−(distance − offset) / temperature). Where that exceeds one the candidate
    /// is accepted and the excess becomes its weight, so the target is right whatever the offset.
    Tempered { temperature: f64, offset: f64 },
}

impl Acceptance {
    /// The log-weight of a candidate that is accepted; `level` is uniform on (0, 1).
    pub(super) fn accept(self, distance: f64, level: f64) -> Option<f64> {
        match self {
            Self::Within(tolerance) => (distance <= tolerance).then_some(0.0),
            Self::Tempered {
                temperature,
                offset,
            } => {
                let log_probability = -(distance - offset) / temperature;
                (level.ln() < log_probability).then(|| log_probability.max(0.0))
            }
        }
    }

    /// What the record of a generation calls its tolerance.
    pub(super) fn tolerance(self) -> f64 {
        match self {
            Self::Within(tolerance) => tolerance,
            Self::Tempered { temperature, .. } => temperature,
        }
    }
}

/// The next, lower temperature: the lowest at which the draws of this generation keep the share
/// `keep` of their effective sample size when they are reweighted; at least 1, the posterior's.
pub(super) fn next_temperature(population: &Population, temperature: f64, keep: f64) -> f64 {
    let kept = |next: f64| {
        let inverse = 1.0 / next
            - if temperature.is_finite() {
                1.0 / temperature
            } else {
                0.0
            };
        let log: Vec<f64> = population
            .log_weights
            .iter()
            .zip(&population.distances)
            .map(|(w, d)| w - d * inverse)
            .collect();
        effective_number(&normalized(&log))
    };
    let wanted = keep * population.effective_sample_size();
    if kept(1.0) >= wanted {
        return 1.0;
    }
    // Bisection in the logarithm of the temperature.
    let top = if temperature.is_finite() {
        temperature
    } else {
        1e12 * (1.0 + population.farthest())
    };
    let (mut low, mut high) = (0.0, top.ln());
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if kept(middle.exp()) >= wanted {
            high = middle;
        } else {
            low = middle;
        }
    }
    high.exp()
}
