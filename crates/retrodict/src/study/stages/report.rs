//! The stage that makes the figures and the report.

use std::fs;
use std::path::PathBuf;

use serde::de::DeserializeOwned;

use crate::check::{Misspecification, PredictedSet};
use crate::error::{Error, Result};
use crate::prior::Parameter;
use crate::report::html::{Fact, ObservationReport, ReportInput, SearchReport};
use crate::report::{
    Corner, Figure, LossCurve, Overlay, coverage, learning_curve, misspecification, predictive,
    predictive_image, predictive_set, ranks, recovery, search, training,
};
use crate::samples::Samples;
use crate::seed::{Seed, Stream};
use crate::study::{Run, Stage};
use crate::train::TrainLog;

use super::check::read_json;
use super::numbered::numbered;
use super::report_words;

/// How many draws from the prior its curves in a corner plot are made of.
const PRIOR_DRAWS: usize = 10_000;
/// More observations than this get no figures of their own; their draws are in the files.
const MOST_OBSERVATIONS: usize = 10;
/// More than these cannot be told apart in one figure.
const MOST_DISCREPANCIES: usize = 12;

impl Run<'_> {
    /// Makes the figures and the report, unless they are there, and returns the report's file.
    ///
    /// # Errors
    /// If the checks are not done yet, or a file cannot be read or written.
    pub fn report(&mut self) -> Result<PathBuf> {
        self.require(Stage::Check, "check")?;
        // The study may ask more of the same draws by now.
        if !self.is_done(Stage::Explore) {
            self.explore()?;
        }
        self.stage(Stage::Report, 0, Run::write_report)?;
        Ok(self.folder().report())
    }

    fn write_report(&self) -> Result<String> {
        let folder = self.folder().figures();
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(Error::io(&folder, "remove"))?;
        }
        fs::create_dir_all(&folder).map_err(Error::io(&folder, "create the folder"))?;
        let input = self.report_input()?;
        let figures: Vec<&Figure> = input
            .observations
            .iter()
            .flat_map(|observation| &observation.figures)
            .chain(&input.check_figures)
            .chain(input.search.iter().flat_map(|search| &search.figures))
            .chain(&input.training_figures)
            .collect();
        for figure in &figures {
            self.stop().check()?;
            figure.write(&folder)?;
        }
        input.write(self.folder().report())?;
        Ok(format!("{} figures and report.html", figures.len()))
    }

    fn report_input(&self) -> Result<ReportInput> {
        let config = self.study().config();
        let all = self.samples()?;
        let observations = all
            .iter()
            .enumerate()
            .map(|(i, samples)| self.observation_report(i, all.len(), samples));
        let parameters = self.study().prior().parameters();
        let mut check_figures = Vec::new();
        if let Some(uniformity) = self.kept("rank_uniformity")? {
            check_figures.push(ranks("ranks", &uniformity, parameters));
        }
        check_figures.extend(self.posterior_calibration_figures()?);
        if let Some(expected) = self.kept("coverage")? {
            check_figures.push(coverage("coverage", &expected, parameters));
        }
        if let Some(recovered) = self.kept("recovery")? {
            check_figures.push(recovery("recovery", &recovered, parameters));
        }
        if let Some(curve) = self.kept("learning_curve")? {
            check_figures.push(learning_curve("learning_curve", &curve));
        }
        let log = self.training_log()?;
        let training = log
            .as_ref()
            .map_or_else(Vec::new, report_words::training_facts);
        Ok(ReportInput {
            title: config.study.name.clone(),
            description: None,
            verdict: self.verdict()?,
            warnings: log
                .iter()
                .flat_map(|log| log.notes.clone())
                .chain(self.about_rounds()?)
                .chain(self.about_marginals()?)
                .chain(self.restriction_note()?)
                .collect(),
            parameters: report_words::parameter_rows(self.study()),
            study: report_words::study_facts(self.study(), &self.counts()?),
            observations: observations.collect::<Result<_>>()?,
            comparison: None,
            check_figures,
            check_tables: self.power_tables()?,
            training: self
                .choice_facts()?
                .into_iter()
                .chain(self.round_facts()?)
                .chain(self.bounds_facts()?)
                .chain(training)
                .collect(),
            training_figures: log.iter().map(loss_figure).collect(),
            search: self.search_report()?,
            reproduce: report_words::reproduce_facts(self.study(), &self.records().seconds()),
            command: "retrodict run study.toml --out again".into(),
            citations: self.citations()?,
        })
    }

    fn search_report(&self) -> Result<Option<SearchReport>> {
        let Some(result) = self.search_result()? else {
            return Ok(None);
        };
        Ok(Some(SearchReport {
            facts: report_words::search_facts(&result),
            figures: vec![search("search", &result)],
            result,
        }))
    }

    fn observation_report(
        &self,
        i: usize,
        n: usize,
        samples: &Samples,
    ) -> Result<ObservationReport> {
        let explored = self.explored(i)?;
        let mut figures = Vec::new();
        if i < MOST_OBSERVATIONS {
            let overlay = Overlay {
                name: "posterior",
                samples,
            };
            figures.push(self.corner(&numbered("posterior", i, n), &[overlay])?);
            figures.extend(self.conditional_figure(i, n, samples, &explored)?);
            // Of trials, the first stands for all.
            let of = |kind: &str| numbered(kind, i, self.study().observations().n_rows());
            let prior = self.kept(&of("prior_predictive"))?;
            if let Some(posterior) = self.kept(&of("posterior_predictive"))? {
                let name = numbered("predictive", i, n);
                figures.push(predictive(&name, &posterior, prior.as_ref()));
                figures.extend(predictive_image(
                    &numbered("predictive-image", i, n),
                    &posterior,
                ));
            }
            if i == 0 {
                figures.extend(self.set_figures()?);
            }
            figures.extend(self.typicality_figures(of("misspecification"), i)?);
        }
        let (conformal_figures, conformal_tables) = self.conformal_report(i, n)?;
        figures.extend(conformal_figures);
        let (robust_figures, robust_tables) = self.robust_report(i, n, samples)?;
        figures.extend(robust_figures);
        let mut tables = explored.tables();
        tables.extend(robust_tables);
        tables.extend(conformal_tables);
        let mut facts = vec![Fact::new("draws", samples.draws.n_rows().to_string())];
        facts.extend(self.online_facts(i)?);
        facts.extend(self.sampler_facts(i, n)?);
        Ok(ObservationReport {
            name: format!("observation {}", i + 1),
            summaries: samples.summary(),
            truth: None,
            maximum: explored.maximum(self.study().prior().parameters()),
            facts,
            tables,
            figures,
        })
    }

    /// A corner plot beside the prior.
    pub(in crate::study) fn corner(
        &self,
        name: &str,
        posteriors: &[Overlay<'_>],
    ) -> Result<Figure> {
        let prior = self.study().prior();
        let seed = Seed(self.study().config().study.seed);
        let draws = prior.sample_table(PRIOR_DRAWS, seed, Stream::Parameters);
        let parameters: &[Parameter] = prior.parameters();
        Corner {
            name,
            parameters,
            posteriors,
            limits: &self.limits(),
            truth: None,
            prior: Some(&Samples::independent(draws)),
        }
        .figure()
    }

    /// Independent trials beside simulated sets of them: distributions, and what is measured of these.
    fn set_figures(&self) -> Result<Vec<Figure>> {
        let Some(found) = self.kept::<PredictedSet>("predicted_set")? else {
            return Ok(Vec::new());
        };
        let mut figures = vec![predictive_set("predictive-set", &found)];
        if found.discrepancies.features.len() <= MOST_DISCREPANCIES {
            let name = "predictive-set-discrepancies";
            let mut figure = predictive(name, &found.discrepancies, None);
            figure.caption = format!("Of all trials together. {}", figure.caption);
            figures.push(figure);
        }
        Ok(figures)
    }

    /// How typical observation `i` is of the simulations; of trials, the first one and all together.
    fn typicality_figures(&self, own: String, i: usize) -> Result<Vec<Figure>> {
        let files = [own, "misspecification_trials".into()];
        let mut figures = Vec::new();
        for name in &files[..if i == 0 { 2 } else { 1 }] {
            let found: Option<Misspecification> = self.kept(name)?;
            let found = found.filter(|found| !found.tests.is_empty());
            figures.extend(found.map(|found| misspecification(name, &found)));
        }
        Ok(figures)
    }

    /// The prior's limits, one pair a parameter.
    pub(super) fn limits(&self) -> Vec<[f64; 2]> {
        let prior = self.study().prior();
        let supports = (0..prior.n_parameters()).map(|j| prior.support(j));
        supports.map(|s| [s.low, s.high]).collect()
    }

    /// What a check left, if it was made.
    pub(super) fn kept<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        let path = self.folder().checks().join(format!("{name}.json"));
        path.exists().then(|| read_json(&path)).transpose()
    }
}

fn loss_figure(log: &TrainLog) -> Figure {
    training("training", &LossCurve::of(log))
}
