//! Do the ranks of the truth depend on the data? If the posterior is right they cannot.

use serde::{Deserialize, Serialize};
use statrs::function::beta::beta_reg;

use super::calibration::{Calibration, QuantityKind};
use super::multiplicity::holm;
use super::normal;
use super::principal::{self, dot};
use super::thresholds as limit;
use super::words::p_words;
use super::{Check, CheckStatus};
use crate::simulate::Simulations;

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
///
/// Ranks that are uniform over all test simulations do not show that a posterior uses the data: the
/// prior itself has uniform ranks. But if q(θ | x) = p(θ | x), the truth's position u is uniform
/// *given x*, so Φ⁻¹(u) (the error) and Φ⁻¹(|2u − 1|) (its size) are standard normal and
/// independent of x, and R² of either on any k functions of x follows Beta(k/2, (n − 1 − k)/2)
/// exactly. The functions are the leading principal components of the normal scores of x, and of
/// the posterior means, which are the network's own summary of x.
///
/// # Reference
/// Zhao, Dalmasso, Izbicki and Lee 2021, "Diagnostics for conditional density models and Bayesian
/// inference algorithms", arXiv:2102.10473; Modrák et al. 2023, arXiv:2211.02383, on functions of
/// data and parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DataDependence {
    /// How many test simulations.
    pub n_test: usize,
    /// How many combinations of the data the errors were compared with.
    pub n_features: usize,
    /// The parameters.
    pub parameters: Vec<Dependence>,
}

/// Rows beyond these add seconds, not insight: an R² of 0.05 is seen clearly.
const MOST_ROWS: usize = 1000;
/// Principal components of the data, and of the posterior means.
const MOST_COMPONENTS: usize = 10;
/// Rows for each component, so that R² stays well determined.
const ROWS_PER_COMPONENT: usize = 20;

impl DataDependence {
    /// Compares the errors with the data of the test simulations that `calibration` was made from.
    pub fn of(calibration: &Calibration, test: &Simulations) -> Self {
        let n = calibration.rows.len().min(MOST_ROWS);
        let basis = features(calibration, test, n);
        let (names, errors): (Vec<String>, Vec<[Explained; 2]>) = calibration
            .quantities
            .iter()
            .filter(|q| q.kind == QuantityKind::Parameter)
            .map(|q| (q.name.clone(), explained(&q.positions[..n], &basis)))
            .unzip();
        let p_values: Vec<f64> = errors.iter().flatten().map(|e| e.p_value).collect();
        let adjusted = holm(&p_values);
        let dependence =
            |((name, [location, scale]), p): ((String, [Explained; 2]), &[f64])| Dependence {
                name,
                location: location.share,
                location_p_value: p[0],
                scale: scale.share,
                scale_p_value: p[1],
            };
        Self {
            n_test: n,
            n_features: basis.len(),
            parameters: names
                .into_iter()
                .zip(errors)
                .zip(adjusted.chunks(2))
                .map(dependence)
                .collect(),
        }
    }

    /// One check a parameter.
    pub fn checks(&self) -> Vec<Check> {
        self.parameters.iter().map(|p| self.check(p)).collect()
    }

    fn check(&self, parameter: &Dependence) -> Check {
        let (share, p) = if parameter.location_p_value <= parameter.scale_p_value {
            (parameter.location, parameter.location_p_value)
        } else {
            (parameter.scale, parameter.scale_p_value)
        };
        // The large-sample standard error of R² (Olkin and Finn 1995).
        let error = 2.0 * share.max(0.0).sqrt() * (1.0 - share) / (self.n_test as f64).sqrt();
        let status = if p >= limit::DEPENDENCE_FALSE_ALARM || share <= limit::CAUTION_DEPENDENCE {
            CheckStatus::Passed
        } else if share - limit::FAILED_MARGIN * error > limit::FAILED_DEPENDENCE {
            CheckStatus::Failed
        } else {
            CheckStatus::Caution
        };
        Check {
            name: format!("use of the data: {}", parameter.name),
            statistic: share,
            interval: Some([0.0, limit::CAUTION_DEPENDENCE]),
            p_value: Some(p),
            threshold: Some(limit::CAUTION_DEPENDENCE),
            status,
            explanation: parameter.explain(share, p, status),
        }
    }
}

impl Dependence {
    fn explain(&self, share: f64, p: f64, status: CheckStatus) -> String {
        let (name, p_value) = (&self.name, p_words(p));
        if status == CheckStatus::Passed {
            return format!(
                "The errors of {name} do not depend on the data in a way that matters: they explain \
                 {:.0} % of them ({p_value}).",
                100.0 * share.max(0.0)
            );
        }
        let what = if self.location_p_value <= self.scale_p_value {
            "errors"
        } else {
            "errors' size"
        };
        format!(
            "The data explain {:.0} % of the variance of the {what} of {name} ({p_value}): for some \
             data its posterior is wrong, or it leaves out what the data say about it. Use more \
             simulations, train longer, or give the network better summaries of the data.",
            100.0 * share
        )
    }
}

/// How much of a number the data explain.
#[derive(Clone, Copy)]
struct Explained {
    share: f64,
    p_value: f64,
}

/// For the errors and for their sizes.
fn explained(positions: &[f64], basis: &[Vec<f64>]) -> [Explained; 2] {
    let regress = |transform: fn(f64) -> f64| {
        let values: Vec<f64> = positions
            .iter()
            .map(|&u| normal::quantile(transform(u)))
            .collect();
        r_squared(&values, basis)
    };
    // A position of exactly one half would have a size of −∞.
    [
        regress(|u| u),
        regress(|u| (2.0 * u - 1.0).abs().max(f64::EPSILON)),
    ]
}

