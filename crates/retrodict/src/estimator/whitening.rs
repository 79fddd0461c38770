//! The best linear-Gaussian guess of the values from the context, as a transform.

use faer::linalg::solvers::Solve;
use faer::{Mat, Side};

use super::examples::Examples;
use crate::seed::Random;
use crate::transform::{Batch, Gradients, Transform};

/// y = U z + M c + m with a lower triangular U, exp of whose weights is its diagonal.
///
/// Fitted by ridge regression of values z on context c, y is the residual, brought to unit
/// covariance: if z given c is normal with a mean linear in c, y is standard normal, and whatever
/// network comes after starts from the exact answer instead of having to find it.
///
/// Weights: the lower triangle of U row by row (the diagonal as logarithms), M row by row, m.
#[derive(Debug, Clone, Copy)]
pub(super) struct ConditionalWhitening {
    n_features: usize,
    n_context: usize,
}

/// Candidates for the ridge, in units of the regressors' variance times rows' noise; the last is
/// as good as no regression.
const RIDGES: [f64; 6] = [0.1, 1.0, 10.0, 100.0, 1000.0, 1e9];
/// One training row in this many judges the ridge.
const HELD_OUT: usize = 5;
/// The smallest residual variance, relative to that of the values: below it `f32` has no digits.
const MIN_VARIANCE: f64 = 1e-6;
/// Rows beyond this many do not make a linear fit any better.
const MAX_ROWS: usize = 50_000;

impl ConditionalWhitening {
    pub(super) fn new(n_features: usize, n_context: usize) -> Self {
        Self {
            n_features,
            n_context,
        }
    }

    fn triangle(self) -> usize {
        self.n_features * (self.n_features + 1) / 2
    }

    /// Fills the weights from training rows. With fewer rows than it takes, it only standardises.
    pub(super) fn fit(self, weights: &mut [f32], train: &Examples) {
        let n = train.len().min(MAX_ROWS);
        let (judges, others): (Vec<usize>, Vec<usize>) = (0..n).partition(|i| i % HELD_OUT == 0);
        let moments = Moments::new(self, train, &others);
        let mut best = (f64::NEG_INFINITY, RIDGES[RIDGES.len() - 1]);
        for ridge in RIDGES {
            let score = moments
                .solve(ridge)
                .map_or(f64::NEG_INFINITY, |fit| fit.score(train, &judges));
            if score > best.0 {
                best = (score, ridge);
            }
        }
        let all: Vec<usize> = (0..n).collect();
        let fit = Moments::new(self, train, &all).solve(best.1);
        self.write(weights, &fit.unwrap_or_else(|| Linear::identity(self)));
    }

    fn write(self, weights: &mut [f32], linear: &Linear) {
        let (d, c) = (self.n_features, self.n_context);
        let (triangle, rest) = weights.split_at_mut(self.triangle());
        let (matrix, shift) = rest.split_at_mut(d * c);
        for i in 0..d {
            for j in 0..=i {
                let u = linear.u[(i, j)];
                triangle[i * (i + 1) / 2 + j] = if i == j { u.ln() } else { u } as f32;
            }
            for k in 0..c {
                matrix[i * c + k] = -inner(i, |j| linear.u[(i, j)] * linear.a[(k + 1, j)]) as f32;
            }
            shift[i] = -inner(i, |j| linear.u[(i, j)] * linear.a[(0, j)]) as f32;
        }
    }
}

/// Σⱼ₌₀..=ᵢ f(j).
fn inner(i: usize, f: impl Fn(usize) -> f64) -> f64 {
    (0..=i).map(f).sum()
}

/// z = aᵀ (1, c) + residual; u is the inverse Cholesky factor of the residual's covariance.
struct Linear {
    a: Mat<f64>,
    u: Mat<f64>,
}

impl Linear {
    fn identity(shape: ConditionalWhitening) -> Self {
        Self {
            a: Mat::zeros(shape.n_context + 1, shape.n_features),
            u: Mat::identity(shape.n_features, shape.n_features),
        }
    }

