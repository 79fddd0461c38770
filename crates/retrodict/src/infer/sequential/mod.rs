//! Sequential inference: simulations aimed at one observation, round after round.
//!
//! The first round draws θ from the prior. Every later one draws from a proposal that the model of the
//! round before makes for the observation, simulates there, and fits again. The result is no longer
//! amortised: it holds for that observation alone.
//!
//! | method | proposal | loss |
//! |---|---|---|
//! | [`SequentialMethod::Npe`] | the prior inside the posterior's region of highest density ([`TruncatedPrior`]) | that of one round |
//! | [`SequentialMethod::Nle`] | draws from the posterior | that of one round |
//! | [`SequentialMethod::Nre`] | draws from the posterior | that of one round |
//! | [`SequentialMethod::Auto`] | the region of the posterior as long as one is fitted, then draws of the likelihood's | that of one round |
//!
//! # References
//! Deistler, Gonçalves and Macke 2022, arXiv:2210.04815 (truncated proposals); Papamakarios, Sterratt and
//! Murray 2019, arXiv:1805.07226 (sequential likelihoods); Durkan, Murray and Papamakarios 2020,
//! arXiv:2002.03712 (sequential ratios).

mod choosing;
mod config;
mod in_memory;
mod method;
mod report;
mod rounds;
#[cfg(test)]
mod tests;
mod truncated;
mod truncated_posterior;

pub use config::SequentialConfig;
pub use in_memory::InMemory;
pub use method::{RoundModel, SequentialMethod};
pub use report::RoundReport;
pub use rounds::{RoundKeeper, SequentialFit, SequentialTask, sequential};
pub use truncated::{Drawn, TruncatedPrior};
pub use truncated_posterior::TruncatedPosterior;
