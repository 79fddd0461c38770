//! What the slow statistical tests share: problems whose posterior is known exactly, the same
//! posterior damaged in known ways, and a whole verdict about it.

mod bimodal;
mod linear_gaussian;
mod verdict;

pub use bimodal::Bimodal;
pub use linear_gaussian::{Damage, GaussianPosterior, LinearGaussian};
pub use verdict::{Study, verdict};