    /// The mean log-density of rows that it was not fitted on, up to a constant.
    fn score(&self, train: &Examples, rows: &[usize]) -> f64 {
        let d = self.u.nrows();
        let log_det: f64 = (0..d).map(|i| self.u[(i, i)].ln()).sum();
        let total: f64 = rows
            .iter()
            .map(|&row| {
                let residual = self.residual(train, row);
                let y = |i: usize| inner(i, |j| self.u[(i, j)] * residual[j]);
                (0..d).map(|i| y(i).powi(2)).sum::<f64>()
            })
            .sum();
        log_det - 0.5 * total / rows.len().max(1) as f64
    }

    fn residual(&self, train: &Examples, row: usize) -> Vec<f64> {
        let context = train.context(row);
        let values = train.value(row).iter().enumerate();
        values
            .map(|(j, &value)| {
                let predicted: f64 = context
                    .iter()
                    .enumerate()
                    .map(|(k, &c)| f64::from(c) * self.a[(k + 1, j)])
                    .sum();
                f64::from(value) - predicted - self.a[(0, j)]
            })
            .collect()
    }
}

/// Sums of products over rows of (1, c) and of z: all a linear fit needs.
struct Moments {
    n: f64,
    cc: Mat<f64>,
    cz: Mat<f64>,
    zz: Mat<f64>,
}

impl Moments {
    fn new(shape: ConditionalWhitening, train: &Examples, rows: &[usize]) -> Self {
        let (d, c) = (shape.n_features, shape.n_context + 1);
        let regressor = |row: usize, k: usize| match k {
            0 => 1.0,
            _ => f64::from(train.context(row)[k - 1]),
        };
        let design = Mat::from_fn(rows.len(), c, |i, k| regressor(rows[i], k));
        let values = Mat::from_fn(rows.len(), d, |i, j| f64::from(train.value(rows[i])[j]));
        Self {
            n: rows.len() as f64,
            cc: design.transpose() * &design,
            cz: design.transpose() * &values,
            zz: values.transpose() * &values,
        }
    }

    fn solve(&self, ridge: f64) -> Option<Linear> {
        let mut regularised = self.cc.clone();
        for k in 1..regularised.nrows() {
            regularised[(k, k)] += ridge;
        }
        let a = regularised.llt(Side::Lower).ok()?.solve(&self.cz);
        let fitted = a.transpose() * &self.cz;
        let explained = a.transpose() * &self.cc * &a;
        let d = self.zz.nrows();
        let covariance = Mat::from_fn(d, d, |i, j| {
            let residual = self.zz[(i, j)] - fitted[(i, j)] - fitted[(j, i)] + explained[(i, j)];
            let floor = MIN_VARIANCE * self.zz[(i, i)].max(1e-30);
            (residual + if i == j { floor } else { 0.0 }) / self.n
        });
        let l = covariance.llt(Side::Lower).ok()?.L().to_owned();
        let mut u = Mat::<f64>::identity(d, d);
        faer::linalg::triangular_solve::solve_lower_triangular_in_place(
            l.as_ref(),
            u.as_mut(),
            faer::Par::Seq,
        );
        let finite =
            |m: &Mat<f64>| (0..m.ncols()).all(|j| (0..m.nrows()).all(|i| m[(i, j)].is_finite()));
        (finite(&a) && finite(&u) && (0..d).all(|i| u[(i, i)] > 0.0)).then_some(Linear { a, u })
    }
}

impl Transform for ConditionalWhitening {
    fn n_weights(&self) -> usize {
        self.triangle() + self.n_features * (self.n_context + 1)
    }

    fn initialize(&self, weights: &mut [f32], _: &mut Random) {
        weights.fill(0.0);
    }

    fn cache_rows(&self) -> usize {
        0
    }

    fn scratch_rows(&self) -> usize {
        self.n_features
    }

    fn forward(
        &self,
        weights: &[f32],
        batch: Batch<'_>,
        y: &mut [f32],
        log_det: &mut [f32],
        _: &mut [f32],
        _: &mut [f32],
    ) {
        self.shift(weights, batch, y);
        for i in 0..self.n_features {
            let row = &weights[i * (i + 1) / 2..][..=i];
            let out = &mut y[i * batch.stride..][..batch.stride];
            for (j, &u) in row.iter().enumerate() {
                let u = if i == j { u.exp() } else { u };
                add_scaled(out, u, &batch.x[j * batch.stride..]);
            }
            add_constant(log_det, row[i]);
        }
    }

