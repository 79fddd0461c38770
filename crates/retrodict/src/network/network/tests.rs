use super::*;
use crate::network::Activation;
use crate::network::testing::{assert_close, column, differences, random, rows, wide};
use crate::network::twin::NetworkTwin;

/// Sums of f32 products, a few layers deep.
const VALUE: f64 = 2e-5;
/// Gradients are sums over the batch besides.
const GRADIENT: f64 = 1e-4;
/// Rows of the test batch: not a multiple of anything.
const N: usize = 5;

/// One line of the table.
type Line = (
    &'static str,
    NetworkConfig,
    usize,
    usize,
    usize,
    Option<usize>,
);

/// The table: name, configuration, context rows, feature rows, outputs, block of an autoregressive one.
fn lines() -> Vec<Line> {
    let config = |hidden: &[usize], residual, activation| NetworkConfig {
        hidden: hidden.to_vec(),
        residual,
        activation,
        linear_skip: true,
        zero_last: false,
    };
    let plain = config(&[7, 6], false, Activation::Tanh);
    let without_skip = NetworkConfig {
        linear_skip: false,
        ..plain.clone()
    };
    let residual = config(&[6, 6], true, Activation::Relu);
    vec![
        ("plain", plain.clone(), 2, 3, 4, None),
        ("plain without skip", without_skip.clone(), 2, 3, 4, None),
        ("plain without context", plain.clone(), 0, 3, 4, None),
        ("plain without features", plain.clone(), 2, 0, 4, None),
        ("plain without inputs", plain.clone(), 0, 0, 4, None),
        (
            "plain gelu",
            config(&[5, 8], false, Activation::Gelu),
            2,
            3,
            4,
            None,
        ),
        (
            "plain silu",
            config(&[9], false, Activation::Silu),
            2,
            3,
            4,
            None,
        ),
        (
            "linear",
            config(&[], false, Activation::Tanh),
            2,
            3,
            4,
            None,
        ),
        ("residual", residual.clone(), 2, 3, 4, None),
        (
            "residual gelu",
            config(&[6, 6], true, Activation::Gelu),
            2,
            3,
            4,
            None,
        ),
        ("residual without context", residual.clone(), 0, 3, 4, None),
        ("masked", plain.clone(), 2, 3, 6, Some(2)),
        ("masked without skip", without_skip, 2, 3, 6, Some(2)),
        ("masked without context", plain.clone(), 0, 4, 8, Some(2)),
        ("masked, one feature", plain.clone(), 2, 1, 3, Some(3)),
        (
            "masked, one feature, no context",
            plain.clone(),
            0,
            1,
            3,
            Some(3),
        ),
        ("masked, more features than units", plain, 1, 9, 9, Some(1)),
        (
            "masked linear",
            config(&[], false, Activation::Tanh),
            2,
            3,
            6,
            Some(2),
        ),
        ("masked residual", residual, 2, 3, 6, Some(2)),
        (
            "masked residual silu",
            config(&[8], true, Activation::Silu),
            0,
            3,
            6,
            Some(2),
        ),
    ]
}

fn table() -> Vec<(&'static str, Network, NetworkTwin)> {
    lines()
        .into_iter()
        .map(
            |(name, config, n_context, n_features, n_outputs, per_feature)| {
                let network = match per_feature {
                    None => Network::new(&config, n_context, n_features, n_outputs),
                    Some(block) => Network::autoregressive(&config, n_context, n_features, block),
                };
                let twin = NetworkTwin {
                    config,
                    n_context,
                    n_features,
                    n_outputs,
                    per_feature,
                };
                (name, network.unwrap(), twin)
            },
        )
        .collect()
}

/// First weights, and the skip filled as far as its mask lets through.
fn weights(network: &Network) -> Vec<f32> {
    let mut weights = vec![0.0; network.n_weights()];
    network.initialize(&mut weights, &mut random(0));
    if let Some(skip) = &network.skip {
        let matrix = &mut weights[skip.place.clone()];
        for (row, reach) in matrix
            .chunks_mut(skip.dense.n_inputs().max(1))
            .zip(skip.dense.reach())
        {
            row[..*reach].fill_with({
                let mut random = random(1);
                move || random.normal() as f32
            });
        }
    }
    weights
}

/// A batch and everything that a pass over it makes.
struct Run {
    context: Vec<f32>,
    features: Vec<f32>,
    upstream: Vec<f32>,
    output: Vec<f32>,
    d_context: Vec<f32>,
    d_features: Vec<f32>,
    d_weights: Vec<f32>,
}

