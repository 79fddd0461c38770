//! What happens to the data before a network sees them.

mod standardization;

pub use standardization::{Column, Standardization, StandardizationMethod};
