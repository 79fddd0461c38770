//! Every built-in simulator against closed forms, and every likelihood against its simulator.

use super::*;
use crate::seed::{Random, Seed, Stream};

/// A point inside each prior, away from its ends.
fn theta(name: &str) -> Vec<f64> {
    match name {
        "gaussian_toy" => vec![0.5, -1.0, 0.1],
        "linear_gaussian" | "gaussian_mixture" => vec![0.6, -0.3],
        "two_moons" => vec![0.3, -0.5],
        "lotka_volterra_summaries" => vec![0.1, 0.02, 0.01, 0.1],
        "sir" => vec![0.5, 0.12],
        "lotka_volterra" => vec![0.7, 0.1, 0.9, 0.1],
        "lynx_hare" => vec![0.55, 0.028, 0.8, 0.024, 33.0, 5.9, 0.25, 0.3],
        "slcp" | "slcp_distractors" => vec![0.7, -1.1, -1.2, 0.9, 0.4],
        "gaussian_linear" | "gaussian_linear_uniform" => {
            (0..10).map(|i| 0.1 * f64::from(i) - 0.4).collect()
        }
        _ => vec![0.5, 1.0, 0.8, 0.3, -0.4, -0.7, -0.5, -0.1, 0.2, 0.1],
    }
}

fn simulate(builtin: &Builtin, theta: &[f64], random: &mut Random) -> Vec<f64> {
    let mut x = vec![f64::NAN; builtin.data_names.len()];
    builtin.simulator.simulate(theta, random, &mut x).unwrap();
    x
}

/// `n` simulations at one θ.
fn simulations(builtin: &Builtin, theta: &[f64], n: usize) -> Vec<Vec<f64>> {
    let mut random = Seed(5).stream(Stream::Test, 0);
    (0..n)
        .map(|_| simulate(builtin, theta, &mut random))
        .collect()
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = values.len() as f64;
    values.sum::<f64>() / n
}

/// Compares means of data columns with their expectations: within 5 standard errors, so that one
/// comparison is a false alarm with probability 6 × 10⁻⁷.
fn assert_means(x: &[Vec<f64>], expected: &[f64], what: &str) {
    for (column, expected) in expected.iter().enumerate() {
        let average = mean(x.iter().map(|x| x[column]));
        let variance = mean(x.iter().map(|x| (x[column] - average).powi(2)));
        let error = 5.0 * (variance / x.len() as f64).sqrt() + 1e-12;
        let message = format!("{what}, column {column}: {average}, expected {expected} ± {error}");
        assert!((average - expected).abs() < error, "{message}");
    }
}

/// The same rows with every value mapped.
fn map(x: &[Vec<f64>], f: impl Fn(usize, f64) -> f64) -> Vec<Vec<f64>> {
    let row = |x: &Vec<f64>| x.iter().enumerate().map(|(i, x)| f(i, *x)).collect();
    x.iter().map(row).collect()
}

#[test]
fn every_builtin_fits_together() {
    let builtins = all().unwrap();
    assert_eq!(builtins.iter().map(|b| b.name).collect::<Vec<_>>(), names());
    for builtin in builtins {
        let n_data: usize = builtin.simulator.data_shape().iter().product();
        assert_eq!(n_data, builtin.data_names.len(), "{}", builtin.name);
        assert_eq!(n_data, builtin.observation.len(), "{}", builtin.name);
        let n_parameters = builtin.simulator.n_parameters();
        assert_eq!(n_parameters, theta(builtin.name).len());
        assert_eq!(n_parameters, builtin.prior.parameters().len());
        assert!(builtin.prior.contains(&theta(builtin.name)));
        assert!(builtin.observation.iter().all(|x| x.is_finite()));
        assert!(by_name(builtin.name).is_ok());
    }
    assert!(BENCHMARK.iter().all(|task| names().contains(task)));
}

#[test]
fn a_simulation_depends_on_its_seed_and_index_alone() {
    for builtin in all().unwrap() {
        let theta = theta(builtin.name);
        let draw = |index| {
            let mut random = Seed(3).stream(Stream::Simulator, index);
            simulate(&builtin, &theta, &mut random)
        };
        let (first, second) = (draw(0), draw(1));
        assert_eq!(first, draw(0), "{}", builtin.name);
        assert_ne!(first, second, "{}", builtin.name);
    }
}

#[test]
fn an_unknown_name_gets_a_suggestion() {
    let message = by_name("lotka_voltera").unwrap_err().to_string();
    assert!(message.contains("`lotka_volterra`?"), "{message}");
    let message = by_name("?").unwrap_err().to_string();
    assert!(message.contains("Choose one") && message.contains("two_moons"));
}

