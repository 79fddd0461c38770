//! What happens to the data before a network sees them.

mod linear_guess;
mod standardization;

pub use linear_guess::LinearGuess;
pub use standardization::{Column, Standardization, StandardizationMethod};
