//! The losses of corrected rounds against their formulas, and their gradients against difference quotients.

use faer::{Mat, Side};

use super::atomic::Atomic;
use super::corrected::{atoms, in_rounds, ratios, weighted};
use super::exact::Exact;
use super::importance::importance_weights;
use super::mixture_proposal::MixtureProposal;
use super::weighted::Weighted;
use crate::estimator::{Estimator, Examples, Flow, Purpose, Workspace};
use crate::infer::npe::{Prepared, add_examples, finish};
use crate::infer::testing::rectangle;
use crate::infer::{NeuralPosterior, NpeConfig, Posterior};
use crate::prior::Prior;
use crate::seed::{Seed, Stream};
use crate::table::Table;
use crate::train::{Fitted, TrainLog};

const N: usize = 60;
const FIRST: usize = 25;
const X: [f64; 2] = [0.3, 0.5];

/// A flow with smooth units, so that the loss has a derivative everywhere.
const MAF: &str = r#"{"kind":"maf","transforms":2,"network":{"hidden":[8],"activation":"tanh"}}"#;
const MDN: &str = r#"{"kind":"mdn","components":2,"network":{"hidden":[8],"activation":"tanh"}}"#;

struct Problem {
    prior: Prior,
    prepared: Prepared,
    config: NpeConfig,
    flow: Flow,
    weights: Vec<f32>,
}

fn problem(estimator: &str, guess: bool) -> Problem {
    let rectangle = rectangle();
    let config: NpeConfig = serde_json::from_str(&format!(
        r#"{{"estimator":{estimator},"support":"probit","linear_guess":{guess}}}"#
    ))
    .unwrap();
    let simulations = rectangle.simulate(N, Seed(1));
    let prior = rectangle.prior;
    let prepared = Prepared::new(&prior, &simulations, &config, None, Seed(1)).unwrap();
    let bounded = prepared.target.bounded();
    let flow = config.estimator.build(&bounded, 2).unwrap();
    let mut random = Seed(2).stream(Stream::Test, 0);
    let mut weights = vec![0.0; flow.n_weights()];
    flow.initialize(&mut weights, &mut random);
    // Weights that a mask hides never have a gradient, and have to stay zero.
    let mut plain = Examples::new(2, 2);
    let rows = (0..N).map(|i| (prepared.theta.row(i), prepared.x.row(i)));
    add_examples(&prepared.target, prepared.told(), rows, &mut plain);
    let mut gradient = vec![0.0; weights.len()];
    flow.loss_and_gradient(&weights, &mut loaded(&flow, &plain), &mut gradient);
    for (weight, gradient) in weights.iter_mut().zip(gradient) {
        if gradient != 0.0 {
            *weight += 0.2 * random.normal() as f32;
        }
    }
    Problem {
        prior,
        prepared,
        config,
        flow,
        weights,
    }
}

impl Problem {
    /// The posterior that these weights make.
    fn posterior(&self) -> NeuralPosterior {
        let log = TrainLog {
            n_train: N,
            n_validation: 0,
            members: Vec::new(),
            mixture: vec![1.0],
            notes: Vec::new(),
        };
        let fitted = Fitted {
            weights: vec![self.weights.clone()],
            log,
        };
        let target = self.prepared.target.clone();
        let standard = self.prepared.standard_x.clone();
        let made = finish(
            &self.prior,
            &self.config,
            target,
            standard,
            (fitted, vec![]),
        );
        made.unwrap().0
    }
}

fn all() -> Vec<usize> {
    (0..N).collect()
}

fn loaded(estimator: &dyn Estimator, examples: &Examples) -> Workspace {
    let mut workspace = estimator.workspace(examples.len(), Purpose::Training);
    workspace.load(examples, &(0..examples.len()).collect::<Vec<_>>());
    workspace
}

fn scores(estimator: &dyn Estimator, examples: &Examples, weights: &[f32]) -> Vec<f64> {
    let mut workspace = loaded(estimator, examples);
    estimator.log_scores(weights, &mut workspace);
    workspace.log_prob().iter().map(|l| f64::from(*l)).collect()
}