    fn backward(
        &self,
        weights: &[f32],
        batch: Batch<'_>,
        gradients: Gradients<'_>,
        _: &[f32],
        scratch: &mut [f32],
    ) {
        let (d, c, stride) = (self.n_features, self.n_context, batch.stride);
        let above = &mut scratch[..d * stride];
        above.copy_from_slice(gradients.values);
        gradients.values.fill(0.0);
        let matrix = &weights[self.triangle()..];
        for i in 0..d {
            let g = &above[i * stride..][..stride];
            for j in 0..=i {
                let u = weights[i * (i + 1) / 2 + j];
                let u = if i == j { u.exp() } else { u };
                add_scaled(&mut gradients.values[j * stride..][..stride], u, g);
            }
        }
        if let Some(context) = gradients.context {
            for i in 0..d {
                for k in 0..c {
                    let out = &mut context[k * stride..][..stride];
                    add_scaled(out, matrix[i * c + k], &above[i * stride..]);
                }
            }
        }
        if let Some(out) = gradients.weights {
            self.weight_gradient(weights, batch, above, gradients.log_det, out);
        }
    }

    fn inverse(
        &self,
        weights: &[f32],
        batch: Batch<'_>,
        x: &mut [f32],
        log_det: &mut [f32],
        _: &mut [f32],
        scratch: &mut [f32],
    ) {
        let stride = batch.stride;
        let shift = &mut scratch[..self.n_features * stride];
        self.shift(weights, batch, shift);
        for i in 0..self.n_features {
            let row = &weights[i * (i + 1) / 2..][..=i];
            let (done, rest) = x.split_at_mut(i * stride);
            let out = &mut rest[..stride];
            out.copy_from_slice(&batch.x[i * stride..][..stride]);
            add_scaled(out, -1.0, &shift[i * stride..]);
            for (j, &u) in row[..i].iter().enumerate() {
                add_scaled(out, -u, &done[j * stride..]);
            }
            let scale = (-row[i]).exp();
            for v in out {
                *v *= scale;
            }
            add_constant(log_det, -row[i]);
        }
    }
}

impl ConditionalWhitening {
    /// `out` = M c + m.
    fn shift(&self, weights: &[f32], batch: Batch<'_>, out: &mut [f32]) {
        let (d, c) = (self.n_features, self.n_context);
        let (matrix, shift) = weights[self.triangle()..].split_at(d * c);
        for (i, out) in out.chunks_exact_mut(batch.stride).take(d).enumerate() {
            out.fill(shift[i]);
            for (k, &m) in matrix[i * c..(i + 1) * c].iter().enumerate() {
                add_scaled(out, m, &batch.context[k * batch.stride..]);
            }
        }
    }

    fn weight_gradient(
        &self,
        weights: &[f32],
        batch: Batch<'_>,
        above: &[f32],
        log_det: &[f32],
        out: &mut [f32],
    ) {
        let (d, c, stride) = (self.n_features, self.n_context, batch.stride);
        let (triangle, rest) = out.split_at_mut(self.triangle());
        let (matrix, shift) = rest.split_at_mut(d * c);
        let total: f32 = log_det[..stride].iter().sum();
        for i in 0..d {
            let g = &above[i * stride..][..stride];
            for j in 0..=i {
                let at = i * (i + 1) / 2 + j;
                let product = dot(g, &batch.x[j * stride..]);
                triangle[at] += if i == j {
                    product * weights[at].exp() + total
                } else {
                    product
                };
            }
            for k in 0..c {
                matrix[i * c + k] += dot(g, &batch.context[k * stride..]);
            }
            shift[i] += g.iter().sum::<f32>();
        }
    }
}

fn add_scaled(out: &mut [f32], factor: f32, values: &[f32]) {
    for (out, value) in out.iter_mut().zip(values) {
        *out += factor * value;
    }
}

