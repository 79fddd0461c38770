//! `[inference]`: the method, and what it and its networks are told.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::method::Method;
use super::model_choice::ModelChoiceSection;
use super::restriction_section::RestrictionSection;
use super::several;
use super::synthetic_section::{self, SyntheticLikelihoodSection};
use crate::embed::StandardizationMethod;
use crate::estimator::{EstimatorConfig, RatioConfig, VectorFieldConfig};
use crate::infer::sequential::{GivenRounds, SequentialConfig};
use crate::infer::{
    AbcRejectionConfig, AbcSmcConfig, CompositionConfig, CorrectionConfig, FieldConfig,
    FieldSamplerConfig, HistogramConfig, KernelDensityConfig, MarginalsConfig, Missing, NleConfig,
    NpeConfig, NreConfig, RobustConfig, SearchConfig, SummariesConfig, TmnreConfig,
};
use crate::prior::SupportKind;
use crate::sample::SamplerConfig;
use crate::train::TrainConfig;

/// `[inference]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct InferenceSection {
    /// The method, or a list of methods to compare.
    #[serde(deserialize_with = "several::first")]
    #[schemars(with = "several::MethodOrList")]
    pub method: Method,
    /// With several methods, the one that the others are compared with: the first unless given. One that
    /// is named here is taken to be right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<Method>,
    /// How many simulations to learn from: 10,000 by default, or with `data` every row that is not
    /// split off for testing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub simulations: Option<usize>,
    /// In how many rounds the simulations are made: one, unless given; `auto` may take fewer than given. With more
    /// than one, `auto`, `npe`, `nle`, `nre` and `tmnre` aim those of every later round at the observation; the result is
    /// then not amortised, unless there was nothing to aim. One fit serves any observation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rounds: Option<usize>,
    /// What the rounds after the first propose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sequential: Option<SequentialConfig>,
    /// That the simulations, which exist already, come from several rounds: `npe` corrects for the proposals of
    /// the later ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_rounds: Option<GivenRounds>,
    /// A run folder, or a folder with a model, whose networks go on training (in one round) in place of fresh ones:
    /// on more simulations, or because `max_epochs` ended them too soon.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub continue_from: Option<String>,
    /// How the prior's support is mapped to the space in which the estimator works.
    pub support: SupportKind,
    /// How the data are standardised.
    pub standardization: StandardizationMethod,
    /// Whether the estimator starts from the linear-Gaussian guess of θ given x, cut off at the
    /// prior's bounds if `support` is `box`.
    pub linear_guess: bool,
    /// Whether numbers of the data that are independent of the parameters and of the others are set aside, if there are more
    /// than ten.
    pub screening: bool,
    /// The data columns that take few values (`nle`); left out, columns of few whole numbers, and none if
    /// the list is empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discrete_data: Option<Vec<String>>,
    /// What stands for the data (`nle`): themselves, or learned summaries, one a parameter.
    #[serde(skip_serializing_if = "SummariesConfig::is_none")]
    pub summaries: SummariesConfig,
    /// What `nan` in the observation means: a mistake, or a number that is missing, for which `npe` is
    /// trained (`mask`) and which `nle` integrates out (`marginalize`, with the estimator `mdn`).
    #[serde(skip_serializing_if = "Missing::is_refused")]
    pub missing: Missing,
    /// Which conditional density is trained, and how large it is.
    pub estimator: EstimatorConfig,
    /// How it is trained.
    pub train: TrainConfig,
    /// A search for better settings of estimator and training, before the fit; none unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search: Option<SearchConfig>,
    /// The classifier of `nre`, or of each marginal of `tmnre`, and what it is trained on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classifier: Option<RatioConfig>,
    /// Which marginals `tmnre` estimates, and where it cuts the prior off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tmnre: Option<MarginalsConfig>,
    /// The vector field of `fmpe` and `npse`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vector_field: Option<VectorFieldConfig>,
    /// How draws of `fmpe` and `npse` are made from their field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field_sampler: Option<FieldSamplerConfig>,
    /// How `fmpe` and `npse` make one posterior of independent trials.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub composition: Option<CompositionConfig>,
    /// Simulations only where the simulator is likely to succeed, which is learned first; none unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restriction: Option<RestrictionSection>,
    /// Errors of the data that the simulator does not make, allowed for by `npe`, `nle` or `nre`; none unless
    /// given. The run shows the answer with and without them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub robust: Option<RobustConfig>,
    /// Draws of `npe`, `fmpe` or `npse` corrected by the simulator's likelihood, if it is known; none unless
    /// given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correction: Option<CorrectionConfig>,
    /// How `abc_rejection` compares, accepts and adjusts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub abc: Option<AbcRejectionConfig>,
    /// How probable this study's model is beside others (`abc_rejection`); not asked unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_choice: Option<ModelChoiceSection>,
    /// How `abc_smc` goes. Its budget is `simulations`, for each observation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub abc_smc: Option<AbcSmcConfig>,
    /// How `synthetic_likelihood` is estimated, and its budget.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub synthetic_likelihood: Option<SyntheticLikelihoodSection>,
    /// The kernels of `classical_kde`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernel_density: Option<KernelDensityConfig>,
    /// The bins of `classical_histogram`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub histogram: Option<HistogramConfig>,
    /// Which sampler draws from a posterior that is known up to a factor: that of `nle`, `nre` and the
    /// classical methods. Those of the others are drawn from directly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sampler: Option<SamplerConfig>,
}

