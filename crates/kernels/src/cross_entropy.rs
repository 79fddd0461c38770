//! The losses of classifiers: of ratio estimation by classes, two or many.

use crate::Kernels;
use crate::functions::{exp, ln, softplus_and_sigmoid};
use crate::lanes::{Lanes, Rows, RowsMut, vectors_per_row};
use pulp::{Simd, WithSimd};

/// A probability that changes no sum: what becomes of it on the way back is no normal number any more, and
/// processors take a hundred times as long for these.
const NEGLIGIBLE: f32 = 1e-20;

#[inline(always)]
fn negligible_is_zero<S: Simd>(probability: Lanes<S>) -> Lanes<S> {
    probability
        .lt(probability.all(NEGLIGIBLE))
        .select(probability.all(0.0), probability)
}

/// weight · (softplus z − label · z) = −weight · ln p(label), where z is the logit of label 1, and
/// the gradient weight · (sigmoid z − label).
///
/// The loss of a classifier between joint and independent pairs, whose logit is the logarithm of the
/// likelihood-to-evidence ratio (Hermans et al. 2020, arXiv:1903.04057).
#[derive(Debug)]
pub struct BinaryCrossEntropy<'a> {
    /// z.
    pub logits: &'a [f32],
    /// 0 or 1, or a probability between.
    pub labels: &'a [f32],
    /// What each row's loss is multiplied with; zero in the padding.
    pub weights: &'a [f32],
    /// Out: the weighted loss of each row.
    pub loss: &'a mut [f32],
    /// Out: its derivative by z.
    pub logit_gradient: &'a mut [f32],
}

impl BinaryCrossEntropy<'_> {
    /// Runs on the given tier.
    ///
    /// # Panics
    /// If the lengths differ or are no multiple of [`crate::PADDING`].
    pub fn run(self, kernels: Kernels) {
        let length = self.logits.len();
        assert_eq!(self.labels.len(), length);
        assert_eq!(self.weights.len(), length);
        assert_eq!(self.loss.len(), length);
        assert_eq!(self.logit_gradient.len(), length);
        kernels.dispatch(self);
    }
}

impl WithSimd for BinaryCrossEntropy<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let length = self.logits.len();
        let logits = Rows::new(simd, self.logits, length);
        let labels = Rows::new(simd, self.labels, length);
        let weights = Rows::new(simd, self.weights, length);
        let mut loss = RowsMut::new(simd, self.loss, length);
        let mut gradient = RowsMut::new(simd, self.logit_gradient, length);
        for v in 0..vectors_per_row::<S>(length) {
            let (z, label, weight) = (logits.get(0, v), labels.get(0, v), weights.get(0, v));
            // softplus z − label · z, written so that for label 1 nothing large cancels.
            let one = z.all(1.0);
            let (of_zero, sigmoid) = softplus_and_sigmoid(z);
            let (of_one, _) = softplus_and_sigmoid(-z);
            loss.set(0, v, weight * (label * of_one + (one - label) * of_zero));
            gradient.set(0, v, weight * (negligible_is_zero(sigmoid) - label));
        }
    }
}

/// weight · (ln Σⱼ exp zⱼ − z of the target class) = −weight · ln p(target), and the gradient
/// weight · (p − target).
///
/// The loss of telling the parameters of a simulation from others (Durkan et al. 2020,
/// arXiv:2002.03712). With one more class of a constant logit, ln (K / γ) for K parameters, it is that of
/// contrastive ratio estimation (Miller et al. 2022, arXiv:2210.06170).
#[derive(Debug)]
pub struct CrossEntropy<'a> {
    /// z, classes × `stride`.
    pub logits: &'a [f32],
    /// Length of a row.
    pub stride: usize,
    /// The logit of one more class, after all others.
    pub constant: Option<f32>,
    /// The number of the target class.
    pub target: usize,
    /// What each row's loss is multiplied with; zero in the padding.
    pub weights: &'a [f32],
    /// Out: the weighted loss of each row.
    pub loss: &'a mut [f32],
    /// Out: its derivatives by z.
    pub logit_gradient: &'a mut [f32],
}

impl CrossEntropy<'_> {
    /// Runs on the given tier.
    ///
    /// # Panics
    /// If the lengths do not fit together, there is no such class, or `stride` is no multiple of
    /// [`crate::PADDING`].
    pub fn run(self, kernels: Kernels) {
        assert!(self.stride > 0 && self.logits.len().is_multiple_of(self.stride));
        let n_rows = self.logits.len() / self.stride;
        let n_classes = n_rows + usize::from(self.constant.is_some());
        assert!(n_rows > 0 && self.target < n_classes, "the target class");
        assert_eq!(self.weights.len(), self.stride);
        assert_eq!(self.loss.len(), self.stride);
        assert_eq!(self.logit_gradient.len(), self.logits.len());
        kernels.dispatch(self);
    }
}

