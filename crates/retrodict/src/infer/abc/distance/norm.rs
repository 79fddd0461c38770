//! A norm of the difference of data.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Distance, DistanceFunction, ScaleMethod};
use crate::error::{Error, Result};
use crate::table::Table;

/// The distance (Σ |(`x_j` − `x_o,j`) / `s_j`|^p)^(1/p).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NormConfig {
    /// The exponent p, at least 1; `inf` is the largest difference.
    pub p: f64,
    /// What each datum is divided by.
    pub scale: ScaleMethod,
}

impl Default for NormConfig {
    fn default() -> Self {
        Self {
            p: 2.0,
            scale: ScaleMethod::default(),
        }
    }
}

impl Distance for NormConfig {
    fn fit(&self, simulated: &Table, observed: &[f64]) -> Result<DistanceFunction> {
        let p = self.p;
        if p.is_nan() || p < 1.0 {
            return Err(Error::invalid_option(
                "distance",
                "p",
                p,
                "at least 1, or inf",
            ));
        }
        let factors = self.scale.factors(simulated.values(), observed.len());
        let observed = observed.to_vec();
        Ok(Box::new(move |x| {
            let off = x.iter().zip(&observed).zip(&factors);
            let off = off.map(|((x, o), f)| ((x - o) * f).abs());
            norm(off, p)
        }))
    }
}

fn norm(off: impl Iterator<Item = f64>, p: f64) -> f64 {
    if p == 1.0 {
        off.sum()
    } else if p == 2.0 {
        off.map(|v| v * v).sum::<f64>().sqrt()
    } else if p == f64::INFINITY {
        // Not `f64::max`, which ignores NaN.
        off.fold(0.0, |a, b| if b > a || b.is_nan() { b } else { a })
    } else {
        off.map(|v| v.powf(p)).sum::<f64>().powf(1.0 / p)
    }
}