impl Default for InferenceSection {
    fn default() -> Self {
        Self {
            method: Method::default(),
            reference: None,
            simulations: None,
            rounds: None,
            sequential: None,
            given_rounds: None,
            continue_from: None,
            support: SupportKind::default(),
            standardization: StandardizationMethod::default(),
            linear_guess: true,
            screening: true,
            discrete_data: None,
            summaries: SummariesConfig::None,
            missing: Missing::Refuse,
            estimator: EstimatorConfig::default(),
            train: TrainConfig::default(),
            search: None,
            classifier: None,
            tmnre: None,
            vector_field: None,
            field_sampler: None,
            composition: None,
            restriction: None,
            robust: None,
            correction: None,
            abc: None,
            model_choice: None,
            abc_smc: None,
            synthetic_likelihood: None,
            kernel_density: None,
            histogram: None,
            sampler: None,
        }
    }
}

impl InferenceSection {
    /// Writes out the defaults of the sections that the method has, for independent trials or not.
    pub(super) fn fill_in(&mut self, trials: bool) {
        match self.method {
            Method::Nre => _ = self.classifier.get_or_insert_default(),
            Method::Tmnre => {
                self.classifier.get_or_insert_default();
                self.tmnre.get_or_insert_default();
            }
            Method::Fmpe | Method::Npse => {
                self.vector_field.get_or_insert_default();
                self.field_sampler.get_or_insert_default();
                self.train = self.field().train_config();
                if trials {
                    // Scores can be composed where the prior is normal.
                    self.support = SupportKind::Probit;
                    self.composition.get_or_insert_default();
                }
            }
            Method::AbcRejection => _ = self.abc.get_or_insert_default(),
            Method::AbcSmc => _ = self.abc_smc.get_or_insert_default(),
            Method::SyntheticLikelihood => {
                self.synthetic_likelihood.get_or_insert_default();
                self.sampler.get_or_insert_with(synthetic_section::sampler);
            }
            Method::ClassicalKde => _ = self.kernel_density.get_or_insert_default(),
            Method::ClassicalHistogram => _ = self.histogram.get_or_insert_default(),
            _ => {}
        }
        self.rounds.get_or_insert(1);
        if self.is_sequential() {
            self.sequential.get_or_insert_default();
        }
        if self.method.needs_sampler() {
            self.sampler.get_or_insert_default();
        }
    }

    /// Whether its simulations, or those of later rounds, were aimed at the observation.
    pub(super) fn is_aimed(&self) -> bool {
        self.is_sequential() || self.given_rounds.is_some()
    }

    /// Whether simulations are aimed at the observation, round after round.
    pub fn is_sequential(&self) -> bool {
        self.rounds() > 1
    }

    /// In how many rounds the simulations are made.
    pub fn rounds(&self) -> usize {
        self.rounds.unwrap_or(1)
    }

    /// The part that neural likelihood estimation takes.
    pub fn nle(&self) -> NleConfig {
        NleConfig {
            estimator: self.estimator.clone(),
            train: self.train.clone(),
            support: self.support,
            standardization: self.standardization,
            linear_guess: self.linear_guess,
            screening: self.screening,
            discrete_data: self.discrete_data.clone(),
            summaries: self.summaries,
        }
    }

    /// The part that neural ratio estimation takes.
    pub fn nre(&self) -> NreConfig {
        NreConfig {
            estimator: self.classifier.clone().unwrap_or_default(),
            train: self.train.clone(),
            support: self.support,
            standardization: self.standardization,
            screening: self.screening,
        }
    }

    /// The part that neural ratio estimation of marginals takes.
    pub fn tmnre(&self) -> TmnreConfig {
        TmnreConfig {
            ratio: self.nre(),
            marginals: self.tmnre.clone().unwrap_or_default(),
        }
    }

    /// The part that estimation by a vector field takes.
    pub fn field(&self) -> FieldConfig {
        FieldConfig {
            estimator: self.vector_field.clone().unwrap_or_default(),
            train: self.train.clone(),
            sampler: self.field_sampler.clone().unwrap_or_default(),
            support: self.support,
            standardization: self.standardization,
            linear_guess: self.linear_guess,
            screening: self.screening,
        }
    }

    /// The part that neural posterior estimation takes.
    pub fn npe(&self) -> NpeConfig {
        NpeConfig {
            estimator: self.estimator.clone(),
            train: self.train.clone(),
            support: self.support,
            standardization: self.standardization,
            linear_guess: self.linear_guess,
            screening: self.screening,
            missing: self.missing,
        }
    }
}
