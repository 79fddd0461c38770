//! The stage that draws from the posterior of the study's observations.

use std::fs;
use std::path::Path;

use crate::error::{Error, Result};
use crate::infer::Posterior;
use crate::npy;
use crate::samples::Samples;
use crate::seed::{Seed, Stream};
use crate::study::export::{PosteriorExport, file_name};
use crate::study::{Event, Run, Stage};
use crate::table::Table;

impl Run<'_> {
    /// Draws from the posterior of every observation, unless that is done, and returns the draws.
    ///
    /// # Errors
    /// If no model is fitted yet, an observation does not suit it, or the run was asked to stop.
    pub fn sample(&mut self) -> Result<Vec<Samples>> {
        self.require(Stage::Fit, "fit")?;
        let n = self.study().n_posteriors();
        self.stage(Stage::Sample, n, |run| {
            let draws = run.study().config().posterior.draws;
            let all = run.draw(run.study().observations(), draws)?;
            run.write_posterior(&all)?;
            let of = if n == 1 {
                String::new()
            } else {
                format!(" for each of {n} observations")
            };
            Ok(format!("{draws} draws{of}"))
        })?;
        self.explore()?;
        self.samples()
    }

    /// The posterior that answers for these observations: the study's, or, where `auto` aimed its rounds at
    /// the study's own, that of the first round.
    ///
    /// # Errors
    /// If no model is fitted yet, or the study's posterior is of its own observation alone; `what` is what
    /// these observations are called then.
    pub fn posterior_for(&self, observations: &Table, what: &Path) -> Result<Box<dyn Posterior>> {
        self.refuse_another_observation(what, observations)?;
        match self.amortised(observations)? {
            Some(posterior) => Ok(posterior),
            None => self.posterior(),
        }
    }

    /// Draws for each row of `observations`, or for all of them together if they are trials. Row *i*
    /// has a seed of its own, so that what is drawn for it does not depend on the rows beside it. What
    /// the sampler has to say is said.
    pub(in crate::study) fn draw(&self, observations: &Table, n: usize) -> Result<Vec<Samples>> {
        let other = self.amortised(observations)?;
        let aimed = other.is_none();
        let posterior = match other {
            Some(posterior) => posterior,
            None => self.posterior()?,
        };
        let seed = Seed(self.study().config().study.seed);
        let trials = [observations.values()];
        let each = observations.rows();
        let observed: Vec<&[f64]> = if self.study().trials() {
            trials.into()
        } else {
            each.collect()
        };
        let mut all = Vec::with_capacity(observed.len());
        for (i, x) in observed.into_iter().enumerate() {
            self.stop().check()?;
            let mut samples = posterior.sample(x, n, seed.derive(Stream::Posterior, i as u64))?;
            if let Some(notes) = samples.provenance.get("notes") {
                self.note(notes.clone());
            }
            if aimed {
                samples.provenance.extend(self.aim()?);
            }
            all.push(samples);
            let message = String::new();
            self.tell(&Event::Progress {
                stage: Stage::Sample,
                done: i + 1,
                message,
            });
        }
        Ok(all)
    }

    fn write_posterior(&self, all: &[Samples]) -> Result<()> {
        let folder = self.folder().posterior();
        if folder.exists() {
            // Draws of this same study and model in another number, or unfinished ones.
            fs::remove_dir_all(&folder).map_err(Error::io(&folder, "remove"))?;
        }
        for (i, samples) in all.iter().enumerate() {
            let observations = self.study().observations();
            let (observation, shape) = if self.study().trials() {
                let shape = vec![observations.n_rows(), observations.n_columns()];
                (observations.values(), shape)
            } else {
                (observations.row(i), vec![observations.n_columns()])
            };
            let export = PosteriorExport {
                samples,
                parameters: self.study().prior().parameters(),
                observation,
                observation_shape: &shape,
                predictive: None,
                // Without a time the same draws give the same bytes.
                created_at: None,
            };
            export.write(&folder, (all.len() > 1).then_some(i))?;
        }
        self.write_pairs()
    }

    /// The posterior draws in the run folder.
    pub(in crate::study) fn samples(&self) -> Result<Vec<Samples>> {
        let n = self.study().n_posteriors();
        let names = self.study().prior().names();
        (0..n)
            .map(|i| {
                let name = file_name("samples", (n > 1).then_some(i), "npy");
                let path = self.folder().posterior().join(name);
                let array = npy::read(&path)?;
                if array.shape.get(1) != Some(&names.len()) {
                    let problem =
                        format!("shape {:?}, expected {} columns", array.shape, names.len());
                    let advice = "Delete the run's `posterior` folder and sample again.";
                    return Err(Error::file(&path, problem, advice));
                }
                Samples::from_rows(names.iter().cloned(), array.values)
            })
            .collect()
    }
}
