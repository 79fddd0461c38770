//! Several methods over the same simulations, and one comparison at the end.

mod agreement;
mod files;
mod importance;
mod page;
mod table;

use std::path::{Path, PathBuf};

pub use importance::Importance;
pub use table::{Compared, Comparison, MethodResult, Pair};

use super::events::{Event, Observer, StopFlag};
use super::folder::RunFolder;
use super::method::Method;
use super::record::Records;
use super::resolved::Study;
use super::run::Run;
use crate::check::Verdict;
use crate::error::Result;
use crate::npy;

/// A study of several methods in its run folder.
///
/// Each method has a run of its own in `methods/NAME`, with every file that a study of this method alone
/// leaves; the simulations from the prior are the whole study's, in `simulations`, so a method may be
/// added later, and gives the same bits as alone.
pub struct ComparisonRun<'a> {
    study: Study,
    folder: RunFolder,
    runs: Vec<Run<'a>>,
    observer: &'a Observer<'a>,
}

impl std::fmt::Debug for ComparisonRun<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ComparisonRun")
            .field("study", &self.study.config().study.name)
            .field("methods", &self.study.config().methods)
            .finish_non_exhaustive()
    }
}

impl<'a> ComparisonRun<'a> {
    /// Opens the folder of a study that names several methods, or makes it.
    ///
    /// # Errors
    /// As [`Run::open`], for each of the methods.
    pub fn open(
        mut study: Study,
        out: impl AsRef<Path>,
        observer: &'a Observer<'a>,
        stop: &StopFlag,
    ) -> Result<Self> {
        let folder = RunFolder::open(out)?;
        // First of all, so that the folder is known as a run from now on.
        Records::read(folder.path())?.write(folder.path())?;
        let members = study.take_members();
        let runs = members.into_iter().map(|member| {
            let out = folder.method(member.config().inference.method.name());
            std::fs::create_dir_all(&out)
                .map_err(crate::error::Error::io(&out, "create the folder"))?;
            Run::open(member, out, observer, stop.clone())
        });
        let run = Self {
            runs: runs.collect::<Result<_>>()?,
            study,
            folder,
            observer,
        };
        let text = run.study.to_toml(run.folder.path());
        npy::write_atomically(run.folder.study(), text.as_bytes())?;
        Ok(run)
    }

    /// Every stage of every method, one method after the other, and the comparison.
    ///
    /// # Errors
    /// Of any stage of any method. Running it again goes on.
    pub fn all(&mut self) -> Result<Comparison> {
        self.each(|run| run.all().map(|_| ()))?;
        self.compare()
    }

    /// One stage of every method.
    ///
    /// # Errors
    /// Of that stage.
    pub fn each(&mut self, mut stage: impl FnMut(&mut Run<'a>) -> Result<()>) -> Result<()> {
        for run in &mut self.runs {
            let method = run.study().config().inference.method;
            (self.observer)(&Event::Note {
                message: format!("{} (`{}`)", method.words(), method.name()),
            });
            stage(run)?;
        }
        Ok(())
    }

    /// Compares what all methods found, and leaves the table, the figures and the report.
    ///
    /// # Errors
    /// If a method is not done yet, or a file cannot be written.
    pub fn compare(&self) -> Result<Comparison> {
        let comparison = table::of(self)?;
        files::write(self, &comparison)?;
        Ok(comparison)
    }

    /// The study as a whole.
    pub fn study(&self) -> &Study {
        &self.study
    }

    /// The runs of the methods.
    pub fn runs(&self) -> &[Run<'a>] {
        &self.runs
    }

    /// The folder.
    pub fn folder(&self) -> &RunFolder {
        &self.folder
    }

    /// The report's file.
    pub fn report(&self) -> PathBuf {
        self.folder.report()
    }

    /// With which method the others are compared.
    fn main(&self) -> usize {
        let reference = self.study.config().inference.reference;
        let methods = &self.study.config().methods;
        let place = |reference: Method| methods.iter().position(|m| *m == reference);
        reference.and_then(place).unwrap_or(0)
    }

    /// One verdict about the study: see [`Comparison`].
    fn verdict(
        &self,
        methods: &[MethodResult],
        compared: &[Vec<Compared>],
        importance: &[Vec<Importance>],
    ) -> Verdict {
        let named = self.study.config().inference.reference.is_some();
        agreement::verdict(methods, (compared, importance), self.main(), named)
    }
}
