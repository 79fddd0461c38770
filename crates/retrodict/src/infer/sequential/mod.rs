//! Sequential inference: simulations aimed at one observation, round after round.
//!
//! The first round draws θ from the prior. Every later one draws from a proposal that the model of the
//! round before makes for the observation, simulates there, and fits again. The result is no longer
//! amortised: it holds for that observation alone.
//!
//! | method | proposal | loss |
//! |---|---|---|
//! | [`SequentialMethod::Npe`], [`ProposalKind::Truncated`] | the prior inside the posterior's region of highest density ([`TruncatedPrior`]) | that of one round |
//! | [`SequentialMethod::Npe`], [`ProposalKind::Atomic`] | draws from the posterior | atomic, and that of one round for the first |
//! | [`SequentialMethod::Npe`], [`ProposalKind::Mixture`] | draws from the posterior, a mixture of normal distributions | exact for mixtures of normal distributions |
//! | [`SequentialMethod::Npe`], [`ProposalKind::ImportanceWeighted`] | draws from the posterior | that of one round, weighted |
//! | [`SequentialMethod::Nle`] | draws from the posterior | that of one round |
//! | [`SequentialMethod::Nre`] | draws from the posterior | that of one round |
//! | [`SequentialMethod::Tmnre`] | the prior within bounds that hold every marginal posterior | that of one round |
//! | [`SequentialMethod::Auto`] | the region of the posterior as long as one is fitted, then draws of the likelihood's | that of one round |
//!
//! # References
//! Greenberg, Nonnenmacher and Macke 2019, arXiv:1905.07488 (atoms and mixtures); Lueckmann et al.
//! 2017, arXiv:1711.01861 (importance weights); Deistler, Gonçalves and Macke 2022, arXiv:2210.04815
//! (truncated proposals); Papamakarios, Sterratt and Murray 2019, arXiv:1805.07226 (sequential
//! likelihoods); Durkan, Murray and Papamakarios 2020, arXiv:2002.03712 (sequential ratios).

mod acquisition;
#[cfg(test)]
mod aiming_tests;
mod atomic;
mod choosing;
mod config;
mod corrected;
mod exact;
mod given;
mod importance;
mod in_memory;
mod keeper;
#[cfg(test)]
mod loss_tests;
mod marginals;
mod method;
mod mixture_proposal;
mod product;
mod proposal;
mod reach;
#[cfg(test)]
mod recovery_tests;
mod report;
mod round_data;
mod round_fit;
mod rounds;
mod task;
#[cfg(test)]
mod tests;
mod truncated;
mod truncated_posterior;
mod weighted;

pub use acquisition::Acquisition;
pub use config::{ProposalKind, SequentialConfig};
pub(in crate::infer) use corrected::atoms;
pub use given::{GivenRounds, npe_given_rounds};
pub use in_memory::InMemory;
pub use keeper::RoundKeeper;
pub use method::{RoundModel, SequentialMethod};
pub use report::RoundReport;
pub use rounds::{SequentialFit, sequential};
pub use task::SequentialTask;
pub use truncated::{Drawn, TruncatedPrior};
pub use truncated_posterior::TruncatedPosterior;
