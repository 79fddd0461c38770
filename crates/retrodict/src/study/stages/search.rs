//! The search for hyper-parameters, before the fit.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Mutex;

use crate::error::{Error, Result};
use crate::infer::{NpeConfig, SearchConfig, SearchResult, Trial, TrialFolder, search};
use crate::npy;
use crate::seed::Seed;
use crate::simulate::SimulationSource;
use crate::study::settings_words::settings_words;
use crate::study::stages::check::read_json;
use crate::study::{Event, InferenceSection, Run, Stage, hash};

/// How much is searched decides which trials there are, and changes none of them.
const BUDGET: [&str; 2] = ["inference.search.trials", "inference.search.time"];

impl Run<'_> {
    /// The configuration to fit: the study's own, or the best that its search finds.
    pub(super) fn chosen(&self, source: &dyn SimulationSource) -> Result<NpeConfig> {
        let inference = &self.study().config().inference;
        let base = inference.npe();
        let Some(config) = &inference.search else {
            return Ok(base);
        };
        let result = self.search(source, &base, config)?;
        self.note(summary(&result));
        let text = serde_json::to_string_pretty(&result).expect("a result is plain data");
        npy::write_atomically(self.folder().search_json(), (text + "\n").as_bytes())?;
        npy::write_atomically(self.folder().search_csv(), result.to_csv().as_bytes())?;
        Ok(result.best.settings.applied_to(&base))
    }

    fn search(
        &self,
        source: &dyn SimulationSource,
        base: &NpeConfig,
        config: &SearchConfig,
    ) -> Result<SearchResult> {
        let mut inputs = self.inputs(Stage::Fit);
        inputs.retain(|key, _| !BUDGET.contains(&key.as_str()));
        let belongs = hash::of_bytes(format!("{inputs:?}").as_bytes());
        let folder = TrialFolder::open(self.folder().trials(), belongs)?;
        let seen = Mutex::new((BTreeSet::new(), f64::INFINITY));
        let observer = |trial: Option<&Trial>| {
            if let (Some(trial), Ok(mut seen)) = (trial, seen.lock()) {
                seen.0.insert((trial.rung, trial.index));
                seen.1 = seen.1.min(trial.loss.unwrap_or(f64::INFINITY));
                let message = format!("search: {} trials, lowest loss {:.3}", seen.0.len(), seen.1);
                let (stage, done) = (Stage::Fit, 0);
                self.tell(&Event::Progress {
                    stage,
                    done,
                    message,
                });
            }
            self.stop().flow()
        };
        let seed = Seed(self.study().config().study.seed);
        let prior = self.study().prior();
        search(
            prior,
            source,
            (base, config),
            seed,
            Some(&folder),
            &observer,
        )
    }

    /// What the search found, if the study has one and it is done.
    pub(super) fn search_result(&self) -> Result<Option<SearchResult>> {
        let path = self.folder().search_json();
        let searched = self.study().config().inference.search.is_some();
        (searched && path.exists())
            .then(|| read_json(&path))
            .transpose()
    }

    /// The study's inference with the settings that were found in place of the search, once the
    /// fit that follows it is done.
    pub(in crate::study) fn settled(&self) -> Option<InferenceSection> {
        if !self.is_done(Stage::Fit) {
            return None;
        }
        let best = self.search_result().ok()??.best;
        let mut inference = self.study().config().inference.clone();
        let config = best.settings.applied_to(&inference.npe());
        (inference.estimator, inference.train) = (config.estimator, config.train);
        inference.search = None;
        Some(inference)
    }

    /// Removes what an unfinished search left beside its trials.
    pub(super) fn forget_search(&self) -> Result<()> {
        for path in [self.folder().search_json(), self.folder().search_csv()] {
            if path.exists() {
                fs::remove_file(&path).map_err(Error::io(&path, "remove"))?;
            }
        }
        Ok(())
    }
}

fn summary(result: &SearchResult) -> String {
    let failed = if result.n_failed > 0 {
        format!(", {} failed", result.n_failed)
    } else {
        String::new()
    };
    let time = if result.out_of_time {
        " (its time was over)"
    } else {
        ""
    };
    let own = result
        .own()
        .and_then(|trial| Some((trial.loss?, trial.max_steps)));
    let own = own.map_or_else(String::new, |(loss, steps)| {
        format!("; the study's own settings: {loss:.3} after at most {steps} steps")
    });
    format!(
        "search: {} trainings in {:.1} s{time}{failed}; best is trial {} ({}), validation loss {:.3}{own}",
        result.trials.len(),
        result.seconds,
        result.best.index,
        settings_words(&result.best.settings),
        result.best.loss.unwrap_or(f64::NAN)
    )
}
