//! What the data are regressed by.

use serde::{Deserialize, Serialize};

/// Standardised data beyond this do not get further in powers: x³ would rule the regression.
const LARGEST: f64 = 10.0;

/// Powers of standardised data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Powers {
    pub(super) degree: usize,
    pub(super) middle: Vec<f64>,
    pub(super) scale: Vec<f64>,
}

impl Powers {
    pub(super) fn of(&self, x: &[f64]) -> Vec<f64> {
        let mut features = Vec::with_capacity(self.degree * x.len());
        for ((x, middle), scale) in x.iter().zip(&self.middle).zip(&self.scale) {
            let z = (x - middle) / scale;
            let clamped = z.clamp(-LARGEST, LARGEST);
            // The first power stays as it is: what is linear is not bent.
            features
                .extend((1..=self.degree as i32).map(|k| if k == 1 { z } else { clamped.powi(k) }));
        }
        features
    }
}
