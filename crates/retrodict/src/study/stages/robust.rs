//! Errors of the data that the simulator does not make: in training, in the checks, and what they change.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::check::MOST_OBSERVATIONS;
use super::numbered::{numbered, of_observation};
use super::trained::Trained;
use crate::check::{Check, CheckStatus, thresholds};
use crate::error::Result;
use crate::infer::{
    ErrorModel, ErrorsAt, MarginalDensity, NeuralPosterior, NpeConfig, Posterior, RobustPosterior,
    SuspectedDatum, marginal,
};
use crate::report::html::NamedTable;
use crate::report::{Compared, Figure, Overlay, intervals};
use crate::samples::{Samples, Summary};
use crate::seed::{Seed, Stream};
use crate::simulate::{SimulationSource, Simulations};
use crate::study::Run;
use crate::table::Table;
use crate::train::EpochRecord;

/// The networks trained without errors, inside the model's folder.
const WITHOUT: &str = "without_errors";
/// The density of the data alone, inside the model's folder.
const MARGINAL: &str = "marginal";

/// What allowing for errors changes about the posterior of one observation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct RobustComparison {
    /// The posterior that allows for errors, one summary a parameter.
    pub(super) with_errors: Vec<Summary>,
    /// The posterior that takes the data as they are.
    pub(super) without_errors: Vec<Summary>,
    /// How far each mean moves, in sds of the posterior without errors.
    pub(super) shifts: Vec<f64>,
    /// What each sd is multiplied by.
    pub(super) spreads: Vec<f64>,
    /// What is thought of each datum, if the errors of the observation were looked for.
    pub(super) data: Vec<SuspectedDatum>,
    /// R̂ of the chains that looked for them.
    pub(super) r_hat: Option<f64>,
}

/// R̂ from which chains that take out errors are not trusted.
const AGREE: f64 = 1.1;

