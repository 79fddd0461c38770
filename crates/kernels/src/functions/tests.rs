use super::*;
use crate::scalar;

/// Steps of bits between neighbours of the grid: a prime, so that all mantissas come by.
const BIT_STEP: usize = 499;

/// Numbers in [low, high]: evenly spaced ones, and of either sign about every 500th that there is, from
/// the smallest denormal to the infinities; nine million over the whole range.
fn grid(low: f32, high: f32) -> Vec<f32> {
    let linear = (0..=200_000).map(|i| low + (high - low) * (i as f32 / 200_000.0));
    let by_bits = (0..=0x7f80_0000_u32)
        .step_by(BIT_STEP)
        .map(f32::from_bits)
        .flat_map(|x| [x, -x]);
    let ends = [0.0, f32::MIN_POSITIVE, f32::MAX, f32::INFINITY].map(|x| [x, -x]);
    linear
        .chain(by_bits)
        .chain(ends.into_iter().flatten())
        .filter(|x| (low..=high).contains(x))
        .collect()
}

fn worst(function: Function, inputs: &[f32], error: impl Fn(f64, f64) -> f64) {
    let bound = match function {
        Function::Exp | Function::Ln => 2e-7,
        _ => 5e-7,
    };
    for kernels in Kernels::available() {
        let mut values = inputs.to_vec();
        Map {
            function,
            values: &mut values,
        }
        .run(kernels);
        for (x, y) in inputs.iter().zip(values) {
            let error = error(f64::from(*x), f64::from(y));
            assert!(
                error < bound,
                "{function:?} on {:?}: error {error} at {x}",
                kernels.tier()
            );
        }
    }
}

fn relative(exact: f64, given: f64) -> f64 {
    if exact == 0.0 {
        given.abs()
    } else {
        ((given - exact) / exact).abs()
    }
}

#[test]
fn tanh_is_within_its_bound_everywhere() {
    let inputs = grid(f32::NEG_INFINITY, f32::INFINITY);
    worst(Function::Tanh, &inputs, |x, y| {
        // Below the normal numbers a product on the way has lost bits.
        if x.abs() < 1e-35 {
            return (y - x).abs() / 1e-35;
        }
        relative(x.tanh(), y)
    });
}

#[test]
fn exp_is_within_its_bound() {
    worst(Function::Exp, &grid(EXP_LOW, EXP_HIGH), |x, y| {
        relative(x.exp(), y)
    });
}

#[test]
fn exp_is_constant_outside_its_range() {
    let inputs = grid(f32::NEG_INFINITY, f32::INFINITY);
    worst(Function::Exp, &inputs, |x, y| {
        relative(x.clamp(f64::from(EXP_LOW), f64::from(EXP_HIGH)).exp(), y)
    });
}

#[test]
fn ln_is_within_its_bound() {
    worst(Function::Ln, &grid(f32::MIN_POSITIVE, f32::MAX), |x, y| {
        (y - x.ln()).abs() / x.ln().abs().max(1.0)
    });
}

#[test]
fn ln_of_infinity_is_not_a_number() {
    for kernels in Kernels::available() {
        let mut values = vec![f32::INFINITY; 17];
        Map {
            function: Function::Ln,
            values: &mut values,
        }
        .run(kernels);
        assert!(values.iter().all(|y| y.is_nan()));
    }
}

/// Relative to the exact value, or where that is below all normal numbers, to them.
fn relative_to_normal(exact: f64, given: f64) -> f64 {
    if exact.is_infinite() {
        return f64::from(u8::from(given != exact));
    }
    // What exp returns at its lower end stands for all that is smaller.
    let least = f64::from(EXP_LOW).exp();
    if exact < least {
        return (given / least - 1.0).abs();
    }
    relative(exact, given)
}

#[test]
fn softplus_and_sigmoid_are_within_their_bounds_everywhere() {
    let inputs = grid(f32::NEG_INFINITY, f32::INFINITY);
    worst(Function::Softplus, &inputs, |x, y| {
        relative_to_normal(scalar::softplus(x), y)
    });
    worst(Function::Sigmoid, &inputs, |x, y| {
        relative_to_normal(scalar::sigmoid(x), y)
    });
}

#[test]
fn not_a_number_stays_not_a_number() {
    for kernels in Kernels::available() {
        for function in [
            Function::Tanh,
            Function::Exp,
            Function::Ln,
            Function::Softplus,
            Function::Sigmoid,
        ] {
            for length in [1, 7, 16, 33] {
                let mut values = vec![f32::NAN; length];
                Map {
                    function,
                    values: &mut values,
                }
                .run(kernels);
                assert!(
                    values.iter().all(|x| x.is_nan()),
                    "{function:?} on {:?}: {values:?}",
                    kernels.tier()
                );
            }
        }
    }
}