fn run(network: &Network, weights: &[f32], padding: f32) -> Run {
    let stride = retrodict_kernels::padded(N);
    let mut random = random(2);
    let context = rows(network.n_context(), N, 1.0, padding, &mut random);
    let features = rows(network.n_features(), N, 1.0, padding, &mut random);
    let upstream = rows(network.n_outputs(), N, 1.0, 0.0, &mut random);
    let inputs = Inputs {
        context: &context,
        features: &features,
        stride,
    };
    let mut output = vec![f32::NAN; upstream.len()];
    let mut cache = vec![f32::NAN; network.cache_rows() * stride];
    network.forward(weights, inputs, &mut output, &mut cache);
    let (mut d_context, mut d_features) = (vec![0.0; context.len()], vec![0.0; features.len()]);
    let mut d_weights = vec![0.0; weights.len()];
    let gradients = InputGradients {
        context: Some(&mut d_context),
        features: Some(&mut d_features),
        weights: Some(&mut d_weights),
    };
    let mut scratch = vec![f32::NAN; network.scratch_rows() * stride];
    network.backward(weights, inputs, &upstream, gradients, &cache, &mut scratch);
    Run {
        context,
        features,
        upstream,
        output,
        d_context,
        d_features,
        d_weights,
    }
}

#[test]
fn outputs_agree_with_the_scalar_twin_on_every_tier() {
    let stride = retrodict_kernels::padded(N);
    for (name, network, twin) in table() {
        for kernels in Kernels::available() {
            let network = network.clone().with_kernels(kernels);
            let weights = weights(&network);
            let run = run(&network, &weights, 0.0);
            for b in 0..N {
                let context = column(&run.context, stride, b);
                let features = column(&run.features, stride, b);
                let exact = twin.forward(&wide(&weights), &context, &features);
                assert_close(&column(&run.output, stride, b), &exact, VALUE, name);
            }
        }
    }
}

#[test]
fn feature_by_feature_the_outputs_are_those_of_one_pass() {
    let stride = retrodict_kernels::padded(N);
    for (name, network, twin) in table() {
        let Some(per_feature) = twin.per_feature else {
            continue;
        };
        let weights = weights(&network);
        let run = run(&network, &weights, 0.0);
        let mut cache = vec![0.0; network.cache_rows() * stride];
        let mut output = vec![0.0; run.output.len()];
        // What is not known yet may be anything.
        let mut features = vec![-7.0; run.features.len()];
        for feature in 0..network.n_features() {
            let inputs = Inputs {
                context: &run.context,
                features: &features,
                stride,
            };
            network.forward_feature(&weights, inputs, feature, &mut output, &mut cache);
            let block = feature * per_feature * stride..(feature + 1) * per_feature * stride;
            let here = feature * stride..(feature + 1) * stride;
            assert_eq!(output[block.clone()], run.output[block], "{name}");
            features[here.clone()].copy_from_slice(&run.features[here]);
        }
        assert_eq!(output, run.output, "{name}");
    }
}

#[test]
fn gradients_are_the_differences_of_the_scalar_twin_on_every_tier() {
    let stride = retrodict_kernels::padded(N);
    for (name, network, twin) in table() {
        let weights = weights(&network);
        let masked = run(&network, &weights, 0.0);
        let loss = |weights: &[f64], context: &[f64], features: &[f64], b: usize| {
            let output = twin.forward(weights, context, features);
            let upstream = column(&masked.upstream, stride, b);
            output.iter().zip(upstream).map(|(y, d)| y * d).sum::<f64>()
        };
        let rows_of = |b| {
            (
                column(&masked.context, stride, b),
                column(&masked.features, stride, b),
            )
        };
        let total = |weights: &[f64]| -> f64 {
            (0..N)
                .map(|b| loss(weights, &rows_of(b).0, &rows_of(b).1, b))
                .sum()
        };
        let d_weights = differences(total, &wide(&weights));
        for kernels in Kernels::available() {
            let run = run(&network.clone().with_kernels(kernels), &weights, 0.0);
            assert_close(&wide(&run.d_weights), &d_weights, GRADIENT, name);
            for b in 0..N {
                let (context, features) = rows_of(b);
                let slopes = differences(|c| loss(&wide(&weights), c, &features, b), &context);
                assert_close(&column(&run.d_context, stride, b), &slopes, GRADIENT, name);
                let slopes = differences(|f| loss(&wide(&weights), &context, f, b), &features);
                assert_close(&column(&run.d_features, stride, b), &slopes, GRADIENT, name);
            }
        }
    }
}

