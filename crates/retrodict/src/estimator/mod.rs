//! Conditional densities: normalizing flows and mixtures.