impl WithSimd for CrossEntropy<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let n = self.logits.len() / self.stride;
        let logits = Rows::new(simd, self.logits, self.stride);
        let weights = Rows::new(simd, self.weights, self.stride);
        let mut loss = RowsMut::new(simd, self.loss, self.stride);
        let mut gradient = RowsMut::new(simd, self.logit_gradient, self.stride);
        let constant = self.constant.map(|logit| Lanes::splat(simd, logit));
        for v in 0..vectors_per_row::<S>(self.stride) {
            let mut largest = constant.unwrap_or(logits.get(0, v));
            for class in 0..n {
                largest = largest.max(logits.get(class, v));
            }
            let mut total = constant.map_or(largest.all(0.0), |logit| exp(logit - largest));
            for class in 0..n {
                let share = exp(logits.get(class, v) - largest);
                gradient.set(class, v, share);
                total += share;
            }
            let weight = weights.get(0, v);
            let target = match constant {
                Some(logit) if self.target == n => logit,
                _ => logits.get(self.target, v),
            };
            loss.set(0, v, weight * (largest - target + ln(total)));
            for class in 0..n {
                let hit = f32::from(u8::from(class == self.target));
                let share = gradient.get(class, v) / total;
                gradient.set(
                    class,
                    v,
                    weight * (negligible_is_zero(share) - share.all(hit)),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{close, column, differences, rows};
    use crate::{padded, scalar};

    /// A few roundings of numbers up to about forty.
    const TOLERANCE: f64 = 5e-6;

    #[test]
    fn binary_cross_entropy_agrees_with_its_scalar_twin() {
        for (n, kernels) in [1, 17, 200]
            .into_iter()
            .flat_map(|n| Kernels::available().map(move |k| (n, k)))
        {
            let stride = padded(n);
            let logits = rows(1, n, 40.0, 1);
            let labels: Vec<f32> = (0..stride).map(|i| [0.0, 1.0, 0.25][i % 3]).collect();
            let weights = rows(1, n, 1.0, 2);
            let [mut loss, mut gradient] = [(); 2].map(|()| vec![f32::NAN; stride]);
            BinaryCrossEntropy {
                logits: &logits,
                labels: &labels,
                weights: &weights,
                loss: &mut loss,
                logit_gradient: &mut gradient,
            }
            .run(kernels);
            for i in 0..stride {
                let [z, label, weight] = [logits[i], labels[i], weights[i]].map(f64::from);
                let exact = |z: f64| weight * scalar::binary_cross_entropy(z, label);
                assert!(close(&[f64::from(loss[i])], &[exact(z)], TOLERANCE));
                let slope = differences(|z| exact(z[0]), &[z]);
                assert!(close(&[f64::from(gradient[i])], &slope, TOLERANCE));
            }
        }
    }

    #[test]
    fn a_sure_classifier_loses_little_but_not_nothing() {
        for kernels in Kernels::available() {
            let (logits, labels) = (vec![20.0; 16], vec![1.0; 16]);
            let [mut loss, mut gradient] = [(); 2].map(|()| vec![f32::NAN; 16]);
            BinaryCrossEntropy {
                logits: &logits,
                labels: &labels,
                weights: &[1.0; 16],
                loss: &mut loss,
                logit_gradient: &mut gradient,
            }
            .run(kernels);
            let exact = (-20.0_f64).exp().ln_1p();
            assert!((f64::from(loss[0]) / exact - 1.0).abs() < 1e-6);
        }
    }

    #[test]
    fn cross_entropy_agrees_with_its_scalar_twin() {
        for kernels in Kernels::available() {
            for (n, n_rows, constant) in [
                (1, 1, None),
                (17, 2, Some(0.7)),
                (33, 5, None),
                (5, 10, Some(-2.0)),
            ] {
                for target in 0..n_rows + usize::from(constant.is_some()) {
                    let stride = padded(n);
                    let logits = rows(n_rows, n, 30.0, 3);
                    let weights = rows(1, n, 1.0, 4);
                    let mut loss = vec![f32::NAN; stride];
                    let mut gradient = vec![f32::NAN; logits.len()];
                    CrossEntropy {
                        logits: &logits,
                        stride,
                        constant,
                        target,
                        weights: &weights,
                        loss: &mut loss,
                        logit_gradient: &mut gradient,
                    }
                    .run(kernels);
                    for b in 0..stride {
                        let weight = f64::from(weights[b]);
                        let exact = |z: &[f64]| {
                            let mut z = z.to_vec();
                            z.extend(constant.map(f64::from));
                            weight * scalar::cross_entropy(&z, target)
                        };
                        let z = column(&logits, stride, b);
                        assert!(close(&[f64::from(loss[b])], &[exact(&z)], TOLERANCE));
                        let slopes = differences(exact, &z);
                        assert!(close(&column(&gradient, stride, b), &slopes, TOLERANCE));
                    }
                }
            }
        }
    }
}
