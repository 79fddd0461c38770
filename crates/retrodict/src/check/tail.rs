//! Tail probabilities beyond the largest simulated value.

/// The probability of a value at least as large as `observed`, from independent `values`.
///
/// With any value beyond `observed` it is (1 + their count)/(1 + n), which is exact under
/// exchangeability. Beyond all of them that would be 1/(n + 1) however far out `observed` lies, so a
/// generalised Pareto distribution is fitted to the largest values (Pickands 1975, by the estimator
/// of Zhang and Stephens 2009). Its shape is drawn towards heavier tails (Vehtari et al., arXiv:
/// 1507.02646, appendix C) and never taken as bounded, so the result errs towards large.
pub(super) fn upper_tail_probability(values: &[f64], observed: f64) -> f64 {
    let beyond = values.iter().filter(|&&v| v >= observed).count();
    let by_rank = (beyond + 1) as f64 / (values.len() + 1) as f64;
    if beyond > 0 || values.len() < FEWEST_VALUES {
        return by_rank;
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len();
    let m = ((0.2 * n as f64).min(3.0 * (n as f64).sqrt())) as usize;
    let start = sorted[n - m - 1];
    let excesses: Vec<f64> = sorted[n - m..].iter().map(|v| v - start).collect();
    let Some((shape, scale)) = generalised_pareto(&excesses) else {
        return by_rank;
    };
    let excess = (observed - start) / scale;
    let survival = if shape < 1e-9 {
        (-excess).exp()
    } else {
        (-(shape * excess).ln_1p() / shape).exp()
    };
    by_rank.min(m as f64 / n as f64 * survival)
}

/// A tail has no shape in fewer.
const FEWEST_VALUES: usize = 50;

/// Shape (at least zero) and scale of a generalised Pareto distribution: rising excesses. `None` if
/// they do not spread.
fn generalised_pareto(excesses: &[f64]) -> Option<(f64, f64)> {
    let n = excesses.len();
    let largest = excesses[n - 1];
    let quartile = excesses[(n as f64 / 4.0 + 0.5) as usize - 1];
    if quartile <= 0.0 || largest <= quartile * (1.0 + 1e-9) {
        return None;
    }
    let shape_at = |b: f64| excesses.iter().map(|x| (-b * x).ln_1p()).sum::<f64>() / n as f64;
    let n_candidates = 30 + (n as f64).sqrt() as usize;
    let candidates: Vec<f64> = (1..=n_candidates)
        .map(|i| {
            let spread = 1.0 - (n_candidates as f64 / (i as f64 - 0.5)).sqrt();
            1.0 / largest + spread / (3.0 * quartile)
        })
        .collect();
    let log_likelihood = |b: f64| {
        let k = shape_at(b);
        n as f64 * ((-b / k).ln() - k - 1.0)
    };
    let likelihoods: Vec<f64> = candidates.iter().map(|&b| log_likelihood(b)).collect();
    let b: f64 = candidates
        .iter()
        .zip(&likelihoods)
        .map(|(b, l)| {
            b / likelihoods
                .iter()
                .map(|other| (other - l).exp())
                .sum::<f64>()
        })
        .sum();
    let shape = shape_at(b);
    let scale = -shape / b;
    let drawn = (shape * n as f64 + 10.0 * 0.5) / (n as f64 + 10.0);
    // With the shape held at zero the scale is the mean excess.
    if drawn <= 0.0 {
        return Some((0.0, excesses.iter().sum::<f64>() / n as f64));
    }
    (scale.is_finite() && scale > 0.0).then_some((drawn, scale))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{Random, Seed, Stream};

    fn draws(n: usize, index: u64, draw: impl Fn(&mut Random) -> f64) -> Vec<f64> {
        let mut random = Seed(8).stream(Stream::Test, index);
        (0..n).map(|_| draw(&mut random)).collect()
    }

    #[test]
    fn inside_the_values_it_counts() {
        let values: Vec<f64> = (1..=99).map(f64::from).collect();
        assert!((upper_tail_probability(&values, 90.0) - 0.11).abs() < 1e-12);
        assert!((upper_tail_probability(&values, 0.0) - 1.0).abs() < 1e-12);
        assert_eq!(upper_tail_probability(&[1.0; 100], 7.0), 1.0 / 101.0);
    }

    #[test]
    fn known_tails_are_continued_within_a_factor() {
        // Exponential: exp(−20) = 2·10⁻⁹. Pareto with shape ½ (variance infinite): x⁻² at 1000.
        let exponential = draws(5000, 0, Random::exponential);
        let p = upper_tail_probability(&exponential, 20.0);
        assert!(p > 2e-9 && p < 2e-6, "{p}");
        let pareto = draws(5000, 1, |r| r.uniform_open().powf(-0.5));
        let p = upper_tail_probability(&pareto, 1000.0);
        assert!(p > 1e-7 && p < 1e-5, "{p}");
        let normal = draws(1000, 2, Random::normal);
        assert!(upper_tail_probability(&normal, 8.0) < 1e-5);
    }

    #[test]
    fn small_p_values_are_no_more_frequent_than_they_claim() {
        // 20,000 observations each: 0.001 expects 20 or fewer; 50 are more than 6 standard errors.
        let kinds: [fn(&mut Random) -> f64; 4] = [
            Random::normal,
            Random::uniform,
            |r| r.normal().exp(),
            |r| r.normal() / (0.5 * (r.exponential() + r.exponential())).sqrt(),
        ];
        for (kind, draw) in kinds.into_iter().enumerate() {
            let small = (0..1000)
                .map(|i| {
                    let values = draws(300, 1000 * kind as u64 + i, draw);
                    let observed = draws(20, 100_000 + 1000 * kind as u64 + i, draw);
                    let small = |&&o: &&f64| upper_tail_probability(&values, o) < 0.001;
                    observed.iter().filter(small).count()
                })
                .sum::<usize>();
            assert!(small < 50, "kind {kind}: {small}");
        }
    }
}
