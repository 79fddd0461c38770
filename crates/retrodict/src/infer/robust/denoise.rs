//! The data that a simulator could have made, given an observation with errors.

use serde::{Deserialize, Serialize};

use super::error_model::ErrorModel;
use crate::sample::Diagnostics;
use crate::seed::{Random, Seed, Stream};

/// Draws from p(x | y) ∝ p(x) Πⱼ p(yⱼ | xⱼ).
#[derive(Debug, Clone, PartialEq)]
pub struct Denoised {
    /// The draws, one a row.
    pub rows: Vec<Vec<f64>>,
    /// Each datum of the observation.
    pub data: Vec<SuspectedDatum>,
    /// R̂ of the log-density along the chains.
    pub r_hat: f64,
    /// How many densities were evaluated.
    pub evaluations: usize,
}

/// What is thought of one datum.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SuspectedDatum {
    /// The observed value.
    pub observed: f64,
    /// The mean of the values without error.
    pub mean: f64,
    /// Their standard deviation.
    pub sd: f64,
    /// The probability that its error is of the slab: that the simulator does not make it.
    pub error_probability: f64,
}

/// Chains that move side by side, in two halves that propose for each other.
const CHAINS: usize = 64;
/// Sweeps over all data; the first half is forgotten.
const SWEEPS: [usize; 2] = [60, 400];
/// About so many densities in all.
const EVALUATIONS: usize = 1_000_000;
/// How many draws of each chain are kept.
const KEPT: usize = 8;
/// The widest and the narrowest step of a walk, in units of a column's spread.
const STEPS: [f64; 2] = [2.0, 0.005];
/// The sd of the wide proposals, in the same units.
const WIDE: f64 = 2.0;

/// The state of all chains: x in units of the columns' spreads, and its log-density.
struct Chains<'a> {
    errors: &'a ErrorModel,
    log_prior: &'a dyn Fn(&[Vec<f64>]) -> Vec<f64>,
    observed: Vec<f64>,
    /// The columns that can have errors.
    free: Vec<usize>,
    x: Vec<Vec<f64>>,
    density: Vec<f64>,
    evaluations: usize,
}

/// Metropolis–Hastings in one coordinate after the other, and along differences of other chains.
///
/// A coordinate is proposed near itself, at steps of all sizes, or anew: half the time within the spike about the
/// observed value, half the time from a wide normal distribution, so that chains go from spike to slab and back
/// without crossing what lies between. Differences of the other half's states (ter Braak 2006) move coordinates that
/// hang together.
pub(super) fn denoise(
    errors: &ErrorModel,
    log_prior: &dyn Fn(&[Vec<f64>]) -> Vec<f64>,
    observed: &[f64],
    seed: Seed,
) -> Denoised {
    let mut random = seed.stream(Stream::Denoising, 0);
    let mut chains = Chains::start(errors, log_prior, observed, &mut random);
    let d = chains.free.len();
    let affordable = EVALUATIONS / (CHAINS * (d + 1));
    let sweeps = affordable.clamp(SWEEPS[0], SWEEPS[1]);
    let (mut traces, mut kept) = (vec![Vec::new(); CHAINS], Vec::new());
    let mut shares = vec![0.0; observed.len()];
    let (first, every) = (sweeps / 2, (sweeps / 2).div_ceil(KEPT));
    for sweep in 0..sweeps {
        chains.sweep(&mut random);
        if sweep < first {
            continue;
        }
        for (trace, density) in traces.iter_mut().zip(&chains.density) {
            trace.push(*density);
        }
        chains.add_shares(&mut shares);
        if (sweep - first).is_multiple_of(every) {
            kept.extend((0..CHAINS).map(|k| chains.data(k)));
        }
    }
    let visits = ((sweeps - first) * CHAINS) as f64;
    let shares: Vec<f64> = shares.iter().map(|s| s / visits).collect();
    Denoised {
        data: suspects(&kept, observed, &shares),
        rows: kept,
        r_hat: Diagnostics::of(&traces.concat(), CHAINS).r_hat,
        evaluations: chains.evaluations,
    }
}

fn suspects(rows: &[Vec<f64>], observed: &[f64], shares: &[f64]) -> Vec<SuspectedDatum> {
    let n = rows.len() as f64;
    let datum = |(j, (&observed, &share)): (usize, (&f64, &f64))| {
        let mean = rows.iter().map(|row| row[j]).sum::<f64>() / n;
        let variance = rows.iter().map(|row| (row[j] - mean).powi(2)).sum::<f64>() / n;
        SuspectedDatum {
            observed,
            mean,
            sd: variance.sqrt(),
            error_probability: share,
        }
    };
    observed.iter().zip(shares).enumerate().map(datum).collect()
}

