//! Conditional densities of discrete and continuous features together.

mod categorical;
#[cfg(test)]
mod tests;

use std::ops::Range;

use self::categorical::{Categorical, Wanted, class};
use super::Estimator;
use super::config::EstimatorConfig;
use super::flow::Flow;
use super::gaussian_mixture::GaussianMixture;
use super::workspace::{Purpose, Workspace};
use crate::error::Result;
use crate::seed::Random;

/// q(d, z | c) = Πⱼ Cat(dⱼ; c, d₁, …, dⱼ₋₁) · q(z | c, d): each discrete feature given the context and
/// those before it, by a network with a softmax; the continuous ones by a flow that is told the
/// context and the discrete ones.
///
/// A value's first features are the discrete ones, each a code 0, 1, …; networks see them one-hot.
/// Without discrete features it is the flow alone, to the last bit; without continuous ones the
/// categorical distributions alone.
///
/// # Reference
/// Boelts et al. 2022, "Flexible and efficient simulation-based inference for models of
/// decision-making", eLife 11:e77220.
#[derive(Debug)]
pub struct MixedDensity {
    n_context: usize,
    discrete: Vec<Categorical>,
    flow: Option<Flow>,
    /// Where the weights of the flow are.
    flow_weights: Range<usize>,
}

impl EstimatorConfig {
    /// Builds q(d, z | context) of discrete features with so many levels each, at least two, and of
    /// continuous ones as [`EstimatorConfig::build`] does.
    ///
    /// # Errors
    /// As [`EstimatorConfig::build`].
    pub fn build_mixed(
        &self,
        levels: &[usize],
        bounded: &[bool],
        n_context: usize,
    ) -> Result<MixedDensity> {
        self.validate()?;
        assert!(
            !(levels.is_empty() && bounded.is_empty()),
            "a density needs a feature"
        );
        let (mut n_weights, mut width) = (0, n_context);
        let mut discrete = Vec::new();
        for &n_classes in levels {
            let own = Categorical::new(self.network(), width, n_classes, n_weights)?;
            n_weights = own.weights().end;
            width += n_classes;
            discrete.push(own);
        }
        let flow = match bounded {
            [] => None,
            _ => Some(self.build(bounded, width)?),
        };
        let of_flow = flow.as_ref().map_or(0, Estimator::n_weights);
        Ok(MixedDensity {
            n_context,
            discrete,
            flow,
            flow_weights: n_weights..n_weights + of_flow,
        })
    }
}

impl MixedDensity {
    /// How many features a value has, discrete ones first.
    pub fn n_features(&self) -> usize {
        self.discrete.len() + self.n_continuous()
    }

    /// How many of them are discrete.
    pub fn n_discrete(&self) -> usize {
        self.discrete.len()
    }

    /// How many features a context has.
    pub fn n_context(&self) -> usize {
        self.n_context
    }

    fn n_continuous(&self) -> usize {
        self.flow.as_ref().map_or(0, Flow::n_features)
    }

    /// The length of context and one-hot codes together.
    fn n_wide(&self) -> usize {
        let last = self.discrete.last();
        last.map_or(self.n_context, |d| d.n_context() + d.n_classes())
    }

    /// The flow, if it is all there is.
    fn plain(&self) -> Option<&Flow> {
        self.flow.as_ref().filter(|_| self.discrete.is_empty())
    }

    /// Fills the workspace's `log_prob` with log q of each row of its batch.
    pub fn log_prob(&self, weights: &[f32], workspace: &mut Workspace) {
        if let Some(flow) = self.plain() {
            return flow.log_prob(weights, workspace);
        }
        self.spread(workspace);
        if let Some(flow) = &self.flow {
            flow.log_prob(&weights[self.flow_weights.clone()], workspace.inner());
        }
        self.add_discrete(weights, workspace, None, false);
    }

