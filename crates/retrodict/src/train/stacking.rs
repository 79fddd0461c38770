//! How the members of an ensemble are mixed.

/// Rows' worth of trust that each member gets before the validation rows speak. A few hundred
/// validation rows cannot tell similar members apart, and an even mixture is the better guess.
const PSEUDO_ROWS: f64 = 5.0;
const MAX_ITERATIONS: usize = 1000;
const TOLERANCE: f64 = 1e-9;

/// The weights w of the mixture Σₖ wₖ qₖ with the largest Π wₖ^(`PSEUDO_ROWS`) Πᵢ Σₖ wₖ qₖ(i) over
/// validation rows i, where `log_density[k][i]` = log qₖ(i): stacking of predictive densities,
/// found by expectation–maximisation.
///
/// Unlike a softmax of total log-probabilities, which puts everything on the one best member as
/// rows grow, this gives what mixes best.
///
/// # Reference
/// Yao, Vehtari, Simpson and Gelman 2018, arXiv:1704.02030.
pub fn stacking_weights(log_density: &[Vec<f64>]) -> Vec<f64> {
    let n_members = log_density.len();
    let n_rows = log_density.first().map_or(0, Vec::len);
    let mut weights = vec![1.0 / n_members as f64; n_members];
    let mut shares = vec![0.0; n_members];
    for _ in 0..MAX_ITERATIONS {
        let mut counts = vec![PSEUDO_ROWS; n_members];
        (0..n_rows).for_each(|row| {
            let of_member = |k: usize| log_density[k][row];
            if responsibilities(&weights, of_member, &mut shares) {
                for (count, share) in counts.iter_mut().zip(&shares) {
                    *count += share;
                }
            }
        });
        let total: f64 = counts.iter().sum();
        let mut change = 0.0_f64;
        for (weight, count) in weights.iter_mut().zip(&counts) {
            change = change.max((*weight - count / total).abs());
            *weight = count / total;
        }
        if change < TOLERANCE {
            break;
        }
    }
    weights
}

/// wₖ qₖ / Σⱼ wⱼ qⱼ; false if no member gives the row a density.
fn responsibilities(
    weights: &[f64],
    log_density: impl Fn(usize) -> f64,
    shares: &mut [f64],
) -> bool {
    let logs = |k: usize| weights[k].ln() + log_density(k);
    let largest = (0..weights.len())
        .map(logs)
        .fold(f64::NEG_INFINITY, f64::max);
    if !largest.is_finite() {
        return false;
    }
    let mut total = 0.0;
    for (k, share) in shares.iter_mut().enumerate() {
        let log = logs(k);
        *share = if log.is_nan() {
            0.0
        } else {
            (log - largest).exp()
        };
        total += *share;
    }
    for share in shares {
        *share /= total;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{Seed, Stream};

    #[test]
    fn data_from_a_mixture_give_its_weights() {
        // 20,000 rows from 0.7 N(−2, 1) + 0.3 N(2, 1): the standard error of the weight is 0.0036.
        let mut random = Seed(1).stream(Stream::Test, 0);
        let x: Vec<f64> = (0..20_000)
            .map(|_| random.normal() + if random.uniform() < 0.7 { -2.0 } else { 2.0 })
            .collect();
        let log = |center: f64| x.iter().map(|x| -0.5 * (x - center).powi(2)).collect();
        let weights = stacking_weights(&[log(-2.0), log(2.0)]);
        assert!((weights[0] - 0.7).abs() < 0.02, "{weights:?}");
        assert!((weights[0] + weights[1] - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_useless_member_fades_and_equal_members_share() {
        let good = vec![-1.0; 1000];
        let useless = vec![f64::NEG_INFINITY; 1000];
        let weights = stacking_weights(&[good.clone(), useless, good]);
        assert!((weights[0] - weights[2]).abs() < 1e-6);
        assert!(weights[1] < 0.006, "{weights:?}");
    }

    #[test]
    fn rows_without_any_density_do_not_count() {
        let weights = stacking_weights(&[vec![f64::NEG_INFINITY, f64::NAN], vec![-1e9, f64::NAN]]);
        assert!(weights.iter().all(|w| w.is_finite()), "{weights:?}");
    }
}
