//! Restriction of the prior to where simulations succeed.

mod classifier;
mod file;
mod likelihood;
mod posterior;
mod restricted;

pub use classifier::{RestrictionConfig, SuccessClassifier};
pub use likelihood::RestrictedLikelihood;
pub use posterior::RestrictedPosterior;
pub use restricted::RestrictedPrior;
