//! What happens to the data before a network sees them.

mod linear_guess;
mod moments;
mod standardization;

pub use linear_guess::LinearGuess;
pub use moments::Moments;
pub use standardization::{Column, Standardization, StandardizationMethod};
