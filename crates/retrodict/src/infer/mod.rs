//! Inference methods. Each makes a [`Posterior`].

mod maximum;
mod model_file;
mod neural;
mod npe;
mod npe_streamed;
mod posterior;
mod row_split;
mod search;
mod streamed_rows;
#[cfg(test)]
mod streamed_tests;
mod survey;
mod target;
#[cfg(test)]
mod tests;

pub use model_file::ModelConfig;
pub use neural::NeuralPosterior;
pub use npe::{NpeConfig, npe};
pub use npe_streamed::{fits_in_memory, npe_from, planned_epochs};
pub use posterior::Posterior;
pub use search::{
    SearchConfig, SearchMethod, SearchResult, Settings, TimeSpan, Trial, TrialFolder,
    TrialObserver, search,
};
