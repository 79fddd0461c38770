//! The joint prior: draws, densities, conditionals, and what it refuses.

use super::{
    conditional, continuous_priors, custom, dirichlet, discrete, multivariate_normal, one,
};
use crate::prior::{
    CustomPrior, DistributionConfig as D, Interval, Law, Parameter, ParametersConfig, Prior,
    SupportKind,
};
use crate::{Seed, Stream};

#[test]
fn every_draw_lies_inside_and_has_a_density() {
    let discrete = discrete().iter().map(one).collect::<Vec<_>>();
    for prior in continuous_priors()
        .into_iter()
        .chain(discrete)
        .chain([custom()])
    {
        for theta in prior.sample_table(2_000, Seed(2), Stream::Test).rows() {
            assert!(
                prior.contains(theta) && prior.log_prob(theta).is_finite(),
                "{theta:?}"
            );
        }
    }
}

#[test]
fn the_moments_of_draws_are_those_of_the_marginals() {
    // Each mean within 5 standard errors of 10⁵ draws: false alarm below 10⁻⁶ for each.
    let n = 100_000;
    for prior in [
        one(&dirichlet()),
        one(&multivariate_normal()),
        conditional(),
        custom(),
    ] {
        let draws = prior.sample_table(n, Seed(3), Stream::Test);
        for (j, moments) in prior.moments().iter().enumerate() {
            let (mean, sd) = (moments.mean.unwrap(), moments.sd.unwrap());
            let column = draws.column(j);
            let found = column.iter().sum::<f64>() / n as f64;
            // Without a closed form the reference is itself the mean of 10⁴ draws.
            let n_reference = prior.marginal(j).map_or(1e4, |_| f64::INFINITY);
            let error = sd * (1.0 / n as f64 + 1.0 / n_reference).sqrt();
            assert!(
                (found - mean).abs() < 5.0 * error,
                "column {j}: {found} {mean}"
            );
            if prior.marginal(j).is_some() {
                let square = column.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n as f64;
                assert!((square.sqrt() / sd - 1.0).abs() < 0.03, "column {j}");
            }
        }
    }
}

#[test]
fn the_covariance_of_draws_is_that_of_the_multivariate_normal() {
    // Standard errors of a covariance are below 3/√10⁵ ≈ 0.01 here; five of them.
    let D::MultivariateNormal { mean, covariance } = multivariate_normal() else {
        panic!("it is one");
    };
    let draws = one(&multivariate_normal()).sample_table(100_000, Seed(4), Stream::Test);
    for i in 0..3 {
        for j in 0..3 {
            let products = draws.rows().map(|x| (x[i] - mean[i]) * (x[j] - mean[j]));
            let found = products.sum::<f64>() / draws.n_rows() as f64;
            assert!((found - covariance[i][j]).abs() < 0.05);
        }
    }
}

#[test]
fn a_draw_depends_on_seed_and_index_alone() {
    let prior = continuous_priors().pop().unwrap();
    let long = prior.sample_table(500, Seed(5), Stream::Parameters);
    let short = prior.sample_table(100, Seed(5), Stream::Parameters);
    assert_eq!(long.values()[..short.values().len()], *short.values());
    let pool = |n| {
        rayon::ThreadPoolBuilder::new()
            .num_threads(n)
            .build()
            .unwrap()
    };
    let on = |n| pool(n).install(|| prior.sample_table(500, Seed(5), Stream::Parameters));
    assert_eq!(on(1), on(3));
    assert_ne!(long, prior.sample_table(500, Seed(6), Stream::Parameters));
}

