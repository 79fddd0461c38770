//! The reverse of a diffusion, step by step.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::estimator::PathConfig;

/// How the diffusion is run backwards.
///
/// A step goes from the angle φ to φ′ < φ by what the field says about data and noise,
/// u′ = cos φ′ E[y | u] + √(sin² φ′ − v) E[ε | u] + √v z, v = η² (sin φ′/sin φ)² (1 − (cos φ/cos φ′)²): the
/// exact law of u′ given u and y, whose limit of small steps is the reverse equation of Anderson
/// (1982), and which stays stable with few (Song, Meng and Ermon 2021, arXiv:2010.02502). Langevin steps at the
/// same angle may correct it (Song et al. 2021, arXiv:2011.13456, algorithms 2 and 3).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SdeConfig {
    /// How many steps, evenly spaced in the path's time.
    pub steps: usize,
    /// η: 1 is the reverse of the diffusion, 0 is the flow without any noise.
    pub noise: f64,
    /// Langevin steps after each step.
    pub corrector_steps: usize,
    /// Their length as a share of sin² φ.
    pub corrector_size: f64,
}

impl Default for SdeConfig {
    fn default() -> Self {
        Self {
            steps: 200,
            noise: 1.0,
            corrector_steps: 0,
            corrector_size: 0.1,
        }
    }
}

impl SdeConfig {
    pub(super) fn validate(&self) -> Result<()> {
        for (field, count, least) in [
            ("steps", self.steps, 2),
            ("corrector_steps", self.corrector_steps, 0),
        ] {
            if !(least..=100_000).contains(&count) {
                let expected = format!("from {least} to 100,000");
                return Err(Error::invalid_option("sampler", field, count, expected));
            }
        }
        for (field, value, least) in [
            ("noise", self.noise, 0.0),
            ("corrector_size", self.corrector_size, 1e-6),
        ] {
            if !(least..=1.0).contains(&value) {
                let expected = format!("from {least} to 1");
                return Err(Error::invalid_option("sampler", field, value, expected));
            }
        }
        Ok(())
    }

    /// The angles from all noise to none.
    pub(super) fn angles(&self, path: &PathConfig) -> Vec<f64> {
        let [low, high] = path.times();
        let time = |k: usize| high + (low - high) * k as f64 / (self.steps - 1) as f64;
        let mut angles = vec![std::f64::consts::FRAC_PI_2];
        angles.extend((0..self.steps).map(|k| path.angle(time(k))));
        angles.push(0.0);
        angles.dedup();
        angles
    }
}

/// The factors of u, w and z in a step: u′ = a u + b w + √v z.
pub(super) fn step_factors([from, to]: [f64; 2], noise: f64) -> [f64; 3] {
    let ([s, c], [s2, c2]) = ([from.sin(), from.cos()], [to.sin(), to.cos()]);
    let shrink = (c / c2).min(1.0);
    let variance = (noise * s2 / s).powi(2) * (1.0 - shrink * shrink);
    let kept = (s2 * s2 - variance).max(0.0).sqrt();
    // E[y | u] = c u − s w and E[ε | u] = s u + c w.
    [c2 * c + kept * s, kept * c - c2 * s, variance.sqrt()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_keeps_the_law_of_normal_data() {
        // y ~ N(m, r²): u ~ N(c m, c² r² + s²), and w is linear in u.
        let (m, r) = (0.8_f64, 0.3_f64);
        for noise in [0.0, 0.6, 1.0] {
            let config = SdeConfig {
                steps: 2000,
                noise,
                ..SdeConfig::default()
            };
            let (mut mean, mut variance) = (0.0, 1.0);
            for pair in config.angles(&PathConfig::default()).windows(2) {
                let (s, c) = pair[0].sin_cos();
                let total = c * c * r * r + s * s;
                // E[ε | u] − …: w = k (u − c m) − s m.
                let k = (s * c - s * c * r * r) / total;
                let [a, b, v] = step_factors([pair[0], pair[1]], noise);
                mean = a * mean + b * (k * (mean - c * m) - s * m);
                variance = (a + b * k).powi(2) * variance + v * v;
            }
            assert!((mean - m).abs() < 2e-3, "{noise}: {mean}");
            assert!(
                (variance.sqrt() / r - 1.0).abs() < 0.02,
                "{noise}: {variance}"
            );
        }
    }

    #[test]
    fn the_way_leads_from_noise_to_data() {
        for kind in ["flow_matching", "variance_exploding", "variance_preserving"] {
            let path: PathConfig =
                serde_json::from_str(&format!(r#"{{"kind":"{kind}"}}"#)).unwrap();
            let angles = SdeConfig::default().angles(&path);
            assert_eq!(
                (angles[0], *angles.last().unwrap()),
                (std::f64::consts::FRAC_PI_2, 0.0)
            );
            assert!(
                angles.windows(2).all(|pair| pair[0] > pair[1]),
                "{kind}: {angles:?}"
            );
        }
    }
}
