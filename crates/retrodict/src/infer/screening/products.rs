//! Pairs of data that depend on the parameters together, and each not by itself.

use faer::Mat;

use super::correlations::probability_of_square;
use super::scores::Scores;

/// The pairs of columns whose product depends on a parameter: two numbers whose correlation is a parameter say so only
/// together. `level` is the probability of any at all where nothing depends on them.
pub(super) fn pairs(parameters: &Scores, data: &Scores, level: f64) -> Vec<[usize; 2]> {
    let products = Products::new(data);
    let tests = products.n_pairs() * parameters.len();
    let each = (0..parameters.len()).flat_map(|k| {
        let column: Vec<f64> = (0..products.n).map(|i| parameters.values[(i, k)]).collect();
        products.dependent_on(&column, level / tests.max(1) as f64)
    });
    each.map(|pair| pair.map(|j| products.columns[j])).collect()
}

/// The products of the straight functions of the data.
struct Products {
    /// From so many rows.
    n: usize,
    /// The functions, and of which column each is.
    functions: Mat<f64>,
    columns: Vec<usize>,
    /// Σ of the product of each pair, and of its square.
    sum: Mat<f64>,
    square: Mat<f64>,
}

impl Products {
    fn new(data: &Scores) -> Self {
        let straight: Vec<usize> = (0..data.len()).filter(|&j| data.first[j]).collect();
        let n = data.values.nrows();
        let functions = Mat::from_fn(n, straight.len(), |i, j| data.values[(i, straight[j])]);
        let squares = map(&functions, |_, v| v * v);
        Self {
            n,
            sum: functions.transpose() * &functions,
            square: squares.transpose() * &squares,
            columns: straight.into_iter().map(|j| data.column[j]).collect(),
            functions,
        }
    }

    fn n_pairs(&self) -> usize {
        let n = self.columns.len();
        n * n.saturating_sub(1) / 2
    }

    /// The pairs whose product correlates with `values`, which have mean zero and variance one, by so much that it is less
    /// probable than `level` if it is independent of them.
    fn dependent_on(&self, values: &[f64], level: f64) -> Vec<[usize; 2]> {
        let weighted = map(&self.functions, |i, v| v * values[i]);
        let covariance = weighted.transpose() * &self.functions;
        let n = self.n as f64;
        let all = (0..self.columns.len()).flat_map(|a| (0..a).map(move |b| [a, b]));
        let depends = |[a, b]: &[usize; 2]| {
            let variance = self.square[(*a, *b)] / n - (self.sum[(*a, *b)] / n).powi(2);
            let z = (covariance[(*a, *b)] / n).powi(2) * n / variance;
            // Two columns of ±1 that are the same have a product without variance.
            variance > 0.0 && probability_of_square(z) < level
        };
        all.filter(depends).collect()
    }
}

fn map(values: &Mat<f64>, f: impl Fn(usize, f64) -> f64) -> Mat<f64> {
    Mat::from_fn(values.nrows(), values.ncols(), |i, j| f(i, values[(i, j)]))
}