impl Run<'_> {
    fn errors_at(&self) -> Option<ErrorsAt> {
        let robust = self.study().config().inference.robust.as_ref();
        robust.map(|robust| robust.at)
    }

    /// Whether networks learn from simulations with errors.
    pub(super) fn errors_in_training(&self) -> bool {
        self.errors_at() == Some(ErrorsAt::Training)
    }

    /// The simulations in memory, with errors if networks are to learn from such.
    pub(super) fn learned_from(
        &self,
        source: &dyn SimulationSource,
        seed: Seed,
    ) -> Result<Simulations> {
        let mut all = self.all_simulations(source)?;
        if let Some(robust) = &self.study().config().inference.robust
            && self.errors_in_training()
        {
            let errors = ErrorModel::of(robust, &all.valid().x);
            all.x = errors.with_errors(&all.x, seed.derive(Stream::DataErrors, TRAINING));
        }
        Ok(all)
    }

    /// What is fitted beside the networks where errors are allowed for: the same networks without errors, or the
    /// density of the data alone.
    pub(super) fn fit_beside(
        &self,
        folder: &std::path::Path,
        source: &dyn SimulationSource,
        npe: &NpeConfig,
    ) -> Result<()> {
        let inference = &self.study().config().inference;
        let Some(robust) = &inference.robust else {
            return Ok(());
        };
        let all = self.all_simulations(source)?;
        ErrorModel::of(robust, &all.valid().x).save(folder)?;
        let watch = |_: &EpochRecord| self.stop().flow();
        let seed = Seed(self.study().config().study.seed);
        match robust.at {
            ErrorsAt::Training => {
                let (trained, _) = self.train_on(&all, npe, seed, &watch)?;
                trained.save(&folder.join(WITHOUT))
            }
            ErrorsAt::Observation => {
                let seed = seed.derive(Stream::Beside, 0);
                let mut config = inference.nle();
                (config.train.coverage_penalty, config.train.balance) = (None, None);
                let (density, _) = marginal(&all, &config, seed, &watch)?;
                density.save(folder.join(MARGINAL))
            }
        }
    }

    /// A network's posterior, behind the error model if the observation is to be given errors.
    pub(super) fn robust(&self, network: NeuralPosterior) -> Result<Box<dyn Posterior>> {
        if self.errors_at() != Some(ErrorsAt::Observation) {
            return Ok(Box::new(network));
        }
        Ok(Box::new(self.behind_errors(network)?))
    }

    fn behind_errors(&self, network: NeuralPosterior) -> Result<RobustPosterior> {
        let folder = self.folder().model();
        let seed = Seed(self.study().config().study.seed);
        let errors = ErrorModel::load(&folder)?;
        let density = MarginalDensity::load(folder.join(MARGINAL))?;
        RobustPosterior::new(network, density, errors, seed)
    }

    /// The posterior without errors; none if none are allowed for.
    pub(super) fn without_errors(&self) -> Result<Option<Box<dyn Posterior>>> {
        let Some(at) = self.errors_at() else {
            return Ok(None);
        };
        let method = self.study().config().inference.method;
        let folder: PathBuf = match at {
            ErrorsAt::Training => self.folder().model().join(WITHOUT),
            ErrorsAt::Observation => self.folder().model(),
        };
        match Trained::load(method, &folder, self.study().prior())? {
            // Not behind the error model.
            Trained::Posterior(network) => Ok(Some(Box::new(network))),
            trained => self.behind(trained).map(Some),
        }
    }

    /// Data as the posterior that is checked takes them to be: with errors if it allows for them. `purpose` keeps
    /// the errors of one use from those of another.
    pub(super) fn as_observed(&self, x: &Table, purpose: u64) -> Result<Table> {
        if self.errors_at().is_none() {
            return Ok(x.clone());
        }
        let errors = ErrorModel::load(&self.folder().model())?;
        let seed = Seed(self.study().config().study.seed);
        Ok(errors.with_errors(x, seed.derive(Stream::DataErrors, purpose)))
    }

    /// Compares each observation's posterior with and without errors.
    pub(super) fn compare_without_errors(&self, all: &[Samples]) -> Result<Vec<Check>> {
        let Some(without) = self.without_errors()? else {
            return Ok(Vec::new());
        };
        let n = all.len().min(MOST_OBSERVATIONS);
        let mut checks = Vec::new();
        for (i, samples) in all.iter().enumerate().take(n) {
            let found = self.robust_comparison(&*without, i, samples)?;
            self.keep(&numbered("robust", i, all.len()), &found)?;
            let mut own = vec![found.check()];
            of_observation(&mut own, i, all.len());
            checks.append(&mut own);
        }
        Ok(checks)
    }

    /// Draws of observation `i` by the posterior without errors.
    fn drawn_without_errors(&self, without: &dyn Posterior, i: usize, n: usize) -> Result<Samples> {
        let seed = Seed(self.study().config().study.seed);
        without.sample(
            self.study().observed(i),
            n,
            seed.derive(Stream::Posterior, i as u64),
        )
    }

    fn robust_comparison(
        &self,
        without: &dyn Posterior,
        i: usize,
        samples: &Samples,
    ) -> Result<RobustComparison> {
        let plain = self.drawn_without_errors(without, i, samples.draws.n_rows())?;
        let (with_errors, without_errors) = (samples.summary(), plain.summary());
        let pairs = || with_errors.iter().zip(&without_errors);
        let unit = |summary: &Summary| summary.sd.max(f64::MIN_POSITIVE);
        let (mut data, mut r_hat) = (Vec::new(), None);
        if self.errors_at() == Some(ErrorsAt::Observation) {
            let prior = self.study().prior();
            let network = NeuralPosterior::load(self.folder().model(), prior)?;
            let denoised = self
                .behind_errors(network)?
                .denoised(self.study().observed(i))?;
            data.clone_from(&denoised.data);
            r_hat = Some(denoised.r_hat);
        }
        Ok(RobustComparison {
            shifts: pairs().map(|(a, b)| (a.mean - b.mean) / unit(b)).collect(),
            spreads: pairs().map(|(a, b)| a.sd / unit(b)).collect(),
            with_errors,
            without_errors,
            data,
            r_hat,
        })
    }

    /// What errors changed about observation `i` of `n`, as a figure and tables; none if none are allowed for.
    pub(super) fn robust_report(
        &self,
        i: usize,
        n: usize,
        samples: &Samples,
    ) -> Result<(Vec<Figure>, Vec<NamedTable>)> {
        let kept: Option<RobustComparison> = self.kept(&numbered("robust", i, n))?;
        let (Some(found), Some(without)) = (kept, self.without_errors()?) else {
            return Ok(Default::default());
        };
        let plain = self.drawn_without_errors(&*without, i, samples.draws.n_rows())?;
        let names = ["with errors", "without errors"];
        let overlays = [samples, &plain];
        let overlays: Vec<Overlay<'_>> = names
            .into_iter()
            .zip(overlays)
            .map(|(name, samples)| Overlay { name, samples })
            .collect();
        let summaries = [&found.with_errors, &found.without_errors];
        let compared: Vec<Compared<'_>> = names
            .into_iter()
            .zip(summaries)
            .map(|(name, summaries)| Compared { name, summaries })
            .collect();
        let parameters = self.study().prior().parameters();
        let mut beside = intervals(&numbered("robust-intervals", i, n), parameters, &compared);
        beside.caption = "Posterior of each parameter with errors of the data allowed for, and without: median (gap), \
                          central 68 % interval (thick) and central 95 % interval (thin)."
            .into();
        let figures = vec![self.corner(&numbered("robust", i, n), &overlays)?, beside];
        Ok((figures, found.tables(self.study().observations().names())))
    }
}

