//! Inference methods. Each makes a [`Posterior`], or a [`LogLikelihood`] to sample one from.

pub mod abc;
pub mod classical;
mod maximum;
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
mod search;
mod streamed;
mod target;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod training_pairs;
mod usable_rows;

pub use abc::{AbcPopulation, AbcPopulations, AbcPosterior, AbcRejectionConfig, AbcSmcConfig};
pub use classical::{
    Histogram, HistogramConfig, KernelDensity, KernelDensityConfig, SyntheticLikelihood,
    SyntheticLikelihoodConfig,
};
pub use model_file::ModelConfig;
pub use neural::NeuralPosterior;
pub use nle::{DataSpace, LikelihoodModel, NeuralLikelihood, NleConfig, nle};
pub use npe::{NpeConfig, npe};
pub use nre::{NeuralRatio, NreConfig, RatioModel, nre};
pub use posterior::Posterior;
pub use potential::{FunctionLikelihood, LogLikelihood, PotentialPosterior, SampledPosterior};
pub use search::{
    SearchConfig, SearchMethod, SearchResult, Settings, TimeSpan, Trial, TrialFolder,
    TrialObserver, search,
};
pub use streamed::{fits_in_memory, npe_from, planned_epochs};
