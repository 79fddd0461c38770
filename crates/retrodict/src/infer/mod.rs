//! Inference methods. Each makes a [`Posterior`].

mod maximum;
mod model_file;
mod neural;
mod npe;
mod posterior;
mod target;
#[cfg(test)]
mod tests;

pub use model_file::ModelConfig;
pub use neural::NeuralPosterior;
pub use npe::{NpeConfig, npe};
pub use posterior::Posterior;
