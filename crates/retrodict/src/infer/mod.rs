//! Inference methods. Each makes a [`Posterior`], or a [`LogLikelihood`] to sample one from.

pub mod abc;
pub mod auto;
pub mod classical;
mod conditional;
mod conservative;
mod continued;
#[cfg(test)]
mod convenience_tests;
mod correction;
mod discrete;
mod ensemble;
mod flow_loss;
mod least_squares;
mod maximum;
mod missing;
#[cfg(test)]
mod missing_tests;
#[cfg(test)]
mod mixed_tests;
mod model_file;
mod neural;
mod nle;
mod npe;
mod nre;
mod pairs;
mod parameter_space;
mod pool;
mod posterior;
mod potential;
mod restriction;
mod robust;
mod screening;
mod search;
mod sensitivity;
pub mod sequential;
mod slices;
mod streamed;
mod summaries;
mod target;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod tmnre;
mod training_pairs;
mod usable_rows;
mod vector_field;

pub use abc::{AbcPopulation, AbcPopulations, AbcPosterior, AbcRejectionConfig, AbcSmcConfig};
pub use classical::{
    Histogram, HistogramConfig, KernelDensity, KernelDensityConfig, SyntheticLikelihood,
    SyntheticLikelihoodConfig,
};
pub use conditional::conditional;
pub use continued::npe_continued;
pub use correction::{CorrectedPosterior, CorrectionConfig, corrected};
pub use discrete::DiscreteColumn;
pub use ensemble::EnsemblePosterior;
pub use missing::Missing;
pub use model_file::ModelConfig;
pub use neural::NeuralPosterior;
pub use nle::{
    DataSpace, LikelihoodModel, MarginalDensity, NeuralLikelihood, NleConfig, marginal, nle,
    nle_continued,
};
pub use npe::{NpeConfig, npe};
pub use nre::{NeuralRatio, NreConfig, RatioModel, nre, nre_continued};
pub use posterior::Posterior;
pub use potential::{FunctionLikelihood, LogLikelihood, PotentialPosterior, SampledPosterior};
pub use restriction::{
    RestrictedLikelihood, RestrictedPosterior, RestrictedPrior, RestrictionConfig,
    SuccessClassifier,
};
pub use robust::{
    Denoised, ErrorKind, ErrorModel, ErrorsAt, RobustConfig, RobustPosterior, SuspectedDatum,
};
pub use search::{
    SearchConfig, SearchMethod, SearchResult, Settings, TimeSpan, Trial, TrialFolder,
    TrialObserver, search,
};
pub use sensitivity::ActiveSubspace;
pub use slices::{ConditionalSlices, Slice};
pub use streamed::{fits_in_memory, npe_from, planned_epochs};
pub use summaries::{SemiAutomatic, SummariesConfig};
pub use tmnre::{MarginalRatio, MarginalsConfig, TmnreConfig, TruncatedMarginals, tmnre};
pub use vector_field::{
    CompositionConfig, FactorizedComposition, FieldConfig, FieldModel, FieldPosterior,
    FieldSamplerConfig, FieldTrials, GaussianComposition, NoisyRows, OdeConfig, SdeConfig, fmpe,
    fmpe_continued, npse, npse_continued,
};