impl<'a> Chains<'a> {
    fn start(
        errors: &'a ErrorModel,
        log_prior: &'a dyn Fn(&[Vec<f64>]) -> Vec<f64>,
        observed: &[f64],
        random: &mut Random,
    ) -> Self {
        let free: Vec<usize> = (0..observed.len())
            .filter(|&j| errors.scales[j] > 0.0)
            .collect();
        let unit = |j: usize| {
            let scale = errors.scales[j];
            let away = observed[j] - errors.middles[j];
            if scale > 0.0 { away / scale } else { 0.0 }
        };
        let units: Vec<f64> = (0..observed.len()).map(unit).collect();
        let mut chains = Self {
            errors,
            log_prior,
            observed: observed.to_vec(),
            free,
            x: vec![units; CHAINS],
            density: Vec::new(),
            evaluations: 0,
        };
        // One half from the observation, the other from anywhere.
        for k in CHAINS / 2..CHAINS {
            for at in 0..chains.free.len() {
                let j = chains.free[at];
                chains.x[k][j] = random.normal();
            }
        }
        let all: Vec<usize> = (0..CHAINS).collect();
        chains.density = chains.densities(&all, &chains.x.clone());
        chains
    }

    /// The observation in the units of x.
    fn unit(&self, j: usize) -> f64 {
        (self.observed[j] - self.errors.middles[j]) / self.errors.scales[j]
    }

    /// A state as data; columns without errors are as observed.
    fn place(&self, x: &[f64]) -> Vec<f64> {
        let mut data = self.observed.clone();
        for &j in &self.free {
            data[j] = self.errors.middles[j] + self.errors.scales[j] * x[j];
        }
        data
    }

    fn data(&self, k: usize) -> Vec<f64> {
        self.place(&self.x[k])
    }

    fn densities(&mut self, of: &[usize], x: &[Vec<f64>]) -> Vec<f64> {
        let rows: Vec<Vec<f64>> = x.iter().map(|x| self.place(x)).collect();
        self.evaluations += of.len();
        let priors = (self.log_prior)(&rows);
        let error = |x: &[f64]| -> f64 {
            let each = self.free.iter();
            each.map(|&j| self.errors.log_density(self.unit(j) - x[j]))
                .sum()
        };
        let all = priors.iter().zip(x).map(|(prior, x)| prior + error(x));
        all.map(|v| if v.is_nan() { f64::NEG_INFINITY } else { v })
            .collect()
    }

    /// Keeps proposals with probability min(1, density ratio × `corrections`).
    fn judge(
        &mut self,
        of: &[usize],
        proposals: Vec<Vec<f64>>,
        corrections: &[f64],
        random: &mut Random,
    ) {
        let densities = self.densities(of, &proposals);
        let each = of
            .iter()
            .zip(proposals)
            .zip(densities.iter().zip(corrections));
        for ((&k, proposal), (&density, correction)) in each {
            let level = density - self.density[k] + correction;
            if random.uniform_open().ln() < level {
                self.x[k] = proposal;
                self.density[k] = density;
            }
        }
    }

    fn sweep(&mut self, random: &mut Random) {
        let mut order = self.free.clone();
        random.shuffle(&mut order);
        let all: Vec<usize> = (0..CHAINS).collect();
        for j in order {
            let (mut proposals, mut corrections) = (self.x.clone(), vec![0.0; CHAINS]);
            for (proposal, correction) in proposals.iter_mut().zip(&mut corrections) {
                (proposal[j], *correction) = self.propose(j, proposal[j], random);
            }
            self.judge(&all, proposals, &corrections, random);
        }
        self.along_differences(random);
    }

    /// A new value of one coordinate, and the log ratio of proposing it from there and back.
    fn propose(&self, j: usize, value: f64, random: &mut Random) -> (f64, f64) {
        if random.below(2) == 0 {
            let [widest, narrowest] = STEPS.map(f64::ln);
            let step = (narrowest + (widest - narrowest) * random.uniform()).exp();
            return (value + step * random.normal(), 0.0);
        }
        let (middle, spike) = (self.unit(j), self.errors.config.spike);
        let anew = if random.below(2) == 0 {
            middle + spike * random.normal()
        } else {
            WIDE * random.normal()
        };
        let density = |v: f64| {
            let normal = |z: f64, sd: f64| (-0.5 * (z / sd).powi(2)).exp() / sd;
            (normal(v - middle, spike) + normal(v, WIDE)).max(f64::MIN_POSITIVE)
        };
        (anew, density(value).ln() - density(anew).ln())
    }

    fn along_differences(&mut self, random: &mut Random) {
        let d = self.free.len().max(1) as f64;
        let half = CHAINS / 2;
        for side in 0..2 {
            let of: Vec<usize> = (side * half..(side + 1) * half).collect();
            let others = (1 - side) * half;
            // Now and then a whole difference, which goes from mode to mode.
            let reach = if random.below(10) == 0 {
                1.0
            } else {
                2.38 / (2.0 * d).sqrt()
            };
            let mut proposals = Vec::with_capacity(half);
            for &k in &of {
                let a = random.below(half);
                let b = (a + 1 + random.below(half - 1)) % half;
                let (a, b) = (&self.x[others + a], &self.x[others + b]);
                let mut proposal = self.x[k].clone();
                for &j in &self.free {
                    proposal[j] += reach * (a[j] - b[j]) + 1e-4 * random.normal();
                }
                proposals.push(proposal);
            }
            self.judge(&of, proposals, &vec![0.0; half], random);
        }
    }

    fn add_shares(&self, shares: &mut [f64]) {
        for x in &self.x {
            for &j in &self.free {
                shares[j] += self.errors.slab_share(self.unit(j) - x[j]);
            }
        }
    }
}