/// Adjusted R² on an orthonormal, centred basis, and its p-value.
fn r_squared(values: &[f64], basis: &[Vec<f64>]) -> Explained {
    let (n, k) = (values.len() as f64, basis.len() as f64);
    let mean = values.iter().sum::<f64>() / n;
    let total: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    let rest = n - 1.0 - k;
    if basis.is_empty() || rest < 1.0 || total <= 0.0 {
        return Explained {
            share: 0.0,
            p_value: 1.0,
        };
    }
    let fitted: f64 = basis.iter().map(|q| dot(q, values).powi(2)).sum();
    let unexplained = (1.0 - fitted / total).clamp(0.0, 1.0);
    Explained {
        share: 1.0 - unexplained * (n - 1.0) / rest,
        p_value: beta_reg(0.5 * rest, 0.5 * k, unexplained),
    }
}

/// An orthonormal, centred basis of functions of the data.
fn features(calibration: &Calibration, test: &Simulations, n: usize) -> Vec<Vec<f64>> {
    let most = MOST_COMPONENTS.min(n / ROWS_PER_COMPONENT);
    let rows = &calibration.rows[..n];
    let data = (0..test.x.n_columns())
        .filter_map(|j| normal::scores(&rows.iter().map(|&i| test.x.row(i)[j]).collect::<Vec<_>>()))
        .collect();
    let d = calibration.posterior_means.len() / calibration.rows.len().max(1);
    let mean = |i: usize, j: usize| calibration.posterior_means[i * d + j];
    let means = (0..d)
        .filter_map(|j| normal::scores(&(0..n).map(|i| mean(i, j)).collect::<Vec<_>>()))
        .collect();
    let mut basis = Vec::new();
    for component in [
        principal_components(data, most),
        principal_components(means, most),
    ]
    .concat()
    {
        add_orthogonal(&mut basis, component);
    }
    basis
}

/// Gram–Schmidt, twice, leaving out what is already spanned.
fn add_orthogonal(basis: &mut Vec<Vec<f64>>, mut vector: Vec<f64>) {
    let mean = vector.iter().sum::<f64>() / vector.len() as f64;
    for v in &mut vector {
        *v -= mean;
    }
    let before = dot(&vector, &vector).sqrt();
    for _ in 0..2 {
        for q in basis.iter() {
            let along = dot(q, &vector);
            vector.iter_mut().zip(q).for_each(|(v, q)| *v -= along * q);
        }
    }
    let left = dot(&vector, &vector).sqrt();
    if left > 1e-6 * before {
        for v in &mut vector {
            *v /= left;
        }
        basis.push(vector);
    }
}

/// The leading principal components of columns that are centred and have about the same scale.
fn principal_components(columns: Vec<Vec<f64>>, most: usize) -> Vec<Vec<f64>> {
    let p = columns.len();
    if p <= most {
        return columns;
    }
    let found = principal::directions(&columns, most);
    if found.is_empty() {
        return columns.into_iter().take(most).collect();
    }
    found
        .iter()
        .map(|direction| principal::component(&columns, direction))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{Seed, Stream};

    fn normals(n: usize, index: u64) -> Vec<f64> {
        let mut random = Seed(5).stream(Stream::Test, index);
        (0..n).map(|_| random.normal()).collect()
    }

    #[test]
    fn r_squared_is_the_one_of_least_squares() {
        // One regressor: R² is the squared correlation, and p that of its t-test.
        // x = 1 … 5, y = (2, 1, 4, 3, 5): r = 0.8, t = 2.3094 with 3 degrees of freedom, p = 0.1041.
        let mut basis = Vec::new();
        add_orthogonal(&mut basis, vec![1.0, 2.0, 3.0, 4.0, 5.0]);
        add_orthogonal(&mut basis, vec![2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(basis.len(), 1, "a multiple adds nothing");
        let found = r_squared(&[2.0, 1.0, 4.0, 3.0, 5.0], &basis);
        assert!((found.p_value - 0.104_088).abs() < 1e-5);
        assert!((found.share - (1.0 - 0.36 * 4.0 / 3.0)).abs() < 1e-12);
    }

    #[test]
    fn the_p_value_is_uniform_without_dependence() {
        // 2,000 repetitions: 5 % ± 5 standard errors.
        let mut basis = Vec::new();
        (0..6).for_each(|k| add_orthogonal(&mut basis, normals(60, k)));
        let below = (0..2000)
            .filter(|i| r_squared(&normals(60, 100 + i), &basis).p_value < 0.05)
            .count();
        assert!((below as f64 / 2000.0 - 0.05).abs() < 0.025, "{below}");
    }

    #[test]
    fn both_cross_products_give_the_same_components() {
        let wide: Vec<Vec<f64>> = (0..8).map(|j| normals(7, j)).collect();
        let tall: Vec<Vec<f64>> = (0..8).map(|j| normals(9, j)).collect();
        for columns in [wide, tall] {
            let components = principal_components(columns.clone(), 2);
            let energy = |c: &[f64]| {
                let norm = dot(c, c);
                columns.iter().map(|x| dot(x, c).powi(2)).sum::<f64>() / norm
            };
            // The first carries most, and no single column or random direction carries more.
            assert!(energy(&components[0]) > energy(&components[1]));
            let n = columns[0].len();
            assert!((0..50).all(|i| energy(&normals(n, 50 + i)) < energy(&components[0])));
            assert!(dot(&components[0], &components[1]).abs() < 1e-9 * energy(&components[0]));
        }
    }
}