/// The gradient of the log-likelihood by central differences.
fn score(likelihood: &LogLikelihood, theta: &[f64], x: &[f64]) -> Vec<f64> {
    let component = |j: usize| {
        let h = 1e-5 * theta[j].abs().max(0.1);
        let moved = |by: f64| {
            let mut theta = theta.to_vec();
            theta[j] += by;
            likelihood(&theta, x)
        };
        (moved(h) - moved(-h)) / (2.0 * h)
    };
    (0..theta.len()).map(component).collect()
}

#[test]
fn likelihoods_belong_to_their_simulators() {
    // E[∂ log p(x | θ) / ∂θ] = 0 under x ~ p(· | θ) shows that location and normalisation fit, and
    // E[p(x | θ′) / p(x | θ)] = 1 that the spread does. Means over 2000 simulations, within 5
    // standard errors each; 13 likelihoods, about 160 comparisons: false alarm below 10⁻⁴. Two
    // moons has a likelihood with an edge, for which neither holds; it has a test of its own.
    for builtin in all().unwrap() {
        let Some(likelihood) = &builtin.log_likelihood else {
            continue;
        };
        if builtin.name == "two_moons" {
            continue;
        }
        let theta = theta(builtin.name);
        let x = simulations(&builtin, &theta, 2000);
        let scores: Vec<Vec<f64>> = x.iter().map(|x| score(likelihood, &theta, x)).collect();
        assert_means(&scores, &vec![0.0; theta.len()], builtin.name);
        let ratios: Vec<Vec<f64>> = x
            .iter()
            .map(|x| {
                let ratio = |j: usize| {
                    let information = mean(scores.iter().map(|s| s[j] * s[j]));
                    let mut moved = theta.clone();
                    moved[j] += 0.3 / information.sqrt();
                    (likelihood(&moved, x) - likelihood(&theta, x)).exp()
                };
                (0..theta.len()).map(ratio).collect()
            })
            .collect();
        assert_means(&ratios, &vec![1.0; theta.len()], builtin.name);
    }
}

#[test]
fn two_moons_fill_a_half_ring_with_the_density_of_their_likelihood() {
    let builtin = by_name("two_moons").unwrap();
    let (theta, likelihood) = ([0.3, -0.5], builtin.log_likelihood.as_ref().unwrap());
    let root = 0.5_f64.sqrt();
    // The centre of the ring, by hand: |θ₁ + θ₂| = 0.2 and θ₂ − θ₁ = −0.8.
    let centre = [0.25 - 0.2 * root, -0.8 * root];
    // The density integrates to one (midpoint rule on a grid of 0.0005).
    let (step, n) = (5e-4, 700);
    let mut area = 0.0;
    for i in 0..n {
        for j in 0..n {
            let x = [
                centre[0] + (f64::from(i) + 0.5 - 20.0) * step * 0.5,
                centre[1] + (f64::from(j) + 0.5 - 350.0) * step,
            ];
            area += likelihood(&theta, &x).exp() * step * step * 0.5;
        }
    }
    assert!((area - 1.0).abs() < 2e-3, "{area}");
    // Moments of radius and angle over 20,000 simulations; 5 standard errors, four comparisons.
    let x = simulations(&builtin, &theta, 20_000);
    let polar: Vec<Vec<f64>> = x
        .iter()
        .map(|x| {
            let (u, v) = (x[0] - centre[0], x[1] - centre[1]);
            let (radius, angle) = (u.hypot(v), v.atan2(u));
            vec![radius, (radius - 0.1).powi(2), angle, angle * angle]
        })
        .collect();
    let variance_of_angle = std::f64::consts::PI.powi(2) / 12.0;
    assert_means(&polar, &[0.1, 1e-4, 0.0, variance_of_angle], "two_moons");
    assert!(likelihood(&theta, &[centre[0] - 0.01, centre[1]]) == f64::NEG_INFINITY);
}

#[test]
fn gaussian_toy_adds_one_and_noise_of_a_tenth() {
    let toy = by_name("gaussian_toy").unwrap();
    let theta = theta("gaussian_toy");
    let x = simulations(&toy, &theta, 20_000);
    assert_means(&x, &[1.5, 0.0, 1.1], "mean");
    let squares = map(&x, |i, x| (x - theta[i] - 1.0).powi(2));
    assert_means(&squares, &[0.01; 3], "variance");
}

#[test]
fn benchmark_gaussians_have_variance_one_tenth() {
    for name in ["gaussian_linear", "gaussian_linear_uniform"] {
        let (builtin, theta) = (by_name(name).unwrap(), theta(name));
        let x = simulations(&builtin, &theta, 10_000);
        assert_means(&x, &theta, name);
        let squares = map(&x, |i, x| (x - theta[i]).powi(2));
        assert_means(&squares, &[0.1; 10], name);
    }
}

