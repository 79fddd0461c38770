//! What the tests of learned likelihoods and ratios share: problems whose likelihood is known, and how
//! far a learned posterior is from the exact one.

use std::ops::ControlFlow;

use crate::infer::LogLikelihood;
use crate::prior::{DistributionConfig as D, Prior};
use crate::seed::{Random, Seed, Stream};
use crate::simulate::{Simulations, Status};
use crate::table::Table;
use crate::train::EpochRecord;

pub(super) fn silent(_: &EpochRecord) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Independent normal data, with mean and sd that depend on θ.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    pub(super) prior: Prior,
    /// Mean and sd of each number of the data.
    pub(super) data: fn(&[f64]) -> Vec<[f64; 2]>,
}

/// θ ~ N(0, 1), x ~ N(θ, 0.5²).
pub(super) fn line() -> Problem {
    Problem {
        prior: Prior::new([("a", D::normal(0.0, 1.0))]).unwrap(),
        data: |theta| vec![[theta[0], 0.5]],
    }
}

/// Two parameters with normal priors and three data of very different size, linear in θ.
pub(super) fn plane() -> Problem {
    Problem {
        prior: Prior::new([("a", D::normal(0.0, 1.0)), ("b", D::normal(2.0, 3.0))]).unwrap(),
        data: |theta| {
            let b = (theta[1] - 2.0) / 3.0;
            vec![
                [theta[0] + 0.5 * b, 0.6],
                [1e3 + 1e3 * (b - 0.5 * theta[0]), 5e2],
                [1e-3 * b, 1e-3],
            ]
        },
    }
}

/// θ uniform on a rectangle, x ~ N(θ, …): the posterior is cut off at the prior's bounds.
pub(super) fn rectangle() -> Problem {
    Problem {
        prior: Prior::new([("a", D::uniform(-1.0, 1.0)), ("b", D::uniform(0.0, 1e-3))]).unwrap(),
        data: |theta| vec![[theta[0], 0.4], [1e3 * theta[1], 0.3]],
    }
}

/// Mean and noise both bend with θ.
pub(super) fn bent() -> Problem {
    Problem {
        prior: Prior::new([("a", D::uniform(-1.5, 1.5))]).unwrap(),
        data: |theta| vec![[(2.0 * theta[0]).sin(), 0.2 + 0.2 * theta[0].powi(2)]],
    }
}

impl Problem {
    pub(super) fn draw(&self, theta: &[f64], random: &mut Random) -> Vec<f64> {
        let of = |[mean, sd]: [f64; 2], random: &mut Random| mean + sd * random.normal();
        let data = (self.data)(theta);
        data.into_iter().map(|datum| of(datum, random)).collect()
    }

    pub(super) fn simulate(&self, n: usize, seed: Seed) -> Simulations {
        let theta = self.prior.sample_table(n, seed, Stream::Parameters);
        let mut random = seed.stream(Stream::Simulator, 0);
        let x: Vec<f64> = theta
            .rows()
            .flat_map(|theta| self.draw(theta, &mut random))
            .collect();
        Simulations {
            x: Table::numbered("x", x.len() / n, x).unwrap(),
            theta,
            status: vec![Status::Ok; n],
        }
    }

    /// log p(x | θ), summed over trials.
    pub(super) fn exact(&self, theta: &[f64], x: &[f64]) -> f64 {
        let data = (self.data)(theta);
        let log = |(x, [mean, sd]): (&f64, &[f64; 2])| {
            let z = (x - mean) / sd;
            -0.5 * z * z - sd.ln() - 0.5 * std::f64::consts::TAU.ln()
        };
        x.chunks_exact(data.len())
            .map(|x| x.iter().zip(&data).map(log).sum::<f64>())
            .sum()
    }

    /// Middles of equal parts of where the prior has its mass, `n` a parameter, row after row.
    fn grid(&self, n: usize) -> Vec<f64> {
        let moments = self.prior.moments();
        let axis = |j: usize, k: usize| {
            let share = (k as f64 + 0.5) / n as f64;
            let support = self.prior.support(j);
            if support.is_bounded() {
                support.low + share * (support.high - support.low)
            } else {
                moments[j].mean.unwrap() + moments[j].sd.unwrap() * (12.0 * share - 6.0)
            }
        };
        match self.prior.n_parameters() {
            1 => (0..n).map(|k| axis(0, k)).collect(),
            _ => (0..n * n)
                .flat_map(|k| [axis(0, k / n), axis(1, k % n)])
                .collect(),
        }
    }

