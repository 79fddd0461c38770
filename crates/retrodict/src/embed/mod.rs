//! What happens to the data before a network sees them.

mod column;
mod linear_guess;
mod moments;
mod standardization;

pub use column::Column;
pub use linear_guess::LinearGuess;
pub use moments::Moments;
pub use standardization::{Standardization, StandardizationMethod};
