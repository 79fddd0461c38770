//! Posterior simulation-based calibration: is the inference right where the observation says θ lies?

use std::f64::consts::LN_2;

use serde::{Deserialize, Serialize};

use super::calibration::{Calibration, QuantityKind};
use super::power::{Power, powers_of_parameters};
use super::rank_uniformity::RankUniformity;
use super::{Check, CheckStatus};
use crate::error::Result;
use crate::infer::Posterior;
use crate::prior::special::log_sum_exp;
use crate::prior::{Parameter, Prior};
use crate::samples::Samples;
use crate::seed::{Seed, Stream};
use crate::simulate::Simulations;
use crate::table::Table;

/// How the posterior of an observation xₒ and of further data x′ together is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Joined {
    /// x′ is given to the method as further trials: p(θ | xₒ, x′) ∝ p(x′ | θ) p(xₒ | θ) p(θ). For methods that
    /// know a likelihood.
    Trials,
    /// The two posteriors are multiplied: p(θ | xₒ, x′) ∝ q(θ | xₒ) q(θ | x′) / p(θ). For methods that know
    /// a posterior of one observation.
    Product,
}

/// Ranks of θ′ ~ q(θ | xₒ) among draws of its posterior given xₒ and x′ ~ p(x | θ′).
///
/// θ′ is a draw of q(θ | xₒ), x′ one of the simulator at θ′, so whatever q(θ | xₒ) is, the posterior of θ′ with
/// q(θ | xₒ) for a prior is ∝ q(θ | xₒ) p(x′ | θ), and θ′ ranks uniformly among its draws. A method of one observation
/// stands for p(x′ | θ) by q(θ | x′)/p(θ): what is tested is the method at data such as the observation's posterior
/// makes them, and nowhere else. To rank θ′ among draws of q(θ | x′) itself would be wrong: they do not know of xₒ, which
/// θ′ came from.
///
/// # Reference
/// Säilynoja, Schmitt, Bürkner and Vehtari 2025, "Posterior SBC: simulation-based calibration checking conditional
/// on data", arXiv:2502.03279.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PosteriorCalibration {
    /// How the two were joined.
    pub joined: Joined,
    /// The ranks.
    pub ranks: RankUniformity,
    /// The simulations for which there was a posterior, and those for which there was none.
    pub answered: [usize; 2],
}

impl PosteriorCalibration {
    /// From simulations at draws of the posterior of the observation: rows of θ′ and x′.
    ///
    /// # Errors
    /// As [`Calibration::measure`].
    pub fn measure(
        posterior: &dyn Posterior,
        prior: &Prior,
        (observed, joined): (&[f64], Joined),
        simulations: &Simulations,
        n_draws: usize,
        seed: Seed,
    ) -> Result<Self> {
        let given_too = GivenToo {
            posterior,
            prior,
            observed,
            joined,
        };
        let seed = seed.derive(Stream::PosteriorCalibration, 0);
        let mut found = Calibration::measure(&given_too, simulations, n_draws, seed)?;
        // Points chosen by similar data need the same prior for all rows, and say nothing beyond the others here.
        found
            .quantities
            .retain(|q| q.kind != QuantityKind::Distance);
        Ok(Self {
            joined,
            answered: [found.rows.len(), found.failures.len()],
            ranks: RankUniformity::of(&found),
        })
    }

    /// One check a parameter, and one for pairs.
    pub fn checks(&self) -> Vec<Check> {
        let mut checks = self.ranks.checks_of(NAME);
        for check in &mut checks {
            if check.status != CheckStatus::Passed {
                check.explanation += " This is so for data like those that the posterior of your observation makes, \
                                      whatever it is elsewhere.";
            }
        }
        checks
    }
}

impl PosteriorCalibration {
    /// How often so many simulations would show a stated defect.
    pub fn powers(&self) -> Vec<Power> {
        powers_of_parameters(&self.ranks, NAME)
    }
}

const NAME: &str = "posterior calibration";

/// p(θ | xₒ, x′) as a posterior of x′.
struct GivenToo<'a> {
    posterior: &'a dyn Posterior,
    prior: &'a Prior,
    observed: &'a [f64],
    joined: Joined,
}

impl GivenToo<'_> {
    fn both(&self, x: &[f64]) -> Vec<f64> {
        [self.observed, x].concat()
    }

    /// log q(θ | xₒ) − log p(θ), and log q(θ | x′).
    fn parts(&self, theta: &Table, x: &[f64]) -> Result<Vec<[f64; 3]>> {
        let observed = self.posterior.log_prob(theta, self.observed)?;
        let given = self.posterior.log_prob(theta, x)?;
        let prior = theta.rows().map(|row| self.prior.log_prob(row));
        let each = observed.iter().zip(given).zip(prior);
        Ok(each.map(|((o, g), p)| [*o, g, p]).collect())
    }
}

