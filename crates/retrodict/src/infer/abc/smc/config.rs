//! How sequential Monte Carlo goes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::acceptance::AcceptanceConfig;
use super::super::adjustment::AdjustmentConfig;
use super::super::distance::DistanceConfig;
use super::super::rejection::check_noise;
use super::KernelConfig;
use crate::error::{Error, Result};
use crate::infer::SummariesConfig;
use crate::prior::SupportKind;

const FEWEST_DRAWS: usize = 10;
/// Mean C2ST of two moons, SIR and the mixture with 10,000 and 100,000 simulations, five observations each: 0.626;
/// 0.646 with half as many draws, 0.661 with 1.6 times as many.
const DRAWS_PER_ROOT: f64 = 6.0;
/// With fewer, what the regression learns of the noise moves draws more than what it learns of the data.
const DRAWS_PER_COEFFICIENT: usize = 10;

/// Which algorithm moves the draws.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SmcAlgorithm {
    /// Each generation draws from kernels about the draws of the one before, until `population`
    /// candidates are accepted, and divides by the density of that proposal (Beaumont et al. 2009,
    /// arXiv:0805.2256; Toni et al. 2009, arXiv:0901.1925). The next tolerance is a quantile of the
    /// distances.
    #[default]
    PopulationMonteCarlo,
    /// Each generation lowers the tolerance so far that the share `quantile` of the effective sample
    /// size is left, resamples if fewer than half of the draws count, and moves each draw by a step
    /// of Markov chain Monte Carlo (Del Moral, Doucet and Jasra 2012). It simulates `population` times
    /// a generation and no more.
    DelMoral,
}

/// Sequential Monte Carlo. Every field has a default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AbcSmcConfig {
    /// Which algorithm moves the draws.
    pub algorithm: SmcAlgorithm,
    /// How many draws a generation has: 6 √n of n simulations in all if left out, so that more of them
    /// serve to come nearer as well as for more draws.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub population: Option<usize>,
    /// How many simulations from the prior the first generation is chosen from: `population` /
    /// `quantile` if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initial_simulations: Option<usize>,
    /// Which quantile of a generation's distances is the next tolerance, 0.3 if left out; with
    /// `gaussian_noise` the share of the effective sample size that a lower temperature leaves. For
    /// `del_moral` the same share for a lower tolerance, 0.9 if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantile: Option<f64>,
    /// The tolerance at which it ends.
    pub min_tolerance: f64,
    /// The share of accepted candidates below which it ends.
    pub min_acceptance_rate: f64,
    /// The most generations, the first not counted.
    pub generations: usize,
    /// The most simulations in all.
    pub max_simulations: usize,
    /// How candidates are scattered.
    pub kernel: KernelConfig,
    /// The space in which kernels are normal: bounded parameters as they are (`box`; what falls
    /// outside is drawn again), or unconstrained (`logit`, `probit`).
    pub space: SupportKind,
    /// Whether scales of the distance are learned again from all simulations of each generation,
    /// accepted or not (Prangle 2017, arXiv:1507.00874). Tolerances of different generations are then
    /// in different units.
    pub adapt: bool,
    /// What stands for the data when they are compared.
    pub summaries: SummariesConfig,
    /// How far data lie apart.
    pub distance: DistanceConfig,
    /// Which candidates are accepted.
    pub acceptance: AcceptanceConfig,
    /// How the draws of the last generation are corrected for their distance. If left out,
    /// `heteroscedastic` where there are ten draws or more for each coefficient of the regression, and
    /// `none` with fewer and with `gaussian_noise`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adjustment: Option<AdjustmentConfig>,
}

impl Default for AbcSmcConfig {
    fn default() -> Self {
        Self {
            algorithm: SmcAlgorithm::default(),
            population: None,
            initial_simulations: None,
            quantile: None,
            min_tolerance: 0.0,
            min_acceptance_rate: 0.01,
            generations: 100,
            max_simulations: 100_000,
            kernel: KernelConfig::default(),
            space: SupportKind::default(),
            adapt: true,
            summaries: SummariesConfig::default(),
            distance: DistanceConfig::default(),
            acceptance: AcceptanceConfig::default(),
            adjustment: None,
        }
    }
}

