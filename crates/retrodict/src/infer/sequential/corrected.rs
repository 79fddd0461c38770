//! Posteriors from proposals that are not the prior, by a loss that corrects for them.

use super::atomic::{Atomic, BESIDE};
use super::weighted::Weighted;
use crate::error::Result;
use crate::estimator::{Estimator, Examples};
use crate::infer::npe::Prepared;
use crate::infer::{NeuralPosterior, NpeConfig, Posterior};
use crate::prior::Prior;
use crate::seed::Seed;
use crate::simulate::Simulations;
use crate::table::Table;
use crate::train::{Observer, TrainLog, fit};

/// How a loss corrects for where θ came from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Correction<'a> {
    /// The atomic loss with so many atoms; the first rows, so many, came from the prior.
    Atomic { atoms: usize, first: usize },
    /// The logarithm of each row's importance weight.
    Weights(&'a [f64]),
}

/// As [`crate::infer::npe`], for θ that came from proposals.
pub(super) fn npe_corrected(
    prior: &Prior,
    simulations: &Simulations,
    (config, correction): (&NpeConfig, Correction<'_>),
    seed: Seed,
    observer: Observer<'_>,
) -> Result<(NeuralPosterior, TrainLog)> {
    let prepared = Prepared::new(prior, simulations, config, seed)?;
    let width = prepared.told().width();
    let flow = config.estimator.build(&prepared.target.bounded(), width)?;
    let pick = |rows: &[usize]| match correction {
        Correction::Atomic { first, .. } => atoms(&prepared, prior, first, rows),
        Correction::Weights(log_weights) => weighted(&prepared, log_weights, rows),
    };
    let estimator: Box<dyn Estimator + '_> = match correction {
        Correction::Atomic { atoms, .. } => Box::new(Atomic::new(&flow, &prepared.target, atoms)),
        Correction::Weights(_) => Box::new(Weighted::new(&flow)),
    };
    let rows = [&prepared.split.train, &prepared.split.validation].map(|rows| pick(rows));
    let fitted = fit(
        &*estimator,
        &rows[0],
        &rows[1],
        &config.train,
        seed,
        observer,
    )?;
    drop(estimator);
    prepared.finish(prior, config, fitted)
}

/// Rows of z, log |∂z/∂θ| − log p(θ), and whether θ came from the prior; see [`Atomic`].
fn atoms(prepared: &Prepared, prior: &Prior, first: usize, rows: &[usize]) -> Examples {
    let d = prepared.target.n_features();
    let told = prepared.told();
    let mut examples = Examples::new(d + BESIDE, told.width());
    let mut context = vec![0.0; told.width()];
    let mut z = vec![0.0; d];
    for &row in rows {
        let theta = prepared.theta.row(row);
        told.apply(prepared.x.row(row), &mut context);
        let log_det = prepared.target.standardized(theta, &mut z);
        let mut values: Vec<f32> = z.iter().map(|z| *z as f32).collect();
        values.push((log_det - prior.log_prob(theta)) as f32);
        values.push(if prepared.rows[row] < first { 1.0 } else { 0.0 });
        examples.push(&values, &context);
    }
    examples
}

/// Rows of y and the weight, which is one in the mean over all rows.
fn weighted(prepared: &Prepared, log_weights: &[f64], rows: &[usize]) -> Examples {
    let own: Vec<f64> = prepared.rows.iter().map(|&row| log_weights[row]).collect();
    let largest = own.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = own.iter().map(|w| (w - largest).exp()).collect();
    let mean = weights.iter().sum::<f64>() / weights.len() as f64;
    let d = prepared.target.n_features();
    let told = prepared.told();
    let mut examples = Examples::new(d + 1, told.width());
    let mut context = vec![0.0; told.width()];
    let (mut real, mut values) = (vec![0.0; d], vec![0.0; d + 1]);
    for &row in rows {
        let theta = prepared.theta.row(row);
        told.apply(prepared.x.row(row), &mut context);
        prepared
            .target
            .forward(theta, &context, &mut real, &mut values[..d]);
        values[d] = (weights[row] / mean) as f32;
        examples.push(&values, &context);
    }
    examples
}