    /// Fills the workspace's `log_prob`, and its `value_gradient` with ∂ log q / ∂ value: zero for
    /// discrete features.
    pub fn value_gradient(&self, weights: &[f32], workspace: &mut Workspace) {
        if let Some(flow) = self.plain() {
            return flow.value_gradient(weights, workspace);
        }
        self.spread(workspace);
        if let Some(flow) = &self.flow {
            flow.value_gradient(&weights[self.flow_weights.clone()], workspace.inner());
        }
        self.collect_value_gradient(workspace);
        self.add_discrete(weights, workspace, None, false);
    }

    /// As [`MixedDensity::value_gradient`], and fills the workspace's `context_gradient` with
    /// ∂ log q / ∂ context.
    pub fn context_gradient(&self, weights: &[f32], workspace: &mut Workspace) {
        if let Some(flow) = self.plain() {
            return flow.context_gradient(weights, workspace);
        }
        self.spread(workspace);
        workspace.make_room_for_context_gradient();
        let inner = workspace.inner();
        if let Some(flow) = &self.flow {
            flow.context_gradient(&weights[self.flow_weights.clone()], inner);
        } else {
            inner.make_room_for_context_gradient();
            inner.parts().context_gradient.fill(0.0);
        }
        self.collect_value_gradient(workspace);
        self.add_discrete(weights, workspace, None, true);
        let (parts, inner) = workspace.parts_and_inner();
        let n = self.n_context * parts.stride;
        parts
            .context_gradient
            .copy_from_slice(&inner.parts().context_gradient[..n]);
    }

    /// Fills the workspace's `log_prob` with log q of the discrete features alone, and gives the mixture of
    /// normal distributions that q of the continuous ones is given them, for each row: none if it is
    /// none.
    pub fn mixtures(
        &self,
        weights: &[f32],
        workspace: &mut Workspace,
    ) -> Option<Vec<GaussianMixture>> {
        if let Some(flow) = self.plain() {
            workspace.parts().log_prob.fill(0.0);
            return flow.mixtures(weights, workspace);
        }
        self.spread(workspace);
        self.add_discrete(weights, workspace, None, false);
        let flow = self.flow.as_ref()?;
        flow.mixtures(&weights[self.flow_weights.clone()], workspace.inner())
    }

    /// Fills the workspace's `values` with a draw for each row of its context.
    pub fn sample(&self, weights: &[f32], workspace: &mut Workspace, random: &mut Random) {
        if let Some(flow) = self.plain() {
            return flow.sample(weights, workspace, random);
        }
        let n_rows = workspace.n_rows();
        let (parts, inner) = workspace.parts_and_inner();
        inner.resize(n_rows);
        let stride = parts.stride;
        let wide = inner.parts().context;
        wide[..parts.context.len()].copy_from_slice(parts.context);
        for (own, codes) in self
            .discrete
            .iter()
            .zip(parts.values.chunks_exact_mut(stride))
        {
            let (before, after) = wide.split_at_mut(own.n_context() * stride);
            let mut memory = own.cut(parts.arena, stride);
            own.sample(weights, (before, n_rows), random, codes, &mut memory);
            one_hot(codes, &mut after[..own.n_classes() * stride]);
        }
        if let Some(flow) = &self.flow {
            flow.sample(&weights[self.flow_weights.clone()], inner, random);
            let values = &mut parts.values[self.discrete.len() * stride..];
            values.copy_from_slice(inner.parts().values);
        }
    }

    /// Gives the inner workspace the continuous values, and context and one-hot codes as its context.
    fn spread(&self, workspace: &mut Workspace) {
        let n_rows = workspace.n_rows();
        let (parts, inner) = workspace.parts_and_inner();
        inner.resize(n_rows);
        let inner = inner.parts();
        let stride = parts.stride;
        let (codes, continuous) = parts.values.split_at(self.discrete.len() * stride);
        inner.values.copy_from_slice(continuous);
        inner.log_prob.fill(0.0);
        let (context, mut hot) = inner.context.split_at_mut(parts.context.len());
        context.copy_from_slice(parts.context);
        for (own, codes) in self.discrete.iter().zip(codes.chunks_exact(stride)) {
            let (here, rest) = hot.split_at_mut(own.n_classes() * stride);
            one_hot(codes, here);
            hot = rest;
        }
    }

