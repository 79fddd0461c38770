//! What the slow statistical tests share: problems whose posterior is known exactly, the same
//! posterior damaged in known ways, and a whole verdict about it.

mod bimodal;
mod confusion;
mod linear_gaussian;
mod locally_wrong;
mod verdict;

pub use bimodal::Bimodal;
pub use confusion::{Case, cases};
pub use linear_gaussian::{Damage, GaussianPosterior, LinearGaussian};
pub use locally_wrong::LocallyWrong;
pub use verdict::{Study, verdict, whole_verdict};
