//! A weighted mixture of one-dimensional distributions.

use super::special::log_sum_exp;
use super::{Interval, Law, Moments, Tail, Tails, Univariate, check, solve};
use crate::error::{Error, Result};
use crate::seed::Random;

/// A draw from the mixture is a draw from one of the components, chosen by the weights.
///
/// p(x) = Σ weightᵢ pᵢ(x).
#[derive(Debug, Clone, PartialEq)]
pub struct Mixture {
    weights: Vec<f64>,
    components: Vec<Univariate>,
}

impl Mixture {
    /// These components with these weights (they are scaled to sum to one).
    ///
    /// # Errors
    /// If the lengths differ, the weights are negative or sum to zero, or a component is discrete.
    pub fn new(weights: &[f64], components: Vec<Univariate>) -> Result<Self> {
        check::same_length("weights", weights.len(), "components", components.len())?;
        let weights = check::weights("weights", weights)?;
        if let Some(i) = components.iter().position(|c| !c.is_continuous()) {
            return Err(Error::invalid(
                format!("components[{i}]"),
                "a discrete distribution",
                "a continuous distribution",
                "A mixture of discrete distributions is one `discrete` distribution.",
            ));
        }
        let pairs = weights
            .into_iter()
            .zip(components)
            .filter(|(w, _)| *w > 0.0);
        let (weights, components) = pairs.unzip();
        Ok(Self {
            weights,
            components,
        })
    }

    pub(super) fn is_connected(&self) -> bool {
        let mut supports: Vec<Interval> = self.components.iter().map(Law::support).collect();
        supports.sort_by(|a, b| a.low.total_cmp(&b.low));
        let mut reached = supports[0].high;
        for support in &supports[1..] {
            if support.low > reached {
                return false;
            }
            reached = reached.max(support.high);
        }
        self.components.iter().all(Univariate::is_connected)
    }

    fn pairs(&self) -> impl Iterator<Item = (f64, &Univariate)> + Clone {
        self.weights.iter().copied().zip(&self.components)
    }
}

impl Law for Mixture {
    fn support(&self) -> Interval {
        let supports = self.components.iter().map(Law::support);
        supports
            .reduce(Interval::hull)
            .expect("a mixture has a component")
    }

    fn log_density(&self, x: f64) -> f64 {
        log_sum_exp(self.pairs().map(|(w, c)| w.ln() + c.log_density(x)))
    }

    fn tails(&self, x: f64) -> Tails {
        let mut sum = Tails {
            lower: 0.0,
            upper: 0.0,
        };
        for (weight, component) in self.pairs() {
            let tails = component.tails(x);
            sum.lower += weight * tails.lower;
            sum.upper += weight * tails.upper;
        }
        sum
    }

    fn quantile(&self, tail: Tail) -> f64 {
        let x = solve::quantile(self, tail);
        if self.contains(x) {
            return x;
        }
        // Every point of a gap splits the mass alike; the nearest point of the support stands for it.
        let nearest = self.components.iter().map(|c| c.support().inside(x));
        nearest
            .min_by(|a, b| (a - x).abs().total_cmp(&(b - x).abs()))
            .expect("a mixture has a component")
    }

    fn moments(&self) -> Moments {
        let moments = || self.pairs().map(|(w, c)| (w, c.moments()));
        let mean: Option<f64> = moments().map(|(w, m)| Some(w * m.mean?)).sum();
        let square: Option<f64> = moments()
            .map(|(w, m)| Some(w * (m.sd?.powi(2) + (m.mean? - mean?).powi(2))))
            .sum();
        Moments {
            mean,
            sd: square.map(f64::sqrt),
        }
    }

    fn sample(&self, random: &mut Random) -> f64 {
        let mut left = random.uniform();
        for (weight, component) in self.pairs() {
            if left < weight {
                return component.sample(random);
            }
            left -= weight;
        }
        // Rounding can leave the weights a few bits short of one.
        self.components[self.components.len() - 1].sample(random)
    }

    fn contains(&self, x: f64) -> bool {
        self.components
            .iter()
            .any(|component| component.contains(x))
    }
}
