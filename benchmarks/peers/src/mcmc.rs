//! Draws by Markov chains from a posterior whose likelihood was learned.

use std::ops::ControlFlow;
use std::time::Instant;

use retrodict::infer::{NleConfig, PotentialPosterior, nle};
use retrodict::sample::SamplerConfig;
use retrodict::simulate::Simulations;
use retrodict::train::EpochRecord;
use retrodict::{Result, Seed};

use crate::arguments::PosteriorOptions;
use crate::conversation::{converse, hello, took};
use crate::data::{self, TRAINING_ROWS};
use crate::estimators::equal_to_sbi;
use crate::posterior::{brief, first_rows};

/// The units are effective draws, of the parameter that has the fewest.
pub(crate) fn run(options: &PosteriorOptions) -> Result<()> {
    let simulations = data::read(&options.data)?;
    let posterior = train(options, &simulations)?;
    let x = simulations.x.row(TRAINING_ROWS);
    let mut seed = 0;
    converse(hello(), || {
        seed += 1;
        let start = Instant::now();
        let drawn = posterior.sample_with_report(x, options.n, Seed(seed))?;
        let seconds = start.elapsed().as_secs_f64();
        let effective = drawn.diagnostics.iter().map(|d| d.ess_bulk);
        let mut answer = took(seconds, drawn.samples.draws.n_rows());
        let means: Vec<f64> = drawn.samples.summary().iter().map(|s| s.mean).collect();
        answer.insert(
            "units".into(),
            effective.fold(f64::INFINITY, f64::min).into(),
        );
        answer.insert("draws".into(), drawn.samples.draws.n_rows().into());
        answer.insert("means".into(), means.into());
        Ok(answer)
    })
}

fn train(options: &PosteriorOptions, simulations: &Simulations) -> Result<PotentialPosterior> {
    let prior = data::standard_normal_prior(simulations.theta.n_columns())?;
    let defaults = NleConfig::default();
    let equal = options.network.and_then(equal_to_sbi);
    let config = NleConfig {
        train: brief(&defaults.train, equal.is_some()),
        estimator: equal.unwrap_or(defaults.estimator.clone()),
        ..defaults
    };
    let observer = |_: &EpochRecord| ControlFlow::Continue(());
    let simulations = first_rows(simulations);
    let (likelihood, _) = nle(&prior, &simulations, &config, Seed(1), &observer)?;
    PotentialPosterior::new(&prior, Box::new(likelihood), SamplerConfig::default())
}
