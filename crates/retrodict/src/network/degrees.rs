//! Which unit of an autoregressive network may see what.

/// How a network's units depend on its features.
///
/// Every unit has a degree m: it sees the context and the first m features. Hidden units are sorted
/// by degree, so every mask is a staircase (MADE; Germain et al. 2015, arXiv:1502.03509). Degrees
/// start at zero, units that see the context alone: without them the outputs of the first feature
/// would not depend on the context through any hidden unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wiring {
    /// Every unit sees everything.
    Full,
    /// Outputs come in one block for each feature; block j sees the features before j.
    Autoregressive {
        /// Outputs in each block.
        outputs_per_feature: usize,
    },
}

impl Wiring {
    /// The degrees of `width` hidden units, or nothing if all see everything.
    fn hidden_degrees(self, width: usize, n_context: usize, n_features: usize) -> Vec<usize> {
        match self {
            Self::Full => vec![n_features; width],
            Self::Autoregressive { .. } => {
                // Without a context a unit of degree zero would see nothing at all. The last feature
                // is seen by no output, so no degree is as high as the number of features.
                let lowest = usize::from(n_context == 0).min(n_features.saturating_sub(1));
                let count = n_features - lowest;
                (0..width)
                    .map(|unit| lowest + unit * count / width)
                    .collect()
            }
        }
    }

    fn output_degrees(self, n_outputs: usize, n_features: usize) -> Vec<usize> {
        match self {
            Self::Full => vec![n_features; n_outputs],
            Self::Autoregressive {
                outputs_per_feature,
            } => (0..n_outputs)
                .map(|output| output / outputs_per_feature)
                .collect(),
        }
    }
}

/// The degrees of all layers of one network.
#[derive(Debug, Clone)]
pub(super) struct Degrees {
    pub(super) wiring: Wiring,
    pub(super) n_context: usize,
    pub(super) n_features: usize,
    pub(super) n_outputs: usize,
}

impl Degrees {
    /// The reach of hidden units that see the inputs.
    pub(super) fn hidden_from_inputs(&self, width: usize) -> Vec<usize> {
        self.inputs_seen(&self.hidden(width))
    }

    /// The reach of hidden units that see hidden units.
    pub(super) fn hidden_from_hidden(&self, from: usize, width: usize) -> Vec<usize> {
        units_seen(&self.hidden(from), &self.hidden(width))
    }

    /// The reach of outputs that see hidden units.
    pub(super) fn outputs_from_hidden(&self, from: usize) -> Vec<usize> {
        units_seen(&self.hidden(from), &self.outputs())
    }

    /// The reach of outputs that see the inputs.
    pub(super) fn outputs_from_inputs(&self) -> Vec<usize> {
        self.inputs_seen(&self.outputs())
    }

    /// The degrees of hidden units.
    pub(super) fn hidden(&self, width: usize) -> Vec<usize> {
        self.wiring
            .hidden_degrees(width, self.n_context, self.n_features)
    }

    /// The degrees of the outputs.
    pub(super) fn outputs(&self) -> Vec<usize> {
        self.wiring.output_degrees(self.n_outputs, self.n_features)
    }

    /// The context comes first, so degree m reaches it and m features.
    fn inputs_seen(&self, degrees: &[usize]) -> Vec<usize> {
        degrees
            .iter()
            .map(|degree| self.n_context + degree)
            .collect()
    }
}

/// A unit of degree m sees units of degree m and less.
fn units_seen(from: &[usize], to: &[usize]) -> Vec<usize> {
    to.iter()
        .map(|degree| from.partition_point(|seen| seen <= degree))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degrees_are_sorted_and_spread_over_what_outputs_may_see() {
        let wiring = Wiring::Autoregressive {
            outputs_per_feature: 2,
        };
        assert_eq!(wiring.hidden_degrees(6, 1, 3), [0, 0, 1, 1, 2, 2]);
        assert_eq!(wiring.hidden_degrees(6, 0, 3), [1, 1, 1, 2, 2, 2]);
        assert_eq!(wiring.hidden_degrees(4, 2, 1), [0; 4]);
        assert_eq!(wiring.hidden_degrees(4, 0, 1), [0; 4]);
        assert_eq!(wiring.hidden_degrees(2, 1, 8), [0, 4]);
        assert_eq!(wiring.output_degrees(6, 3), [0, 0, 1, 1, 2, 2]);
        assert_eq!(units_seen(&[0, 0, 1, 2], &[0, 1, 1, 2]), [2, 3, 3, 4]);
    }
}
