//! Restriction of the prior to where simulations succeed.

mod classifier;
mod posterior;
mod restricted;

pub use classifier::{RestrictionConfig, SuccessClassifier};
pub use posterior::RestrictedPosterior;
pub use restricted::RestrictedPrior;
