//! Distributions on finitely many values.

use statrs::function::gamma::ln_gamma;

use super::{Interval, Law, Moments, Tail, Tails, check};
use crate::error::{Error, Result};
use crate::seed::Random;

/// Finitely many values, each with a probability.
///
/// P(X = valuesᵢ) = probabilitiesᵢ.
#[derive(Debug, Clone, PartialEq)]
pub struct Discrete {
    /// In increasing order.
    values: Vec<f64>,
    probabilities: Vec<f64>,
}

/// A binomial distribution keeps a probability for each count.
const MAX_TRIALS: u32 = 100_000;

impl Discrete {
    /// These values with these probabilities (or relative weights: they are scaled to sum to one).
    ///
    /// # Errors
    /// If a value is not finite or stands twice, the lengths differ, or the probabilities are
    /// negative or sum to zero.
    pub fn new(values: &[f64], probabilities: &[f64]) -> Result<Self> {
        check::same_length("probabilities", probabilities.len(), "values", values.len())?;
        let probabilities = check::weights("probabilities", probabilities)?;
        for value in values {
            check::finite("values", *value)?;
        }
        let mut pairs: Vec<(f64, f64)> = values.iter().copied().zip(probabilities).collect();
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
        if let Some(pair) = pairs.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(Error::invalid(
                "values",
                format!("{} twice", pair[0].0),
                "values that differ",
                "Give it once, with the sum of its probabilities.",
            ));
        }
        let (values, probabilities) = pairs.into_iter().unzip();
        Ok(Self {
            values,
            probabilities,
        })
    }

    /// The values 0, 1, …, k − 1 with these probabilities.
    ///
    /// # Errors
    /// As [`Discrete::new`].
    pub fn categorical(probabilities: &[f64]) -> Result<Self> {
        let values: Vec<f64> = (0..probabilities.len()).map(|i| i as f64).collect();
        Self::new(&values, probabilities)
    }

    /// 1 with this probability, otherwise 0.
    ///
    /// # Errors
    /// If it is not a probability.
    pub fn bernoulli(probability: f64) -> Result<Self> {
        check::probability("probability", probability)?;
        Self::new(&[0.0, 1.0], &[1.0 - probability, probability])
    }

    /// How many of `trials` independent trials succeed.
    ///
    /// # Errors
    /// If there is no trial, more than 100,000, or `probability` is not one.
    pub fn binomial(trials: u32, probability: f64) -> Result<Self> {
        check::probability("probability", probability)?;
        if !(1..=MAX_TRIALS).contains(&trials) {
            return Err(Error::invalid(
                "trials",
                trials,
                format!("from 1 to {MAX_TRIALS}"),
                "With more trials, a `normal` prior does as well.",
            ));
        }
        let n = f64::from(trials);
        let values: Vec<f64> = (0..=trials).map(f64::from).collect();
        // 0 log 0 = 0 at the ends.
        let power = |base: f64, k: f64| if k == 0.0 { 0.0 } else { k * base.ln() };
        let log = |k: &f64| {
            let ways = ln_gamma(n + 1.0) - ln_gamma(k + 1.0) - ln_gamma(n - k + 1.0);
            ways + power(probability, *k) + power(1.0 - probability, n - k)
        };
        let probabilities: Vec<f64> = values.iter().map(|k| log(k).exp()).collect();
        Self::new(&values, &probabilities)
    }

    /// The values, in increasing order.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The smallest value at which the probability summed from below reaches `p`.
    fn reach(&self, p: f64) -> f64 {
        let mut sum = 0.0;
        for (value, probability) in self.values.iter().zip(&self.probabilities) {
            sum += probability;
            if *probability > 0.0 && sum >= p {
                return *value;
            }
        }
        self.largest()
    }

    /// The largest value that has a positive probability.
    fn largest(&self) -> f64 {
        let pairs = self.values.iter().zip(&self.probabilities);
        pairs
            .filter(|(_, p)| **p > 0.0)
            .map(|(v, _)| *v)
            .next_back()
            .expect("the probabilities sum to one")
    }
}

impl Law for Discrete {
    fn support(&self) -> Interval {
        Interval::new(self.values[0], self.values[self.values.len() - 1])
    }

    fn log_density(&self, x: f64) -> f64 {
        let at = self.values.partition_point(|value| *value < x);
        if self.values.get(at) == Some(&x) {
            self.probabilities[at].ln()
        } else {
            f64::NEG_INFINITY
        }
    }

    fn tails(&self, x: f64) -> Tails {
        let split = self.values.partition_point(|value| *value <= x);
        Tails {
            lower: self.probabilities[..split].iter().sum(),
            upper: self.probabilities[split..].iter().sum(),
        }
    }

    fn quantile(&self, tail: Tail) -> f64 {
        match tail {
            Tail::Lower(p) => self.reach(p),
            Tail::Upper(p) => self.reach(1.0 - p),
        }
    }

    fn moments(&self) -> Moments {
        let pairs = || self.values.iter().zip(&self.probabilities);
        let mean: f64 = pairs().map(|(v, p)| v * p).sum();
        let variance: f64 = pairs().map(|(v, p)| p * (v - mean).powi(2)).sum();
        Moments::both(mean, variance.sqrt())
    }

    fn sample(&self, random: &mut Random) -> f64 {
        self.reach(random.uniform_open())
    }

    fn contains(&self, x: f64) -> bool {
        self.log_density(x) > f64::NEG_INFINITY
    }
}
