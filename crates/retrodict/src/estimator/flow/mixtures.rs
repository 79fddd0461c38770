//! Flows that are mixtures of normal distributions.

use super::Flow;
use super::memory::rows;
use crate::estimator::base::{Base, BaseMemory};
use crate::estimator::gaussian_mixture::GaussianMixture;
use crate::estimator::workspace::{Purpose, Workspace};

impl Flow {
    /// The mixture of normal distributions that q is for the context of each row, if it is one.
    pub fn mixtures(
        &self,
        weights: &[f32],
        workspace: &mut Workspace,
    ) -> Option<Vec<GaussianMixture>> {
        let Base::Mixture(mixture) = &self.base else {
            return None;
        };
        if !self.layers.is_empty() {
            return None;
        }
        let n_rows = workspace.n_rows();
        let layout = self.layout(workspace.purpose());
        let parts = workspace.parts();
        let stride = parts.stride;
        let memory = self.cut(layout, parts.arena, stride);
        let mut room = BaseMemory {
            cache: rows(memory.cache, layout.cache(0), stride),
            scratch: memory.scratch,
        };
        let weights = &weights[self.base_weights.clone()];
        Some(mixture.mixtures(weights, (parts.context, n_rows), stride, &mut room))
    }

    /// Adds to `gradient` that of a function of the mixtures with respect to the weights, after
    /// [`Flow::mixtures`] on the same workspace, which has to be one for training. `slopes` holds, for each
    /// row, the function's derivatives in the places of what they are by: the logit of a share as
    /// `log_share`, means, and the upper triangles of the factors.
    ///
    /// # Panics
    /// If q is no mixture of normal distributions.
    pub fn add_mixture_gradient(
        &self,
        weights: &[f32],
        workspace: &mut Workspace,
        slopes: &[GaussianMixture],
        gradient: &mut [f32],
    ) {
        assert_eq!(workspace.purpose(), Purpose::Training);
        let Base::Mixture(mixture) = &self.base else {
            panic!("a mixture of normal distributions");
        };
        let parts = workspace.parts();
        let stride = parts.stride;
        let memory = self.cut(&self.training, parts.arena, stride);
        let mut room = BaseMemory {
            cache: rows(memory.cache, self.training.cache(0), stride),
            scratch: memory.scratch,
        };
        let own = self.base_weights.clone();
        mixture.backward_mixtures(
            &weights[own.clone()],
            (parts.context, stride),
            (slopes, &mut gradient[own]),
            &mut room,
        );
    }
}