    /// KL(exact ‖ learned) of the posteriors of `x`, summed over a grid of one or two parameters.
    pub(super) fn divergence(&self, learned: &dyn LogLikelihood, x: &[f64]) -> f64 {
        let p = self.prior.n_parameters();
        let theta = self.grid(if p == 1 { 2000 } else { 120 });
        let mut values = vec![0.0; theta.len() / p];
        learned.log_likelihood(&theta, x, &mut values).unwrap();
        let priors = theta
            .chunks_exact(p)
            .map(|theta| self.prior.log_prob(theta));
        let exact = theta.chunks_exact(p).map(|theta| self.exact(theta, x));
        let exact = normalized(exact.zip(priors.clone()).map(|(l, p)| l + p).collect());
        let learned = normalized(values.into_iter().zip(priors).map(|(l, p)| l + p).collect());
        let term = |(a, b): (&f64, &f64)| if *a > -700.0 { a.exp() * (a - b) } else { 0.0 };
        exact.iter().zip(&learned).map(term).sum()
    }

    /// The mean divergence over observations of θ from the prior, `trials` each.
    pub(super) fn mean_divergence(&self, learned: &dyn LogLikelihood, trials: usize) -> f64 {
        let n = 12;
        let seed = Seed(77);
        let thetas = self.prior.sample_table(n, seed, Stream::TestParameters);
        let mut random = seed.stream(Stream::TestSimulator, trials as u64);
        let observed = thetas.rows().map(|theta| {
            let x: Vec<f64> = (0..trials)
                .flat_map(|_| self.draw(theta, &mut random))
                .collect();
            self.divergence(learned, &x)
        });
        observed.sum::<f64>() / n as f64
    }
}

fn normalized(mut logs: Vec<f64>) -> Vec<f64> {
    let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let total: f64 = logs.iter().map(|l| (l - largest).exp()).sum();
    for log in &mut logs {
        *log -= largest + total.ln();
    }
    logs
}

/// Compares gradients with difference quotients of the values at draws from the prior, in units of each
/// parameter's sd. A step may carry the data over a spline's knot, where the slope jumps: of two
/// steps, or of their sides, one has to agree.
pub(super) fn assert_gradients(learned: &dyn LogLikelihood, prior: &Prior, x: &[f64], what: &str) {
    let p = prior.n_parameters();
    let thetas = prior.sample_table(20, Seed(5), Stream::Test);
    let moments = prior.moments();
    let n = thetas.n_rows();
    let (mut values, mut gradients) = (vec![0.0; n], vec![f64::NAN; n * p]);
    let there = learned
        .with_gradient(thetas.values(), x, &mut values, &mut gradients)
        .unwrap();
    assert!(there);
    let value = |theta: &[f64]| {
        let mut value = [0.0];
        learned.log_likelihood(theta, x, &mut value).unwrap();
        value[0]
    };
    for (i, gradient) in gradients.chunks_exact(p).enumerate() {
        let center = value(thetas.row(i));
        let error = (values[i] - center).abs();
        assert!(error < 1e-5 * (1.0 + center.abs()), "{what}, row {i}");
        // Alone, or with others: the same bits.
        let (mut alone, mut slopes) = ([0.0], vec![f64::NAN; p]);
        let there = learned.with_gradient(thetas.row(i), x, &mut alone, &mut slopes);
        assert!(there.unwrap());
        assert_eq!(
            (alone[0], &slopes[..]),
            (values[i], gradient),
            "{what}, row {i}"
        );
        for (j, slope) in gradient.iter().enumerate() {
            let sd = moments[j].sd.unwrap();
            let at = |step: f64| {
                let mut theta = thetas.row(i).to_vec();
                theta[j] += step * sd;
                value(&theta)
            };
            let quotients = [1e-2, 2e-3].map(|h: f64| {
                let (high, low) = (at(h), at(-h));
                let halves = [(high - low) / 2.0, high - center, center - low];
                halves.map(|difference| difference / h)
            });
            let slope = slope * sd;
            // Steps that leave the support say nothing.
            let mut inside = quotients.as_flattened().iter().filter(|q| q.is_finite());
            let near = inside.clone().next().is_none()
                || inside.any(|q| (q - slope).abs() < 0.02 * (1.0 + slope.abs()));
            assert!(near, "{what}, row {i}, {j}: {quotients:?}, not {slope}");
        }
    }
}
