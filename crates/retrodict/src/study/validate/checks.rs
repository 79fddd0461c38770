//! What the checks of `[check]` need that are not made unless asked for.

use crate::error::Result;
use crate::infer::ErrorsAt;
use crate::study::config::StudyConfig;
use crate::study::source::Source;

pub(super) fn checks(config: &StudyConfig, source: &Source) -> Result<()> {
    learning_curve(config, source)?;
    posterior_calibration(config, source)?;
    conformal(config, source)
}

/// Parts of the simulations can be trained on if they are all from the prior, and compared on test simulations.
fn learning_curve(config: &StudyConfig, source: &Source) -> Result<()> {
    if !config.check.learning_curve {
        return Ok(());
    }
    let method = config.method();
    let problem = if !method.trains() {
        format!("given with `{}`, which trains nothing", method.name())
    } else if config.inference.is_sequential() {
        "given with several rounds, whose simulations are not from the prior".into()
    } else if config.check.test_simulations == 0 {
        "given without test simulations to compare on".into()
    } else {
        return Ok(());
    };
    let advice =
        "Use a method with networks, `rounds = 1` and `check.test_simulations`, or remove it.";
    Err(source.error("check.learning_curve", problem, advice))
}

/// Posterior draws have to be simulated, and posteriors of what comes of them to be known.
fn posterior_calibration(config: &StudyConfig, source: &Source) -> Result<()> {
    if !config.check.posterior_calibration {
        return Ok(());
    }
    let method = config.method();
    let problem = if !method.gives_densities() {
        format!(
            "given with `{}`, which does not know the density of any observation's posterior",
            method.name()
        )
    } else if config.inference.is_sequential() {
        "given with several rounds, whose posterior serves one observation only".into()
    } else if config.inference.robust.is_some() {
        "given with `robust`: the simulator makes no data with errors, and the posterior is of such"
            .into()
    } else if config.inference.correction.is_some() {
        "given with `correction`, whose draws take too long for hundreds of posteriors".into()
    } else if config.simulator.data.is_some() {
        "given with `data`: there is no simulator to run at posterior draws".into()
    } else if config.check.predictive_simulations == 0 {
        "given without predictive simulations to rank".into()
    } else {
        return Ok(());
    };
    let advice = "Use `npe`, `nle`, `nre`, `fmpe`, `npse` or a classical method, `rounds = 1`, a simulator and \
                  `check.predictive_simulations`, or remove it.";
    Err(source.error("check.posterior_calibration", problem, advice))
}

/// Guarantees hold where the observation and the test simulations come about in the same way.
fn conformal(config: &StudyConfig, source: &Source) -> Result<()> {
    if !config.check.conformal {
        return Ok(());
    }
    let robust = config.inference.robust.as_ref();
    let method = config.method();
    let problem = if method.simulates() {
        format!(
            "given with `{}`, which is not tested on other simulations",
            method.name()
        )
    } else if config.inference.is_sequential() {
        "given with several rounds, whose posterior serves one observation only".into()
    } else if config.trials() {
        "given with trials, of which test simulations have one".into()
    } else if robust.is_some_and(|robust| robust.at == ErrorsAt::Observation) {
        "given with `robust.at = \"observation\"`, where the network alone is tested".into()
    } else if config.check.test_simulations == 0 {
        "given without test simulations to calibrate with".into()
    } else {
        return Ok(());
    };
    let advice = "Use `rounds = 1` and `check.test_simulations`, or remove it.";
    Err(source.error("check.conformal", problem, advice))
}