#[test]
fn the_log_density_of_a_conditional_is_the_product() {
    let prior = Prior::new([
        ("tau", D::HalfNormal { scale: 1.0.into() }),
        ("mu", D::normal(0.0, "tau")),
        ("x", D::uniform(0.0, "tau")),
    ])
    .unwrap();
    let (tau, mu, x) = (1.7_f64, -0.4_f64, 0.9_f64);
    let half = (2.0 / std::f64::consts::PI).sqrt() * (-0.5 * tau * tau).exp();
    let normal = (-0.5 * (mu / tau).powi(2)).exp() / (tau * (2.0 * std::f64::consts::PI).sqrt());
    let expected = (half * normal / tau).ln();
    assert!((prior.log_prob(&[tau, mu, x]) - expected).abs() < 1e-12);
    assert_eq!(prior.log_prob(&[tau, mu, 1.71]), f64::NEG_INFINITY);
    assert!(prior.contains(&[tau, mu, 1.7]) && !prior.contains(&[tau, mu, 1.71]));
}

#[test]
fn nan_and_infinity_are_outside() {
    for prior in continuous_priors() {
        let mut theta = prior.sample_table(1, Seed(7), Stream::Test).row(0).to_vec();
        for j in 0..theta.len() {
            let kept = theta[j];
            for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                theta[j] = value;
                assert_eq!(prior.log_prob(&theta), f64::NEG_INFINITY);
                assert!(!prior.contains(&theta));
            }
            theta[j] = kept;
        }
    }
}

#[test]
fn the_density_on_the_simplex_integrates_to_one() {
    // Midpoint rule on a grid of 1,000² over the first two of three shares.
    let prior = one(&D::Dirichlet {
        concentration: vec![2.0, 3.0, 1.5],
    });
    let n = 1_000;
    let h = 1.0 / f64::from(n);
    let mut total = 0.0;
    for i in 0..n {
        for j in 0..n - i - 1 {
            let (a, b) = ((f64::from(i) + 0.5) * h, (f64::from(j) + 0.5) * h);
            total += prior.log_prob(&[a, b, 1.0 - a - b]).exp() * h * h;
        }
    }
    assert!((total - 1.0).abs() < 2e-3, "{total}");
}

#[test]
fn names_and_labels_of_blocks_are_numbered() {
    let prior = Prior::new([("w", dirichlet().label("π"))]).unwrap();
    assert_eq!(prior.names(), ["w_1", "w_2", "w_3", "w_4"]);
    assert_eq!(prior.parameters()[1].title(), "π_2");
    assert_eq!((prior.n_parameters(), prior.n_unconstrained()), (4, 3));
    let marginal = prior.marginal(0).unwrap();
    assert!((marginal.moments().mean.unwrap() - 0.7 / 7.2).abs() < 1e-15);
}

#[test]
fn a_custom_prior_gives_its_own_density_and_cannot_be_saved() {
    let prior = custom();
    assert!((prior.log_prob(&[0.5, 0.2, 1.0]) - (2.0_f64.ln() - 1.0)).abs() < 1e-15);
    assert_eq!(prior.log_prob(&[0.2, 0.5, 1.0]), f64::NEG_INFINITY);
    assert_eq!(prior.log_prob(&[0.5, 0.2, -1.0]), f64::NEG_INFINITY);
    assert!(prior.to_config().unwrap_err().to_string().contains("`u`"));
    let empty = CustomPrior::new(
        vec![Parameter::named("a")],
        vec![Interval::new(1.0, f64::NAN)],
        |_| 0.0,
        |_, _| {},
    );
    assert!(empty.unwrap_err().to_string().contains("support of `a`"));
}