/// What the errors of a use are for.
const TRAINING: u64 = 0;
pub(super) const TESTS: u64 = 1;
pub(super) const PRIOR_PREDICTIVE: u64 = 2;
/// And one more for each observation.
pub(super) const POSTERIOR_PREDICTIVE: u64 = 3;

impl RobustComparison {
    fn check(&self) -> Check {
        let larger = |a: &(usize, f64), b: &(usize, f64)| a.1.total_cmp(&b.1);
        let sizes = self.shifts.iter().map(|s| s.abs()).enumerate();
        let (j, size) = sizes.max_by(larger).unwrap_or((0, 0.0));
        let name = &self.with_errors[j].name;
        let unsure = self
            .r_hat
            .is_some_and(|r_hat| r_hat.is_nan() || r_hat >= AGREE);
        let status = if size > thresholds::CAUTION_ROBUST || unsure {
            CheckStatus::Caution
        } else {
            CheckStatus::Passed
        };
        let found = format!(
            "With errors of the data allowed for, the posterior mean of {name} moves by {:+.2} of the sds it has \
             without, and its sd is multiplied by {:.2}.",
            self.shifts[j], self.spreads[j]
        );
        let meaning = if unsure {
            " The chains that look for the errors do not agree (R̂ above 1.1): give fewer data, or summaries."
        } else if status == CheckStatus::Caution {
            " The answer depends on whether all data are trusted: look at those that are suspected, and find out \
             what is wrong with them."
        } else {
            " The answer does not depend on it."
        };
        Check {
            name: "robustness".into(),
            statistic: size,
            interval: None,
            p_value: None,
            threshold: Some(thresholds::CAUTION_ROBUST),
            status,
            explanation: found + meaning,
        }
    }

    fn tables(&self, data: &[String]) -> Vec<NamedTable> {
        let number = |v: f64| format!("{v:.3}").replace('-', "−");
        let rows = (0..self.shifts.len()).map(|j| {
            let (with, without) = (&self.with_errors[j], &self.without_errors[j]);
            let numbers = [with.mean, with.sd, without.mean, without.sd];
            let mut row = vec![with.name.clone()];
            row.extend(numbers.map(number));
            row.push(format!("{:+.2}", self.shifts[j]).replace('-', "−"));
            row.push(format!("{:.2}", self.spreads[j]));
            row
        });
        let heads = [
            "Parameter",
            "mean with errors",
            "sd",
            "mean without",
            "sd",
            "shift in sds",
            "sd times",
        ];
        let mut tables = vec![NamedTable {
            title: "With and without errors of the data".into(),
            note: "What changes if data may have errors that the simulator does not make.".into(),
            heads: heads.map(String::from).into(),
            rows: rows.collect(),
        }];
        if !self.data.is_empty() {
            tables.push(self.suspects(data));
        }
        tables
    }

    /// The data that are most likely wrong.
    fn suspects(&self, names: &[String]) -> NamedTable {
        const MOST: usize = 20;
        let mut order: Vec<usize> = (0..self.data.len()).collect();
        let probability = |j: &usize| self.data[*j].error_probability;
        order.sort_by(|a, b| probability(b).total_cmp(&probability(a)));
        let rows = order.iter().take(MOST).map(|&j| {
            let datum = self.data[j];
            vec![
                names[j].clone(),
                format!("{:.4}", datum.observed).replace('-', "−"),
                format!("{:.4} ± {:.4}", datum.mean, datum.sd).replace('-', "−"),
                format!("{:.2}", datum.error_probability),
            ]
        });
        NamedTable {
            title: "Suspected data".into(),
            note: format!(
                "For each datum the value that the simulator would have made, and the probability that the observed \
                 one has an error beside; the prior probability is that of the slab. {}",
                if self.data.len() > MOST {
                    "The 20 most suspected."
                } else {
                    ""
                }
            ),
            heads: ["Datum", "observed", "without error", "P(error)"]
                .map(String::from)
                .into(),
            rows: rows.collect(),
        }
    }
}
