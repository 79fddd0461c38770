//! Posterior SBC of a run: the simulations of the posterior predictive check, ranked.

use super::check::{MOST_OBSERVATIONS, STEPS};
use super::numbered::{numbered, of_observation};
use super::watched::WatchedPosterior;
use crate::check::{Check, Joined, PosteriorCalibration};
use crate::error::Result;
use crate::infer::Posterior;
use crate::report::{Figure, ranks};
use crate::samples::Samples;
use crate::seed::Seed;
use crate::simulate::{Simulations, Status};
use crate::study::Run;
use crate::table::Table;

/// What its file and its figure are called.
const NAME: &str = "posterior_calibration";
/// Fewer ranks than this tell nothing.
const FEWEST: usize = 20;

impl Run<'_> {
    /// Ranks of each observation's posterior draws, if the study asks for them. They take no simulations beyond those
    /// of the posterior predictive check.
    pub(super) fn calibrate_posteriors(
        &self,
        posterior: &dyn Posterior,
        all: &[Samples],
    ) -> Result<Vec<Check>> {
        let config = self.study().config();
        if !config.check.posterior_calibration {
            return Ok(Vec::new());
        }
        let by_trials = config.inference.method.needs_sampler();
        let joined = if by_trials {
            Joined::Trials
        } else {
            Joined::Product
        };
        let mut checks = Vec::new();
        for (i, samples) in all.iter().enumerate().take(MOST_OBSERVATIONS) {
            self.stop().check()?;
            let Some(simulations) = self.replicates(i, samples)? else {
                continue;
            };
            if simulations.valid_rows().len() < FEWEST {
                // The posterior predictive check says so.
                continue;
            }
            let (prior, seed) = (self.study().prior(), Seed(config.study.seed));
            let draws = config.check.posterior_draws;
            let of = (self.study().observed(i), joined);
            let progress = (STEPS + i, simulations.valid_rows().len());
            let watched = WatchedPosterior::new(posterior, self, progress);
            let found =
                PosteriorCalibration::measure(&watched, prior, of, &simulations, draws, seed);
            self.stop().check()?;
            let found = found?;
            self.keep(&numbered(NAME, i, all.len()), &found)?;
            if i == 0 {
                self.keep("posterior_calibration_power", &found.powers())?;
            }
            let mut own = found.checks();
            of_observation(&mut own, i, all.len());
            checks.append(&mut own);
        }
        Ok(checks)
    }

    /// Rows of θ′ and x′: of trials as many in a row as were observed, or the first ten.
    fn replicates(&self, i: usize, samples: &Samples) -> Result<Option<Simulations>> {
        if !self.study().trials() {
            return self.predictive_simulations(i, samples);
        }
        let n = self.study().observations().n_rows().min(MOST_OBSERVATIONS);
        let made = (0..n).map(|k| self.predictive_simulations(k, samples));
        let Some(made) = made.collect::<Result<Option<Vec<Simulations>>>>()? else {
            return Ok(None);
        };
        let rows = 0..made[0].len();
        let joined = rows
            .clone()
            .flat_map(|k| made.iter().flat_map(move |one| one.x.row(k)));
        let width = n * self.study().observations().n_columns();
        let failed = |k: usize| {
            made.iter()
                .map(|one| one.status[k])
                .find(|s| *s != Status::Ok)
        };
        Ok(Some(Simulations {
            x: Table::numbered("x", width, joined.copied().collect())?,
            theta: made[0].theta.clone(),
            status: rows.map(|k| failed(k).unwrap_or(Status::Ok)).collect(),
        }))
    }

    /// The ranks of every observation whose posterior was calibrated.
    pub(super) fn posterior_calibration_figures(&self) -> Result<Vec<Figure>> {
        let n = self.study().n_posteriors();
        let parameters = self.study().prior().parameters();
        let mut figures = Vec::new();
        for i in 0..n.min(MOST_OBSERVATIONS) {
            let name = numbered(NAME, i, n);
            let Some(found) = self.kept::<PosteriorCalibration>(&name)? else {
                continue;
            };
            let mut figure = ranks(&name, &found.ranks, parameters);
            figure.caption = format!(
                "Posterior calibration: draws of the observation's own posterior, ranked among draws of the posterior \
                 given also what the simulator makes of them. {}",
                figure.caption
            );
            figures.push(figure);
        }
        Ok(figures)
    }
}