/// log p(θ) − log Σₖ πₖ p̃ₖ(θ) of each row, where p̃ₖ are the proposals of all rounds, the prior first, and πₖ
/// the shares of the simulations that they made: bounded by −log π₁.
///
/// # Reference
/// Lueckmann et al. 2017, arXiv:1711.01861, with the balance heuristic of Veach and Guibas 1995.
pub(super) fn log_weights(
    prior: &Prior,
    proposals: &[&dyn Posterior],
    sizes: &[usize],
    (theta, x): (&Table, &[f64]),
) -> Result<Vec<f64>> {
    let total: usize = sizes.iter().sum();
    let share = |k: usize| (sizes[k] as f64 / total as f64).ln();
    let priors: Vec<f64> = theta.rows().map(|theta| prior.log_prob(theta)).collect();
    let mut terms = vec![priors.iter().map(|p| p + share(0)).collect::<Vec<f64>>()];
    for (k, proposal) in proposals.iter().enumerate() {
        let densities = proposal.log_prob(theta, x)?;
        terms.push(densities.iter().map(|q| q + share(k + 1)).collect());
    }
    let mixture = |i: usize| {
        let largest = terms.iter().map(|t| t[i]).fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = terms.iter().map(|t| (t[i] - largest).exp()).sum();
        largest + sum.ln()
    };
    Ok((0..priors.len()).map(|i| priors[i] - mixture(i)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimator::{Flow, Purpose, Workspace};
    use crate::infer::npe::finish;
    use crate::infer::testing::rectangle;
    use crate::seed::Stream;
    use crate::train::Fitted;

    const N: usize = 60;
    const FIRST: usize = 25;

    fn problem(guess: bool) -> (Prior, Prepared, NpeConfig, Flow, Vec<f32>) {
        let problem = rectangle();
        let config: NpeConfig = serde_json::from_str(&format!(
            r#"{{"estimator":{{"kind":"maf","transforms":2,"network":{{"hidden":[8]}}}},
                "support":"probit","linear_guess":{guess}}}"#
        ))
        .unwrap();
        let simulations = problem.simulate(N, Seed(1));
        let prepared = Prepared::new(&problem.prior, &simulations, &config, Seed(1)).unwrap();
        let flow = config
            .estimator
            .build(&prepared.target.bounded(), 2)
            .unwrap();
        let mut random = Seed(2).stream(Stream::Test, 0);
        let mut weights = vec![0.0; flow.n_weights()];
        flow.initialize(&mut weights, &mut random);
        for weight in &mut weights {
            *weight += 0.2 * random.normal() as f32;
        }
        (problem.prior, prepared, config, flow, weights)
    }

    fn loaded(estimator: &dyn Estimator, examples: &Examples) -> Workspace {
        let mut workspace = estimator.workspace(examples.len(), Purpose::Training);
        workspace.load(examples, &(0..examples.len()).collect::<Vec<_>>());
        workspace
    }

    fn assert_gradient(estimator: &dyn Estimator, examples: &Examples, weights: &[f32]) {
        let mut workspace = loaded(estimator, examples);
        let mut gradient = vec![0.0; weights.len()];
        let loss = estimator.loss_and_gradient(weights, &mut workspace, &mut gradient);
        estimator.log_scores(weights, &mut workspace);
        let scores = workspace.log_prob().iter().map(|l| f64::from(*l));
        assert!((scores.sum::<f64>() / examples.len() as f64 + loss).abs() < 1e-4);
        let mut random = Seed(3).stream(Stream::Test, 1);
        for _ in 0..40 {
            let i = random.below(weights.len());
            let mut at = |step: f32| {
                let mut moved = weights.to_vec();
                moved[i] += step;
                estimator.loss_and_gradient(&moved, &mut workspace, &mut vec![0.0; moved.len()])
            };
            let quotient = (at(0.01) - at(-0.01)) / 0.02;
            let slope = f64::from(gradient[i]);
            let near = (quotient - slope).abs() < 5e-3 * (1.0 + slope.abs());
            assert!(near, "weight {i}: {quotient}, not {slope}");
        }
    }

    #[test]
    fn the_atomic_loss_is_its_formula_and_its_gradient_the_difference_quotient() {
        for guess in [true, false] {
            let (prior, prepared, config, flow, weights) = problem(guess);
            let all: Vec<usize> = (0..N).collect();
            let examples = atoms(&prepared, &prior, FIRST, &all);
            for m in [2, 7, 100] {
                let atomic = Atomic::new(&flow, &prepared.target, m);
                assert_gradient(&atomic, &examples, &weights);
                let mut workspace = loaded(&atomic, &examples);
                atomic.log_scores(&weights, &mut workspace);
                let losses = expected(&prior, &prepared, (&config, &weights), m.min(N));
                for (loss, score) in losses.iter().zip(workspace.log_prob()) {
                    let error = (loss + f64::from(*score)).abs();
                    assert!(
                        error < 2e-3 * (1.0 + loss.abs()),
                        "{m}: {loss}, not {score}"
                    );
                }
            }
        }
    }

    /// The losses from the density in θ of the posterior that these weights make.
    fn expected(
        prior: &Prior,
        prepared: &Prepared,
        (config, weights): (&NpeConfig, &[f32]),
        m: usize,
    ) -> Vec<f64> {
        let log = TrainLog {
            n_train: N,
            n_validation: 0,
            members: Vec::new(),
            mixture: vec![1.0],
            notes: Vec::new(),
        };
        let fitted = Fitted {
            weights: vec![weights.to_vec()],
            log,
        };
        let (target, standard) = (prepared.target.clone(), prepared.standard_x.clone());
        let (posterior, _) = finish(prior, config, target, standard, (fitted, vec![])).unwrap();
        let of = |i: usize| {
            let rows: Vec<usize> = (0..m).map(|a| (i + a) % N).collect();
            let theta = prepared.theta.select(&rows);
            let log_q = posterior.log_prob(&theta, prepared.x.row(i)).unwrap();
            let ratios = log_q.iter().zip(theta.rows());
            let ratios: Vec<f64> = ratios.map(|(q, t)| q - prior.log_prob(t)).collect();
            let total: f64 = ratios.iter().map(|r| (r - ratios[0]).exp()).sum();
            let plain = log_q[0] - prepared.target.standardized(theta.row(0), &mut [0.0; 2]);
            total.ln() - if i < FIRST { plain } else { 0.0 }
        };
        (0..N).map(of).collect()
    }

    #[test]
    fn equal_weights_change_nothing_and_others_count_rows_that_often() {
        let (_, prepared, _, flow, weights) = problem(true);
        let all: Vec<usize> = (0..N).collect();
        let plain = {
            let mut examples = Examples::new(2, 2);
            let rows = all
                .iter()
                .map(|&i| (prepared.theta.row(i), prepared.x.row(i)));
            crate::infer::npe::add_examples(&prepared.target, prepared.told(), rows, &mut examples);
            examples
        };
        let mut gradient = vec![0.0; weights.len()];
        let loss = flow.loss_and_gradient(&weights, &mut loaded(&flow, &plain), &mut gradient);
        let weighting = Weighted::new(&flow);
        let examples = weighted(&prepared, &[3.0; N], &all);
        let mut own = vec![0.0; weights.len()];
        let mut workspace = loaded(&weighting, &examples);
        let same = weighting.loss_and_gradient(&weights, &mut workspace, &mut own);
        assert!((same - loss).abs() < 1e-5);
        for (a, b) in own.iter().zip(&gradient) {
            assert!((a - b).abs() < 1e-4 * (1.0 + b.abs()));
        }
        let log_weights: Vec<f64> = (0..N).map(|i| (i % 3) as f64).collect();
        assert_gradient(
            &weighting,
            &weighted(&prepared, &log_weights, &all),
            &weights,
        );
    }

    #[test]
    fn importance_weights_are_bounded_and_one_in_the_mean() {
        let prior = rectangle().prior;
        let (_, prepared, config, _, weights) = problem(true);
        let log = TrainLog {
            n_train: N,
            n_validation: 0,
            members: Vec::new(),
            mixture: vec![1.0],
            notes: Vec::new(),
        };
        let fitted = Fitted {
            weights: vec![weights],
            log,
        };
        let Prepared {
            target, standard_x, ..
        } = prepared;
        let (posterior, _) = finish(&prior, &config, target, standard_x, (fitted, vec![])).unwrap();
        let x = [0.3, 0.5];
        let [n, m] = [4000, 12_000];
        let from_prior = prior.sample_table(n, Seed(1), Stream::Parameters);
        let aimed = posterior.sample(&x, m, Seed(1)).unwrap().draws;
        let values = [from_prior.values(), aimed.values()].concat();
        let theta = Table::new(prior.names(), values).unwrap();
        let found = log_weights(&prior, &[&posterior], &[n, m], (&theta, &x)).unwrap();
        assert!(found.iter().all(|w| *w < 4.0_f64.ln() + 1e-9));
        // The weights are at most four: a standard error below 0.02.
        let mean = found.iter().map(|w| w.exp()).sum::<f64>() / (n + m) as f64;
        assert!((mean - 1.0).abs() < 0.07, "{mean}");
    }
}
