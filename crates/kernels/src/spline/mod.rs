//! The monotone rational-quadratic spline of Durkan et al. (2019), arXiv:1906.04032.

mod backward;
mod bin;
mod forward;
mod inverse;

pub use backward::SplineBackward;
pub use forward::SplineForward;
pub use inverse::SplineInverse;

/// The least share of the interval that a bin's width or height takes.
pub const MIN_BIN: f32 = 1e-3;

/// What a spline does at the ends of its interval [−B, B].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tail {
    /// The identity outside, joined with derivative one.
    Linear,
    /// A bijection of [−B, B] onto itself, with free derivatives at the ends. Inputs lie inside up to
    /// rounding and are clamped.
    Bounded,
}

/// The shape of one spline per feature.
///
/// The raw parameters of a feature are, in this order, K logits of widths, K logits of heights and
/// the u of the derivatives at the knots: width = 2B (m + (1 − mK) softmax), derivative =
/// softplus(u) + 10⁻³, with m = 10⁻³. If no feature is bounded there are K − 1 derivatives (the inner
/// knots), else K + 1, of which a feature with linear tails ignores the first and the last.
#[derive(Debug, Clone, PartialEq)]
pub struct SplineShape {
    n_bins: usize,
    bound: f32,
    tails: Vec<Tail>,
}

impl SplineShape {
    /// `tails.len()` splines of `n_bins` bins on [−`bound`, `bound`].
    ///
    /// # Panics
    /// If there are fewer than 2 or more than 500 bins, or the bound is not positive and finite.
    pub fn new(n_bins: usize, bound: f32, tails: Vec<Tail>) -> Self {
        assert!((2..=500).contains(&n_bins), "2 to 500 bins, not {n_bins}");
        assert!(
            bound > 0.0 && bound.is_finite(),
            "a positive bound, not {bound}"
        );
        Self {
            n_bins,
            bound,
            tails,
        }
    }

    /// K.
    pub fn n_bins(&self) -> usize {
        self.n_bins
    }

    /// B.
    pub fn bound(&self) -> f32 {
        self.bound
    }

    /// The ends of each feature's spline.
    pub fn tails(&self) -> &[Tail] {
        &self.tails
    }

    /// How many features.
    pub fn n_features(&self) -> usize {
        self.tails.len()
    }

    /// Raw parameters of each feature: 3K − 1, or 3K + 1 if any feature is bounded.
    pub fn parameters_per_feature(&self) -> usize {
        if self.has_end_derivatives() {
            3 * self.n_bins + 1
        } else {
            3 * self.n_bins - 1
        }
    }

    /// The raw parameters with which a feature's spline is the identity.
    pub fn identity(&self) -> Vec<f32> {
        let mut raw = vec![0.0; self.parameters_per_feature()];
        raw[2 * self.n_bins..].fill(crate::IDENTITY_SCALE);
        raw
    }

    fn has_end_derivatives(&self) -> bool {
        self.tails.contains(&Tail::Bounded)
    }

    /// The row of the derivative at `knot` among a feature's parameters; none where it is fixed.
    pub(crate) fn derivative_row(&self, tail: Tail, knot: usize) -> Option<usize> {
        let end = knot == 0 || knot == self.n_bins;
        if end && tail == Tail::Linear {
            return None;
        }
        Some(2 * self.n_bins + knot - usize::from(!self.has_end_derivatives()))
    }

    /// One feature of this shape.
    fn feature(&self, feature: usize) -> Feature<'_> {
        Feature {
            shape: self,
            start: feature * self.parameters_per_feature(),
            tail: self.tails[feature],
        }
    }

    fn check(&self, values: usize, parameters: usize, stride: usize) {
        assert_eq!(values, self.n_features() * stride, "rows of values");
        assert_eq!(
            parameters,
            values * self.parameters_per_feature(),
            "rows of parameters"
        );
    }
}

/// The rows of one feature's parameters.
#[derive(Clone, Copy)]
struct Feature<'a> {
    shape: &'a SplineShape,
    start: usize,
    tail: Tail,
}

impl Feature<'_> {
    fn width_row(&self, bin: usize) -> usize {
        self.start + bin
    }

    fn height_row(&self, bin: usize) -> usize {
        self.start + self.shape.n_bins + bin
    }

    fn derivative_row(&self, knot: usize) -> Option<usize> {
        let row = self.shape.derivative_row(self.tail, knot)?;
        Some(self.start + row)
    }
}

#[cfg(test)]
mod tests;
