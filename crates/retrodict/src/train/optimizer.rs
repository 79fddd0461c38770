//! Adam on the flat array of weights, with a running average of them.

use retrodict_kernels::{Adam, Average, Kernels, PADDING};

use super::config::TrainConfig;

/// Steps after which the average remembers as long as its decay says; before, it remembers a tenth
/// of the steps so far, so that it is not held back by the first weights.
const AVERAGE_WARMUP: f64 = 10.0;

/// As many weights are changed by one thread; a multiple of every vector.
const PART: usize = 1024 * PADDING;

/// The moments of Adam and the exponential average of the weights.
#[derive(Debug)]
pub struct Optimizer {
    kernels: Kernels,
    weight_decay: f32,
    max_norm: f64,
    first_moment: Vec<f32>,
    second_moment: Vec<f32>,
    steps: u64,
    /// The decay of the average, and the average; empty if there is none.
    averaging: f64,
    average: Vec<f32>,
}

impl Optimizer {
    /// Before the first step from these weights. The configuration has its numbers for so many rows and
    /// data ([`TrainConfig::resolved`]).
    pub fn new(config: &TrainConfig, weights: &[f32]) -> Self {
        let moment = vec![0.0; weights.len()];
        let average = if config.averaging > 0.0 { weights } else { &[] };
        Self {
            kernels: Kernels::detect(),
            weight_decay: (config.decay() / config.height()) as f32,
            max_norm: config.max_gradient_norm,
            first_moment: moment.clone(),
            second_moment: moment,
            steps: 0,
            averaging: config.averaging,
            average: average.to_vec(),
        }
    }

    /// One step against the gradient, whose length is `norm`; the gradient is used up.
    pub fn step(
        &mut self,
        weights: &mut [f32],
        gradient: &mut [f32],
        norm: f64,
        learning_rate: f64,
    ) {
        self.steps += 1;
        let adam = Adam {
            learning_rate: learning_rate as f32,
            weight_decay: self.weight_decay,
            gradient_scale: (self.max_norm / norm).min(1.0) as f32,
            step: self.steps,
            ..Adam::default()
        };
        let warmup = (1.0 + self.steps as f64) / (AVERAGE_WARMUP + self.steps as f64);
        let decay = self.averaging.min(warmup) as f32;
        let moments = [&mut self.first_moment[..], &mut self.second_moment];
        in_parts(
            (adam, self.kernels, decay),
            weights,
            gradient,
            moments,
            &mut self.average,
        );
    }

    /// What is validated and kept: the average if there is one, or the weights.
    pub(super) fn kept<'a>(&'a self, weights: &'a [f32]) -> &'a [f32] {
        if self.average.is_empty() {
            weights
        } else {
            &self.average
        }
    }

    /// How many steps were made, and the moments and the average.
    pub(super) fn state(&self) -> (u64, [&[f32]; 3]) {
        let arrays = [&self.first_moment, &self.second_moment, &self.average];
        (self.steps, arrays.map(Vec::as_slice))
    }

    /// Goes on from a state of the same size.
    pub(super) fn resume(&mut self, steps: u64, [first, second, average]: [Vec<f32>; 3]) {
        self.steps = steps;
        self.first_moment = first;
        self.second_moment = second;
        self.average = average;
    }

    /// Starts anew from other weights.
    pub(super) fn restart(&mut self, weights: &[f32]) {
        self.first_moment.fill(0.0);
        self.second_moment.fill(0.0);
        self.steps = 0;
        self.average_from(weights);
    }

    /// Begins the average anew.
    pub(super) fn average_from(&mut self, weights: &[f32]) {
        if !self.average.is_empty() {
            self.average.copy_from_slice(weights);
        }
    }
}

/// A step of all weights, in halves of halves that idle threads may take; there may be no average.
fn in_parts(
    setting: (Adam, Kernels, f32),
    weights: &mut [f32],
    gradient: &mut [f32],
    [first, second]: [&mut [f32]; 2],
    average: &mut [f32],
) {
    if weights.len() <= PART {
        let (adam, kernels, decay) = setting;
        let average = (!average.is_empty()).then_some(Average {
            decay,
            weights: average,
        });
        return adam.run(kernels, weights, gradient, [first, second], average);
    }
    let middle = (weights.len() / 2).next_multiple_of(PADDING);
    let average = average.split_at_mut(middle.min(average.len()));
    let (weights, gradient) = (weights.split_at_mut(middle), gradient.split_at_mut(middle));
    let (first, second) = (first.split_at_mut(middle), second.split_at_mut(middle));
    rayon::join(
        || {
            in_parts(
                setting,
                weights.0,
                gradient.0,
                [first.0, second.0],
                average.0,
            );
        },
        || {
            in_parts(
                setting,
                weights.1,
                gradient.1,
                [first.1, second.1],
                average.1,
            );
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_average_follows_its_recurrence() {
        let config = TrainConfig {
            averaging: 0.9,
            weight_decay: Some(1e-3),
            ..TrainConfig::default()
        };
        let mut weights = vec![1.0, 2.0, 3.0];
        let mut optimizer = Optimizer::new(&config, &weights);
        let mut expected: Vec<f64> = vec![1.0, 2.0, 3.0];
        for step in 1..=30 {
            let mut gradient = vec![0.0, 0.5, -0.25];
            let norm = 0.3125_f64.sqrt();
            optimizer.step(&mut weights, &mut gradient, norm, 0.01);
            let decay = 0.9_f64.min((1.0 + f64::from(step)) / (10.0 + f64::from(step)));
            for (e, w) in expected.iter_mut().zip(&weights) {
                *e = decay * *e + (1.0 - decay) * f64::from(*w);
            }
        }
        assert!(weights[1] < 2.0 && weights[2] > 3.0);
        for (kept, e) in optimizer.kept(&weights).iter().zip(expected) {
            assert!((f64::from(*kept) - e).abs() < 1e-5);
        }
    }
}
