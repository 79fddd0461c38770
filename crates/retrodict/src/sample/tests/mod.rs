//! Every sampler against densities whose moments are known.

mod failures;
mod gaussian;
mod golden;
mod hand_over;
mod shapes;
mod threads;

use super::{
    Drawn, EnsembleConfig, ImportanceConfig, LogDensity, NutsConfig, RandomWalkConfig,
    RejectionConfig, SamplerConfig, SliceConfig, SmcConfig, StandardNormal, VariationalConfig,
    sample,
};
use crate::seed::Seed;

/// One of each kind, with shorter runs than the default where that is enough.
pub(super) fn all() -> Vec<SamplerConfig> {
    vec![
        SamplerConfig::Slice(SliceConfig::default()),
        SamplerConfig::RandomWalk(RandomWalkConfig::default()),
        SamplerConfig::Ensemble(EnsembleConfig::default()),
        SamplerConfig::Nuts(NutsConfig::default()),
        SamplerConfig::Smc(SmcConfig::default()),
        SamplerConfig::Importance(ImportanceConfig::default()),
        SamplerConfig::Rejection(RejectionConfig::default()),
        SamplerConfig::Variational(VariationalConfig {
            steps: 200,
            ..VariationalConfig::default()
        }),
    ]
}

/// From N(0, I).
pub(super) fn draw(target: &dyn LogDensity, n: usize, config: &SamplerConfig, seed: u64) -> Drawn {
    let reference = StandardNormal {
        dimension: target.dimension(),
    };
    sample(target, &reference, n, config, Seed(seed)).unwrap()
}

/// A normal density whose neighbouring coordinates are correlated by `rho`, as an autoregressive chain:
/// with u = (x − mean) / sd, uⱼ given those before is N(ρ uⱼ₋₁, 1 − ρ²).
pub(super) struct Gaussian {
    pub(super) mean: Vec<f64>,
    pub(super) sd: Vec<f64>,
    pub(super) rho: f64,
}

impl Gaussian {
    pub(super) fn chain(d: usize, rho: f64) -> Self {
        Self {
            mean: (0..d).map(|j| 0.6 * (j as f64 + 1.0) / d as f64).collect(),
            sd: (0..d).map(|j| 0.3 + 0.1 * (j % 3) as f64).collect(),
            rho,
        }
    }

    /// The independent standard normals behind a point.
    fn residuals(&self, x: &[f64]) -> Vec<f64> {
        let spread = (1.0 - self.rho * self.rho).sqrt();
        let scaled = x.iter().zip(self.mean.iter().zip(&self.sd));
        let u: Vec<f64> = scaled.map(|(x, (m, s))| (x - m) / s).collect();
        (0..u.len())
            .map(|j| match j {
                0 => u[0],
                _ => (u[j] - self.rho * u[j - 1]) / spread,
            })
            .collect()
    }
}

impl LogDensity for Gaussian {
    fn dimension(&self) -> usize {
        self.mean.len()
    }

    fn log_density(&self, points: &[f64], values: &mut [f64]) {
        for (value, x) in values.iter_mut().zip(points.chunks_exact(self.mean.len())) {
            *value = -0.5 * self.residuals(x).iter().map(|e| e * e).sum::<f64>();
        }
    }

    fn with_gradient(&self, points: &[f64], values: &mut [f64], gradients: &mut [f64]) -> bool {
        self.log_density(points, values);
        let d = self.mean.len();
        let spread = (1.0 - self.rho * self.rho).sqrt();
        for (x, gradient) in points.chunks_exact(d).zip(gradients.chunks_exact_mut(d)) {
            let e = self.residuals(x);
            for j in 0..d {
                let own = if j == 0 { e[0] } else { e[j] / spread };
                let next = e.get(j + 1).map_or(0.0, |next| self.rho * next / spread);
                gradient[j] = (next - own) / self.sd[j];
            }
        }
        true
    }
}

/// A density given as a closure over one point.
pub(super) struct Function<F>(pub(super) usize, pub(super) F);

impl<F: Fn(&[f64]) -> f64 + Sync> LogDensity for Function<F> {
    fn dimension(&self) -> usize {
        self.0
    }

    fn log_density(&self, points: &[f64], values: &mut [f64]) {
        for (value, x) in values.iter_mut().zip(points.chunks_exact(self.0)) {
            *value = (self.1)(x);
        }
    }

    fn with_gradient(&self, points: &[f64], values: &mut [f64], gradients: &mut [f64]) -> bool {
        self.log_density(points, values);
        for (x, gradient) in points.chunks(self.0).zip(gradients.chunks_mut(self.0)) {
            for j in 0..self.0 {
                let at = |shift: f64| {
                    let mut moved = x.to_vec();
                    moved[j] += shift;
                    (self.1)(&moved)
                };
                gradient[j] = (at(1e-6) - at(-1e-6)) / 2e-6;
            }
        }
        true
    }
}

/// Mean and standard deviation of a coordinate.
pub(super) fn moments(column: &[f64]) -> [f64; 2] {
    let n = column.len() as f64;
    let mean = column.iter().sum::<f64>() / n;
    let squares: f64 = column.iter().map(|x| (x - mean).powi(2)).sum();
    [mean, (squares / (n - 1.0)).sqrt()]
}
