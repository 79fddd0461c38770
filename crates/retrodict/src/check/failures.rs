//! Simulations that gave no data, and whether that depends on the parameters.

use super::thresholds as limit;
use super::words::{list, p_words};
use super::{Check, CheckStatus};
use crate::simulate::{Failures, Simulations, Status};

/// Checks how many of `n` simulations failed, and whether the parameters of failed and valid ones in
/// a sample of them, or all, differ (two-sample Kolmogorov–Smirnov, Bonferroni-corrected over the
/// parameters).
///
/// Failed simulations are not trained on. What is learned is then the posterior *given that the
/// simulator does not fail*: right if a failure is something nature could not show, and biased
/// towards parameters that do not fail if it is a fault of the program.
pub fn simulation_failures(failures: &Failures, n: usize, sample: &Simulations) -> Check {
    let n_failed: usize = failures.values().sum();
    let share = n_failed as f64 / n.max(1) as f64;
    let (p_value, dependent) = dependence(sample);
    let status = if share >= limit::CAUTION_MANY_FAILURES
        || (share >= limit::CAUTION_FAILURES && p_value < limit::FAILURE_FALSE_ALARM)
    {
        CheckStatus::Caution
    } else {
        CheckStatus::Passed
    };
    Check {
        name: "simulations that failed".into(),
        statistic: share,
        interval: None,
        p_value: Some(p_value),
        threshold: Some(limit::CAUTION_FAILURES),
        status,
        explanation: explain((failures, n), p_value, &dependent, status),
    }
}

fn explain(
    (failures, n): (&Failures, usize),
    p_value: f64,
    dependent: &[&str],
    status: CheckStatus,
) -> String {
    let n_failed: usize = failures.values().sum();
    if n_failed == 0 {
        return format!("All {n} simulations gave data.");
    }
    let kinds: Vec<String> = failures
        .iter()
        .map(|(kind, count)| format!("{count} {}", kind.words()))
        .collect();
    let kinds: Vec<&str> = kinds.iter().map(String::as_str).collect();
    let counted = format!(
        "{n_failed} of {n} simulations gave no data: {}.",
        list(&kinds)
    );
    let depends = if dependent.is_empty() {
        String::new()
    } else {
        format!(
            " Failing depends on {} ({}), so dropping the failures changes the prior to one that \
             avoids them.",
            list(dependent),
            p_words(p_value)
        )
    };
    let advice = if status == CheckStatus::Passed {
        ""
    } else {
        " If a failure is something that could not be observed, the posterior is right all the same; \
         if it is a fault of the program, mend it or narrow the prior to where the simulator works."
    };
    counted + &depends + advice
}

/// The smallest corrected p-value, and the parameters on which failing depends.
fn dependence(simulations: &Simulations) -> (f64, Vec<&str>) {
    let (valid, failed): (Vec<usize>, Vec<usize>) =
        (0..simulations.len()).partition(|&i| simulations.status[i] == Status::Ok);
    let names = simulations.theta.names();
    if valid.is_empty() || failed.is_empty() {
        return (1.0, Vec::new());
    }
    let mut smallest = 1.0_f64;
    let mut dependent = Vec::new();
    for (j, name) in names.iter().enumerate() {
        let column = simulations.theta.column(j);
        let of = |rows: &[usize]| rows.iter().map(|&i| column[i]).collect::<Vec<_>>();
        let p = two_sample_p_value(of(&valid), of(&failed)) * names.len() as f64;
        smallest = smallest.min(p);
        if p < limit::FAILURE_FALSE_ALARM {
            dependent.push(name.as_str());
        }
    }
    (smallest, dependent)
}

/// The two-sample test of Kolmogorov and Smirnov, by its limiting distribution with the correction
/// of Stephens 1970 for small samples.
fn two_sample_p_value(mut a: Vec<f64>, mut b: Vec<f64>) -> f64 {
    a.sort_by(f64::total_cmp);
    b.sort_by(f64::total_cmp);
    let (n, m) = (a.len() as f64, b.len() as f64);
    let share = |sorted: &[f64], v: f64| sorted.partition_point(|&s| s <= v) as f64;
    let distance = a
        .iter()
        .chain(&b)
        .map(|&v| (share(&a, v) / n - share(&b, v) / m).abs())
        .fold(0.0, f64::max);
    let root = (n * m / (n + m)).sqrt();
    kolmogorov_tail((root + 0.12 + 0.11 / root) * distance)
}

/// P(K > t) = 2 Σ (−1)^{k−1} exp(−2 k² t²).
fn kolmogorov_tail(t: f64) -> f64 {
    // Below this the tail is one to twelve digits, and the series would need many terms.
    if t < 0.2 {
        return 1.0;
    }
    let term = |k: i32| f64::from(1 - 2 * ((k - 1) % 2)) * (-2.0 * f64::from(k * k) * t * t).exp();
    (2.0 * (1..=100).map(term).sum::<f64>()).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{Seed, Stream};
    use crate::table::Table;

    fn check(simulations: &Simulations) -> Check {
        simulation_failures(&simulations.failures(), simulations.len(), simulations)
    }

    fn simulations(fails: impl Fn(f64, f64) -> bool) -> Simulations {
        let mut random = Seed(2).stream(Stream::Test, 0);
        let theta: Vec<f64> = (0..4000).map(|_| random.uniform()).collect();
        let status = theta
            .chunks(2)
            .map(|t| {
                if fails(t[0], random.uniform()) {
                    Status::Crashed
                } else {
                    Status::Ok
                }
            })
            .collect();
        Simulations {
            x: Table::numbered("x", 1, vec![0.0; 2000]).unwrap(),
            theta: Table::new(["a", "b"], theta).unwrap(),
            status,
        }
    }

    #[test]
    fn the_limiting_distribution_is_the_tabulated_one() {
        // Smirnov's table: K(1.36) = 0.9505, K(1.63) = 0.9902.
        assert!((kolmogorov_tail(1.36) - 0.0495).abs() < 1e-4);
        assert!((kolmogorov_tail(1.63) - 0.0098).abs() < 1e-4);
    }

    #[test]
    fn failures_that_depend_on_a_parameter_are_found() {
        let check = check(&simulations(|a, u| a > 0.8 && u < 0.25));
        assert_eq!(check.status, CheckStatus::Caution);
        assert!(
            check.explanation.contains("Failing depends on a ("),
            "{}",
            check.explanation
        );
    }

    #[test]
    fn few_failures_anywhere_pass_and_many_do_not() {
        let rare = check(&simulations(|_, u| u < 0.03));
        assert_eq!(rare.status, CheckStatus::Passed, "{}", rare.explanation);
        let none = check(&simulations(|_, _| false));
        assert_eq!(
            (none.status, none.p_value),
            (CheckStatus::Passed, Some(1.0))
        );
        let many = check(&simulations(|_, u| u < 0.3));
        assert_eq!(many.status, CheckStatus::Caution);
        let all = check(&simulations(|_, _| true));
        assert_eq!(all.status, CheckStatus::Caution);
    }
}
