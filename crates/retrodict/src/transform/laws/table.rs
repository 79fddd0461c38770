//! The transforms for which the laws hold.

use super::super::twins::Twin;
use super::super::*;
use super::{BOUND, Law};
use crate::network::testing::random;
use crate::network::twin::NetworkTwin;
use crate::network::{Activation, NetworkConfig};
use retrodict_kernels::Kernels;

pub(super) fn plain() -> NetworkConfig {
    NetworkConfig {
        hidden: vec![8, 7],
        residual: false,
        activation: Activation::Tanh,
        zero_last: false,
        ..NetworkConfig::default()
    }
}

fn residual(activation: Activation) -> NetworkConfig {
    NetworkConfig {
        hidden: vec![6, 6],
        residual: true,
        activation,
        ..plain()
    }
}

pub(super) fn zero_last(config: NetworkConfig) -> NetworkConfig {
    NetworkConfig {
        zero_last: true,
        ..config
    }
}

fn shape(tails: &[Tail]) -> SplineShape {
    SplineShape::new(5, BOUND, tails.to_vec())
}

pub(super) fn affine(
    name: &'static str,
    config: NetworkConfig,
    n_context: usize,
    d: usize,
    kernels: Kernels,
) -> Law {
    let transform = AutoregressiveAffine::new(&config, n_context, d).unwrap();
    Law {
        name,
        transform: Box::new(transform.with_kernels(kernels)),
        twin: Twin::Affine(masked(config, n_context, d, 2)),
        n_context,
        boxed: vec![false; d],
    }
}

pub(super) fn spline(
    name: &'static str,
    config: NetworkConfig,
    n_context: usize,
    tails: &[Tail],
    kernels: Kernels,
) -> Law {
    let shape = shape(tails);
    let transform = AutoregressiveSpline::new(&config, n_context, shape.clone()).unwrap();
    let network = masked(
        config,
        n_context,
        tails.len(),
        shape.parameters_per_feature(),
    );
    Law {
        name,
        transform: Box::new(transform.with_kernels(kernels)),
        twin: Twin::Spline(network, shape),
        n_context,
        boxed: tails.iter().map(|tail| *tail == Tail::Bounded).collect(),
    }
}

fn masked(config: NetworkConfig, n_context: usize, d: usize, per_feature: usize) -> NetworkTwin {
    NetworkTwin {
        config,
        n_context,
        n_features: d,
        n_outputs: d * per_feature,
        per_feature: Some(per_feature),
    }
}

pub(super) fn coupling(
    name: &'static str,
    config: NetworkConfig,
    n_context: usize,
    tails: &[Tail],
    moved: &[usize],
    kernels: Kernels,
) -> Law {
    let (shape, layer) = (shape(tails), moved[0]);
    let transform = CouplingSpline::alternating(&config, n_context, &shape, layer).unwrap();
    let own = SplineShape::new(5, BOUND, moved.iter().map(|i| tails[*i]).collect());
    let network = NetworkTwin {
        config,
        n_context,
        n_features: tails.len() - moved.len(),
        n_outputs: moved.len() * own.parameters_per_feature(),
        per_feature: None,
    };
    Law {
        name,
        transform: Box::new(transform.with_kernels(kernels)),
        twin: Twin::Coupling {
            network,
            shape,
            moved: moved.to_vec(),
        },
        n_context,
        boxed: tails.iter().map(|tail| *tail == Tail::Bounded).collect(),
    }
}

pub(super) fn without_context(
    name: &'static str,
    transform: Box<dyn Transform>,
    twin: Twin,
    d: usize,
) -> Law {
    Law {
        name,
        transform,
        twin,
        n_context: 2,
        boxed: vec![false; d],
    }
}

pub(super) fn table(kernels: Kernels) -> Vec<Law> {
    let mut laws = conditional(kernels);
    let order = Permutation::random(4, &mut random(10));
    let twin = Twin::Permutation(order.order().to_vec());
    let lu = |d| Box::new(LuLinear::new(d).with_kernels(kernels));
    laws.extend([
        without_context("LU", lu(4), Twin::Lu(4), 4),
        without_context("LU, one feature", lu(1), Twin::Lu(1), 1),
        without_context("permutation", Box::new(order), twin, 4),
        without_context(
            "reversal",
            Box::new(Permutation::reverse(3)),
            Twin::Permutation(vec![2, 1, 0]),
            3,
        ),
    ]);
    laws
}

fn conditional(kernels: Kernels) -> Vec<Law> {
    const MIXED: [Tail; 3] = [Tail::Linear, Tail::Bounded, Tail::Linear];
    let relu = residual(Activation::Relu);
    vec![
        affine("affine", plain(), 2, 3, kernels),
        affine(
            "affine, residual gelu",
            residual(Activation::Gelu),
            2,
            3,
            kernels,
        ),
        affine(
            "affine, residual silu",
            residual(Activation::Silu),
            1,
            4,
            kernels,
        ),
        affine("affine, one feature", plain(), 2, 1, kernels),
        affine("affine, no context", plain(), 0, 4, kernels),
        spline("spline", plain(), 2, &[Tail::Linear; 3], kernels),
        spline("spline, mixed tails", plain(), 2, &MIXED, kernels),
        spline(
            "spline, bounded",
            relu.clone(),
            1,
            &[Tail::Bounded; 2],
            kernels,
        ),
        spline(
            "spline, one bounded feature",
            plain(),
            2,
            &[Tail::Bounded],
            kernels,
        ),
        spline(
            "spline, no context",
            plain(),
            0,
            &[Tail::Linear; 2],
            kernels,
        ),
        coupling(
            "coupling",
            relu.clone(),
            2,
            &[Tail::Linear; 3],
            &[0, 2],
            kernels,
        ),
        coupling(
            "coupling, odd",
            relu.clone(),
            2,
            &[Tail::Linear; 4],
            &[1, 3],
            kernels,
        ),
        coupling(
            "coupling, mixed tails",
            relu.clone(),
            2,
            &MIXED,
            &[0, 2],
            kernels,
        ),
        coupling("coupling, bounded moves", plain(), 2, &MIXED, &[1], kernels),
        coupling(
            "coupling, one feature",
            relu.clone(),
            2,
            &[Tail::Linear],
            &[0],
            kernels,
        ),
        coupling(
            "coupling, one feature, no context",
            plain(),
            0,
            &[Tail::Bounded],
            &[0],
            kernels,
        ),
        coupling(
            "coupling, no context",
            relu,
            0,
            &[Tail::Linear; 3],
            &[0, 2],
            kernels,
        ),
    ]
}