impl Posterior for GivenToo<'_> {
    fn parameters(&self) -> &[Parameter] {
        self.posterior.parameters()
    }

    /// For a product, half of the draws come from each factor and are weighted with product over mixture, so that no
    /// weight is large where only one of the two is wide enough.
    fn sample(&self, x: &[f64], n: usize, seed: Seed) -> Result<Samples> {
        if self.joined == Joined::Trials {
            return self.posterior.sample(&self.both(x), n, seed);
        }
        let [a, b] = [0, 1].map(|k| seed.derive(Stream::PosteriorCalibration, 1 + k));
        let mut samples = self.posterior.sample(x, n.div_ceil(2), a)?;
        let others = self.posterior.sample(self.observed, n / 2, b)?;
        let values = others.draws.values();
        samples.draws.append(|rows| rows.extend_from_slice(values));
        // In turns, so that the first draws stand for all.
        let half = n.div_ceil(2);
        let turns: Vec<usize> = (0..half)
            .flat_map(|i| [i, half + i])
            .filter(|&i| i < n)
            .collect();
        samples.draws = samples.draws.select(&turns);
        let parts = self.parts(&samples.draws, x)?;
        samples.log_weights = Some(parts.into_iter().map(log_weight).collect());
        samples.n_chains = 1;
        samples.statistics.clear();
        Ok(samples)
    }

    fn log_prob(&self, theta: &Table, x: &[f64]) -> Result<Vec<f64>> {
        self.log_unnormalized(theta, x)
    }

    fn log_unnormalized(&self, theta: &Table, x: &[f64]) -> Result<Vec<f64>> {
        if self.joined == Joined::Trials {
            return self.posterior.log_unnormalized(theta, &self.both(x));
        }
        let parts = self.parts(theta, x)?;
        let product = |[observed, given, prior]: [f64; 3]| {
            let value = observed + given - prior;
            if value.is_nan() {
                f64::NEG_INFINITY
            } else {
                value
            }
        };
        Ok(parts.into_iter().map(product).collect())
    }

    fn map(&self, x: &[f64], seed: Seed) -> Result<Vec<f64>> {
        self.posterior.map(x, seed)
    }
}

/// log of qₒ q′/p over ½ qₒ + ½ q′.
fn log_weight([observed, given, prior]: [f64; 3]) -> f64 {
    let mixture = log_sum_exp([observed, given].into_iter()) - LN_2;
    let weight = observed + given - prior - mixture;
    if weight.is_nan() {
        f64::NEG_INFINITY
    } else {
        weight
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prior::DistributionConfig as D;
    use crate::simulate::Status;

    /// θ ~ N(0, 1), x = θ + ½ e; a posterior that is right, too narrow, or shifted where x > 0.
    struct Conjugate {
        parameters: Vec<Parameter>,
        width: f64,
        shift: f64,
    }

    const VARIANCE: f64 = 0.25;

    impl Conjugate {
        fn new(prior: &Prior, width: f64, shift: f64) -> Self {
            let parameters = prior.parameters().to_vec();
            Self {
                parameters,
                width,
                shift,
            }
        }

        /// Mean and sd.
        fn of(&self, x: &[f64]) -> [f64; 2] {
            let precision = 1.0 + x.len() as f64 / VARIANCE;
            let mean = x.iter().sum::<f64>() / VARIANCE / precision;
            let sd = precision.sqrt().recip();
            let off = if x[0] > 0.0 { self.shift * sd } else { 0.0 };
            [mean + off, self.width * sd]
        }
    }

    impl Posterior for Conjugate {
        fn parameters(&self) -> &[Parameter] {
            &self.parameters
        }

        fn sample(&self, x: &[f64], n: usize, seed: Seed) -> Result<Samples> {
            let mut random = seed.stream(Stream::Posterior, 0);
            let [mean, sd] = self.of(x);
            Samples::from_rows(["a"], (0..n).map(|_| mean + sd * random.normal()).collect())
        }

        fn log_prob(&self, theta: &Table, x: &[f64]) -> Result<Vec<f64>> {
            let [mean, sd] = self.of(x);
            let density = |t: &f64| -0.5 * ((t - mean) / sd).powi(2) - sd.ln();
            Ok(theta.values().iter().map(density).collect())
        }

        fn map(&self, x: &[f64], _: Seed) -> Result<Vec<f64>> {
            Ok(vec![self.of(x)[0]])
        }
    }

    fn worst(width: f64, shift: f64, observed: f64, joined: Joined) -> CheckStatus {
        let prior = Prior::new([("a", D::normal(0.0, 1.0))]).unwrap();
        let posterior = Conjugate::new(&prior, width, shift);
        let n = 300;
        let theta = posterior.sample(&[observed], n, Seed(5)).unwrap().draws;
        let mut random = Seed(5).stream(Stream::Predictive, 0);
        let x = theta.values().iter().map(|t| t + 0.5 * random.normal());
        let simulations = Simulations {
            x: Table::new(["x"], x.collect()).unwrap(),
            status: vec![Status::Ok; n],
            theta,
        };
        let of = (&[observed][..], joined);
        let found =
            PosteriorCalibration::measure(&posterior, &prior, of, &simulations, 400, Seed(6));
        let checks = found.unwrap().checks();
        assert!(
            checks.iter().all(|c| c.name.starts_with(NAME)),
            "{checks:?}"
        );
        checks.iter().map(|c| c.status).max().unwrap()
    }

    #[test]
    fn a_right_posterior_passes_by_products_and_by_trials() {
        for joined in [Joined::Product, Joined::Trials] {
            for observed in [-1.5, 0.0, 2.0] {
                assert_eq!(worst(1.0, 0.0, observed, joined), CheckStatus::Passed);
            }
        }
    }

    #[test]
    fn a_wrong_one_is_found_and_only_where_it_is_wrong() {
        assert_ne!(worst(0.5, 0.0, 0.5, Joined::Product), CheckStatus::Passed);
        assert_ne!(worst(1.0, 1.5, 2.0, Joined::Product), CheckStatus::Passed);
        // Where x < 0 nothing is wrong.
        assert_eq!(worst(1.0, 1.5, -2.0, Joined::Product), CheckStatus::Passed);
    }
}