#[test]
fn garbage_in_the_padding_changes_nothing() {
    let stride = retrodict_kernels::padded(N);
    for (name, network, _) in table() {
        let weights = weights(&network);
        let (clean, dirty) = (run(&network, &weights, 0.0), run(&network, &weights, 100.0));
        assert_eq!(clean.d_weights, dirty.d_weights, "{name}");
        for b in 0..N {
            for (clean, dirty) in [
                (&clean.output, &dirty.output),
                (&clean.d_context, &dirty.d_context),
                (&clean.d_features, &dirty.d_features),
            ] {
                assert_eq!(column(clean, stride, b), column(dirty, stride, b), "{name}");
            }
        }
    }
}

#[test]
fn what_is_not_asked_for_is_not_needed() {
    let stride = retrodict_kernels::padded(N);
    for (name, network, _) in table() {
        let weights = weights(&network);
        let run = run(&network, &weights, 0.0);
        let inputs = Inputs {
            context: &run.context,
            features: &run.features,
            stride,
        };
        let mut output = vec![0.0; run.output.len()];
        let mut cache = vec![f32::NAN; network.cache_rows() * stride];
        network.forward(&weights, inputs, &mut output, &mut cache);
        let mut d_features = vec![0.0; run.features.len()];
        let gradients = InputGradients {
            features: Some(&mut d_features),
            ..InputGradients::default()
        };
        let mut scratch = vec![f32::NAN; network.scratch_rows() * stride];
        network.backward(
            &weights,
            inputs,
            &run.upstream,
            gradients,
            &cache,
            &mut scratch,
        );
        assert_eq!(d_features, run.d_features, "{name}");
    }
}

/// The outputs when one input row is moved.
fn moved(
    network: &Network,
    weights: &[f32],
    context: Option<usize>,
    feature: Option<usize>,
) -> Vec<f32> {
    let stride = retrodict_kernels::padded(N);
    let mut run = run(network, weights, 0.0);
    if let Some(i) = context {
        run.context[i * stride..][..stride]
            .iter_mut()
            .for_each(|x| *x += 0.5);
    }
    if let Some(i) = feature {
        run.features[i * stride..][..stride]
            .iter_mut()
            .for_each(|x| *x += 0.5);
    }
    let inputs = Inputs {
        context: &run.context,
        features: &run.features,
        stride,
    };
    let mut cache = vec![0.0; network.cache_rows() * stride];
    network.forward(weights, inputs, &mut run.output, &mut cache);
    run.output
}

#[test]
fn a_masked_network_sees_the_context_and_earlier_features_alone() {
    let stride = retrodict_kernels::padded(N);
    for (name, network, twin) in table() {
        let Some(block) = twin.per_feature else {
            continue;
        };
        let weights = weights(&network);
        let length = block * stride;
        let before = moved(&network, &weights, None, None);
        for j in 0..network.n_features() {
            let after = moved(&network, &weights, None, Some(j));
            let (same, free) = before.split_at((j + 1) * length);
            assert_eq!(same, &after[..same.len()], "{name}: feature {j}");
            let depends = free.iter().zip(&after[same.len()..]).any(|(a, b)| a != b);
            assert!(
                depends || free.is_empty(),
                "{name}: nothing depends on feature {j}"
            );
        }
        for i in 0..network.n_context() {
            let after = moved(&network, &weights, Some(i), None);
            for (j, (a, b)) in before.chunks(length).zip(after.chunks(length)).enumerate() {
                assert_ne!(a, b, "{name}: block {j} does not depend on the context");
            }
        }
    }
}

#[test]
fn weights_start_as_the_configuration_says() {
    let config = NetworkConfig::default();
    let network = Network::autoregressive(&config, 3, 4, 2).unwrap();
    let mut weights = vec![f32::NAN; network.n_weights()];
    network.initialize(&mut weights, &mut random(3));
    assert!(
        run(&network, &weights, 0.0)
            .output
            .iter()
            .all(|y| *y == 0.0)
    );
    let mut again = vec![0.0; network.n_weights()];
    network.initialize(&mut again, &mut random(3));
    assert_eq!(weights, again);
    // 64 × 7 entries of the first layer; standard deviation 1/√(inputs seen), 3 to 6 here.
    let first = &weights[..448];
    let seen = first.iter().filter(|w| **w != 0.0).count();
    let squares: f32 = first.iter().map(|w| w * w).sum();
    let mean = squares / seen as f32;
    assert!((0.15..0.3).contains(&mean), "mean square {mean}");
    network.output_bias(&mut weights)[5] = 2.0;
    let output = run(&network, &weights, 0.0).output;
    let stride = retrodict_kernels::padded(N);
    assert!(
        output
            .chunks(stride)
            .enumerate()
            .all(|(i, row)| row[0] == if i == 5 { 2.0 } else { 0.0 })
    );
}
