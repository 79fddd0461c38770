//! The method that chooses itself.
//!
//! Before anything is simulated, [`Situation::choice`] settles by rule whether simulations are aimed at the
//! observation in rounds, and which methods are in question. While there are two, each round's fresh
//! simulations, which no model has seen, tell which of them knows more there ([`Comparison`]), and near the observation
//! ([`Nearby`]).

mod choice;
mod comparison;
mod gain;
mod likelihood;
mod method;
mod model;
mod nearby;
mod pairs;
mod pool;
mod refined;
#[cfg(test)]
mod round_tests;
mod situation;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod wide_tests;

pub use choice::Choice;
pub use comparison::{ChosenModels, Comparison};
pub use gain::Gain;
pub use likelihood::LearnedLikelihood;
pub use method::ChosenMethod;
pub use model::{AutoConfig, AutoModel};
pub use nearby::Nearby;
pub use pool::PooledLikelihood;
pub use refined::RefinedPosterior;

pub use situation::Situation;
