//! A small classifier, trained the way scikit-learn's `MLPClassifier` is.

use crate::error::Result;
use crate::network::{Activation, InputGradients, Inputs, Network, NetworkConfig};
use crate::seed::Random;
use retrodict_kernels::{Adam, BinaryCrossEntropy, axpy, padded};

const BATCH_SIZE: usize = 200;
const LEARNING_RATE: f32 = 1e-3;
/// With early stopping the weights of the best epoch are kept, so that larger steps do no harm: with 540 rows of four
/// columns the loss of held-out rows is as small after 62 epochs as after 94.
const EARLY_LEARNING_RATE: f32 = 2e-3;
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
        let mut training = Training::new(data.x.len(), LEARNING_RATE, random)?;
        let mut order: Vec<usize> = (0..data.label.len()).collect();
        let (mut best, mut without_gain, mut epochs) = (f64::INFINITY, 0, 0);
        while epochs < MAX_EPOCHS && without_gain <= PATIENCE {
            let loss = training.epoch(data, &mut order, random);
            without_gain = if loss > best - TOLERANCE {
                without_gain + 1
            } else {
                0
            };
            best = best.min(loss);
            epochs += 1;
        }
        Ok(training.classifier)
    }

    /// The same with larger steps, and with the weights of the epoch after which the loss of `held_out` rows was
    /// least, ten epochs before the end: it does not learn its rows by heart.
    pub(super) fn train_early(
        data: &Labelled,
        held_out: &Labelled,
        random: &mut Random,
    ) -> Result<Self> {
        let mut training = Training::new(data.x.len(), EARLY_LEARNING_RATE, random)?;
        let mut order: Vec<usize> = (0..data.label.len()).collect();
        let mut best = training.classifier.weights.clone();
        let (mut least, mut without_gain, mut epochs) = (f64::INFINITY, 0, 0);
        while epochs < MAX_EPOCHS && without_gain <= PATIENCE {
            training.epoch(data, &mut order, random);
            let loss = training.classifier.loss(held_out);
            without_gain += 1;
            if loss < least - TOLERANCE {
                (least, without_gain) = (loss, 0);
                best.clone_from(&training.classifier.weights);
            }
            epochs += 1;
        }
        training.classifier.weights = best;
        Ok(training.classifier)
    }

    /// The log-odds of label 1, of each row.
    pub(super) fn log_odds(&self, x: &[Vec<f32>]) -> Vec<f32> {
        let n = x.first().map_or(0, Vec::len);
        let mut batch = Batch::new(&self.network, padded(n.max(1)));
        let data = Labelled {
            x: x.to_vec(),
            label: vec![0.0; n],
        };
        batch.fill(&data, &(0..n).collect::<Vec<_>>());
        batch.forward(&self.network, &self.weights);
        batch.output.truncate(n);
        batch.output
    }

    /// The mean logistic loss.
    fn loss(&self, data: &Labelled) -> f64 {
        let losses = self.log_odds(&data.x).into_iter().zip(&data.label);
        let loss = |(odds, label): (f32, &f32)| {
            let wrong = f64::from(if *label == 1.0 { -odds } else { odds });
            wrong.max(0.0) + (-wrong.abs()).exp().ln_1p()
        };
        losses.map(loss).sum::<f64>() / data.label.len() as f64
    }

    /// The share of rows whose label is predicted.
    pub(super) fn accuracy(&self, data: &Labelled) -> f64 {
        let odds = self.log_odds(&data.x);
        let right = odds
            .iter()
            .zip(&data.label)
            .filter(|(odds, label)| (**odds > 0.0) == (**label == 1.0));
        right.count() as f64 / data.label.len() as f64
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
    classifier: Classifier,
    learning_rate: f32,
    gradient: Vec<f32>,
    moments: [Vec<f32>; 2],
    steps: u64,
    batch: Batch,
    slope: Vec<f32>,
}

impl Training {
    /// Of a new classifier of d columns.
    fn new(d: usize, learning_rate: f32, random: &mut Random) -> Result<Self> {
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
        let zeros = vec![0.0; weights.len()];
        let stride = padded(BATCH_SIZE);
        Ok(Self {
            batch: Batch::new(&network, stride),
            slope: vec![0.0; stride],
            gradient: zeros.clone(),
            moments: [zeros.clone(), zeros],
            steps: 0,
            learning_rate,
            classifier: Classifier { network, weights },
        })
    }

    /// One pass over the rows in a new order; their mean loss on the way.
    fn epoch(&mut self, data: &Labelled, order: &mut [usize], random: &mut Random) -> f64 {
        random.shuffle(order);
        let losses = order
            .chunks(BATCH_SIZE)
            .map(|rows| self.step(data, rows))
            .sum::<f64>();
        losses / data.label.len() as f64
    }

    /// One step of Adam on these rows; the sum of their losses before it.
    fn step(&mut self, data: &Labelled, rows: &[usize]) -> f64 {
        let Classifier { network, weights } = &mut self.classifier;
        let batch = &mut self.batch;
        batch.fill(data, rows);
        batch.forward(network, weights);
        let scale = 1.0 / rows.len() as f32;
        BinaryCrossEntropy {
            logits: &batch.output,
            labels: &batch.labels,
            weights: &batch.weights,
            loss: &mut batch.loss,
            logit_gradient: &mut self.slope,
        }
        .run(network.kernels());
        let gradients = InputGradients {
            weights: Some(&mut self.gradient),
            ..InputGradients::default()
        };
        network.backward(
            weights,
            inputs(&batch.x, batch.stride),
            &self.slope,
            gradients,
            &batch.cache,
            &mut batch.scratch,
        );
        let kernels = network.kernels();
        axpy(kernels, ALPHA * scale, weights, &mut self.gradient);
        self.steps += 1;
        let adam = Adam {
            learning_rate: self.learning_rate,
            step: self.steps,
            ..Adam::default()
        };
        let [first, second] = &mut self.moments;
        adam.run(kernels, weights, &mut self.gradient, [first, second], None);
        rows.len() as f64 * batch.loss.iter().map(|&loss| f64::from(loss)).sum::<f64>()
    }
}
