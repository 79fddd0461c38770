//! Likelihoods of learned summaries, in place of the data.

use std::borrow::Cow;

use super::{LikelihoodModel, NleConfig};
use crate::error::{Error, Result};
use crate::infer::SemiAutomatic;
use crate::infer::training_pairs::TrainingPairs;
use crate::prior::Prior;
use crate::simulate::Simulations;

/// With fewer simulations for each number that is learned, the error of the regression widens the posterior noticeably.
const ENOUGH: usize = 20;

/// Learns the summaries that `config` asks for, if it does, puts those that leave the row itself out in the place of each
/// row of data, and says so.
///
/// # Errors
/// If discrete data are named as well, or as [`SemiAutomatic::fit`].
pub(super) fn learn(
    prior: &Prior,
    simulations: &Simulations,
    config: &NleConfig,
    pairs: &mut TrainingPairs,
) -> Result<(Option<SemiAutomatic>, Vec<String>)> {
    if let Some(named) = &config.discrete_data
        && !config.summaries.is_none()
    {
        return Err(Error::invalid(
            "inference.discrete_data",
            format!("{named:?}"),
            "nothing, as `summaries` are given",
            "Leave one of them out: summaries of discrete data are not discrete.",
        ));
    }
    let Some((summaries, left_out)) = config.summaries.with_left_out(prior, simulations)? else {
        return Ok((None, Vec::new()));
    };
    let n = pairs.x.n_rows();
    // Those of its own fit would be nearer to each θ than the observation's are, and the posterior too narrow.
    pairs.x = left_out;
    let mut notes = vec![format!(
        "the likelihood is that of {} summaries, learned from {} numbers a simulation",
        summaries.n_summaries(),
        summaries.n_data()
    )];
    let wanted = ENOUGH * summaries.n_regressors();
    if n < wanted {
        let or = if summaries.n_regressors() > summaries.n_data() {
            ", or choose a lower `degree`"
        } else {
            ""
        };
        notes.push(format!(
            "{n} simulations are few to learn summaries from by {} regressors: with fewer than {wanted} they say less of \
             the parameters than the data do, and the posterior is wider; simulate more{or}",
            summaries.n_regressors()
        ));
    }
    Ok((Some(summaries), notes))
}

impl LikelihoodModel {
    /// How many numbers a row of data has.
    pub(super) fn n_data(&self) -> usize {
        match &self.summaries {
            Some(summaries) => summaries.n_data(),
            None => self.x.n_data(),
        }
    }

    /// Rows of data as the density has them.
    pub(super) fn seen<'a>(&self, x: &'a [f64]) -> Result<Cow<'a, [f64]>> {
        match &self.summaries {
            Some(summaries) => summaries.of_rows(x).map(Cow::Owned),
            None => Ok(Cow::Borrowed(x)),
        }
    }
}
