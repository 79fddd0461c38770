//! The local two-sample test: is the posterior right at this observation?

mod coordinates;
mod pairs;
#[cfg(test)]
mod tests;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use self::coordinates::Coordinates;
use self::pairs::{Defect, Pairs};
use super::calibration::Calibration;
use super::classifier::Classifier;
use super::multiplicity::holm;
use super::power::Power;
use super::tail::upper_tail_probability;
use super::thresholds as limit;
use super::words::p_words;
use super::{Check, CheckStatus};
use crate::error::Result;
use crate::samples::Samples;
use crate::seed::{Seed, Stream};
use crate::simulate::Simulations;

/// Classifiers that learn from pairs of which chance swapped half.
const N_NULL: usize = 100;
/// Classifiers that learn from pairs with a stated defect, of each kind.
const N_DAMAGED: usize = 20;
const NAME: &str = "local two-sample test";
/// Of so many draws at the observation the classifier is asked.
const MOST_DRAWS: usize = 2000;

/// How well a classifier that has seen (θ*, x*) and (θ̃, x*), with θ̃ ~ q(θ | x*), tells the one from the other at
/// one observation.
///
/// With d(θ, x) the probability it gives to (θ, x) being a simulation and no draw from the posterior q, the
/// statistic is t(x) = E_{θ ~ q(θ | x)} (d(θ, x) − ½)². If q is right, θ* and θ̃ are exchangeable given x*, so
/// the same statistic of classifiers for which each pair was swapped with probability ½ has the same
/// distribution: a hundred of those make the p-value, with a generalised Pareto tail beyond them.
///
/// The classifier sees θ in units of the posterior, (θ − mean of q)/(sd of q), which loses nothing and leaves
/// it only the errors to learn, and the data standardised, or their ten leading principal components.
///
/// # Reference
/// Linhart, Gramfort and Rodrigues 2023, "L-C2ST: local diagnostics for posterior approximations in
/// simulation-based inference", arXiv:2306.03580.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LocalTwoSample {
    /// How many test simulations the classifier has seen.
    pub n_test: usize,
    /// t(x).
    pub statistic: f64,
    /// The statistics of the classifiers that saw swapped pairs.
    pub null: Vec<f64>,
    /// The probability of so large a statistic if the posterior is right.
    pub p_value: f64,
    /// The same, corrected for looking at several observations (Holm 1979).
    pub adjusted_p_value: f64,
    /// The root of what t(x) exceeds the mean of `null` by: about as much as the accuracy of the best
    /// classifier exceeds one half.
    pub discrepancy: f64,
    /// What the classifier would change, parameter by parameter.
    pub corrections: Vec<Correction>,
}

/// What the classifier would change about one parameter's posterior: its draws weighted with the odds
/// d/(1 − d), which are p(θ | x)/q(θ | x) if the classifier is right.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Correction {
    /// The parameter.
    pub name: String,
    /// How far its mean would move, in posterior sds.
    pub shift: f64,
    /// What its sd would be multiplied by.
    pub spread: f64,
}

/// The classifiers, for any observation.
#[derive(Debug)]
pub struct LocalTest {
    names: Vec<String>,
    coordinates: Coordinates,
    n_test: usize,
    /// What learned from the pairs as they are, and what learned from swapped ones.
    classifiers: Vec<Classifier>,
    /// What learned from pairs of a right posterior that was then damaged, for each defect.
    damaged: Vec<(Defect, Vec<Classifier>)>,
}

impl LocalTest {
    /// Trains on the test simulations that `calibration` was made from.
    ///
    /// # Errors
    /// If a network cannot be built.
    pub fn train(calibration: &Calibration, test: &Simulations, seed: Seed) -> Result<Self> {
        let coordinates = Coordinates::of(calibration, test);
        let pairs = Pairs::of(&coordinates, calibration, test);
        let random = |k: usize| seed.stream(Stream::LocalTest, k as u64);
        let train = |k: usize| pairs.train(k > 0, &mut random(k));
        let classifiers: Result<Vec<Classifier>> =
            (0..=N_NULL).into_par_iter().map(train).collect();
        let defects = [
            Defect::Shifted(limit::FAILED_BIAS),
            Defect::Narrow(limit::FAILED_SPREAD),
        ];
        let damage = |(i, defect): (usize, Defect)| {
            let first = 1 + N_NULL + i * N_DAMAGED;
            let train = |k: usize| {
                let mut random = random(first + k);
                let damaged = pairs.damaged(defect, &mut random);
                damaged.train(false, &mut random)
            };
            let trained = (0..N_DAMAGED).into_par_iter().map(train);
            Ok((defect, trained.collect::<Result<_>>()?))
        };
        let damaged = defects.into_iter().enumerate().map(damage);
        let damaged = damaged.collect::<Result<_>>()?;
        let names = calibration.parameter_names();
        Ok(Self {
            names: names.into_iter().map(String::from).collect(),
            coordinates,
            n_test: pairs.len(),
            classifiers: classifiers?,
            damaged,
        })
    }

    /// How often the test at this observation, which found `found`, would see a stated defect.
    ///
    /// Swapped pairs are those of a right posterior, a little wider than this one where this one is wrong. To these the
    /// defect is added, and the statistics of classifiers
    /// that learn from them are compared with the same null as the test's own.
    pub fn powers(
        &self,
        found: &LocalTwoSample,
        observed: &[f64],
        samples: &Samples,
    ) -> Vec<Power> {
        let (x, weights) = self.coordinates.at(observed, samples, MOST_DRAWS);
        let of = |classifier: &Classifier| statistic(&classifier.log_odds(&x), &weights);
        let tail = limit::LOCAL_FALSE_ALARM;
        let power = |(defect, classifiers): &(Defect, Vec<Classifier>)| {
            let statistics = classifiers.iter().map(of);
            let seen = statistics.filter(|t| upper_tail_probability(&found.null, *t) < tail);
            let of = (NAME, defect.words());
            Power::of(of, self.n_test, (seen.count(), classifiers.len()), tail)
        };
        self.damaged.iter().map(power).collect()
    }