/// `[parameters]` that make no prior, and what the message must say.
const WRONG: [(&str, &str); 33] = [
    ("", "parameters: given none"),
    (
        "a = { prior = 'uniform', low = 2, high = 1 }",
        "parameters.a.high: given 1",
    ),
    (
        "a = { prior = 'uniform', low = 2, high = nan }",
        "parameters.a.high: given NaN",
    ),
    (
        "a = { prior = 'uniform', low = -1.2e308, high = 1.2e308 }",
        "within 1.8e308",
    ),
    (
        "a = { prior = 'normal', mean = 0, sd = -1 }",
        "parameters.a.sd: given -1",
    ),
    (
        "a = { prior = 'normal', mean = inf, sd = 1 }",
        "parameters.a.mean: given inf",
    ),
    (
        "a = { prior = 'log_normal', mean_log = 0, sd_log = 0 }",
        "parameters.a.sd_log: given 0",
    ),
    (
        "a = { prior = 'normal', mean = 'b', sd = 1 }",
        "no parameter stands before this one",
    ),
    (
        "b = { prior = 'exponential', rate = 1 }\na = { prior = 'normal', mean = 'c', sd = 1 }",
        "before this one: b",
    ),
    (
        "b = { prior = 'normal', mean = 0, sd = 1 }\na = { prior = 'normal', mean = 0, sd = 'b' }",
        "as low as -inf",
    ),
    (
        "b = { prior = 'uniform', low = 0, high = 2 }\na = { prior = 'uniform', low = 'b', high = 1 }",
        "parameters.a.high",
    ),
    (
        "w_1 = { prior = 'exponential', rate = 1 }\nw = { prior = 'dirichlet', concentration = [1, 1] }",
        "parameters.w_1: given the same name twice",
    ),
    (
        "'' = { prior = 'exponential', rate = 1 }",
        "visible characters",
    ),
    (
        "a = { prior = 'truncated', distribution = { prior = 'normal', mean = 0, sd = 1 }, low = 50 }",
        "parameters.a.low: given the interval from 50 to inf",
    ),
    (
        "a = { prior = 'truncated', distribution = { prior = 'normal', mean = 0, sd = -1 } }",
        "parameters.a.distribution.sd",
    ),
    (
        "a = { prior = 'truncated', distribution = { prior = 'categorical', probabilities = [1] } }",
        "parameters.a.distribution: given a discrete",
    ),
    (
        "b = { prior = 'normal', mean = 0, sd = 100 }\na = { prior = 'truncated', distribution = { prior = 'normal', mean = 'b', sd = 1 }, low = 0 }",
        "at b = ",
    ),
    (
        "a = { prior = 'mixture', weights = [1], components = [{ prior = 'normal', mean = 0, sd = 0 }] }",
        "parameters.a.components[0].sd",
    ),
    (
        "a = { prior = 'discrete', values = [1, 1], probabilities = [0.5, 0.5] }",
        "1 twice",
    ),
    (
        "a = { prior = 'discrete', values = [1, 2], probabilities = [0.5] }",
        "parameters.a.probabilities: given 1 entries",
    ),
    (
        "a = { prior = 'categorical', probabilities = [0.5, -0.5] }",
        "parameters.a.probabilities",
    ),
    (
        "a = { prior = 'bernoulli', probability = 1.5 }",
        "parameters.a.probability: given 1.5, expected a probability",
    ),
    (
        "b = { prior = 'normal', mean = 0, sd = 1 }\na = { prior = 'bernoulli', probability = 'b' }",
        "always lies between 0 and 1",
    ),
    (
        "a = { prior = 'binomial', trials = 0, probability = 0.5 }",
        "parameters.a.trials: given 0",
    ),
    (
        "a = { prior = 'uniform_integer', low = 0.5, high = 3 }",
        "parameters.a.low: given 0.5, expected a whole number",
    ),
    (
        "a = { prior = 'uniform_integer', low = 3, high = 1 }",
        "parameters.a.high: given 1",
    ),
    (
        "a = { prior = 'poisson', rate = -1 }",
        "parameters.a.rate: given -1",
    ),
    (
        "a = { prior = 'truncated', distribution = { prior = 'poisson', rate = 1 } }",
        "parameters.a.distribution: given a discrete",
    ),
    (
        "a = { prior = 'dirichlet', concentration = [1] }",
        "parameters.a.concentration: given 1 entries",
    ),
    (
        "a = { prior = 'dirichlet', concentration = [1, 0] }",
        "parameters.a.concentration[1]",
    ),
    (
        "a = { prior = 'multivariate_normal', mean = [0, 0], covariance = [[1, 2], [2, 1]] }",
        "positive definite",
    ),
    (
        "a = { prior = 'multivariate_normal', mean = [0, 0], covariance = [[1, 0.5], [0.4, 1]] }",
        "symmetric",
    ),
    (
        "a = { prior = 'truncated', distribution = { prior = 'dirichlet', concentration = [1, 1] } }",
        "parameters.a.distribution.prior: given a distribution of several",
    ),
];

