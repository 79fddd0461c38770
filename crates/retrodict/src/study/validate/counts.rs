//! How many of everything there have to be.

use crate::error::Result;
use crate::study::config::StudyConfig;
use crate::study::source::Source;

/// Fewer simulations than this teach a network nothing.
pub(super) const MIN_SIMULATIONS: usize = 100;
/// Fewer draws than this give no quantiles worth printing.
const MIN_DRAWS: usize = 100;
/// Fewer test simulations than this cannot tell right from wrong.
const MIN_TESTS: usize = 20;

pub(super) fn counts(config: &StudyConfig, source: &Source) -> Result<()> {
    let at_least = |field: &str, given: usize, smallest: usize, why: &str| {
        if given >= smallest {
            return Ok(());
        }
        let problem = format!("given {given}, expected at least {smallest}");
        Err(source.error(field, problem, why))
    };
    // Zero does without.
    let tests = |field: &str, given: usize, why: &str| match given {
        0 => Ok(()),
        given => at_least(field, given, MIN_TESTS, why),
    };
    if let Some(simulations) = config.inference.simulations {
        at_least(
            "inference.simulations",
            simulations,
            MIN_SIMULATIONS,
            "Fewer teach the estimator nothing; a few thousand are a good start.",
        )?;
    }
    let check = &config.check;
    at_least(
        "posterior.draws",
        config.posterior.draws,
        MIN_DRAWS,
        "Fewer give no intervals.",
    )?;
    at_least(
        "check.posterior_draws",
        check.posterior_draws,
        MIN_TESTS,
        "Fewer cannot tell a right posterior from a wrong one.",
    )?;
    tests(
        "check.test_simulations",
        check.test_simulations,
        "Give 0 to do without calibration checks; fewer cannot tell right from wrong.",
    )?;
    tests(
        "check.predictive_simulations",
        check.predictive_simulations,
        "Give 0 to do without posterior predictive checks; fewer show nothing.",
    )?;
    tests(
        "check.repeated_inferences",
        check.repeated_inferences,
        "Give 0 to do without calibration of methods that simulate for one observation.",
    )?;
    at_least(
        "check.test_simulations",
        check.test_simulations,
        check.repeated_inferences,
        "Inference is repeated on test simulations: give as many, or a smaller `check.repeated_inferences`.",
    )
}
