//! The predictive checks of a run: is the observation like what was simulated, from the prior and from the posterior?

use super::check::{FEWEST_TESTS, MOST_OBSERVATIONS};
use super::numbered::{numbered, of_observation};
use super::robust::POSTERIOR_PREDICTIVE;
use crate::check::{
    Check, CheckStatus, Misspecification, PredictedSet, Predictive, PredictiveKind,
};
use crate::error::Result;
use crate::samples::Samples;
use crate::simulate::Simulations;
use crate::study::Run;
use crate::table::Table;

impl Run<'_> {
    /// Prior and posterior predictive checks of one observation.
    pub(super) fn predict(
        &self,
        i: usize,
        n_observations: usize,
        samples: &Samples,
        simulations: &Simulations,
    ) -> Result<Vec<Check>> {
        let whole = self.study().observations().row(i);
        let (prior_data, observed) = &present(&simulations.x, whole)?;
        let name = |kind: &str| numbered(kind, i, n_observations);
        let mut checks = Vec::new();
        // Of given rounds there may be none that came from the prior.
        if simulations.len() >= FEWEST_TESTS {
            let prior = Predictive::of(PredictiveKind::Prior, prior_data, observed)?;
            self.keep(&name("prior_predictive"), &prior)?;
            checks.extend(prior.checks());
            let typical = Misspecification::of(self.study().prior(), simulations, whole)?;
            self.keep(&name("misspecification"), &typical)?;
            checks.extend(typical.check());
        }
        if i >= MOST_OBSERVATIONS {
            if i == MOST_OBSERVATIONS {
                self.note(format!(
                    "posterior predictive checks of the first {MOST_OBSERVATIONS} observations only"
                ));
            }
        } else if let Some(simulations) = self.predictive_simulations(i, samples)? {
            let replicated =
                self.as_observed(&simulations.valid().x, POSTERIOR_PREDICTIVE + i as u64)?;
            let (data, _) = present(&replicated, whole)?;
            if data.n_rows() < FEWEST_TESTS {
                checks.push(not_predicted(data.n_rows(), simulations.len()));
            } else {
                let posterior = Predictive::of(PredictiveKind::Posterior, &data, observed)?;
                let posterior = posterior.shaped(&self.simulator()?.data_shape());
                self.keep(&name("posterior_predictive"), &posterior)?;
                checks.extend(posterior.checks());
            }
        }
        of_observation(&mut checks, i, n_observations);
        Ok(checks)
    }

    /// Whether independent trials look, all together, like as many simulated at draws from their posterior.
    pub(super) fn check_trials(&self, samples: &Samples) -> Result<Vec<Check>> {
        let observations = self.study().observations();
        let n = observations.n_rows().min(MOST_OBSERVATIONS);
        let whole = observations.values().iter().all(|v| v.is_finite());
        if !self.study().trials() || n < 2 || !whole {
            return Ok(Vec::new());
        }
        let made = (0..n).map(|i| self.predictive_simulations(i, samples));
        let Some(made) = made.collect::<Result<Option<Vec<Simulations>>>>()? else {
            return Ok(Vec::new());
        };
        let succeeded = |k: &usize| {
            made.iter()
                .all(|one| one.x.row(*k).iter().all(|v| v.is_finite()))
        };
        let replicates: Vec<Vec<&[f64]>> = (0..made[0].len())
            .filter(succeeded)
            .map(|k| made.iter().map(|one| one.x.row(k)).collect())
            .collect();
        let observed: Vec<&[f64]> = observations.rows().take(n).collect();
        let found = Misspecification::of_trials(&replicates, &observed);
        self.keep("misspecification_trials", &found)?;
        let typical = found.check().map(|check| Check {
            name: "misspecification: all trials together".into(),
            ..check
        });
        let set = PredictedSet::of(observations.names(), &replicates, &observed)?;
        if let Some(set) = &set {
            self.keep("predicted_set", set)?;
        }
        let set = set.iter().flat_map(PredictedSet::checks);
        Ok(typical.into_iter().chain(set).collect())
    }
}

/// The columns of simulated data that the observation does not lack, and their observed values.
fn present(data: &Table, observed: &[f64]) -> Result<(Table, Vec<f64>)> {
    if observed.iter().all(|v| !v.is_nan()) {
        return Ok((data.clone(), observed.to_vec()));
    }
    let kept: Vec<usize> = (0..observed.len())
        .filter(|&j| !observed[j].is_nan())
        .collect();
    let names = kept.iter().map(|&j| data.names()[j].clone());
    let values = data.rows().flat_map(|row| kept.iter().map(|&j| row[j]));
    let table = Table::new(names, values.collect())?;
    Ok((table, kept.iter().map(|&j| observed[j]).collect()))
}

fn not_predicted(succeeded: usize, total: usize) -> Check {
    Check {
        name: "posterior predictive check".into(),
        statistic: succeeded as f64,
        interval: None,
        p_value: None,
        threshold: Some(FEWEST_TESTS as f64),
        status: CheckStatus::Caution,
        explanation: format!(
            "Only {succeeded} of {total} simulations at posterior draws gave data, so the posterior \
             lies where the simulator mostly fails. Look why it fails there, or narrow the prior."
        ),
    }
}