impl AbcSmcConfig {
    /// Refuses options that make no sense.
    ///
    /// # Errors
    /// With the name of the option.
    pub fn validate(&self) -> Result<()> {
        self.summaries.validate()?;
        let refuse = |option, given: f64, expected: &str| {
            Err(Error::invalid_option("abc_smc", option, given, expected))
        };
        let population = self.population(self.max_simulations);
        if population < FEWEST_DRAWS {
            return refuse("population", population as f64, "at least 10");
        }
        let share = self.share();
        if !(0.0 < share && share < 1.0) {
            return refuse("quantile", share, "between 0 and 1");
        }
        if self.min_tolerance.is_nan() || self.min_tolerance < 0.0 {
            return refuse("min_tolerance", self.min_tolerance, "0 or more");
        }
        if !(0.0 < self.min_acceptance_rate && self.min_acceptance_rate < 1.0) {
            return refuse(
                "min_acceptance_rate",
                self.min_acceptance_rate,
                "between 0 and 1",
            );
        }
        let initial = self.initial_simulations.unwrap_or(population);
        if initial < population {
            let expected = "at least `population`";
            return refuse("initial_simulations", initial as f64, expected);
        }
        if self.max_simulations < population {
            let expected = "at least `population`";
            return refuse("max_simulations", self.max_simulations as f64, expected);
        }
        self.kernel.validate()?;
        check_noise(
            &self.acceptance,
            self.summaries,
            self.adjustment.unwrap_or_default(),
        )?;
        if self.algorithm == SmcAlgorithm::DelMoral && self.tempered() {
            let expected = "`population_monte_carlo` with `gaussian_noise`";
            return Err(Error::invalid_option(
                "abc_smc",
                "algorithm",
                "del_moral",
                expected,
            ));
        }
        let local = matches!(self.kernel, KernelConfig::Local { .. });
        if self.algorithm == SmcAlgorithm::DelMoral && local {
            // Its moves have to be as likely in the other direction.
            let expected = "`multivariate_normal` with the algorithm `del_moral`";
            return Err(Error::invalid_option(
                "abc_smc", "kernel", "local", expected,
            ));
        }
        Ok(())
    }

    /// The quantile, or its default. Del Moral et al. take 0.9: each draw moves once a generation, and
    /// many more copies than that can part would be left by a faster fall.
    pub(super) fn share(&self) -> f64 {
        let default = match self.algorithm {
            SmcAlgorithm::PopulationMonteCarlo => 0.3,
            SmcAlgorithm::DelMoral => 0.9,
        };
        self.quantile.unwrap_or(default)
    }

    /// Whether measurement noise decides on acceptance.
    pub(super) fn tempered(&self) -> bool {
        self.acceptance != AcceptanceConfig::Uniform
    }

    /// How many draws a generation has, of so many simulations in all.
    pub fn population(&self, simulations: usize) -> usize {
        let usual = DRAWS_PER_ROOT * (simulations as f64).sqrt();
        self.population
            .unwrap_or((usual.round() as usize).max(FEWEST_DRAWS))
    }

    /// What is done about the distance of so many draws with so many data or summaries.
    pub(super) fn adjustment(&self, n_draws: usize, n_features: usize) -> AdjustmentConfig {
        let possible = !self.tempered() && n_draws >= DRAWS_PER_COEFFICIENT * (n_features + 1);
        self.adjustment.unwrap_or(if possible {
            AdjustmentConfig::Heteroscedastic
        } else {
            AdjustmentConfig::None
        })
    }

    /// How many simulations from the prior come first, of so many in all.
    pub fn first_simulations(&self, simulations: usize) -> usize {
        let population = self.population(simulations);
        let all_stay = self.tempered() || self.algorithm == SmcAlgorithm::DelMoral;
        let chosen_from = if all_stay {
            population
        } else {
            (population as f64 / self.share()).ceil() as usize
        };
        self.initial_simulations
            .unwrap_or(chosen_from)
            .min(self.max_simulations)
    }
}
