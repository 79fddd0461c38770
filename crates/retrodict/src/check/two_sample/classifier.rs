//! A small classifier, trained the way scikit-learn's `MLPClassifier` is.

use crate::error::Result;
use crate::network::{Activation, InputGradients, Inputs, Network, NetworkConfig};
use crate::seed::Random;
use retrodict_kernels::{Adam, BinaryCrossEntropy, axpy, padded};

const BATCH_SIZE: usize = 200;
const LEARNING_RATE: f32 = 1e-3;
/// The penalty ½ α |w|² is divided by the batch size, as there; on biases too, unlike there, which
/// changes a step by less than 10⁻⁹.
const ALPHA: f32 = 1e-4;
const TOLERANCE: f64 = 1e-4;
const PATIENCE: usize = 10;
const MAX_EPOCHS: usize = 10_000;

/// Rows with labels, feature-major: `x[j]` holds column j.
#[derive(Debug, Clone)]
pub(super) struct Labelled {
    pub(super) x: Vec<Vec<f32>>,
    /// 0 or 1.
    pub(super) label: Vec<f32>,
}

impl Labelled {
    pub(super) fn select(&self, rows: &[usize]) -> Self {
        let pick = |column: &Vec<f32>| rows.iter().map(|&i| column[i]).collect();
        Self {
            x: self.x.iter().map(pick).collect(),
            label: pick(&self.label),
        }
    }
}

/// Two hidden layers of 10·d rectified units and a logistic output.
#[derive(Debug)]
pub(super) struct Classifier {
    network: Network,
    weights: Vec<f32>,
}

impl Classifier {
    /// Adam on the mean logistic loss in shuffled batches of 200, until the loss of an epoch has
    /// not improved by 10⁻⁴ for more than ten epochs in a row.
    pub(super) fn train(data: &Labelled, random: &mut Random) -> Result<Self> {
        let (n, d) = (data.label.len(), data.x.len());
        let config = NetworkConfig {
            hidden: vec![10 * d; 2],
            residual: false,
            activation: Activation::Relu,
            linear_skip: false,
            zero_last: false,
        };
        let network = Network::new(&config, d, 0, 1)?;
        let mut weights = vec![0.0; network.n_weights()];
        network.initialize(&mut weights, random);
        let mut training = Training::new(network, weights, d);
        let mut order: Vec<usize> = (0..n).collect();
        let (mut best, mut without_gain, mut epochs) = (f64::INFINITY, 0, 0);
        while epochs < MAX_EPOCHS && without_gain <= PATIENCE {
            random.shuffle(&mut order);
            let loss = order
                .chunks(BATCH_SIZE)
                .map(|rows| training.step(data, rows))
                .sum::<f64>()
                / n as f64;
            without_gain = if loss > best - TOLERANCE {
                without_gain + 1
            } else {
                0
            };
            best = best.min(loss);
            epochs += 1;
        }
        Ok(Self {
            network: training.network,
            weights: training.weights,
        })
    }

    /// The share of rows whose label is predicted.
    pub(super) fn accuracy(&self, data: &Labelled) -> f64 {
        let n = data.label.len();
        let mut batch = Batch::new(&self.network, padded(n));
        let rows: Vec<usize> = (0..n).collect();
        batch.fill(data, &rows);
        batch.forward(&self.network, &self.weights);
        let right = batch
            .output
            .iter()
            .zip(&data.label)
            .filter(|(logit, label)| (**logit > 0.0) == (**label == 1.0));
        right.count() as f64 / n as f64
    }
}

/// The workspace of one batch.
struct Batch {
    stride: usize,
    x: Vec<f32>,
    labels: Vec<f32>,
    /// One over the number of rows; zero in the padding.
    weights: Vec<f32>,
    output: Vec<f32>,
    /// Of each row, times its weight.
    loss: Vec<f32>,
    cache: Vec<f32>,
    scratch: Vec<f32>,
}

impl Batch {
    fn new(network: &Network, stride: usize) -> Self {
        Self {
            stride,
            x: vec![0.0; network.n_context() * stride],
            labels: vec![0.0; stride],
            weights: vec![0.0; stride],
            output: vec![0.0; stride],
            loss: vec![0.0; stride],
            cache: vec![0.0; network.cache_rows() * stride],
            scratch: vec![0.0; network.scratch_rows() * stride],
        }
    }

    fn fill(&mut self, data: &Labelled, rows: &[usize]) {
        for (run, column) in self.x.chunks_exact_mut(self.stride).zip(&data.x) {
            for (value, &row) in run.iter_mut().zip(rows) {
                *value = column[row];
            }
            run[rows.len()..].fill(0.0);
        }
        for (label, &row) in self.labels.iter_mut().zip(rows) {
            *label = data.label[row];
        }
        self.weights[..rows.len()].fill(1.0 / rows.len() as f32);
        self.weights[rows.len()..].fill(0.0);
    }

    fn forward(&mut self, network: &Network, weights: &[f32]) {
        let inputs = inputs(&self.x, self.stride);
        network.forward(weights, inputs, &mut self.output, &mut self.cache);
    }
}

fn inputs(x: &[f32], stride: usize) -> Inputs<'_> {
    Inputs {
        context: x,
        features: &[],
        stride,
    }
}

struct Training {
    network: Network,
    weights: Vec<f32>,
    gradient: Vec<f32>,
    moments: [Vec<f32>; 2],
    steps: u64,
    batch: Batch,
    slope: Vec<f32>,
}

impl Training {
    fn new(network: Network, weights: Vec<f32>, d: usize) -> Self {
        debug_assert_eq!(network.n_context(), d);
        let zeros = vec![0.0; weights.len()];
        let stride = padded(BATCH_SIZE);
        Self {
            batch: Batch::new(&network, stride),
            slope: vec![0.0; stride],
            gradient: zeros.clone(),
            moments: [zeros.clone(), zeros],
            steps: 0,
            network,
            weights,
        }
    }

    /// One step of Adam on these rows; the sum of their losses before it.
    fn step(&mut self, data: &Labelled, rows: &[usize]) -> f64 {
        let batch = &mut self.batch;
        batch.fill(data, rows);
        batch.forward(&self.network, &self.weights);
        let scale = 1.0 / rows.len() as f32;
        BinaryCrossEntropy {
            logits: &batch.output,
            labels: &batch.labels,
            weights: &batch.weights,
            loss: &mut batch.loss,
            logit_gradient: &mut self.slope,
        }
        .run(self.network.kernels());
        let gradients = InputGradients {
            weights: Some(&mut self.gradient),
            ..InputGradients::default()
        };
        self.network.backward(
            &self.weights,
            inputs(&batch.x, batch.stride),
            &self.slope,
            gradients,
            &batch.cache,
            &mut batch.scratch,
        );
        let kernels = self.network.kernels();
        axpy(kernels, ALPHA * scale, &self.weights, &mut self.gradient);
        self.steps += 1;
        let adam = Adam {
            learning_rate: LEARNING_RATE,
            step: self.steps,
            ..Adam::default()
        };
        let [first, second] = &mut self.moments;
        adam.run(
            kernels,
            &mut self.weights,
            &mut self.gradient,
            [first, second],
            None,
        );
        rows.len() as f64 * batch.loss.iter().map(|&loss| f64::from(loss)).sum::<f64>()
    }
}