    /// The test at one observation, from draws of its posterior.
    pub fn at(&self, observed: &[f64], samples: &Samples) -> LocalTwoSample {
        let (x, weights) = self.coordinates.at(observed, samples, MOST_DRAWS);
        let own_odds = self.classifiers[0].log_odds(&x);
        let own = statistic(&own_odds, &weights);
        let statistics: Vec<f64> = (self.classifiers[1..].iter())
            .map(|classifier| statistic(&classifier.log_odds(&x), &weights))
            .collect();
        let mean = statistics.iter().sum::<f64>() / statistics.len() as f64;
        let p_value = upper_tail_probability(&statistics, own);
        LocalTwoSample {
            n_test: self.n_test,
            statistic: own,
            p_value,
            adjusted_p_value: p_value,
            discrepancy: (own - mean).max(0.0).sqrt(),
            corrections: corrections(&self.names, &x, &own_odds, &weights),
            null: statistics,
        }
    }
}

impl LocalTwoSample {
    /// Corrects the p-values of several observations for each other.
    pub fn adjust(found: &mut [Self]) {
        let p_values: Vec<f64> = found.iter().map(|one| one.p_value).collect();
        for (one, adjusted) in found.iter_mut().zip(holm(&p_values)) {
            one.adjusted_p_value = adjusted;
        }
    }

    /// The check, for the verdict.
    pub fn check(&self) -> Check {
        let (size, p) = (self.discrepancy, self.adjusted_p_value);
        let status = if p >= limit::LOCAL_FALSE_ALARM || size <= limit::CAUTION_LOCAL {
            CheckStatus::Passed
        } else if size > limit::FAILED_LOCAL && self.misleads() {
            CheckStatus::Failed
        } else {
            CheckStatus::Caution
        };
        let accuracy = 50.0 + 100.0 * size;
        let explanation = if status == CheckStatus::Passed {
            format!(
                "At this observation a classifier cannot tell the posterior from the right one in a way that \
                 matters ({}, from {} test simulations).",
                p_words(p),
                self.n_test
            )
        } else {
            format!(
                "At this observation a classifier tells the posterior from the right one with an accuracy of \
                 about {accuracy:.0} % ({}): it is wrong here, whatever it is elsewhere.{} Simulate more near \
                 this observation (`rounds`), or try another method.",
                p_words(p),
                self.worst()
            )
        };
        Check {
            name: NAME.into(),
            statistic: size,
            interval: Some([0.0, limit::CAUTION_LOCAL]),
            p_value: Some(p),
            threshold: Some(limit::CAUTION_LOCAL),
            status,
            explanation,
        }
    }
}

impl LocalTwoSample {
    /// Whether some parameter's true errors are larger than claimed, √(shift² + spread²) in posterior sds: a
    /// posterior that is only too wide misleads nobody.
    fn misleads(&self) -> bool {
        let error = |c: &Correction| c.shift.hypot(c.spread);
        self.corrections
            .iter()
            .any(|c| error(c) > limit::CAUTION_SPREAD)
    }

    /// The largest correction in words.
    fn worst(&self) -> String {
        let size = |c: &Correction| c.shift.abs().max(c.spread.max(MIN_SPREAD).ln().abs());
        let largest = self
            .corrections
            .iter()
            .max_by(|a, b| size(a).total_cmp(&size(b)));
        let Some(Correction {
            name,
            shift,
            spread,
        }) = largest
        else {
            return String::new();
        };
        format!(
            " It would move {name} by {shift:+.1} of its posterior sds and make its error bar {spread:.1} times \
             as long."
        )
    }
}

/// Spreads below this are no estimates.
const MIN_SPREAD: f64 = 0.01;

/// From the inputs, whose first columns are θ in units of the posterior, and the log-odds.
fn corrections(
    names: &[String],
    x: &[Vec<f32>],
    log_odds: &[f32],
    weights: &[f64],
) -> Vec<Correction> {
    let largest = log_odds.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let odds = log_odds.iter().zip(weights);
    let odds: Vec<f64> = odds
        .map(|(a, w)| w * f64::from(a - largest).exp())
        .collect();
    let total: f64 = odds.iter().sum();
    let mean = |column: &[f32], power: &dyn Fn(f64) -> f64| {
        let terms = column
            .iter()
            .zip(&odds)
            .map(|(v, w)| w * power(f64::from(*v)));
        terms.sum::<f64>() / total
    };
    let correction = |(name, column): (&String, &Vec<f32>)| {
        let shift = mean(column, &|v| v);
        let variance = mean(column, &|v| (v - shift).powi(2));
        Correction {
            name: name.clone(),
            shift,
            spread: variance.sqrt(),
        }
    };
    names.iter().zip(x).map(correction).collect()
}

/// The weighted mean of (d − ½)².
fn statistic(log_odds: &[f32], weights: &[f64]) -> f64 {
    let total: f64 = weights.iter().sum();
    let terms = log_odds.iter().zip(weights).map(|(odds, weight)| {
        // ½ tanh(a/2) = 1/(1 + e⁻ᵃ) − ½.
        weight * (0.5 * (0.5 * f64::from(*odds)).tanh()).powi(2)
    });
    terms.sum::<f64>() / total
}
