//! The same seed gives the same bits, for any number of threads.

use super::*;

#[test]
fn the_number_of_threads_changes_nothing() {
    let target = Gaussian::chain(2, 0.5);
    let run = |threads: usize, config: &SamplerConfig, seed: u64| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let pool = pool.build().unwrap();
        pool.install(|| draw(&target, 200, config, seed))
    };
    for config in all() {
        let one = run(1, &config, 7);
        assert_eq!(one, run(3, &config, 7), "{}", config.kind());
        assert_ne!(one.points, run(1, &config, 8).points, "{}", config.kind());
    }
}

/// A density whose chains wait for each other.
struct Together(Gaussian);

impl LogDensity for Together {
    fn dimension(&self) -> usize {
        self.0.dimension()
    }

    fn log_density(&self, points: &[f64], values: &mut [f64]) {
        self.0.log_density(points, values);
    }

    fn with_gradient(&self, points: &[f64], values: &mut [f64], gradients: &mut [f64]) -> bool {
        self.0.with_gradient(points, values, gradients)
    }

    fn gains_from_batches(&self) -> bool {
        true
    }
}

#[test]
fn chains_that_wait_for_each_other_give_the_same_bits() {
    let config = SamplerConfig::Nuts(NutsConfig::default());
    let alone = draw(&Gaussian::chain(3, 0.5), 200, &config, 7);
    assert_eq!(
        alone,
        draw(&Together(Gaussian::chain(3, 0.5)), 200, &config, 7)
    );
}
