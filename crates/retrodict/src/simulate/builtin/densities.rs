//! The few densities that the built-in likelihoods are made of.

use statrs::function::gamma::ln_gamma;

/// log N(x; mean, sd²).
pub(super) fn log_normal_density(x: f64, mean: f64, sd: f64) -> f64 {
    let z = (x - mean) / sd;
    -0.5 * z * z - sd.ln() - 0.5 * std::f64::consts::TAU.ln()
}

/// The logarithm of the probability of `x` successes in `n`: −∞ outside 0, …, n.
pub(super) fn log_binomial_mass(x: f64, n: f64, probability: f64) -> f64 {
    if !(0.0..=n).contains(&x) || x.fract() != 0.0 {
        return f64::NEG_INFINITY;
    }
    // 0 · log 0 = 0: a probability of 0 or 1 is certain about its own count.
    let power = |count: f64, log: f64| if count == 0.0 { 0.0 } else { count * log };
    let choose = ln_gamma(n + 1.0) - ln_gamma(x + 1.0) - ln_gamma(n - x + 1.0);
    choose + power(x, probability.ln()) + power(n - x, (-probability).ln_1p())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masses_and_densities_add_up_to_one() {
        let mass: f64 = (0..=20)
            .map(|x| log_binomial_mass(f64::from(x), 20.0, 0.3).exp())
            .sum();
        assert!((mass - 1.0).abs() < 1e-12);
        assert_eq!(log_binomial_mass(0.0, 10.0, 0.0), 0.0);
        assert_eq!(log_binomial_mass(1.0, 10.0, 0.0), f64::NEG_INFINITY);
        assert_eq!(log_binomial_mass(0.5, 10.0, 0.5), f64::NEG_INFINITY);
        let area: f64 = (-2000..2000)
            .map(|i| log_normal_density(f64::from(i) * 0.01, 1.0, 2.0).exp() * 0.01)
            .sum();
        assert!((area - 1.0).abs() < 1e-9);
    }
}
