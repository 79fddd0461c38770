//! Slice sampling hands over to particles where chains cannot do.

use super::shapes::modes;
use super::*;

/// Two narrow normal densities, of weights 1 and 3, far apart.
fn two_narrow_modes() -> Function<impl Fn(&[f64]) -> f64 + Sync> {
    Function(2, |x: &[f64]| modes(x, [1.0, 0.05, 0.25]))
}

fn drawn(n: usize, config: SliceConfig, seed: u64) -> Drawn {
    draw(&two_narrow_modes(), n, &SamplerConfig::Slice(config), seed)
}

#[test]
fn modes_that_no_chain_leaves_get_their_weight() {
    let error = |hand_over, seed| {
        let config = SliceConfig {
            hand_over,
            ..SliceConfig::default()
        };
        let drawn = drawn(2000, config, seed);
        let right = drawn.rows().filter(|z| z[0] > 0.0).count();
        (right as f64 / drawn.n_draws() as f64 - 0.75).abs()
    };
    let mean_error = |hand_over| (0..8).map(|seed| error(hand_over, seed)).sum::<f64>() / 8.0;
    let (particles, chains) = (mean_error(true), mean_error(false));
    println!("mean error of a mode's weight: {particles:.3} by particles, {chains:.3} by chains");
    assert!(particles < 0.04 && particles < chains);
}

#[test]
fn it_says_so_and_keeps_to_the_budget() {
    let by_particles = drawn(2000, SliceConfig::default(), 1).report;
    assert_eq!(by_particles.sampler, "smc");
    let says = |note: &String| note.contains("in place of 20 chains");
    assert!(by_particles.notes.iter().any(says));
    // Enough for chains, and not for particles.
    let config = SliceConfig {
        max_evaluations: by_particles.evaluations / 2,
        ..SliceConfig::default()
    };
    let budget = config.max_evaluations;
    let by_chains = drawn(20, config, 1);
    assert_eq!(
        (by_chains.report.sampler.as_str(), by_chains.n_chains),
        ("slice", 20)
    );
    assert!(by_chains.report.evaluations <= budget);
}

#[test]
fn a_window_of_forty_sweeps_tells_and_shorter_ones_do_not() {
    // Modes of which the candidates for starts find enough. A warm-up of 100 ends with a window of thirty.
    let target = Function(2, |x: &[f64]| modes(x, [1.5, 0.2, 0.3]));
    for (warmup, sampler) in [(60, "slice"), (100, "smc"), (200, "smc")] {
        let config = SliceConfig {
            warmup,
            ..SliceConfig::default()
        };
        let drawn = draw(&target, 200, &SamplerConfig::Slice(config), 1);
        assert_eq!(drawn.report.sampler, sampler, "{warmup}");
    }
}
