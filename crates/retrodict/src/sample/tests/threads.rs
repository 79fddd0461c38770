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
