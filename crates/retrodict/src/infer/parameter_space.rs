//! θ as a network sees it that is told θ.

use super::discrete::{self, DiscreteColumn};
use crate::embed::{Column, Standardization, StandardizationMethod};
use crate::error::{Error, Result};
use crate::prior::{Prior, SupportKind, SupportMap};
use crate::table::Table;

/// θ → (z − mean) / sd with z the map of the prior's support, then the discrete parameters: one number for
/// each of their values, one for the value it has and zero for the others, or if there are many the
/// value itself, scaled.
#[derive(Debug, Clone)]
pub(super) struct ParameterSpace {
    pub(super) map: SupportMap,
    pub(super) standardization: Standardization,
    pub(super) discrete: Vec<DiscreteColumn>,
}

/// With more values, one number stands for a discrete parameter.
const MOST_ONE_HOT: usize = 30;

impl ParameterSpace {
    /// Learns mean and spread from rows of z, behind which discrete parameters may stand.
    pub(super) fn fit(map: SupportMap, real: &Table, discrete: Vec<DiscreteColumn>) -> Self {
        let fitted = Standardization::fit(real, StandardizationMethod::Linear);
        let continuous = &fitted.columns()[..map.n_unconstrained()];
        Self {
            standardization: Standardization::new(continuous.to_vec()),
            map,
            discrete,
        }
    }

    /// From what a file says; `names` are the parameters it was made for.
    pub(super) fn assemble(
        prior: &Prior,
        support: SupportKind,
        names: &[String],
        (standardization, discrete): (Standardization, Vec<DiscreteColumn>),
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
        let map = prior.continuous_map(support)?;
        let (given, expected) = (standardization.columns().len(), map.n_unconstrained());
        if given != expected {
            return Err(Error::invalid(
                "the model's standardisation of θ",
                format!("{given} columns"),
                format!("{expected}, as the prior has"),
                advice,
            ));
        }
        let columns: Vec<usize> = discrete.iter().map(|own| own.column).collect();
        if columns != prior.discrete_columns() {
            return Err(Error::invalid(
                "the prior's discrete parameters",
                format!("{:?}", prior.discrete_columns()),
                format!("{columns:?}"),
                advice,
            ));
        }
        Ok(Self {
            map,
            standardization,
            discrete,
        })
    }

    /// Says what is wrong with a standardisation of θ in a file.
    pub(super) fn check(
        standardization: &Standardization,
        discrete: &[DiscreteColumn],
    ) -> std::result::Result<(), String> {
        DiscreteColumn::check(discrete, usize::MAX)?;
        let columns = standardization.columns();
        let linear = |column: &Column| matches!(column, Column::Linear { .. });
        let none = columns.is_empty() && discrete.is_empty();
        if none || !columns.iter().all(linear) || !standardization.is_valid() {
            return Err(
                "a standardisation of θ that is not of a mean and a positive sd each".into(),
            );
        }
        Ok(())
    }

    /// How many numbers stand for θ.
    pub(super) fn n_features(&self) -> usize {
        self.standardization.columns().len() + self.n_discrete_features()
    }

    fn n_discrete_features(&self) -> usize {
        self.discrete.iter().map(n_features).sum()
    }

    /// The names of the parameters that have a coordinate each, where none shares one.
    pub(super) fn continuous_names(&self) -> Vec<String> {
        let names = self.map.prior().names().into_iter().enumerate();
        let continuous = names.filter(|(j, _)| self.discrete.iter().all(|own| own.column != *j));
        continuous.map(|(_, name)| name).collect()
    }

    /// How many numbers z and the discrete parameters are.
    pub(super) fn n_real(&self) -> usize {
        self.map.n_unconstrained() + self.discrete.len()
    }

    /// Fills `features` from z and the discrete parameters behind it.
    pub(super) fn features(&self, real: &[f64], features: &mut [f32]) {
        let n = self.map.n_unconstrained();
        let (continuous, mut rest) = features.split_at_mut(n);
        self.standardization.apply(&real[..n], continuous);
        for (own, value) in self.discrete.iter().zip(&real[n..]) {
            let (here, after) = rest.split_at_mut(n_features(own));
            rest = after;
            if let [feature] = here {
                let ends = [own.levels[0], own.levels[own.levels.len() - 1]];
                // As wide as a uniform variable of sd one.
                let middle = f64::midpoint(ends[0], ends[1]);
                *feature = ((value - middle) / (ends[1] - ends[0]) * 12.0_f64.sqrt()) as f32;
            } else {
                let code = own.code(*value);
                for (k, feature) in here.iter_mut().enumerate() {
                    *feature = if code == Some(k) { 1.0 } else { 0.0 };
                }
            }
        }
    }

    /// The features of every row of z and discrete parameters.
    pub(super) fn table(&self, real: &Table) -> Result<Table> {
        let n = self.n_features();
        let mut values = Vec::with_capacity(real.n_rows() * n);
        let mut features = vec![0.0; n];
        for row in real.rows() {
            self.features(row, &mut features);
            values.extend(features.iter().map(|&v| f64::from(v)));
        }
        Table::numbered("c", n, values)
    }

    /// How many parameters there are.
    pub(super) fn n_parameters(&self) -> usize {
        self.map.n_parameters()
    }

    /// Whether θ lies inside the prior's support.
    pub(super) fn contains(&self, theta: &[f64]) -> bool {
        self.map.prior().contains(theta)
    }

    /// Fills `features` from θ; `real` is room for as many numbers, or more than z and the discrete
    /// parameters are.
    pub(super) fn apply(&self, theta: &[f64], real: &mut [f64], features: &mut [f32]) {
        let real = &mut real[..self.n_real()];
        discrete::to_real(&self.map, theta, real);
        self.features(real, features);
    }

    /// From the gradient with respect to the features to that with respect to θ. `slopes` is changed.
    pub(super) fn pull_back(&self, theta: &[f64], slopes: &mut [f64], out: &mut [f64]) {
        for (slope, column) in slopes.iter_mut().zip(self.standardization.columns()) {
            // What is not linear has been refused.
            *slope *= match column {
                Column::Linear { sd, .. } => 1.0 / sd,
                Column::Asinh { .. } | Column::Constant { .. } | Column::Unrelated => 0.0,
            };
        }
        let n = self.map.n_unconstrained();
        self.map.pull_back(theta, &slopes[..n], out);
    }
}

/// How many numbers stand for a discrete parameter.
fn n_features(own: &DiscreteColumn) -> usize {
    match own.levels.len() {
        n if n <= MOST_ONE_HOT => n,
        _ => 1,
    }
}
