//! Which raw output is which.

use crate::MIN_SCALE;
use crate::scalar;

/// The shape of a mixture of Gaussians.
///
/// log p(v) = log Σₖ exp [log πₖ + Σᵢ ln Aₖᵢᵢ − ½ |Aₖ(v − μₖ)|² − ½ d ln 2π], where π is the softmax of
/// the logits and Aₖ is upper triangular, `AₖᵀAₖ` the precision, with Aₖᵢᵢ = softplus(u) + 10⁻³
/// (Bishop 1994, "Mixture density networks"; the factor as in Papamakarios & Murray 2016,
/// arXiv:1605.06376).
///
/// The raw outputs are rows in this order: K logits; K × d means; K × d diagonal u; K × d(d − 1)/2
/// entries above the diagonal, row by row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MixtureShape {
    n_features: usize,
    n_components: usize,
}

impl MixtureShape {
    /// A mixture of `n_components` in `n_features` dimensions.
    ///
    /// # Panics
    /// If either is zero.
    pub fn new(n_features: usize, n_components: usize) -> Self {
        assert!(n_features > 0 && n_components > 0);
        Self {
            n_features,
            n_components,
        }
    }

    /// d.
    pub fn n_features(self) -> usize {
        self.n_features
    }

    /// K.
    pub fn n_components(self) -> usize {
        self.n_components
    }

    /// How many raw outputs: K (1 + 2d + d(d − 1)/2).
    pub fn n_outputs(self) -> usize {
        self.n_components * (1 + 2 * self.n_features + self.n_pairs())
    }

    /// Rows that `MixtureForward` leaves for `MixtureBackward`.
    pub fn cache_rows(self) -> usize {
        2 * self.n_components
    }

    /// The row of a component's logit.
    pub fn logit_row(self, component: usize) -> usize {
        component
    }

    /// The row of entry `i` of a component's mean.
    pub fn mean_row(self, component: usize, i: usize) -> usize {
        self.n_components + component * self.n_features + i
    }

    /// The row of the u of entry (i, i) of a component's factor.
    pub fn diagonal_row(self, component: usize, i: usize) -> usize {
        self.n_components * (1 + self.n_features) + component * self.n_features + i
    }

    /// The row of entry (i, j), i < j, of a component's factor.
    pub fn upper_row(self, component: usize, i: usize, j: usize) -> usize {
        debug_assert!(i < j && j < self.n_features);
        let before = i * (2 * self.n_features - i - 1) / 2;
        let first = self.n_components * (1 + 2 * self.n_features);
        first + component * self.n_pairs() + before + (j - i - 1)
    }

    /// One draw: `raw` holds all outputs of one row of the batch, `uniform` in [0, 1) chooses the
    /// component, `normals` (standard normal, as many as features) become v = μ + A⁻¹ normals.
    ///
    /// # Panics
    /// If a length is not that of the shape.
    pub fn draw(self, raw: &[f64], uniform: f64, normals: &[f64], v: &mut [f64]) {
        let d = self.n_features;
        assert_eq!(raw.len(), self.n_outputs());
        assert!(normals.len() == d && v.len() == d);
        let component = self.choose(&raw[..self.n_components], uniform);
        for i in (0..d).rev() {
            let mut rest = normals[i];
            for j in i + 1..d {
                let offset = v[j] - raw[self.mean_row(component, j)];
                rest -= raw[self.upper_row(component, i, j)] * offset;
            }
            let diagonal = scalar::softplus(raw[self.diagonal_row(component, i)]);
            v[i] = raw[self.mean_row(component, i)] + rest / (diagonal + f64::from(MIN_SCALE));
        }
    }

    /// The component whose share of [0, 1) holds `uniform`.
    fn choose(self, logits: &[f64], uniform: f64) -> usize {
        let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = logits.iter().map(|logit| (logit - largest).exp()).sum();
        let mut left = uniform * total;
        for (component, logit) in logits.iter().enumerate() {
            left -= (logit - largest).exp();
            if left < 0.0 {
                return component;
            }
        }
        self.n_components - 1
    }

    fn n_pairs(self) -> usize {
        self.n_features * (self.n_features - 1) / 2
    }

    pub(super) fn check(self, raw: usize, values: usize, cache: usize, stride: usize) {
        assert_eq!(raw, self.n_outputs() * stride, "rows of raw outputs");
        assert_eq!(values, self.n_features * stride, "rows of values");
        assert_eq!(cache, self.cache_rows() * stride, "rows of cache");
    }
}
