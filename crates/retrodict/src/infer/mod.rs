//! Inference methods. Each makes a [`Posterior`].

mod maximum;
mod model_file;
mod neural;
mod npe;
mod posterior;
mod potential;
mod search;
mod streamed;
mod target;
#[cfg(test)]
mod tests;

pub use model_file::ModelConfig;
pub use neural::NeuralPosterior;
pub use npe::{NpeConfig, npe};
pub use posterior::Posterior;
pub use potential::{FunctionLikelihood, LogLikelihood, PotentialPosterior, SampledPosterior};
pub use search::{
    SearchConfig, SearchMethod, SearchResult, Settings, TimeSpan, Trial, TrialFolder,
    TrialObserver, search,
};
pub use streamed::{fits_in_memory, npe_from, planned_epochs};