#[test]
fn gaussian_mixture_has_the_moments_of_its_two_components() {
    let (builtin, theta) = (by_name("gaussian_mixture").unwrap(), [0.6, -0.3]);
    let x = simulations(&builtin, &theta, 40_000);
    assert_means(&x, &theta, "mean");
    let power = |p| map(&x, |i, x| (x - theta[i]).powi(p));
    assert_means(&power(2), &[0.505; 2], "variance");
    assert_means(&power(4), &[1.5 * 1.0001; 2], "fourth moment");
    // Both coordinates share the component: E[u² v²] = ½ (1 + 10⁻⁴), not 0.505².
    let products: Vec<Vec<f64>> = power(2).iter().map(|s| vec![s[0] * s[1]]).collect();
    assert_means(&products, &[0.500_05], "shared component");
}

#[test]
fn slcp_has_the_mean_and_covariance_it_is_defined_by() {
    let (builtin, theta) = (by_name("slcp").unwrap(), theta("slcp"));
    let x = simulations(&builtin, &theta, 20_000);
    assert_means(&x, &[0.7, -1.1, 0.7, -1.1, 0.7, -1.1, 0.7, -1.1], "mean");
    let second: Vec<Vec<f64>> = x
        .iter()
        .map(|x| {
            let (u, v) = (x[6] - theta[0], x[7] - theta[1]);
            vec![u * u, v * v, u * v, u * (x[5] - theta[1])]
        })
        .collect();
    let (s1, s2) = (1.44_f64, 0.81_f64);
    let covariance = 0.4_f64.tanh() * s1 * s2;
    assert_means(
        &second,
        &[s1 * s1 + 1e-6, s2 * s2 + 1e-6, covariance, 0.0],
        "covariance",
    );
}

#[test]
fn distractors_follow_the_mixture_of_student_distributions() {
    // P(x ≤ q) = mean over components of T₂((q − location) / scale), with
    // T₂(t) = ½ + t / (2 √(2 + t²)); four columns at three q.
    let builtin = by_name("slcp_distractors").unwrap();
    let x = simulations(&builtin, &theta("slcp_distractors"), 10_000);
    let noise = slcp_distractors::noise();
    for column in [0, 1, 50, 98] {
        let source = noise.order[column];
        assert!(source >= 8, "a column of noise");
        let row = source - 8;
        for q in [-30.0, 0.0, 20.0] {
            let component = |k: usize| {
                let from = (k * 92 + row) * 92;
                let scale: f64 = noise.factors[from..from + 92]
                    .iter()
                    .map(|f| f * f)
                    .sum::<f64>()
                    .sqrt();
                let t = (q - noise.locations[k * 92 + row]) / scale;
                0.5 + 0.5 * t / (2.0 + t * t).sqrt()
            };
            let expected = mean((0..20).map(component));
            let below: Vec<Vec<f64>> = x.iter().map(|x| vec![f64::from(x[column] <= q)]).collect();
            assert_means(&below, &[expected], "share below");
        }
    }
}

#[test]
fn spikes_come_with_the_probabilities_of_the_model() {
    let statistics = by_name("bernoulli_glm").unwrap();
    let raw = by_name("bernoulli_glm_raw").unwrap();
    let theta = theta("bernoulli_glm");
    let probabilities: Vec<f64> = bernoulli_glm::design()
        .iter()
        .map(|row| {
            let psi: f64 = row.iter().zip(&theta).map(|(a, b)| a * b).sum();
            psi.exp() / (1.0 + psi.exp())
        })
        .collect();
    assert_means(
        &simulations(&raw, &theta, 20_000),
        &probabilities,
        "probability of a spike",
    );
    let expected: Vec<f64> = (0..10)
        .map(|j| {
            let rows = bernoulli_glm::design().iter().zip(&probabilities);
            rows.map(|(row, p)| row[j] * p).sum()
        })
        .collect();
    assert_means(
        &simulations(&statistics, &theta, 20_000),
        &expected,
        "statistics",
    );
}

#[test]
fn an_epidemic_is_counted_with_binomial_noise() {
    let (builtin, theta) = (by_name("sir").unwrap(), theta("sir"));
    let x = simulations(&builtin, &theta, 20_000);
    let shares = sir::infected_shares(&theta).unwrap();
    let means: Vec<f64> = shares.iter().map(|p| 1000.0 * p).collect();
    // Counts of a mean far below one are not near normal: left out of the comparison of means.
    let seen: Vec<usize> = (0..10).filter(|i| means[*i] > 0.1).collect();
    assert!(seen.len() >= 4);
    let pick = |row: &Vec<f64>| seen.iter().map(|&i| row[i]).collect::<Vec<f64>>();
    let x: Vec<Vec<f64>> = x.iter().map(pick).collect();
    let means = pick(&means);
    assert_means(&x, &means, "mean");
    let variances: Vec<f64> = means.iter().map(|m| m * (1.0 - m / 1000.0)).collect();
    assert_means(
        &map(&x, |i, x| (x - means[i]).powi(2)),
        &variances,
        "variance",
    );
}

