//! Normal kernels about weighted draws: the proposal of the next generation.

use rayon::prelude::*;

use super::{KernelConfig, inside};
use crate::error::{Error, Result};
use crate::infer::classical::covariance::{mean, second_moments};
use crate::infer::classical::factor::Factor;
use crate::prior::SupportMap;
use crate::prior::special::log_sum_exp;
use crate::seed::Random;

/// Σⱼ wⱼ N(zⱼ, Σⱼ) over draws zⱼ in the mapped space.
pub(in crate::infer::abc) struct Kernel {
    n: usize,
    centers: Vec<f64>,
    /// The centres after whitening, if all have one covariance.
    whitened: Option<Vec<f64>>,
    log_weights: Vec<f64>,
    cumulative: Vec<f64>,
    /// One, or one for each centre.
    factors: Vec<Factor>,
}

/// Redraws until a candidate lies inside the support.
const MOST_REDRAWS: usize = 10_000;
/// What is added to every covariance: this share of the spread in each coordinate.
const FLOOR: f64 = 1e-6;

impl Kernel {
    /// About draws `z` with these normalised weights.
    pub(in crate::infer::abc) fn new(
        config: KernelConfig,
        z: Vec<f64>,
        n: usize,
        weights: &[f64],
    ) -> Option<Self> {
        let center = mean(&z, n, weights);
        let mut covariance = second_moments(&z, weights, &center);
        let spread: Vec<f64> = (0..n).map(|i| covariance[i * n + i]).collect();
        add_floor(&mut covariance, &spread);
        let global = Factor::new(&covariance, n)?;
        let factors = match config {
            KernelConfig::MultivariateNormal { scale } => {
                let scaled: Vec<f64> = covariance.iter().map(|c| scale * c).collect();
                vec![Factor::new(&scaled, n)?]
            }
            KernelConfig::Local { neighbors, scale } => {
                let k = (neighbors * weights.len() as f64).ceil() as usize;
                local_factors(&z, &global, weights, k.max(n + 1), scale, &spread)?
            }
        };
        let whitened = (factors.len() == 1).then(|| whiten(&factors[0], &z, n));
        let mut below = 0.0;
        let cumulative = weights.iter().map(|w| {
            below += w;
            below
        });
        Some(Self {
            n,
            cumulative: cumulative.collect(),
            centers: z,
            whitened,
            log_weights: weights.iter().map(|w| w.ln()).collect(),
            factors,
        })
    }

    /// Draws θ: a centre by its weight, then its kernel, both again until θ lies inside the support.
    /// The density of what comes out is that of the mixture over the mass it has inside, which is the
    /// same for all.
    pub(super) fn propose(
        &self,
        map: &SupportMap,
        random: &mut Random,
        theta: &mut [f64],
    ) -> Result<()> {
        let mut z = vec![0.0; self.n];
        for _ in 0..MOST_REDRAWS {
            self.step(self.pick(random), random, &mut z);
            if inside(map, &z) {
                map.inverse(&z, theta);
                if map.prior().log_prob(theta) > f64::NEG_INFINITY {
                    return Ok(());
                }
            }
        }
        Err(Error::invalid(
            "abc_smc option `space`",
            format!(
                "{:?}, in which {MOST_REDRAWS} candidates in a row fall outside the prior",
                map.kind()
            ),
            "a space in which kernels stay inside the prior's support",
            "Choose `logit`, or the `local` kernel.",
        ))
    }

    /// A centre, by its weight.
    pub(super) fn pick(&self, random: &mut Random) -> usize {
        let last = self.cumulative.len() - 1;
        let at = random.uniform() * self.cumulative[last];
        self.cumulative.partition_point(|c| *c <= at).min(last)
    }

    /// Fills `z` with a draw from the kernel about centre `i`.
    pub(super) fn step(&self, i: usize, random: &mut Random, z: &mut [f64]) {
        z.fill_with(|| random.normal());
        self.factors[i.min(self.factors.len() - 1)].color(z);
        for (z, c) in z.iter_mut().zip(&self.centers[i * self.n..]) {
            *z += c;
        }
    }

    /// log Σⱼ wⱼ N(z; zⱼ, Σⱼ).
    pub(in crate::infer::abc) fn log_density(&self, z: &[f64]) -> f64 {
        let mut own = z.to_vec();
        if self.whitened.is_some() {
            self.factors[0].whiten(&mut own);
        }
        let mut off = vec![0.0; self.n];
        let terms: Vec<f64> = (0..self.log_weights.len())
            .map(|j| self.log_weights[j] + self.log_kernel(j, &own, &mut off))
            .collect();
        log_sum_exp(terms.iter().copied())
    }

