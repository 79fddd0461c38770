//! The transforms once more: one row, `f64`, nothing but the formulas.

use super::{SplineShape, Tail};
use crate::network::twin::NetworkTwin;
use retrodict_kernels::{IDENTITY_SCALE, scalar};

/// (y, log |det ∂y/∂x|) of one row.
pub(super) enum Twin {
    Affine(NetworkTwin),
    Spline(NetworkTwin, SplineShape),
    Coupling {
        network: NetworkTwin,
        shape: SplineShape,
        /// Which features move.
        moved: Vec<usize>,
    },
    Lu(usize),
    Permutation(Vec<usize>),
}

impl Twin {
    pub(super) fn forward(&self, weights: &[f64], context: &[f64], x: &[f64]) -> (Vec<f64>, f64) {
        match self {
            Self::Affine(network) => affine(&network.forward(weights, context, x), x),
            Self::Spline(network, shape) => spline(
                shape,
                shape.tails(),
                &network.forward(weights, context, x),
                x,
            ),
            Self::Coupling {
                network,
                shape,
                moved,
            } => coupling(network, shape, moved, weights, context, x),
            Self::Lu(d) => lu(*d, weights, x),
            Self::Permutation(order) => (order.iter().map(|i| x[*i]).collect(), 0.0),
        }
    }
}

fn affine(parameters: &[f64], x: &[f64]) -> (Vec<f64>, f64) {
    let scales: Vec<f64> = parameters.chunks(2).map(|p| scalar::scale(p[1])).collect();
    let y = (0..x.len())
        .map(|j| x[j] * scales[j] + parameters[2 * j])
        .collect();
    (y, scales.iter().map(|scale| scale.ln()).sum())
}

fn spline(shape: &SplineShape, tails: &[Tail], parameters: &[f64], x: &[f64]) -> (Vec<f64>, f64) {
    let per_feature = parameters.len() / x.len();
    let (mut y, mut log_det) = (Vec::new(), 0.0);
    for (j, raw) in parameters.chunks(per_feature).enumerate() {
        let (value, log_slope) = scalar::spline_forward(shape, tails[j], raw, x[j]);
        y.push(value);
        log_det += log_slope;
    }
    (y, log_det)
}

fn coupling(
    network: &NetworkTwin,
    shape: &SplineShape,
    moved: &[usize],
    weights: &[f64],
    context: &[f64],
    x: &[f64],
) -> (Vec<f64>, f64) {
    let kept: Vec<f64> = (0..x.len())
        .filter(|i| !moved.contains(i))
        .map(|i| x[i])
        .collect();
    let parameters = network.forward(weights, context, &kept);
    let tails: Vec<Tail> = moved.iter().map(|i| shape.tails()[*i]).collect();
    let shape = SplineShape::new(shape.n_bins(), shape.bound(), tails.clone());
    let values: Vec<f64> = moved.iter().map(|i| x[*i]).collect();
    let (values, log_det) = spline(&shape, &tails, &parameters, &values);
    let mut y = x.to_vec();
    for (i, value) in moved.iter().zip(values) {
        y[*i] = value;
    }
    (y, log_det)
}

fn lu(d: usize, weights: &[f64], x: &[f64]) -> (Vec<f64>, f64) {
    let (mut lower, mut upper) = (vec![vec![0.0; d]; d], vec![vec![0.0; d]; d]);
    let mut weights = weights.iter();
    let mut next = || *weights.next().expect("as many weights as the formula has");
    for (i, row) in lower.iter_mut().enumerate() {
        row[i] = 1.0;
        row[..i].fill_with(&mut next);
    }
    for (i, row) in upper.iter_mut().enumerate() {
        row[i + 1..].fill_with(&mut next);
    }
    for (i, row) in upper.iter_mut().enumerate() {
        row[i] = scalar::scale(next() + f64::from(IDENTITY_SCALE));
    }
    let multiply = |matrix: &[Vec<f64>], x: &[f64]| -> Vec<f64> {
        let row = |row: &Vec<f64>| row.iter().zip(x).map(|(a, x)| a * x).sum();
        matrix.iter().map(row).collect()
    };
    let y = multiply(&lower, &multiply(&upper, x));
    let log_det = upper.iter().enumerate().map(|(i, row)| row[i].ln()).sum();
    (y.into_iter().map(|y| y + next()).collect(), log_det)
}