#[test]
fn populations_carry_log_normal_noise() {
    let (builtin, theta) = (by_name("lotka_volterra").unwrap(), theta("lotka_volterra"));
    let logs = map(&simulations(&builtin, &theta, 10_000), |_, x| x.ln());
    let expected = lotka_volterra::observed(&theta).unwrap();
    assert!((expected[0] - 30.0_f64.ln()).abs() < 1e-12 && expected[10].abs() < 1e-12);
    assert_means(&logs, &expected, "mean of the logarithm");
    let squares = map(&logs, |i, x| (x - expected[i]).powi(2));
    assert_means(&squares, &[0.01; 20], "variance of the logarithm");
}

#[test]
fn pelts_of_each_species_carry_noise_of_its_own() {
    let (builtin, theta) = (by_name("lynx_hare").unwrap(), theta("lynx_hare"));
    let x = simulations(&builtin, &theta, 10_000);
    let expected = lynx_hare::log_pelts(&theta).unwrap();
    assert!(
        (expected[0] - 33_f64.ln()).abs() < 1e-12 && (expected[21] - 5.9_f64.ln()).abs() < 1e-12
    );
    assert_means(&x, &expected, "mean");
    let variances = [[0.0625; 21], [0.09; 21]].concat();
    assert_means(
        &map(&x, |i, x| (x - expected[i]).powi(2)),
        &variances,
        "variance",
    );
    // The observation is in the data's own units, and likely enough at what others found.
    let likelihood = builtin.log_likelihood.as_ref().unwrap();
    assert!(likelihood(&theta, &builtin.observation) > -20.0);
}

#[test]
fn summaries_of_predators_and_prey_are_those_of_the_tutorial() {
    // Against 20,000 records simulated with NumPy (lotka_volterra_summaries.py). Ours are 2000, so
    // a difference of means has a standard error of sd √(1/2000 + 1/20000); 5 of those, and 20 % on
    // the standard deviations (12 standard errors for a normal summary).
    #[derive(serde::Deserialize)]
    struct Case {
        theta: Vec<f64>,
        n: usize,
        mean: Vec<f64>,
        sd: Vec<f64>,
    }
    let golden = include_str!("../../../tests/golden/lotka_volterra_summaries.json");
    let cases: Vec<Case> = serde_json::from_str(golden).unwrap();
    let builtin = by_name("lotka_volterra_summaries").unwrap();
    for case in cases {
        let x = simulations(&builtin, &case.theta, 2000);
        for i in 0..4 {
            let average = mean(x.iter().map(|x| x[i]));
            let sd = mean(x.iter().map(|x| (x[i] - average).powi(2))).sqrt();
            let error = case.sd[i] * (1.0 / 2000.0 + 1.0 / case.n as f64).sqrt();
            assert!((average - case.mean[i]).abs() < 5.0 * error, "summary {i}");
            assert!((sd / case.sd[i] - 1.0).abs() < 0.2, "summary {i}");
        }
    }
}

#[test]
fn a_diverging_trajectory_is_a_failed_simulation() {
    let builtin = by_name("lotka_volterra_summaries").unwrap();
    let mut random = Seed(1).stream(Stream::Test, 1);
    let failure = builtin
        .simulator
        .simulate(&[5.0, -1.0, 1.0, -1.0], &mut random, &mut [0.0; 4])
        .unwrap_err();
    assert_eq!(failure.status, crate::simulate::Status::NotFinite);
    let builtin = by_name("sir").unwrap();
    let failure = builtin
        .simulator
        .simulate(&[f64::NAN, 0.1], &mut random, &mut [0.0; 10])
        .unwrap_err();
    assert_eq!(failure.status, crate::simulate::Status::Failed);
}

#[test]
fn a_correlated_prior_and_an_uncorrelated_one_name_their_parameters_alike() {
    for prior_correlation in [0.0, 0.5] {
        let config = LinearGaussianConfig {
            prior_correlation,
            ..LinearGaussianConfig::default()
        };
        let model = LinearGaussian::from_config(config).unwrap();
        let prior = model.into_builtin(vec![0.0, 0.0]).unwrap().prior;
        assert_eq!(prior.names(), ["theta_1", "theta_2"]);
        let density = prior.log_prob(&[0.3, -0.2]);
        let r = prior_correlation;
        let square = (0.09 + 0.04 + 2.0 * r * 0.06) / (1.0 - r * r);
        let expected = -0.5 * square - 0.5 * (1.0 - r * r).ln() - std::f64::consts::TAU.ln();
        assert!((density - expected).abs() < 1e-12);
    }
}
