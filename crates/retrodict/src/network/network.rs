//! Hidden layers, a last layer, and the linear skip.

use super::NetworkConfig;
use super::degrees::{Degrees, Wiring};
use super::layer::{Layer, Pass, Start, Step, Way};
use super::plain::Plain;
use super::residual::Residual;
use crate::error::Result;
use crate::seed::Random;
use retrodict_kernels::{Activation, Dense, Kernels};

/// What a network sees of a batch, feature-major.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// `n_context × stride`.
    pub context: &'a [f32],
    /// `n_features × stride`.
    pub features: &'a [f32],
    /// Length of a row: a multiple of [`retrodict_kernels::PADDING`].
    pub stride: usize,
}

/// Where a network's gradients are added; what is absent is not computed.
#[derive(Debug, Default)]
pub struct InputGradients<'a> {
    /// ∂L/∂context, `n_context × stride`.
    pub context: Option<&'a mut [f32]>,
    /// ∂L/∂features, `n_features × stride`.
    pub features: Option<&'a mut [f32]>,
    /// ∂L/∂weights.
    pub weights: Option<&'a mut [f32]>,
}

/// A multilayer perceptron: output = W · hidden(context, features) + b (+ S · [context; features]).
///
/// Rows of a batch beyond its end (the padding) must be finite, and the gradient of their outputs
/// zero; then they change nothing.
///
/// # Example
/// ```
/// use retrodict::network::{Inputs, Network, NetworkConfig};
/// use retrodict::{Seed, Stream};
/// let network = Network::new(&NetworkConfig::default(), 1, 2, 3)?;
/// let mut weights = vec![0.0; network.n_weights()];
/// network.initialize(&mut weights, &mut Seed(1).stream(Stream::Weights, 0));
/// let stride = retrodict_kernels::padded(5);
/// let (context, features) = (vec![0.5; stride], vec![0.5; 2 * stride]);
/// let inputs = Inputs { context: &context, features: &features, stride };
/// let mut output = vec![f32::NAN; 3 * stride];
/// let mut cache = vec![0.0; network.cache_rows() * stride];
/// network.forward(&weights, inputs, &mut output, &mut cache);
/// assert_eq!(output, vec![0.0; 3 * stride]); // the last layer starts at zero
/// # Ok::<(), retrodict::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Network {
    body: Body,
    head: Layer,
    skip: Option<Layer>,
    n_weights: usize,
    n_context: usize,
    n_features: usize,
    kernels: Kernels,
}

#[derive(Debug, Clone)]
enum Body {
    /// No hidden layer: the head sees the inputs.
    None,
    Plain(Plain),
    Residual(Residual),
}

impl Network {
    /// A fully connected network from `n_context + n_features` inputs to `n_outputs` outputs.
    ///
    /// # Errors
    /// What [`NetworkConfig::validate`] refuses.
    pub fn new(
        config: &NetworkConfig,
        n_context: usize,
        n_features: usize,
        n_outputs: usize,
    ) -> Result<Self> {
        let degrees = Degrees {
            wiring: Wiring::Full,
            n_context,
            n_features,
            n_outputs,
        };
        Self::build(config, &degrees)
    }

    /// A masked autoregressive network (MADE; Germain et al. 2015, arXiv:1502.03509): outputs come in
    /// blocks of `outputs_per_feature`, and block *j* sees the context and the features before *j*.
    ///
    /// # Errors
    /// What [`NetworkConfig::validate`] refuses.
    pub fn autoregressive(
        config: &NetworkConfig,
        n_context: usize,
        n_features: usize,
        outputs_per_feature: usize,
    ) -> Result<Self> {
        let degrees = Degrees {
            wiring: Wiring::Autoregressive {
                outputs_per_feature,
            },
            n_context,
            n_features,
            n_outputs: n_features * outputs_per_feature,
        };
        Self::build(config, &degrees)
    }

    fn build(config: &NetworkConfig, degrees: &Degrees) -> Result<Self> {
        config.validate()?;
        let mut n_weights = 0;
        let n_inputs = degrees.n_context + degrees.n_features;
        let body = if config.hidden.is_empty() {
            Body::None
        } else if config.residual {
            Body::Residual(Residual::new(config, degrees, &mut n_weights))
        } else {
            Body::Plain(Plain::new(config, degrees, &mut n_weights))
        };
        let last = match config.hidden.last() {
            None => Dense::staircase(n_inputs, degrees.outputs_from_inputs()),
            Some(width) => Dense::staircase(*width, degrees.outputs_from_hidden(*width)),
        };
        let start = if config.zero_last {
            Start::Zero
        } else {
            Start::FanIn(1.0)
        };
        let head = Layer::behind(&mut n_weights, last, degrees.outputs(), start);
        // Without a hidden layer the head is that linear map already.
        let skip = (config.linear_skip && !config.hidden.is_empty()).then(|| {
            let dense = Dense::staircase(n_inputs, degrees.outputs_from_inputs()).without_bias();
            Layer::behind(&mut n_weights, dense, degrees.outputs(), Start::Zero)
        });
        Ok(Self {
            body,
            head,
            skip,
            n_weights,
            n_context: degrees.n_context,
            n_features: degrees.n_features,
            kernels: Kernels::detect(),
        })
    }

    /// The same network on the kernels of another tier.
    #[must_use]
    pub fn with_kernels(self, kernels: Kernels) -> Self {
        Self { kernels, ..self }
    }

    /// The kernels in use.
    pub fn kernels(&self) -> Kernels {
        self.kernels
    }

