//! θ as a network sees it that is told θ.

use crate::embed::{Column, Standardization, StandardizationMethod};
use crate::error::{Error, Result};
use crate::prior::{Prior, SupportKind, SupportMap};
use crate::table::Table;

/// θ → (z − mean) / sd with z the map of the prior's support.
#[derive(Debug, Clone)]
pub(super) struct ParameterSpace {
    pub(super) map: SupportMap,
    pub(super) standardization: Standardization,
}

impl ParameterSpace {
    /// Learns mean and spread from rows of z.
    pub(super) fn fit(map: SupportMap, real: &Table) -> Self {
        Self {
            map,
            standardization: Standardization::fit(real, StandardizationMethod::Linear),
        }
    }

    /// From what a file says; `names` are the parameters it was made for.
    pub(super) fn assemble(
        prior: &Prior,
        support: SupportKind,
        names: &[String],
        standardization: Standardization,
    ) -> Result<Self> {
        let advice = "Use the prior that the model was trained with.";
        if prior.names() != names {
            let (given, expected) = (prior.names().join(", "), names.join(", "));
            return Err(Error::invalid(
                "the prior's parameters",
                given,
                expected,
                advice,
            ));
        }
        let map = prior.support_map(support)?;
        let (given, expected) = (standardization.columns().len(), map.n_unconstrained());
        if given != expected {
            return Err(Error::invalid(
                "the model's standardisation of θ",
                format!("{given} columns"),
                format!("{expected}, as the prior has"),
                advice,
            ));
        }
        Ok(Self {
            map,
            standardization,
        })
    }

    /// Says what is wrong with a standardisation of θ in a file.
    pub(super) fn check(standardization: &Standardization) -> std::result::Result<(), String> {
        let columns = standardization.columns();
        let linear = |column: &Column| matches!(column, Column::Linear { .. });
        if columns.is_empty() || !columns.iter().all(linear) || !standardization.is_valid() {
            return Err(
                "a standardisation of θ that is not of a mean and a positive sd each".into(),
            );
        }
        Ok(())
    }

    /// How many numbers stand for θ.
    pub(super) fn n_features(&self) -> usize {
        self.standardization.columns().len()
    }

    /// How many parameters there are.
    pub(super) fn n_parameters(&self) -> usize {
        self.map.n_parameters()
    }

    /// Whether θ lies inside the prior's support.
    pub(super) fn contains(&self, theta: &[f64]) -> bool {
        self.map.prior().contains(theta)
    }

    /// Fills `features` from θ; `real` is room for as many numbers.
    pub(super) fn apply(&self, theta: &[f64], real: &mut [f64], features: &mut [f32]) {
        self.map.forward(theta, real);
        self.standardization.apply(real, features);
    }

    /// From the gradient with respect to the features to that with respect to θ. `slopes` is changed.
    pub(super) fn pull_back(&self, theta: &[f64], slopes: &mut [f64], out: &mut [f64]) {
        for (slope, column) in slopes.iter_mut().zip(self.standardization.columns()) {
            // What is not linear has been refused.
            *slope *= match column {
                Column::Linear { sd, .. } => 1.0 / sd,
                Column::Asinh { .. } | Column::Constant { .. } => 0.0,
            };
        }
        self.map.pull_back(theta, slopes, out);
    }
}
