//! Right and deliberately wrong posteriors, and what the verdict should say about them.

use std::ops::ControlFlow;

use retrodict::check::{Verdict, Word};
use retrodict::infer::{NeuralPosterior, NpeConfig, npe};
use retrodict::prior::{DistributionConfig, Prior};
use retrodict::{Seed, Stream};

use crate::verdict::{Study, whole_verdict};
use crate::{Bimodal, Damage, LinearGaussian, LocallyWrong};

/// One kind of posterior.
pub struct Case {
    /// What it is, in words.
    pub what: &'static str,
    /// Whether it is exact: otherwise it must not be `trusted`.
    pub exact: bool,
    run: Box<dyn Fn(Seed) -> Verdict + Send + Sync>,
}

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Case")
            .field("what", &self.what)
            .finish_non_exhaustive()
    }
}

impl Case {
    fn new(
        what: &'static str,
        exact: bool,
        run: impl Fn(Seed) -> Verdict + Send + Sync + 'static,
    ) -> Self {
        Self {
            what,
            exact,
            run: Box::new(run),
        }
    }

    /// The verdict about one posterior of this kind; another seed has other simulations and another
    /// observation.
    pub fn verdict(&self, seed: Seed) -> Verdict {
        (self.run)(seed)
    }

    /// How many of `n` posteriors of this kind are `trusted`, `caution` and `failed`.
    pub fn count(&self, n: u64) -> [usize; 3] {
        let mut counts = [0; 3];
        for i in 0..n {
            let word = self.verdict(Seed(3000 + i)).verdict;
            counts[match word {
                Word::Trusted => 0,
                Word::Caution => 1,
                Word::Failed => 2,
            }] += 1;
        }
        counts
    }
}

/// Noise of the linear Gaussian problems: their correlations are about −½.
const NOISE: f64 = 0.5;

/// All kinds.
pub fn cases() -> Vec<Case> {
    let mut cases = exact();
    cases.extend(damaged());
    cases.extend(odd_data());
    cases.extend(badly_learned());
    cases
}

fn exact() -> Vec<Case> {
    let gaussian = |what, d| Case::new(what, true, move |seed| gaussian(d, Damage::None, seed));
    vec![
        gaussian("exact, 1 parameter", 1),
        gaussian("exact, 2 correlated parameters", 2),
        gaussian("exact, 5 parameters", 5),
        Case::new("exact, two modes", true, |seed| bimodal(true, seed)),
    ]
}

fn damaged() -> Vec<Case> {
    let kinds = [
        ("too narrow: sds × 2/3", 2, Damage::Scale(2.0 / 3.0)),
        ("too narrow: sds × 1/2", 5, Damage::Scale(0.5)),
        ("too wide: sds × 1.5", 2, Damage::Scale(1.5)),
        ("too wide: sds × 2", 5, Damage::Scale(2.0)),
        ("one of two sds × 1/2", 2, Damage::ScaleOne(1, 0.5)),
        ("shifted by half an sd", 2, Damage::Shift(0.5)),
        ("shifted by one sd", 5, Damage::Shift(1.0)),
        ("correlation −½ left out", 2, Damage::Uncorrelated),
        (
            "correlation −½ with the wrong sign",
            2,
            Damage::CorrelationReversed,
        ),
        (
            "one parameter left at its prior",
            2,
            Damage::PriorInstead(0),
        ),
        ("the prior for a posterior", 5, Damage::PriorOnly),
    ];
    let case = |(what, d, damage)| Case::new(what, false, move |seed| gaussian(d, damage, seed));
    let mut cases: Vec<Case> = kinds.map(case).into();
    cases.push(Case::new("one of two modes missing", false, |seed| {
        bimodal(false, seed)
    }));
    cases.push(Case::new(
        "shifted by 1.5 sd for half of the data, this observation's among them",
        false,
        locally_shifted,
    ));
    cases
}

/// The posterior is exact, but the observation is none of the simulator's.
fn odd_data() -> Vec<Case> {
    vec![
        Case::new(
            "extrapolating: the observation is 6 times a simulated one",
            false,
            |seed| {
                let problem = LinearGaussian::chain(2, NOISE);
                let x = observation(&problem, seed);
                // One that lay near the middle would do so still.
                let far: Vec<f64> = x.iter().map(|v| 6.0 * (v + v.signum())).collect();
                whole_verdict(&problem, &problem.posterior(Damage::None), &far, seed)
            },
        ),
        Case::new(
            "misspecified: the real noise is five times the simulator's",
            false,
            |seed| {
                let problem = LinearGaussian::chain(5, NOISE);
                let noisier = LinearGaussian {
                    noise: 5.0 * NOISE,
                    ..problem.clone()
                };
                let x = observation(&noisier, seed);
                whole_verdict(&problem, &problem.posterior(Damage::None), &x, seed)
            },
        ),
    ]
}

/// The posterior is learned, without the linear guess, for which this problem would be too easy.
fn badly_learned() -> Vec<Case> {
    vec![
        Case::new("too few simulations: 40 for 5 parameters", false, |seed| {
            let problem = LinearGaussian::chain(5, NOISE);
            learned(&problem, 40, NpeConfig::default().train.max_epochs, seed)
        }),
        Case::new(
            "undertrained: one epoch on 300 simulations",
            false,
            |seed| learned(&LinearGaussian::chain(2, NOISE), 300, 1, seed),
        ),
    ]
}

fn gaussian(d: usize, damage: Damage, seed: Seed) -> Verdict {
    let problem = LinearGaussian::chain(d, NOISE);
    let x = observation(&problem, seed);
    whole_verdict(&problem, &problem.posterior(damage), &x, seed)
}

fn bimodal(both_modes: bool, seed: Seed) -> Verdict {
    let problem = Bimodal::new(both_modes);
    let x = observation(&problem, seed);
    whole_verdict(&problem, &problem, &x, seed)
}

fn locally_shifted(seed: Seed) -> Verdict {
    let problem = LinearGaussian::chain(2, NOISE);
    let posterior = LocallyWrong {
        right: problem.posterior(Damage::None),
        wrong: problem.posterior(Damage::Shift(1.5)),
    };
    let mut x = observation(&problem, seed);
    if x[0] < 0.0 {
        // The problem is symmetric.
        for v in &mut x {
            *v = -*v;
        }
    }
    whole_verdict(&problem, &posterior, &x, seed)
}

fn learned(problem: &LinearGaussian, n: usize, max_epochs: usize, seed: Seed) -> Verdict {
    let x = observation(problem, seed);
    whole_verdict(problem, &fit(problem, n, max_epochs, seed), &x, seed)
}

fn fit(problem: &LinearGaussian, n: usize, max_epochs: usize, seed: Seed) -> NeuralPosterior {
    let normal = DistributionConfig::Normal {
        mean: 0.0.into(),
        sd: 1.0.into(),
    };
    let names = (1..=problem.n_parameters()).map(|i| format!("mu_{i}"));
    let prior = Prior::new(names.map(|name| (name, normal.clone()))).expect("a prior");
    let mut config = NpeConfig {
        linear_guess: false,
        ..NpeConfig::default()
    };
    config.train.max_epochs = max_epochs;
    let training = problem.simulations(n, seed, Stream::Simulator);
    let go_on = |_: &_| ControlFlow::Continue(());
    npe(&prior, &training, &config, seed, &go_on)
        .expect("it trains")
        .0
}

fn observation(study: &dyn Study, seed: Seed) -> Vec<f64> {
    study.simulations(1, seed, Stream::Test).x.row(0).to_vec()
}