    /// Rows of context.
    pub fn n_context(&self) -> usize {
        self.n_context
    }

    /// Rows of features.
    pub fn n_features(&self) -> usize {
        self.n_features
    }

    /// Rows of output.
    pub fn n_outputs(&self) -> usize {
        self.head.dense.n_outputs()
    }

    /// Length of the weights.
    pub fn n_weights(&self) -> usize {
        self.n_weights
    }

    /// Fills the weights with their first values: hidden layers scaled by how many inputs each unit
    /// sees, the skip at zero, the last layer as the configuration says.
    pub fn initialize(&self, weights: &mut [f32], random: &mut Random) {
        assert_eq!(weights.len(), self.n_weights);
        match &self.body {
            Body::None => {}
            Body::Plain(body) => body.initialize(weights, random),
            Body::Residual(body) => body.initialize(weights, random),
        }
        self.head.initialize(weights, random);
        if let Some(skip) = &self.skip {
            skip.initialize(weights, random);
        }
    }

    /// The biases of the last layer, one for each output: where the outputs start.
    pub fn output_bias<'a>(&self, weights: &'a mut [f32]) -> &'a mut [f32] {
        let end = self.head.place.end;
        &mut weights[end - self.n_outputs()..end]
    }

    /// Rows of workspace kept from `forward` to `backward`.
    pub fn cache_rows(&self) -> usize {
        match &self.body {
            Body::None => 0,
            Body::Plain(body) => body.cache_rows(),
            Body::Residual(body) => body.cache_rows(),
        }
    }

    /// Rows of workspace used within `backward`.
    pub fn scratch_rows(&self) -> usize {
        match &self.body {
            Body::None => 0,
            Body::Plain(body) => body.scratch_rows(),
            Body::Residual(body) => body.scratch_rows(),
        }
    }

    /// Fills `output`, `n_outputs × stride`, and leaves in `cache`, `cache_rows() × stride`, what
    /// `backward` needs.
    pub fn forward(
        &self,
        weights: &[f32],
        inputs: Inputs<'_>,
        output: &mut [f32],
        cache: &mut [f32],
    ) {
        self.run(weights, inputs, output, cache, Step::All);
    }

    /// Of an autoregressive network, the outputs of feature `feature` alone, after those of all
    /// features before it with the same cache: every hidden unit is computed once, by the first
    /// feature whose outputs see it, so that all steps together cost as much as one
    /// [`Network::forward`].
    ///
    /// The features from `feature` on may hold any finite numbers. The cache is not one for
    /// [`Network::backward`].
    pub fn forward_feature(
        &self,
        weights: &[f32],
        inputs: Inputs<'_>,
        feature: usize,
        output: &mut [f32],
        cache: &mut [f32],
    ) {
        self.run(weights, inputs, output, cache, Step::Degree(feature));
    }

    fn run(
        &self,
        weights: &[f32],
        inputs: Inputs<'_>,
        output: &mut [f32],
        cache: &mut [f32],
        step: Step,
    ) {
        self.check(weights, inputs, cache);
        let stride = inputs.stride;
        let rows = [inputs.context, inputs.features];
        let last = match &self.body {
            Body::None => rows,
            Body::Plain(body) => {
                body.forward(weights, inputs, cache, (step, self.kernels));
                [body.last(cache, stride), &[]]
            }
            Body::Residual(body) => {
                body.forward(weights, inputs, cache, (step, self.kernels));
                [body.last(cache, stride), &[]]
            }
        };
        let mut linear = |layer: &Layer, inputs, accumulate| {
            let pass = Pass {
                step,
                inputs,
                stride,
                activation: Activation::Identity,
                accumulate,
                output: &mut *output,
                before: None,
            };
            layer.forward(weights, pass, self.kernels);
        };
        linear(&self.head, last, false);
        if let Some(skip) = &self.skip {
            linear(skip, rows, true);
        }
    }

    /// Adds the gradients, given ∂L/∂output and what `forward` left in `cache` for the same inputs.
    pub fn backward(
        &self,
        weights: &[f32],
        inputs: Inputs<'_>,
        output_gradient: &[f32],
        mut gradients: InputGradients<'_>,
        cache: &[f32],
        scratch: &mut [f32],
    ) {
        self.check(weights, inputs, cache);
        let (kernels, gradients) = (self.kernels, &mut gradients);
        if let Some(skip) = &self.skip {
            skip.add_gradients(weights, inputs, output_gradient, gradients, kernels);
        }
        let scratch = &mut scratch[..self.scratch_rows() * inputs.stride];
        let way = Way {
            head: &self.head,
            weights,
            inputs,
            output_gradient,
            cache,
            kernels,
        };
        match &self.body {
            Body::None => {
                let head = way.head;
                head.add_gradients(weights, inputs, output_gradient, gradients, kernels);
            }
            Body::Plain(body) => body.backward(way, gradients, scratch),
            Body::Residual(body) => body.backward(way, gradients, scratch),
        }
    }

    fn check(&self, weights: &[f32], inputs: Inputs<'_>, cache: &[f32]) {
        assert_eq!(weights.len(), self.n_weights, "weights");
        assert_eq!(
            inputs.context.len(),
            self.n_context * inputs.stride,
            "rows of context"
        );
        assert_eq!(
            inputs.features.len(),
            self.n_features * inputs.stride,
            "rows of features"
        );
        assert_eq!(
            cache.len(),
            self.cache_rows() * inputs.stride,
            "rows of cache"
        );
    }
}

#[cfg(test)]
mod tests;
