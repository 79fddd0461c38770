//! Laws that hold for every distribution and every map, each run over a table of all of them.

mod configuration;
mod distributions;
mod golden;
mod maps;
mod priors;

use super::{Argument, DistributionConfig as D, Interval, ParameterConfig, Prior};
use crate::prior::CustomPrior;

/// Every one-dimensional continuous distribution, in all regimes that its code tells apart.
fn continuous() -> Vec<D> {
    let number = Argument::Number;
    vec![
        D::uniform(-2.0, 3.0),
        D::uniform(1e6, 1e6 + 1.0),
        D::LogUniform {
            low: number(0.01),
            high: number(100.0),
        },
        D::normal(1.0, 2.0),
        D::log_normal(-0.5, 0.7),
        D::HalfNormal { scale: number(1.5) },
        gamma(2.5, 3.0),
        gamma(0.3, 1.0),
        gamma(300.0, 2.0),
        beta(2.0, 5.0),
        beta(0.5, 0.4),
        beta(300.0, 80.0),
        D::Exponential { rate: number(0.3) },
        D::StudentT {
            degrees_of_freedom: number(3.5),
            location: number(1.0),
            scale: number(2.0),
        },
        D::StudentT {
            degrees_of_freedom: number(1.2),
            location: number(0.0),
            scale: number(1.0),
        },
        D::Cauchy {
            location: number(-1.0),
            scale: number(0.5),
        },
        D::normal(0.0, 1.0).truncated(Some(number(-1.0)), Some(number(2.0))),
        D::normal(0.0, 1.0).truncated(Some(number(8.0)), None),
        D::normal(0.0, 1.0).truncated(None, Some(number(-5.0))),
        gamma(2.5, 3.0).truncated(None, Some(number(1.0))),
        D::Mixture {
            weights: vec![0.3, 0.7],
            components: vec![D::normal(-2.0, 0.5), D::normal(1.0, 1.0)],
        },
        D::Mixture {
            weights: vec![2.0, 1.0, 1.0],
            components: vec![gamma(2.0, 1.0), D::log_normal(2.0, 0.3), beta(2.0, 2.0)],
        },
    ]
}

fn discrete() -> Vec<D> {
    vec![
        D::Discrete {
            values: vec![3.0, -1.0, 0.5],
            probabilities: vec![0.2, 0.5, 0.3],
        },
        D::Categorical {
            probabilities: vec![0.1, 0.0, 0.6, 0.3],
        },
        D::Bernoulli {
            probability: 0.3.into(),
        },
        D::Binomial {
            trials: 12,
            probability: 0.8.into(),
        },
        D::UniformInteger {
            low: (-2.0).into(),
            high: 5.0.into(),
        },
        D::Poisson { rate: 3.5.into() },
        D::Poisson { rate: 200.0.into() },
    ]
}

fn gamma(shape: f64, rate: f64) -> D {
    D::Gamma {
        shape: shape.into(),
        rate: rate.into(),
    }
}

fn beta(alpha: f64, beta: f64) -> D {
    D::Beta {
        alpha: alpha.into(),
        beta: beta.into(),
    }
}

fn dirichlet() -> D {
    D::Dirichlet {
        concentration: vec![0.7, 2.0, 3.5, 1.0],
    }
}

fn multivariate_normal() -> D {
    D::MultivariateNormal {
        mean: vec![1.0, -2.0, 0.5],
        covariance: vec![
            vec![2.0, 0.6, -0.3],
            vec![0.6, 1.0, 0.2],
            vec![-0.3, 0.2, 0.5],
        ],
    }
}

/// Parameters that depend on earlier ones, in every role an argument can have.
fn conditional() -> Prior {
    Prior::new([
        ("a", D::uniform(0.0, 1.0)),
        ("b", D::uniform("a", 1.0)),
        ("c", D::uniform("a", "b")),
        ("scale", D::log_normal(0.0, 0.5)),
        ("mean", D::normal("c", "scale")),
        (
            "skewed",
            D::Gamma {
                shape: "scale".into(),
                rate: "b".into(),
            },
        ),
        (
            "cut",
            D::normal("a", "scale").truncated(Some("c".into()), Some(Argument::Number(2.0))),
        ),
        (
            "above",
            D::normal("mean", 1.0).truncated(Some("mean".into()), None),
        ),
    ])
    .unwrap()
}

/// Uniform on a triangle with corners (0, 0), (1, 0), (1, 1), and a half-bounded third column.
fn custom() -> Prior {
    let names = ["u", "v", "w"].map(crate::prior::Parameter::named).to_vec();
    let unit = Interval::new(0.0, 1.0);
    let log_prob = |t: &[f64]| {
        if t[1] <= t[0] {
            std::f64::consts::LN_2 - t[2]
        } else {
            f64::NEG_INFINITY
        }
    };
    let custom = CustomPrior::new(
        names,
        vec![unit, unit, Interval::POSITIVE],
        log_prob,
        |random, t| {
            let pair = [random.uniform(), random.uniform()];
            t[0] = pair[0].max(pair[1]);
            t[1] = pair[0].min(pair[1]);
            t[2] = random.exponential();
        },
    );
    Prior::custom(custom.unwrap()).unwrap()
}

fn one(config: &D) -> Prior {
    Prior::new([("p", config.clone())]).unwrap()
}

/// Every continuous prior: each distribution alone, blocks, conditionals and a joint of them.
fn continuous_priors() -> Vec<Prior> {
    let mut priors: Vec<Prior> = continuous().iter().map(one).collect();
    priors.push(one(&dirichlet()));
    priors.push(one(&multivariate_normal()));
    priors.push(conditional());
    let block = |name: &str, config: D| (name.to_string(), ParameterConfig::from(config));
    let mixed = Prior::new([block("w", dirichlet()), block("m", multivariate_normal())]);
    priors.push(Prior::joint([conditional(), mixed.unwrap()]).unwrap());
    priors
}
