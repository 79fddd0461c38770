//! Rounds of `auto` on data of many numbers.

use std::sync::Arc;

use super::round_tests::{read_again, rounds};
use super::*;
use crate::infer::SummariesConfig;
use crate::infer::sequential::RoundModel;
use crate::prior::{DistributionConfig as D, Prior};
use crate::seed::Seed;
use crate::simulate::FunctionSimulator;

/// Mean and sd up to so many exact sds, and so large a share of it.
fn is_near(values: &[f64], (mean, sd): (f64, f64), [off, wrong]: [f64; 2]) {
    let n = values.len() as f64;
    let found = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - found).powi(2)).sum::<f64>() / n;
    assert!((found - mean).abs() / sd < off, "{found} {mean}");
    assert!((variance.sqrt() / sd - 1.0).abs() < wrong, "{variance}");
}

#[test]
fn wide_data_are_summarised_beside_a_ratio_and_end_in_the_exact_posterior() {
    let models = forty_numbers(3000, [0.3, 0.2]);
    let [first, second] = [0, 1].map(|round| models[round].likelihood.as_ref().unwrap());
    assert!(first.ratio.is_none() && second.ratio.is_some());
    assert!(second.density.model().summaries.is_some());
}

/// Of 200 rows a regression by forty numbers has an error of its own: the posterior given such summaries is wider.
#[test]
fn few_simulations_of_wide_data_are_summarised_and_end_near_the_exact_posterior() {
    let first = &forty_numbers(600, [0.6, 0.35])[0];
    assert!(first.choice.summaries, "{:?}", first.choice);
    let likelihood = first.likelihood.as_ref().unwrap();
    assert!(likelihood.ratio.is_none(), "{:?}", first.choice);
    let summaries = likelihood.density.model().summaries.as_ref().unwrap();
    assert_eq!((summaries.n_data(), summaries.n_summaries()), (40, 2));
}

#[test]
fn of_wide_data_that_mostly_tell_nothing_the_density_of_the_rest_is_learned() {
    let prior = Prior::new(["a", "b"].map(|n| (n, D::normal(0.0, 1.0)))).unwrap();
    let simulator = FunctionSimulator::new("forty", 2, [40], |theta, random, x| {
        x.fill_with(|| random.normal());
        for (i, theta) in theta.iter().enumerate() {
            x[7 * i] = theta + 0.5 * x[7 * i];
        }
        Ok(())
    });
    let mut x = vec![0.0; 40];
    (x[0], x[7]) = (0.5, -0.8);
    let (models, method) = rounds(&prior, &simulator, (&x, 1000));
    let choice = &models[0].choice;
    assert!(!choice.summaries && choice.ratio.is_some(), "{choice:?}");
    let said = |reason: &String| reason.contains("only 2 of the 40 numbers");
    assert!(choice.reasons.iter().any(said), "{choice:?}");
    let last = models.last().unwrap();
    read_again(last, &prior, &x);
    let model = RoundModel::Auto(Arc::clone(last));
    let posterior = method.posterior(&model, &prior).unwrap();
    let draws = posterior.sample(&x, 4000, Seed(5)).unwrap().draws;
    // Of prior and data, precisions 1 and 4.
    for (k, seen) in [0.5, -0.8].into_iter().enumerate() {
        is_near(&draws.column(k), (0.8 * seen, 0.2_f64.sqrt()), [0.3, 0.2]);
    }
}

/// Forty draws with mean zero, half with the sd θ₁ and half with θ₂, which no linear summary sees; each posterior has one
/// dimension. Slopes learned where draws scatter widely are rough, and widen it: `npe` alone has twice the exact sd here.
#[test]
fn data_that_tell_by_their_spread_are_summarised_by_squares_and_end_near_the_exact_posterior() {
    let prior = Prior::new(["a", "b"].map(|name| (name, D::uniform(0.2, 2.0)))).unwrap();
    let simulator = FunctionSimulator::new("draws", 2, [40], |theta, random, x| {
        for (i, x) in x.iter_mut().enumerate() {
            *x = theta[i % 2] * random.normal();
        }
        Ok(())
    });
    let spreads = [0.5, 1.2];
    let x: Vec<f64> = (0..40)
        .map(|i| spreads[i % 2] * (i as f64 - 19.5) / 11.5)
        .collect();
    let (models, method) = rounds(&prior, &simulator, (&x, 3000));
    let likelihood = models[0].likelihood.as_ref().unwrap();
    let summaries = likelihood.density.model().summaries.as_ref().unwrap();
    let squares = SummariesConfig::SemiAutomatic { degree: 2 };
    assert_eq!(summaries.config(), squares);
    let model = RoundModel::Auto(Arc::clone(models.last().unwrap()));
    let posterior = method.posterior(&model, &prior).unwrap();
    let draws = posterior.sample(&x, 4000, Seed(5)).unwrap().draws;
    for k in 0..2 {
        let squares: f64 = x.iter().skip(k).step_by(2).map(|v| v * v).sum();
        is_near(&draws.column(k), spread(squares, 20.0), [0.5, 0.5]);
    }
}

/// Mean and sd of the posterior of σ, uniform on (0.2, 2), given the sum of the squares of n draws, by a sum over a grid.
fn spread(squares: f64, n: f64) -> (f64, f64) {
    let grid = (0..4000).map(|i| 0.2 + 1.8 * (f64::from(i) + 0.5) / 4000.0);
    let weighted = grid.map(|sd| {
        let log_likelihood = -n * sd.ln() - 0.5 * squares / (sd * sd);
        (
            sd,
            (log_likelihood + 0.5 * n * (1.0 + (squares / n).ln())).exp(),
        )
    });
    let sum = |f: fn(f64) -> f64| weighted.clone().map(|(sd, w)| w * f(sd)).sum::<f64>();
    let total = sum(|_| 1.0);
    let mean = sum(|sd| sd) / total;
    (mean, (sum(|sd| sd * sd) / total - mean * mean).sqrt())
}

/// Forty numbers, half with mean θ₁ and half with mean θ₂: a conjugate normal problem, so the posterior is known. Checks
/// the last round's up to so many exact sds of its means and so large a share of its sds, and returns the models of all rounds.
fn forty_numbers(simulations: usize, [off, wrong]: [f64; 2]) -> Vec<Arc<AutoModel>> {
    let prior = Prior::new(["a", "b"].map(|n| (n, D::normal(0.0, 1.0)))).unwrap();
    let sd = 0.5;
    let simulator = FunctionSimulator::new("forty", 2, [40], move |theta, random, x| {
        for (i, x) in x.iter_mut().enumerate() {
            *x = theta[i % 2] + sd * random.normal();
        }
        Ok(())
    });
    let x: Vec<f64> = (0..40)
        .map(|i| [0.4, -0.8][i % 2] + f64::from(i as u8) * 0.01)
        .collect();
    let (models, method) = rounds(&prior, &simulator, (&x, simulations));
    for model in &models {
        read_again(model, &prior, &x);
    }
    let last = models.last().unwrap();
    assert!(!last.choice.comparisons.is_empty(), "{:?}", last.choice);
    let posterior = method.posterior(&RoundModel::Auto(Arc::clone(last)), &prior);
    let draws = posterior.unwrap().sample(&x, 4000, Seed(1)).unwrap().draws;
    let precision = 1.0 + 20.0 / (sd * sd);
    for k in 0..2 {
        let sum: f64 = x.iter().skip(k).step_by(2).sum();
        let exact = sum / (sd * sd) / precision;
        is_near(
            &draws.column(k),
            (exact, precision.sqrt().recip()),
            [off, wrong],
        );
    }
    models
}