fn assert_gradient(estimator: &dyn Estimator, examples: &Examples, weights: &[f32]) {
    let mut workspace = loaded(estimator, examples);
    let mut gradient = vec![0.0; weights.len()];
    let loss = estimator.loss_and_gradient(weights, &mut workspace, &mut gradient);
    let mean = scores(estimator, examples, weights).iter().sum::<f64>() / examples.len() as f64;
    assert!((mean + loss).abs() < 1e-4);
    let mut random = Seed(3).stream(Stream::Test, 1);
    let free: Vec<usize> = (0..weights.len()).filter(|i| gradient[*i] != 0.0).collect();
    for _ in 0..40 {
        let i = free[random.below(free.len())];
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
    for (estimator, guess) in [(MAF, true), (MAF, false), (MDN, true)] {
        let p = problem(estimator, guess);
        let examples = atoms(&p.prepared, &p.prior, FIRST, &all());
        let posterior = p.posterior();
        for m in [2, 7, 100] {
            let atomic = Atomic::new(&p.flow, &p.prepared.target, m);
            assert_gradient(&atomic, &examples, &p.weights);
            let found = scores(&atomic, &examples, &p.weights);
            for (i, score) in found.iter().enumerate() {
                let loss = atomic_loss(&p, &posterior, (i, m.min(N)));
                let error = (loss + score).abs();
                assert!(
                    error < 2e-3 * (1.0 + loss.abs()),
                    "{m}: {loss}, not {score}"
                );
            }
        }
    }
}

/// The loss of row `i` from the density in θ.
fn atomic_loss(p: &Problem, posterior: &NeuralPosterior, (i, m): (usize, usize)) -> f64 {
    let rows: Vec<usize> = (0..m).map(|a| (i + a) % N).collect();
    let theta = p.prepared.theta.select(&rows);
    let log_q = posterior.log_prob(&theta, p.prepared.x.row(i)).unwrap();
    let ratios = log_q.iter().zip(theta.rows());
    let ratios: Vec<f64> = ratios.map(|(q, t)| q - p.prior.log_prob(t)).collect();
    let total: f64 = ratios.iter().map(|r| (r - ratios[0]).exp()).sum();
    let log_det = p.prepared.target.standardized(theta.row(0), &mut [0.0; 2]);
    total.ln() - if i < FIRST { log_q[0] - log_det } else { 0.0 }
}

#[test]
fn equal_weights_change_nothing_and_others_count_rows_that_often() {
    let p = problem(MAF, true);
    let mut plain = Examples::new(2, 2);
    let rows = (0..N).map(|i| (p.prepared.theta.row(i), p.prepared.x.row(i)));
    add_examples(&p.prepared.target, p.prepared.told(), rows, &mut plain);
    let weighting = Weighted::new(&p.flow);
    let even = weighted(&p.prepared, &[3.0; N], &all());
    let mut gradients = [vec![0.0; p.weights.len()], vec![0.0; p.weights.len()]];
    let pairs: [(&dyn Estimator, _); 2] = [(&p.flow, &plain), (&weighting, &even)];
    let losses = pairs.map(|(estimator, examples)| {
        let gradient = &mut gradients[usize::from(std::ptr::eq(examples, &raw const even))];
        estimator.loss_and_gradient(&p.weights, &mut loaded(estimator, examples), gradient)
    });
    assert!((losses[0] - losses[1]).abs() < 1e-5);
    for (a, b) in gradients[0].iter().zip(&gradients[1]) {
        assert!((a - b).abs() < 1e-4 * (1.0 + b.abs()));
    }
    let weights: Vec<f64> = (0..N).map(|i| (1 + i % 3) as f64).collect();
    let uneven = weighted(&p.prepared, &weights, &all());
    assert_gradient(&weighting, &uneven, &p.weights);
    let log_q = scores(&p.flow, &plain, &p.weights);
    let found = scores(&weighting, &uneven, &p.weights);
    for (i, (score, log_q)) in found.iter().zip(log_q).enumerate() {
        let expected = weights[i] / 2.0 * log_q;
        assert!((score - expected).abs() < 1e-4 * (1.0 + expected.abs()));
    }
}

#[test]
fn importance_weights_are_bounded_and_one_in_the_mean() {
    let p = problem(MAF, true);
    let posterior = p.posterior();
    let [n, m] = [4000, 12_000];
    let from_prior = p.prior.sample_table(n, Seed(1), Stream::Parameters);
    let aimed = posterior.sample(&X, m, Seed(1)).unwrap().draws;
    let values = [from_prior.values(), aimed.values()].concat();
    let theta = Table::new(p.prior.names(), values).unwrap();
    let found = importance_weights(&p.prior, &[&posterior], &[n, m], (&theta, &X)).unwrap();
    assert!(found.iter().all(|w| *w < 4.0 + 1e-9));
    // The weights are at most four: a standard error below 0.02.
    let mean = found.iter().sum::<f64>() / (n + m) as f64;
    assert!((mean - 1.0).abs() < 0.07, "{mean}");
}

/// A mixture near the linear guess, which is narrower than the prior.
fn narrow() -> NeuralPosterior {
    let mut p = problem(MDN, true);
    let mut random = Seed(5).stream(Stream::Test, 0);
    p.flow.initialize(&mut p.weights, &mut random);
    p.posterior()
}

/// log ∫ q(θ | x) p̃(θ) / p(θ) dθ, by the mean of p̃ / p over draws from q, and its standard error.
fn log_constant(p: &Problem, proposal: &NeuralPosterior, x: &[f64]) -> [f64; 2] {
    let draws = p.posterior().sample(x, 20_000, Seed(4)).unwrap().draws;
    let log = proposal.log_prob(&draws, &X).unwrap();
    let ratios = log.iter().zip(draws.rows());
    let ratios: Vec<f64> = ratios
        .map(|(q, t)| (q - p.prior.log_prob(t)).exp())
        .collect();
    let n = ratios.len() as f64;
    let mean = ratios.iter().sum::<f64>() / n;
    let variance = ratios.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / n;
    [mean.ln(), (variance / n).sqrt() / mean]
}

#[test]
fn the_exact_loss_is_its_integral_and_its_gradient_the_difference_quotient() {
    for guess in [true, false] {
        let p = problem(MDN, guess);
        let sizes = [FIRST, N - FIRST];
        // Another mixture, narrower than the prior, proposed for the second round.
        let aimed = narrow();
        let proposal = MixtureProposal::new(&aimed, &X).unwrap();
        let examples = in_rounds(&p.prepared, &sizes, &all());
        let exact = Exact::new(&p.flow, ratios(&p.prepared, &[proposal]));
        assert_gradient(&exact, &examples, &p.weights);
        let mut plain = Examples::new(2, 2);
        let rows = (0..N).map(|i| (p.prepared.theta.row(i), p.prepared.x.row(i)));
        add_examples(&p.prepared.target, p.prepared.told(), rows, &mut plain);
        let log_q = scores(&p.flow, &plain, &p.weights);
        let found = scores(&exact, &examples, &p.weights);
        for i in 0..N {
            let [constant, error] = match i {
                i if i < FIRST => [0.0; 2],
                i if i % 9 == 0 => log_constant(&p, &aimed, p.prepared.x.row(i)),
                _ => continue,
            };
            let difference = (log_q[i] - constant - found[i]).abs();
            assert!(
                difference < 5.0 * error + 1e-4,
                "{i}: {difference}, {constant}, {error}"
            );
        }
    }
}

#[test]
fn a_mixture_proposal_is_the_posterior_unless_that_is_wider_than_the_prior() {
    let narrow = narrow();
    let proposal = MixtureProposal::new(&narrow, &X).unwrap();
    let (drawn, known) = (
        proposal.sample(20_000, Seed(1)),
        narrow.sample(&X, 20_000, Seed(2)).unwrap().draws,
    );
    for j in 0..2 {
        let moments = [&drawn, &known].map(|table| {
            let column = table.column(j);
            let n = column.len() as f64;
            let mean = column.iter().sum::<f64>() / n;
            let square = column.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
            [mean, square.sqrt()]
        });
        let [[a, sd], [b, other]] = moments;
        // Four standard errors of the difference of means, and of sds.
        assert!((a - b).abs() < 0.04 * sd, "{a} {b}");
        assert!((sd / other - 1.0).abs() < 0.04, "{sd} {other}");
    }
    // Nothing had to be made narrower.
    let smallest = |excess: &Mat<f64>| {
        let eigen = excess.self_adjoint_eigen(Side::Lower).unwrap();
        eigen.S().column_vector()[0]
    };
    let components = &proposal.components;
    assert!(components.iter().all(|own| smallest(&own.excess) > 0.01));
}

#[test]
fn a_proposal_is_no_wider_than_the_prior() {
    let mut p = problem(MDN, true);
    for weight in &mut p.weights {
        *weight *= 8.0;
    }
    let proposal = MixtureProposal::new(&p.posterior(), &X).unwrap();
    let sizes = [FIRST, N - FIRST];
    for component in &proposal.components {
        let eigen = component.excess.self_adjoint_eigen(Side::Lower).unwrap();
        assert!(eigen.S().column_vector()[0] > -1e-6 * component.excess.norm_max());
    }
    let examples = in_rounds(&p.prepared, &sizes, &all());
    let exact = Exact::new(&p.flow, ratios(&p.prepared, &[proposal]));
    let found = scores(&exact, &examples, &p.weights);
    assert!(found.iter().all(|score| score.is_finite()), "{found:?}");
}