    fn collect_value_gradient(&self, workspace: &mut Workspace) {
        let (parts, inner) = workspace.parts_and_inner();
        let n = self.discrete.len() * parts.stride;
        let (codes, continuous) = parts.value_gradient.split_at_mut(n);
        codes.fill(0.0);
        continuous.copy_from_slice(inner.parts().value_gradient);
    }

    /// Fills `log_prob` with that of the flow plus those of the discrete features. Adds the gradient of
    /// minus their mean to `gradient` if there is one, or if `context` says so the gradient of the sum to
    /// the inner workspace's `context_gradient`.
    fn add_discrete(
        &self,
        weights: &[f32],
        workspace: &mut Workspace,
        mut gradient: Option<&mut [f32]>,
        context: bool,
    ) {
        let n_rows = workspace.n_rows();
        let (parts, inner) = workspace.parts_and_inner();
        let inner = inner.parts();
        let stride = parts.stride;
        parts.log_prob.copy_from_slice(inner.log_prob);
        let (shares, arena) = parts.arena.split_at_mut(stride);
        let share = if gradient.is_some() {
            -1.0 / n_rows as f32
        } else {
            1.0
        };
        shares[..n_rows].fill(share);
        shares[n_rows..].fill(0.0);
        for (own, codes) in self.discrete.iter().zip(parts.values.chunks_exact(stride)) {
            let n = own.n_context() * stride;
            let wanted = (context || gradient.is_some()).then(|| Wanted {
                shares,
                weights: gradient.as_deref_mut(),
                context: context.then(|| &mut inner.context_gradient[..n]),
            });
            let mut memory = own.cut(arena, stride);
            let given = (&inner.context[..n], codes);
            own.add_log_prob(weights, given, parts.log_prob, &mut memory, wanted);
        }
    }
}

/// One row for each class: one where the code is that class, otherwise zero.
fn one_hot(codes: &[f32], out: &mut [f32]) {
    for (k, row) in out.chunks_exact_mut(codes.len()).enumerate() {
        for (hot, code) in row.iter_mut().zip(codes) {
            *hot = if class(*code) == k { 1.0 } else { 0.0 };
        }
    }
}

impl Estimator for MixedDensity {
    fn n_weights(&self) -> usize {
        self.flow_weights.end
    }

    fn initialize(&self, weights: &mut [f32], random: &mut Random) {
        for own in &self.discrete {
            own.initialize(weights, random);
        }
        if let Some(flow) = &self.flow {
            flow.initialize(&mut weights[self.flow_weights.clone()], random);
        }
    }

    fn workspace(&self, max_rows: usize, purpose: Purpose) -> Workspace {
        if let Some(flow) = self.plain() {
            return flow.workspace(max_rows, purpose);
        }
        let rows = self.discrete.iter().map(Categorical::rows).max();
        let arena = |stride| (1 + rows.unwrap_or(0)) * stride;
        let inner = match &self.flow {
            Some(flow) => flow.workspace(max_rows, purpose),
            None => Workspace::new(0, self.n_wide(), max_rows, |_| 0).for_purpose(purpose),
        };
        Workspace::new(self.n_features(), self.n_context, max_rows, arena)
            .for_purpose(purpose)
            .with_inner(inner)
    }

    fn log_scores(&self, weights: &[f32], workspace: &mut Workspace) {
        self.log_prob(weights, workspace);
    }

    fn loss_and_gradient(
        &self,
        weights: &[f32],
        workspace: &mut Workspace,
        gradient: &mut [f32],
    ) -> f64 {
        if let Some(flow) = self.plain() {
            return flow.loss_and_gradient(weights, workspace, gradient);
        }
        self.spread(workspace);
        gradient.fill(0.0);
        if let Some(flow) = &self.flow {
            let own = self.flow_weights.clone();
            let inner = workspace.inner();
            flow.loss_and_gradient(&weights[own.clone()], inner, &mut gradient[own]);
        }
        self.add_discrete(weights, workspace, Some(gradient), false);
        let scores = workspace.log_prob();
        let total: f64 = scores.iter().map(|&l| f64::from(l)).sum();
        -total / scores.len() as f64
    }
}
