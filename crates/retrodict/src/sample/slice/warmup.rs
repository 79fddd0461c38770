//! How long chains warm up: until they agree.

use super::chain::Chain;
use super::{Evaluator, Recorder, Result, run};
use crate::sample::diagnostics::r_hat;

/// Sweeps of the first window; each further one is twice as long.
const FIRST_WINDOW: usize = 10;
/// Chains whose R̂ in a window is below this agree. Of chains that are where they should be, R̂² is
/// 1 + (τ − 1) / m, with the autocorrelation time τ and m sweeps in half a window: this is a window of
/// at least 10 (τ − 1) sweeps, and with the windows before it twice that.
const AGREE: f64 = 1.1;
/// Sweeps from which on a window in which chains do not agree says that they are apart; in a shorter one it may be
/// chance.
const TELLING: usize = 40;

/// Runs chains through windows of 10, 20, 40, … sweeps, until within one of them the chains agree with
/// each other, and the first half of each with its second half, about every coordinate and about the
/// log-density (rank-normalised split R̂: Vehtari et al. 2021); or until `most` sweeps are done. Returns the largest
/// R̂ of the last window that was long enough to tell, if they do not agree.
pub(super) fn warm_up(
    chains: &mut [Chain],
    most: usize,
    evaluator: &mut Evaluator<'_>,
    recorder: &mut Recorder,
) -> Result<Option<f64>> {
    let (mut done, mut window, mut apart) = (0, FIRST_WINDOW, None);
    while done < most {
        let length = window.min(most - done);
        done += length;
        window *= 2;
        let what = "sweeps of the warm-up";
        run(chains, [done, most], what, evaluator, recorder)?;
        let traces: Vec<Vec<f64>> = chains.iter_mut().map(Chain::take_trace).collect();
        let largest = largest_r_hat(&traces, evaluator.dimension() + 1);
        if largest < AGREE {
            apart = None;
            break;
        }
        if length >= TELLING {
            apart = Some(largest);
        }
    }
    chains.iter_mut().for_each(Chain::end_warmup);
    Ok(apart)
}

/// The largest R̂ of the columns; that of a column that never changes is infinite.
fn largest_r_hat(traces: &[Vec<f64>], columns: usize) -> f64 {
    let column = |j: usize| -> Vec<f64> {
        let each = traces.iter();
        each.flat_map(|trace| trace.iter().skip(j).step_by(columns).copied())
            .collect()
    };
    (0..columns)
        .map(|j| r_hat(&column(j), traces.len()))
        .map(|r| if r.is_nan() { f64::INFINITY } else { r })
        .fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::StandardNormal;
    use crate::sample::config::SliceConfig;
    use crate::sample::drawn::Drawn;
    use crate::sample::log_density::LogDensity;
    use crate::sample::slice::slice;
    use crate::seed::Seed;

    /// N(0, 1) with this correlation between neighbours.
    struct Correlated(f64);

    impl LogDensity for Correlated {
        fn dimension(&self) -> usize {
            2
        }

        fn log_density(&self, points: &[f64], values: &mut [f64]) {
            for (value, z) in values.iter_mut().zip(points.chunks_exact(2)) {
                let off = z[1] - self.0 * z[0];
                *value = -0.5 * (z[0] * z[0] + off * off / (1.0 - self.0 * self.0));
            }
        }
    }

    fn drawn(correlation: f64, warmup: usize) -> Drawn {
        let config = SliceConfig {
            warmup,
            hand_over: false,
            ..SliceConfig::default()
        };
        let reference = StandardNormal { dimension: 2 };
        slice(&Correlated(correlation), &reference, 20, &config, Seed(1)).unwrap()
    }

    #[test]
    fn the_warm_up_is_as_long_as_the_autocorrelation_asks() {
        let spent = |correlation, warmup| drawn(correlation, warmup).report.evaluations;
        let sweep = |correlation| (spent(correlation, 5) - spent(correlation, 0)) / 5;
        for (correlation, least, most) in [(0.0, 9, 31), (0.9, 60, 170), (0.999, 300, 400)] {
            let all = spent(correlation, 400) - spent(correlation, 0);
            let sweeps = all / sweep(correlation);
            println!("correlation {correlation}: {sweeps} sweeps");
            assert!((least..most + 60).contains(&sweeps), "{sweeps}");
        }
    }

    #[test]
    fn chains_that_disagree_drift_or_stand_still_do_not_agree() {
        // A fixed pattern without any trend.
        let noise = |i: usize| ((i * 7919) % 101) as f64 / 101.0;
        let chains = |f: &dyn Fn(usize, usize) -> f64| -> Vec<Vec<f64>> {
            (0..8)
                .map(|chain| (0..20).map(|i| f(chain, i)).collect())
                .collect()
        };
        let agree = |traces: &[Vec<f64>], columns| largest_r_hat(traces, columns) < AGREE;
        assert!(agree(&chains(&|chain, i| noise(20 * chain + i)), 1));
        assert!(!agree(&chains(&|chain, i| noise(i) + chain as f64), 1));
        assert!(!agree(&chains(&|_, i| noise(i) + 0.1 * i as f64), 1));
        assert!(!agree(&chains(&|_, _| 1.0), 1));
        let scale = |chain, i| (noise(20 * chain + i) - 0.5) * (1 + 9 * (chain % 2)) as f64;
        assert!(!agree(&chains(&scale), 1));
    }
}
