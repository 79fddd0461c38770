//! Priors that only the program knows: a configuration has their names.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::CustomPrior;
use crate::error::{Error, Result};
use crate::seed::Random;

/// A distribution that a program has and no file: what [`CustomPrior`] takes as two functions.
pub trait PriorFunction: Send + Sync {
    /// log p(θ) of its own columns: −∞ where θ cannot be.
    fn log_prob(&self, theta: &[f64]) -> f64;

    /// One draw into its own columns.
    fn sample(&self, random: &mut Random, theta: &mut [f64]);
}

/// Such distributions by the names that `{ prior = "function", function = NAME }` calls them by.
#[derive(Clone, Default)]
pub struct PriorFunctions(BTreeMap<String, Arc<dyn PriorFunction>>);

impl PriorFunctions {
    /// Adds one; another one of the same name is replaced.
    pub fn insert(&mut self, name: impl Into<String>, function: Arc<dyn PriorFunction>) {
        self.0.insert(name.into(), function);
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The one of that name.
    ///
    /// # Errors
    /// If there is none: a configuration that was read from a file has names alone.
    pub(super) fn get(&self, name: &str) -> Result<Arc<dyn PriorFunction>> {
        self.0.get(name).cloned().ok_or_else(|| {
            Error::invalid(
                "function",
                format!("`{name}`, a distribution that only the program which made this study has"),
                "a distribution with a name of its own, such as `uniform`",
                "Open it with that program, and give it the distribution again.",
            )
        })
    }
}

impl fmt::Debug for PriorFunctions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl CustomPrior {
    /// The prior of a function, for parameters with these supports.
    ///
    /// # Errors
    /// As [`CustomPrior::new`].
    pub(super) fn of(
        function: &Arc<dyn PriorFunction>,
        parameters: Vec<super::Parameter>,
        supports: Vec<super::Interval>,
    ) -> Result<Self> {
        let (density, draws) = (Arc::clone(function), Arc::clone(function));
        Self::new(
            parameters,
            supports,
            move |theta| density.log_prob(theta),
            move |random, theta| draws.sample(random, theta),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prior::{DistributionConfig as D, ParametersConfig, Prior};
    use crate::seed::{Seed, Stream};

    /// Uniform on a disc of radius one.
    struct Disc;

    impl PriorFunction for Disc {
        fn log_prob(&self, theta: &[f64]) -> f64 {
            let inside = theta[0].hypot(theta[1]) <= 1.0;
            if inside {
                -std::f64::consts::PI.ln()
            } else {
                f64::NEG_INFINITY
            }
        }

        fn sample(&self, random: &mut Random, theta: &mut [f64]) {
            let (r, angle) = (
                random.uniform().sqrt(),
                std::f64::consts::TAU * random.uniform(),
            );
            theta.copy_from_slice(&[r * angle.cos(), r * angle.sin()]);
        }
    }

    fn config() -> ParametersConfig {
        let disc = D::Function {
            function: "disc".into(),
            low: vec![-1.0; 2],
            high: vec![1.0; 2],
        };
        let entries = [("w", disc), ("scale", D::uniform(0.0, "w_1"))];
        ParametersConfig(entries.map(|(name, d)| (name.to_string(), d.into())).into())
    }

    #[test]
    fn a_function_is_a_block_of_the_prior() {
        let mut functions = PriorFunctions::default();
        functions.insert("disc", Arc::new(Disc));
        let entries = config().0.into_iter().take(1).collect();
        let prior = Prior::from_config_with(&ParametersConfig(entries), &functions).unwrap();
        assert_eq!(prior.names(), ["w_1", "w_2"]);
        assert_eq!(prior.log_prob(&[0.9, 0.9]), f64::NEG_INFINITY);
        assert_eq!(prior.log_prob(&[0.1, 0.9]), -std::f64::consts::PI.ln());
        let draws = prior.sample_table(500, Seed(1), Stream::Parameters);
        assert!(draws.rows().all(|theta| prior.contains(theta)));
        // Its names can be written, but not the function.
        assert!(prior.to_config().is_err());
    }

    #[test]
    fn what_is_wrong_is_said() {
        let message = Prior::from_config(&config()).unwrap_err().to_string();
        assert!(
            message.contains("`disc`") && message.contains("parameters.w"),
            "{message}"
        );
        let mut functions = PriorFunctions::default();
        functions.insert("disc", Arc::new(Disc));
        // w_1 can be negative, so a uniform prior from 0 to it is refused as with any other prior.
        let message = Prior::from_config_with(&config(), &functions)
            .unwrap_err()
            .to_string();
        assert!(message.contains("scale"), "{message}");
        for (low, high) in [
            (vec![0.0], vec![]),
            (vec![], vec![]),
            (vec![1.0], vec![1.0]),
        ] {
            let wrong = D::Function {
                function: "disc".into(),
                low,
                high,
            };
            let config = ParametersConfig(vec![("w".into(), wrong.into())]);
            assert!(Prior::from_config_with(&config, &functions).is_err());
        }
    }
}
