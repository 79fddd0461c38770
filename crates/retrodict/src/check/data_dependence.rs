//! Do the ranks of the truth depend on the data? If the posterior is right they cannot.

use serde::{Deserialize, Serialize};

/// How the errors of one parameter's posterior depend on the data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dependence {
    /// The parameter.
    pub name: String,
    /// The share of the variance of the errors that the data explain (adjusted R²).
    pub location: f64,
    /// The probability of so large a share if the posterior is right, corrected for several looks.
    pub location_p_value: f64,
    /// The share of the variance of the errors' size that the data explain (adjusted R²).
    pub scale: f64,
    /// The probability of so large a share if the posterior is right, corrected for several looks.
    pub scale_p_value: f64,
}

/// How the errors of the posterior depend on the data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DataDependence {
    /// How many test simulations.
    pub n_test: usize,
    /// How many combinations of the data the errors were compared with.
    pub n_features: usize,
    /// The parameters.
    pub parameters: Vec<Dependence>,
}
