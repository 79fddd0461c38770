//! Checks of a result, and the verdict.
//!
//! Every check answers two questions and keeps them apart: *is there anything* (a p-value, with a
//! stated rate of false alarms), and *does it matter* (a size, in units a scientist can judge). A
//! check that found nothing, or found something too small to matter, has passed. The limits and
//! the reasons for them stand in [`thresholds`].
//!
//! | check | what it finds | source |
//! |---|---|---|
//! | [`Calibration`] | where the truth ranks among posterior draws, for simulations never trained on | Talts et al. 2018 |
//! | [`RankUniformity`] | marginals that are shifted, too narrow or too wide; wrong correlations | Säilynoja et al. 2022 |
//! | [`ExpectedCoverage`] | credible regions that hold the truth too rarely or too often | Hermans et al. 2022, Lemos et al. 2023 |
//! | [`DataDependence`] | posteriors that ignore part of the data, which ranks alone cannot see | Zhao et al. 2021 |
//! | [`Recovery`] | nothing by itself: how much the data say about each parameter | Betancourt 2018 |
//! | [`LocalTest`] | a posterior that is wrong at the observation, though right on average | Linhart et al. 2023 |
//! | [`PosteriorCalibration`] | the same, by ranks of the observation's own posterior draws | Säilynoja et al. 2025 |
//! | [`LogProbability`] | a posterior that says less than the prior | Papamakarios and Murray 2016 |
//! | [`powers`] | nothing by itself: what so many test simulations show | |
//! | [`Conformal`] | nothing by itself: regions whose coverage is guaranteed | Cabezas et al. 2025 |
//! | [`RatioIdentity`] | a ratio whose mean over the prior is not one | Hermans et al. 2021 |
//! | [`LearningCurve`] | too few simulations | Hestness et al. 2017 |
//! | [`Predictive`] | an observation unlike anything simulated, or that the posterior cannot reproduce | Gelman et al. 1996 |
//! | [`Misspecification`] | an observation that is far from every simulation, all features together | Schmitt et al. 2021 |
//! | [`convergence`](fn@convergence) | chains of a sampler that do not agree, or are worth few draws | Vehtari et al. 2021 |
//! | [`SamplerRun`] | weights of which a few are all, divergences, log-likelihoods that are no numbers | Vehtari et al. 2024, Betancourt 2017 |
//! | [`simulation_failures`], [`training`](fn@training), [`draws_inside_prior`] | what went wrong on the way | |
//!
//! [`Verdict::from_checks`] turns them into one word.

mod calibration;
mod calibration_checks;
mod classifier;
mod conformal;
mod convergence;
mod coverage;
mod data_dependence;
mod ecdf_band;
mod failures;
mod inside_prior;
mod joint_distance;
mod learning_curve;
mod local;
mod log_probability;
mod misspecification;
mod multiplicity;
mod normal;
mod posterior_calibration;
mod power;
mod predictive;
mod predictive_checks;
mod predictive_set;
mod principal;
mod rank_uniformity;
mod ratio_identity;
mod recovery;
mod reference_points;
mod sampler;
mod tail;
pub mod thresholds;
mod training;
mod two_sample;
mod typicality;
mod verdict;
mod whitening;
mod words;

pub use calibration::{Calibration, Quantity, QuantityKind};
pub use calibration_checks::CalibrationChecks;
pub use conformal::{Conformal, ConformalLevel, Region};
pub use convergence::{Chains, convergence};
pub use coverage::{CoverageAt, CoverageCurve, ExpectedCoverage};
pub use data_dependence::{DataDependence, Dependence};
pub use ecdf_band::EcdfBand;
pub use failures::simulation_failures;
pub use inside_prior::draws_inside_prior;
pub use joint_distance::JointDistance;
pub use learning_curve::{Forecast, LearningCurve, LearningPoint};
pub use local::{Correction, LocalTest, LocalTwoSample};
pub use log_probability::LogProbability;
pub use misspecification::Misspecification;
pub use posterior_calibration::{Joined, PosteriorCalibration};
pub use power::{Power, powers};
pub use predictive::{FeaturePrediction, Predictive, PredictiveKind};
pub use predictive_set::{PredictedDistribution, PredictedSet};
pub use rank_uniformity::{RankUniformity, Ranks};
pub use ratio_identity::RatioIdentity;
pub use recovery::{Recovered, Recovery};
pub use sampler::SamplerRun;
pub use training::training;
pub use two_sample::c2st;
pub use typicality::{Space, Typicality, TypicalityKind};
pub use verdict::{Verdict, Word};

use serde::{Deserialize, Serialize};

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckStatus {
    /// Nothing speaks against the result.
    Passed,
    /// Something to look at before relying on the result.
    Caution,
    /// The result is wrong in a way that matters.
    Failed,
}

/// One check of a result: the same fields for every diagnostic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// What is checked, for example `simulation-based calibration: mu_1`.
    pub name: String,
    /// The number that was measured.
    pub statistic: f64,
    /// The range in which the statistic lies if the result is right, or its uncertainty.
    pub interval: Option<[f64; 2]>,
    /// The probability of a statistic at least as extreme if the result is right.
    pub p_value: Option<f64>,
    /// The value beyond which the check does not pass.
    pub threshold: Option<f64>,
    /// How it ended.
    pub status: CheckStatus,
    /// What it means, and what to do if it did not pass, in words.
    pub explanation: String,
}
