//! Training that errs on the side of caution: posteriors from few simulations that exclude too little rather than
//! too much.

mod balanced;
mod coverage;
#[cfg(test)]
mod tests;

use self::balanced::Balanced;
use self::coverage::CoveragePenalised;
use super::NpeConfig;
use super::npe::{Prepared, add_examples};
use super::sequential::atoms;
use crate::error::{Error, Result};
use crate::estimator::{Estimator, Examples};
use crate::prior::Prior;
use crate::seed::Seed;
use crate::train::{Fitted, Observer, fit};

/// Trains the density of what is prepared with the penalty that the configuration asks for.
///
/// # Errors
/// If there are discrete parameters, or training fails.
pub(super) fn fit_conservatively(
    prepared: &Prepared,
    prior: &Prior,
    config: &NpeConfig,
    seed: Seed,
    observer: Observer<'_>,
) -> Result<Fitted> {
    let target = &prepared.target;
    if !target.discrete.is_empty() {
        return Err(Error::invalid(
            "training options `coverage_penalty` and `balance`",
            "discrete parameters",
            "continuous ones",
            "Remove the option, or give the parameters continuous priors.",
        ));
    }
    let width = prepared.told().width();
    let flow = config.estimator.build(&target.bounded(), width)?;
    let (estimator, rows): (Box<dyn Estimator + '_>, [Examples; 2]) =
        if let Some(strength) = config.train.balance {
            let all = prepared.theta.n_rows();
            let pick = |rows: &Vec<usize>| atoms(prepared, prior, all, rows);
            let rows = [&prepared.split.train, &prepared.split.validation].map(pick);
            (Box::new(Balanced::new(&flow, target, strength)), rows)
        } else {
            let strength = config.train.coverage_penalty.unwrap_or(0.0);
            let pick = |rows: &Vec<usize>| plain(prepared, rows);
            let rows = [&prepared.split.train, &prepared.split.validation].map(pick);
            (Box::new(CoveragePenalised::new(&flow, strength)), rows)
        };
    let mut fitted = fit(
        &*estimator,
        &rows[0],
        &rows[1],
        &config.train,
        seed,
        observer,
    )?;
    // Scores of rows under such a loss are no densities to be mixed by.
    fitted.log.mix_evenly();
    Ok(fitted)
}

fn plain(prepared: &Prepared, rows: &[usize]) -> Examples {
    let mut examples = Examples::new(prepared.target.n_features(), prepared.told().width());
    let of = |&row: &usize| (prepared.theta.row(row), prepared.x.row(row));
    add_examples(
        &prepared.target,
        prepared.told(),
        rows.iter().map(of),
        &mut examples,
    );
    examples
}