fn add_constant(out: &mut [f32], constant: f32) {
    for out in out {
        *out += constant;
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{Seed, Stream};

    /// z = (1 + c₁ − 2 c₂ + ε₁, 3 c₂ + ε₁ + 0.5 ε₂), and a third regressor that says nothing.
    fn linear_gaussian(n: usize) -> Examples {
        let mut random = Seed(1).stream(Stream::Test, 0);
        let mut examples = Examples::new(2, 3);
        for _ in 0..n {
            let c = [random.normal(), random.normal(), random.normal()];
            let e = [random.normal(), random.normal()];
            let z = [
                1.0 + c[0] - 2.0 * c[1] + e[0],
                3.0 * c[1] + e[0] + 0.5 * e[1],
            ];
            examples.push(&z.map(|v| v as f32), &c.map(|v| v as f32));
        }
        examples
    }

    fn forward(weights: &[f32], examples: &Examples, n: usize) -> (Vec<f32>, f32) {
        let whitening = ConditionalWhitening::new(2, 3);
        let rows: Vec<usize> = (0..n).collect();
        let (mut x, mut context) = (vec![0.0; 2 * n], vec![0.0; 3 * n]);
        examples.gather(&rows, n, &mut x, &mut context);
        let batch = Batch {
            x: &x,
            context: &context,
            stride: n,
        };
        let (mut y, mut log_det) = (vec![0.0; 2 * n], vec![0.0; n]);
        whitening.forward(weights, batch, &mut y, &mut log_det, &mut [], &mut []);
        (y, log_det[0])
    }

    #[test]
    fn the_residuals_of_a_linear_gaussian_become_standard_normal() {
        let n = 4096;
        let examples = linear_gaussian(n);
        let whitening = ConditionalWhitening::new(2, 3);
        let mut weights = vec![0.0; whitening.n_weights()];
        whitening.fit(&mut weights, &examples);
        let (y, log_det) = forward(&weights, &examples, n);
        // The exact log-determinant is −log(1 · 0.5); its standard error is below 0.02.
        assert!((log_det - 2.0_f32.ln()).abs() < 0.06, "{log_det}");
        let moment =
            |f: &dyn Fn(f32, f32) -> f32| (0..n).map(|i| f(y[i], y[n + i])).sum::<f32>() / n as f32;
        for (found, expected) in [
            (moment(&|a, _| a), 0.0),
            (moment(&|_, b| b), 0.0),
            (moment(&|a, _| a * a), 1.0),
            (moment(&|_, b| b * b), 1.0),
            (moment(&|a, b| a * b), 0.0),
        ] {
            assert!((found - expected).abs() < 0.01, "{found} for {expected}");
        }
    }

    #[test]
    fn fewer_rows_than_regressors_and_wild_rows_still_give_finite_weights() {
        let whitening = ConditionalWhitening::new(2, 3);
        let mut weights = vec![0.0; whitening.n_weights()];
        for n in [1, 2, 3] {
            whitening.fit(&mut weights, &linear_gaussian(n));
            assert!(weights.iter().all(|w| w.is_finite()), "{n} rows");
        }
        let mut wild = linear_gaussian(100);
        wild.push(&[1e4, -1e4], &[1e4, 1e4, 1e4]);
        whitening.fit(&mut weights, &wild);
        assert!(weights.iter().all(|w| w.is_finite()));
    }

    #[test]
    fn inverse_undoes_forward() {
        let n = 16;
        let examples = linear_gaussian(n);
        let whitening = ConditionalWhitening::new(2, 3);
        let weights: Vec<f32> = (0..whitening.n_weights())
            .map(|i| (i as f32).sin())
            .collect();
        let (y, log_det) = forward(&weights, &examples, n);
        let rows: Vec<usize> = (0..n).collect();
        let (mut x, mut context) = (vec![0.0; 2 * n], vec![0.0; 3 * n]);
        examples.gather(&rows, n, &mut x, &mut context);
        let batch = Batch {
            x: &y,
            context: &context,
            stride: n,
        };
        let (mut back, mut back_det) = (vec![0.0; 2 * n], vec![0.0; n]);
        let mut scratch = vec![0.0; 2 * n];
        whitening.inverse(
            &weights,
            batch,
            &mut back,
            &mut back_det,
            &mut [],
            &mut scratch,
        );
        for (a, b) in back.iter().zip(&x) {
            assert!((a - b).abs() < 1e-5);
        }
        assert!((back_det[0] + log_det).abs() < 1e-6);
    }
}