#[test]
fn what_is_wrong_is_named() {
    for (text, expected) in WRONG {
        let config = ParametersConfig::from_table(&text.parse().unwrap()).unwrap();
        let message = Prior::from_config(&config).unwrap_err().to_string();
        assert!(message.contains(expected), "{text}: {message}");
    }
}

/// A share, a coin with it, a number of things, one of them, and a size that depends on all.
fn mixed() -> Prior {
    Prior::new([
        ("share", D::uniform(0.1, 0.9)),
        (
            "coin",
            D::Bernoulli {
                probability: "share".into(),
            },
        ),
        (
            "n",
            D::UniformInteger {
                low: 1.0.into(),
                high: 4.0.into(),
            },
        ),
        (
            "which",
            D::UniformInteger {
                low: 0.0.into(),
                high: "n".into(),
            },
        ),
        ("size", D::normal("n", 0.5)),
    ])
    .unwrap()
}

#[test]
fn discrete_parameters_may_depend_on_others_and_others_on_them() {
    let prior = mixed();
    assert_eq!(prior.discrete_parameters(), ["coin", "n", "which"]);
    assert_eq!((prior.n_unconstrained(), prior.is_continuous()), (2, false));
    assert_eq!(prior.levels(1, 10).unwrap(), [0.0, 1.0]);
    assert_eq!(prior.levels(3, 10).unwrap(), [0.0, 1.0, 2.0, 3.0, 4.0]);
    assert!(prior.levels(3, 4).is_none() && prior.levels(0, 99).is_none());
    let theta = [0.3, 1.0, 2.0, 2.0, 2.5];
    let size = -0.5 - 0.5_f64.ln() - 0.5 * std::f64::consts::TAU.ln();
    let exact = -(0.8_f64.ln()) + 0.3_f64.ln() - 4.0_f64.ln() - 3.0_f64.ln() + size;
    assert!((prior.log_prob(&theta) - exact).abs() < 1e-12);
    assert_eq!(
        prior.log_prob(&[0.3, 1.0, 2.0, 3.0, 2.5]),
        f64::NEG_INFINITY
    );
    assert!(!prior.contains(&[0.3, 0.5, 2.0, 1.0, 2.5]));
    let config = prior.to_config().unwrap();
    assert_eq!(Prior::from_config(&config).unwrap().names(), prior.names());
}

#[test]
fn the_map_of_continuous_columns_leaves_discrete_ones_alone() {
    let prior = mixed();
    for kind in [SupportKind::Logit, SupportKind::Probit, SupportKind::Box] {
        assert!(prior.support_map(kind).is_err());
        let map = prior.continuous_map(kind).unwrap();
        for theta in prior.sample_table(200, Seed(4), Stream::Test).rows() {
            let (mut z, mut again) = ([0.0; 2], theta.to_vec());
            let log_det = map.forward(theta, &mut z);
            (again[0], again[4]) = (f64::NAN, f64::NAN);
            let back = map.inverse(&z, &mut again);
            for (a, b) in again.iter().zip(theta) {
                assert!((a - b).abs() < 1e-9, "{again:?} {theta:?}");
            }
            assert!((log_det + back).abs() < 1e-9);
            let mut slope = [f64::NAN; 5];
            map.pull_back(theta, &[1.0, 1.0], &mut slope);
            assert_eq!(slope[1], 0.0);
        }
    }
}
