//! Posteriors from proposals that are not the prior, by a loss that corrects for them.

use super::atomic::Atomic;
use super::exact::Exact;
use super::mixture_proposal::MixtureProposal;
use super::product::Ratio;
use super::weighted::Weighted;
use crate::error::Result;
use crate::estimator::{Estimator, Examples};
use crate::infer::flow_loss::BESIDE;
use crate::infer::npe::Prepared;
use crate::infer::{NeuralPosterior, NpeConfig};
use crate::prior::Prior;
use crate::seed::Seed;
use crate::simulate::Simulations;
use crate::train::{Observer, TrainConfig, TrainLog, fit};

/// How a loss corrects for where θ came from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Correction<'a> {
    /// The atomic loss with so many atoms; the first rows, so many, came from the prior.
    Atomic { atoms: usize, first: usize },
    /// Each row's importance weight.
    Weights(&'a [f64]),
    /// The exact loss: each later round's proposal, and the size of every round.
    Mixtures(&'a [MixtureProposal], &'a [usize]),
}

/// As [`crate::infer::npe()`], for θ that came from proposals.
pub(super) fn npe_corrected(
    prior: &Prior,
    simulations: &Simulations,
    (config, correction): (&NpeConfig, Correction<'_>),
    seed: Seed,
    observer: Observer<'_>,
) -> Result<(NeuralPosterior, TrainLog)> {
    config.train.refuse_conservative()?;
    let config = &config.settled();
    let weights = match correction {
        Correction::Weights(weights) => Some(weights),
        _ => None,
    };
    let prepared = Prepared::new(prior, simulations, config, weights, seed)?;
    let width = prepared.told().width();
    let flow = config.estimator.build(&prepared.target.bounded(), width)?;
    let pick = |rows: &[usize]| match correction {
        Correction::Atomic { first, .. } => atoms(&prepared, prior, first, rows),
        Correction::Weights(weights) => weighted(&prepared, weights, rows),
        Correction::Mixtures(_, sizes) => in_rounds(&prepared, sizes, rows),
    };
    let estimator: Box<dyn Estimator + '_> = match correction {
        Correction::Atomic { atoms, .. } => Box::new(Atomic::new(&flow, &prepared.target, atoms)),
        Correction::Weights(_) => Box::new(Weighted::new(&flow)),
        Correction::Mixtures(proposals, _) => {
            Box::new(Exact::new(&flow, ratios(&prepared, proposals)))
        }
    };
    let rows = [&prepared.split.train, &prepared.split.validation].map(|rows| pick(rows));
    // The linear guess is made of rows from all proposals as they are, or of few by their weights: it is a
    // start, and no answer that networks would have to beat clearly.
    let train = TrainConfig {
        min_improvement: 0.0,
        ..config.train.clone()
    };
    let mut fitted = fit(&*estimator, &rows[0], &rows[1], &train, seed, observer)?;
    drop(estimator);
    // Scores of rows under such a loss are no densities to be mixed by.
    fitted.log.mix_evenly();
    prepared.finish(prior, config, fitted)
}

/// Rows of z, log |∂z/∂θ| − log p(θ), and whether θ came from the prior; see [`Atomic`].
pub(in crate::infer) fn atoms(
    prepared: &Prepared,
    prior: &Prior,
    first: usize,
    rows: &[usize],
) -> Examples {
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
pub(super) fn weighted(prepared: &Prepared, weights: &[f64], rows: &[usize]) -> Examples {
    let own: Vec<f64> = prepared.rows.iter().map(|&row| weights[row]).collect();
    let mean = own.iter().sum::<f64>() / own.len() as f64;
    with_more(prepared, rows, 1, |row, _, more| {
        more[0] = (own[row] / mean) as f32;
    })
}

/// Rows of y, b and the number of the round; see [`Exact`].
pub(super) fn in_rounds(prepared: &Prepared, sizes: &[usize], rows: &[usize]) -> Examples {
    let d = prepared.target.n_features();
    let more = Exact::n_values_of(d) - d;
    with_more(prepared, rows, more, |row, context, more| {
        let (_, offset) = prepared.target.affine(context);
        for (out, b) in more.iter_mut().zip(offset) {
            *out = b as f32;
        }
        more[d] = round_of(prepared.rows[row], sizes) as f32;
    })
}

/// The round that made a simulation.
fn round_of(mut simulation: usize, sizes: &[usize]) -> usize {
    let mut round = 0;
    while simulation >= sizes[round] {
        simulation -= sizes[round];
        round += 1;
    }
    round
}

/// Rows of y and so many numbers more, which `fill` makes of the row's position and its context.
fn with_more(
    prepared: &Prepared,
    rows: &[usize],
    more: usize,
    fill: impl Fn(usize, &[f32], &mut [f32]),
) -> Examples {
    let d = prepared.target.n_features();
    let told = prepared.told();
    let mut examples = Examples::new(d + more, told.width());
    let mut context = vec![0.0; told.width()];
    let (mut real, mut values) = (vec![0.0; d], vec![0.0; d + more]);
    for &row in rows {
        let theta = prepared.theta.row(row);
        told.apply(prepared.x.row(row), &mut context);
        let (y, rest) = values.split_at_mut(d);
        prepared.target.forward(theta, &context, &mut real, y);
        fill(row, &context, rest);
        examples.push(&values, &context);
    }
    examples
}

/// p̃ / p of each later round, for the networks' y.
pub(super) fn ratios(prepared: &Prepared, proposals: &[MixtureProposal]) -> Vec<Ratio> {
    let d = prepared.target.n_features();
    // L is the same for every context.
    let context = vec![0.0; prepared.told().width()];
    let (lower, _) = prepared.target.affine(&context);
    let each = proposals.iter();
    each.map(|proposal| Ratio::new(proposal, &lower, d))
        .collect()
}
