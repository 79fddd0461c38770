//! One step of training: forward, backward, clipping, Adam.

use std::time::Instant;

use retrodict::estimator::{Estimator, Examples};
use retrodict::infer::NoisyRows;
use retrodict::train::{BatchBlocks, Batches, Optimizer, TrainConfig, TrainingRows};
use retrodict::{Result, Seed, Stream, Table};

use crate::arguments::{Network, TrainingStepOptions};
use crate::conversation::{Answer, converse, hello, took};
use crate::data::{self, TRAINING_ROWS};
use crate::estimators::{build, field};

const LEARNING_RATE: f64 = 5e-4;

/// Adam and clipping as `sbi` has them.
fn adam() -> TrainConfig {
    TrainConfig {
        learning_rate: Some(LEARNING_RATE),
        max_gradient_norm: 5.0,
        weight_decay: Some(0.0),
        averaging: 0.0,
        ..TrainConfig::default()
    }
}

/// The mean loss over the last fifth of the warm-up shows that all sides learn the same.
pub(crate) fn run(options: &TrainingStepOptions) -> Result<()> {
    let simulations = data::read(&options.data)?;
    let examples = standardised(&simulations.theta, &simulations.x);
    let field = field(examples.n_values(), examples.n_context())?;
    let noisy = NoisyRows {
        field: &field,
        rows: &examples,
        passes: 1,
    };
    let rows: &dyn TrainingRows = match options.network {
        Network::Field => &noisy,
        _ => &examples,
    };
    let mut training = Training::new(options, &examples, rows.batches(Seed(1), 0))?;
    let last = options.warm_up / 5;
    training.steps(options.warm_up - last);
    let loss = training.steps(last);
    let mut hello = hello();
    hello.insert("weights".into(), training.weights.len().into());
    hello.insert("loss_after_warm_up".into(), loss.into());
    converse(hello, || Ok(training.repeat(options.steps)))
}

/// A network, its optimiser and its data.
struct Training<'a> {
    estimator: Box<dyn Estimator>,
    optimizer: Optimizer,
    blocks: BatchBlocks,
    batches: Box<dyn Batches + 'a>,
    batch: usize,
    steps_done: usize,
    weights: Vec<f32>,
}

impl<'a> Training<'a> {
    fn new(
        options: &TrainingStepOptions,
        examples: &Examples,
        batches: Box<dyn Batches + 'a>,
    ) -> Result<Self> {
        let (n_theta, n_data) = (examples.n_values(), examples.n_context());
        let estimator = build(options.network, n_theta, n_data)?;
        let mut weights = vec![0.0; estimator.n_weights()];
        estimator.initialize(&mut weights, &mut Seed(1).stream(Stream::Weights, 0));
        Ok(Self {
            optimizer: Optimizer::new(&adam(), &weights),
            blocks: BatchBlocks::new(&*estimator, options.batch),
            batches,
            batch: options.batch,
            steps_done: 0,
            weights,
            estimator,
        })
    }

    fn repeat(&mut self, n_steps: usize) -> Answer {
        let start = Instant::now();
        let loss = self.steps(n_steps);
        let mut answer = took(start.elapsed().as_secs_f64(), n_steps);
        answer.insert("loss".into(), loss.into());
        answer
    }

    /// Does so many steps and gives their mean loss.
    fn steps(&mut self, n_steps: usize) -> f64 {
        (0..n_steps).map(|_| self.step()).sum::<f64>() / n_steps as f64
    }

    /// One step with the rows that are loaded, which also loads the next.
    fn step(&mut self) -> f64 {
        let per_epoch = TRAINING_ROWS / self.batch;
        if self.steps_done.is_multiple_of(per_epoch) {
            self.batches.begin(self.steps_done / per_epoch);
            let loaded = self.blocks.load(self.batch, &mut *self.batches);
            loaded.expect("rows in memory are always there");
        }
        self.steps_done += 1;
        let next = (!self.steps_done.is_multiple_of(per_epoch)).then_some(self.batch);
        self.blocks.compute(&*self.estimator, &self.weights);
        let (optimizer, weights) = (&mut self.optimizer, &mut self.weights);
        let step = |loss: f64, gradient: &mut [f32], norm: f64| {
            optimizer.step(weights, gradient, norm, LEARNING_RATE);
            loss
        };
        let stepped = self.blocks.finish(next, &mut *self.batches, step);
        stepped.expect("rows in memory are always there")
    }
}

/// Each column with mean zero and standard deviation one, over the training rows.
fn standardised(theta: &Table, x: &Table) -> Examples {
    let [theta, x] = [theta, x].map(standardised_columns);
    let mut examples = Examples::new(theta.len(), x.len());
    for row in 0..TRAINING_ROWS {
        let pick = |columns: &[Vec<f32>]| -> Vec<f32> { columns.iter().map(|c| c[row]).collect() };
        examples.push(&pick(&theta), &pick(&x));
    }
    examples
}

fn standardised_columns(table: &Table) -> Vec<Vec<f32>> {
    let standardise = |j| {
        let column = &table.column(j)[..TRAINING_ROWS];
        let n = column.len() as f64;
        let mean = column.iter().sum::<f64>() / n;
        let sd = (column.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
        column.iter().map(|v| ((v - mean) / sd) as f32).collect()
    };
    (0..table.n_columns()).map(standardise).collect()
}
