//! The networks once more: one row, `f64`, masks entry by entry.

use super::NetworkConfig;
use retrodict_kernels::scalar;

/// A network that is nothing but its formula.
#[derive(Debug, Clone)]
pub(crate) struct NetworkTwin {
    pub(crate) config: NetworkConfig,
    pub(crate) n_context: usize,
    pub(crate) n_features: usize,
    pub(crate) n_outputs: usize,
    /// Outputs in the block of each feature, if it is autoregressive.
    pub(crate) per_feature: Option<usize>,
}

/// The weights that are not used up yet.
struct Cursor<'a>(&'a [f64]);

impl Cursor<'_> {
    fn take(&mut self, count: usize) -> Vec<f64> {
        let (taken, rest) = self.0.split_at(count);
        self.0 = rest;
        taken.to_vec()
    }
}

/// Units with the number of features that each may know of.
#[derive(Clone)]
struct Units {
    values: Vec<f64>,
    degrees: Vec<usize>,
}

impl NetworkTwin {
    pub(crate) fn forward(&self, weights: &[f64], context: &[f64], features: &[f64]) -> Vec<f64> {
        let mut cursor = Cursor(weights);
        let inputs = self.inputs(context, features);
        let hidden = if self.config.residual {
            self.residual(&mut cursor, &inputs, context)
        } else {
            self.plain(&mut cursor, &inputs)
        };
        let outputs = self.output_degrees();
        let mut sum = dense(&mut cursor, &hidden, &outputs, true).values;
        if self.config.linear_skip && !self.config.hidden.is_empty() {
            let skip = dense(&mut cursor, &inputs, &outputs, false);
            sum.iter_mut()
                .zip(skip.values)
                .for_each(|(sum, skip)| *sum += skip);
        }
        assert!(cursor.0.is_empty(), "weights left over");
        sum
    }

    /// An input feature of number i is known to degrees above i; the context to all.
    fn inputs(&self, context: &[f64], features: &[f64]) -> Units {
        let degree = |i| if self.per_feature.is_some() { i + 1 } else { 0 };
        Units {
            values: context.iter().chain(features).copied().collect(),
            degrees: context
                .iter()
                .map(|_| 0)
                .chain((0..features.len()).map(degree))
                .collect(),
        }
    }

    fn hidden_degrees(&self, width: usize) -> Vec<usize> {
        let (d, lowest) = (
            self.n_features,
            usize::from(self.n_context == 0 && self.n_features > 1),
        );
        match self.per_feature {
            None => vec![0; width],
            Some(_) => (0..width)
                .map(|i| lowest + i * (d - lowest) / width)
                .collect(),
        }
    }

    fn output_degrees(&self) -> Vec<usize> {
        (0..self.n_outputs)
            .map(|i| self.per_feature.map_or(0, |block| i / block))
            .collect()
    }

    fn activate(&self, units: &Units) -> Units {
        let activation = |z: &f64| scalar::activation(self.config.activation.kernel(), *z);
        Units {
            values: units.values.iter().map(activation).collect(),
            degrees: units.degrees.clone(),
        }
    }

    fn plain(&self, cursor: &mut Cursor<'_>, inputs: &Units) -> Units {
        let layer = |below: Units, width: &usize| {
            self.activate(&dense(cursor, &below, &self.hidden_degrees(*width), true))
        };
        self.config.hidden.iter().fold(inputs.clone(), layer)
    }

    fn residual(&self, cursor: &mut Cursor<'_>, inputs: &Units, context: &[f64]) -> Units {
        let width = self.config.hidden[0];
        let degrees = self.hidden_degrees(width);
        let mut stream = dense(cursor, inputs, &degrees, true);
        for _ in &self.config.hidden {
            let inner = dense(cursor, &self.activate(&stream), &degrees, true);
            let outer = dense(cursor, &self.activate(&inner), &degrees, true);
            let gate = if context.is_empty() {
                vec![f64::INFINITY; width]
            } else {
                let context = Units {
                    values: context.to_vec(),
                    degrees: vec![0; context.len()],
                };
                dense(cursor, &context, &degrees, true).values
            };
            for ((sum, value), gate) in stream.values.iter_mut().zip(outer.values).zip(gate) {
                *sum += value * scalar::sigmoid(gate);
            }
        }
        stream
    }
}

fn dense(cursor: &mut Cursor<'_>, from: &Units, degrees: &[usize], bias: bool) -> Units {
    let matrix = cursor.take(from.values.len() * degrees.len());
    let biases = if bias {
        cursor.take(degrees.len())
    } else {
        vec![0.0; degrees.len()]
    };
    let unit = |(o, degree): (usize, &usize)| {
        let sees = |i: &usize| from.degrees[*i] <= *degree;
        let term = |i: usize| matrix[o * from.values.len() + i] * from.values[i];
        biases[o] + (0..from.values.len()).filter(sees).map(term).sum::<f64>()
    };
    Units {
        values: degrees.iter().enumerate().map(unit).collect(),
        degrees: degrees.to_vec(),
    }
}