    /// log N(z; zⱼ, Σⱼ), `own` being z, whitened if all centres have one covariance.
    fn log_kernel(&self, j: usize, own: &[f64], off: &mut [f64]) -> f64 {
        let centers = self.whitened.as_ref().unwrap_or(&self.centers);
        for ((off, z), c) in off.iter_mut().zip(own).zip(&centers[j * self.n..]) {
            *off = z - c;
        }
        let factor = &self.factors[j.min(self.factors.len() - 1)];
        if self.whitened.is_none() {
            factor.whiten(off);
        }
        factor.log_density(off)
    }
}

fn add_floor(covariance: &mut [f64], spread: &[f64]) {
    let n = spread.len();
    for (i, spread) in spread.iter().enumerate() {
        covariance[i * n + i] += FLOOR * spread;
    }
}

fn whiten(factor: &Factor, z: &[f64], n: usize) -> Vec<f64> {
    let mut whitened = z.to_vec();
    for z in whitened.chunks_exact_mut(n) {
        factor.whiten(z);
    }
    whitened
}

/// For each draw, the weighted second moments of its `k` nearest neighbours about it. Neighbours are
/// found where all draws together are white.
fn local_factors(
    z: &[f64],
    global: &Factor,
    weights: &[f64],
    k: usize,
    scale: f64,
    spread: &[f64],
) -> Option<Vec<Factor>> {
    let n = spread.len();
    let white = whiten(global, z, n);
    let factor = |i: usize| {
        let own = &white[i * n..][..n];
        let mut order: Vec<(f64, usize)> = white
            .chunks_exact(n)
            .map(|other| other.iter().zip(own).map(|(a, b)| (a - b).powi(2)).sum())
            .zip(0..)
            .collect();
        let k = k.min(order.len() - 1);
        order.select_nth_unstable_by(k, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        // The order of what was selected is not defined; that of sums has to be.
        order.truncate(k + 1);
        order.sort_unstable_by_key(|(_, j)| *j);
        let total: f64 = order.iter().map(|(_, j)| weights[*j]).sum();
        let near: Vec<f64> = order
            .iter()
            .flat_map(|(_, j)| &z[j * n..][..n])
            .copied()
            .collect();
        let share: Vec<f64> = order
            .iter()
            .map(|(_, j)| weights[*j] * scale / total)
            .collect();
        let mut moments = second_moments(&near, &share, &z[i * n..][..n]);
        add_floor(&mut moments, spread);
        Factor::new(&moments, n)
    };
    (0..weights.len()).into_par_iter().map(factor).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{Seed, Stream};

    fn draws(n_draws: usize) -> (Vec<f64>, Vec<f64>) {
        let mut random = Seed(1).stream(Stream::Test, 0);
        let z = (0..2 * n_draws).map(|_| random.normal()).collect();
        let weights: Vec<f64> = (0..n_draws).map(|_| random.uniform_open()).collect();
        let total: f64 = weights.iter().sum();
        (z, weights.iter().map(|w| w / total).collect())
    }

    #[test]
    fn the_density_integrates_to_one_and_is_the_mixture() {
        let (z, weights) = draws(30);
        for config in [
            KernelConfig::MultivariateNormal { scale: 0.5 },
            KernelConfig::Local {
                neighbors: 0.3,
                scale: 0.8,
            },
        ] {
            let kernel = Kernel::new(config, z.clone(), 2, &weights).unwrap();
            let step = 0.1;
            let mass: f64 = (-80..80)
                .flat_map(|i| (-80..80).map(move |j| [f64::from(i), f64::from(j)]))
                .map(|[i, j]| kernel.log_density(&[i * step, j * step]).exp())
                .sum();
            assert!(
                (mass * step * step - 1.0).abs() < 1e-4,
                "{config:?}: {mass}"
            );
        }
    }

    #[test]
    fn draws_have_the_moments_of_the_mixture() {
        let (z, weights) = draws(200);
        let center = mean(&z, 2, &weights);
        let covariance = second_moments(&z, &weights, &center);
        let config = KernelConfig::MultivariateNormal { scale: 2.0 };
        let kernel = Kernel::new(config, z, 2, &weights).unwrap();
        let mut random = Seed(2).stream(Stream::Test, 0);
        let mut found = Vec::new();
        let mut z = [0.0; 2];
        for _ in 0..40_000 {
            kernel.step(kernel.pick(&mut random), &mut random, &mut z);
            found.extend(z);
        }
        let equal = vec![1.0 / 4e4; 40_000];
        let middle = mean(&found, 2, &equal);
        let spread = second_moments(&found, &equal, &middle);
        // 40,000 draws with a variance near 3: five standard errors.
        for (found, exact) in middle.iter().zip(&center) {
            assert!((found - exact).abs() < 5.0 * (3.0_f64 / 4e4).sqrt());
        }
        for (found, exact) in spread.iter().zip(&covariance) {
            assert!((found - 3.0 * exact).abs() < 0.1, "{found} {exact}");
        }
    }
}
