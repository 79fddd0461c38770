//! A study that has been understood: its values checked, its prior made, its observation read.

use std::path::{Path, PathBuf};

use super::config::{ObservationSection, ObservedValues, StudyConfig};
use super::inference_section::InferenceSection;
use super::method::Method;
use super::read::{parse, read};
use super::record::Inputs;
use super::source::Source;
use super::{
    choice, facts, model_choice, observation, online, parameters, posterior_section,
    restriction_section, several, validate,
};
use crate::error::Result;
use crate::infer::auto::Choice;
use crate::prior::Prior;
use crate::simulate::builtin::{self, Builtin};
use crate::table::Table;

/// How many simulations are made if the study does not say.
pub(super) const DEFAULT_SIMULATIONS: usize = 10_000;

/// The same for a method that learns nothing from them: to see what data the prior makes.
const LOOK_SIMULATIONS: usize = 1_000;

pub(super) fn default_simulations(method: Method) -> usize {
    match method {
        Method::Likelihood | Method::SyntheticLikelihood => LOOK_SIMULATIONS,
        _ => DEFAULT_SIMULATIONS,
    }
}

/// A study, ready to run.
///
/// # Example
/// ```
/// use retrodict::study::{Source, Study};
/// let text = "[study]\nname = \"toy\"\n[simulator]\nbuiltin = \"gaussian_toy\"\n";
/// let study = Study::from_source(Source::new("study.toml", text), None)?;
/// assert_eq!(study.observations().row(0), [0.8, 0.6, 0.4]); // the simulator brings its own
/// # Ok::<(), retrodict::Error>(())
/// ```
#[derive(Debug)]
pub struct Study {
    source: Source,
    config: StudyConfig,
    folder: PathBuf,
    prior: Prior,
    builtin: Option<Builtin>,
    observations: Table,
    facts: Inputs,
    /// What `auto` chose by rule, if that is the method.
    choice: Option<Choice>,
    /// One study for each method, if there are several.
    members: Vec<Study>,
}

impl Study {
    /// Reads and checks a study file; `seed` replaces the study's own.
    ///
    /// # Errors
    /// [`crate::Error::Study`] or [`crate::Error::File`] for everything that is wrong with it, before anything is
    /// simulated.
    pub fn open(path: impl AsRef<Path>, seed: Option<u64>) -> Result<Self> {
        let (config, source) = read(path)?;
        Self::resolve(config, source, seed)
    }

    /// As [`Study::open`], from a text that stands at [`Source::path`].
    pub fn from_source(source: Source, seed: Option<u64>) -> Result<Self> {
        let config = parse(&source)?;
        Self::resolve(config, source, seed)
    }

    pub(super) fn resolve(
        mut config: StudyConfig,
        source: Source,
        seed: Option<u64>,
    ) -> Result<Self> {
        config.study.seed = seed.unwrap_or(config.study.seed);
        if !config.methods.is_empty() {
            return several::resolve(config, source);
        }
        several::refuse_reference(&config, &source)?;
        validate::validate(&config, &source)?;
        let folder = base_folder(&config, &source)?;
        let builtin = config.simulator.builtin.as_deref().map(|name| {
            builtin::by_name(name).map_err(|error| source.restated_at("simulator.builtin", error))
        });
        let builtin = builtin.transpose()?;
        let prior = parameters::prior(&mut config, &source, builtin.as_ref())?;
        let observations = observation::of_study(&config, &source, &folder, builtin.as_ref())?;
        let choice = choice::choose(&mut config, &prior, &observations);
        restriction_section::validate(&config, &source)?;
        posterior_section::validate(&config, &source, &prior)?;
        validate::rounds(&config, &source, (&prior, &observations))?;
        validate::given_rounds(&config, &source, &prior)?;
        validate::continue_from(&config, &source, &folder)?;
        let n_data = observations.n_columns();
        online::validate_data(&config, &source, builtin.as_ref(), n_data)?;
        let mut study = Self {
            facts: facts::facts(&config, &source, &folder, &observations)?,
            source,
            config,
            folder,
            prior,
            builtin,
            observations,
            choice,
            members: Vec::new(),
        };
        study.fill_in();
        study
            .facts
            .extend(model_choice::facts(&study.other_models()?));
        study.check_sizes()?;
        Ok(study)
    }

    /// The studies of the models that this one's is compared with.
    pub(super) fn other_models(&self) -> Result<Vec<Self>> {
        model_choice::others(&self.config, &self.source, &self.folder, &self.observations)
    }

    /// Writes the values that a default stood for into the configuration.
    fn fill_in(&mut self) {
        let method = self.config.method();
        let trials = self.config.trials();
        let inference = &mut self.config.inference;
        inference.method = method;
        inference.fill_in(trials);
        self.config.posterior.fill_in(method);
        if self.config.simulator.data.is_none() {
            let default = default_simulations(inference.method);
            let n = *inference.simulations.get_or_insert(default);
            if let Some(restriction) = &mut inference.restriction {
                restriction.fill_in(n);
            }
            if let Some(abc_smc) = &mut inference.abc_smc {
                abc_smc.max_simulations = n;
            }
            // Of several rounds, each settles for its own number of rows what is left out.
            if !inference.is_sequential() {
                let n_data = self.observations.n_columns();
                inference.train = inference
                    .train
                    .resolved(inference.train.training_rows(n), n_data);
            }
        }
        if self.config.observation.is_none() {
            self.config.observation = Some(ObservationSection {
                values: Some(ObservedValues::One(self.observations.row(0).to_vec())),
                ..ObservationSection::default()
            });
        }
    }

    fn check_sizes(&self) -> Result<()> {
        let columns = self.prior.n_parameters() + self.observations.n_columns();
        let sizes = [
            (
                "inference.simulations",
                self.config.inference.simulations.unwrap_or(0),
                columns,
            ),
            (
                "check.test_simulations",
                self.config.check.test_simulations,
                columns,
            ),
            (
                "posterior.draws",
                self.config.posterior.draws,
                self.prior.n_parameters(),
            ),
            (
                "check.posterior_draws",
                self.config.check.posterior_draws,
                self.prior.n_parameters(),
            ),
        ];
        sizes.into_iter().try_for_each(|(field, rows, columns)| {
            validate::fits(&self.source, field, rows, columns)
        })
    }

    /// Makes it the study of several methods.
    pub(super) fn compare(
        &mut self,
        methods: Vec<Method>,
        inference: InferenceSection,
        members: Vec<Self>,
    ) {
        self.config.methods = methods;
        self.config.inference = inference;
        self.members = members;
    }

    /// One study for each method, if it names several; none otherwise.
    pub fn members(&self) -> &[Self] {
        &self.members
    }

    /// The same, to run them.
    pub(super) fn take_members(&mut self) -> Vec<Self> {
        std::mem::take(&mut self.members)
    }

    /// The study with every default written out.
    pub fn config(&self) -> &StudyConfig {
        &self.config
    }

    /// The file it was read from.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The folder from which relative paths are meant and in which simulators run.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The prior.
    pub fn prior(&self) -> &Prior {
        &self.prior
    }

    /// The built-in simulator, if the study uses one.
    pub fn builtin(&self) -> Option<&Builtin> {
        self.builtin.as_ref()
    }

    /// What `auto` chose before anything is simulated, and why, if it is the study's method.
    pub fn choice(&self) -> Option<&Choice> {
        self.choice.as_ref()
    }

    /// The observations, one a row.
    pub fn observations(&self) -> &Table {
        &self.observations
    }

    /// Whether these are independent trials, and there is one posterior for all of them together.
    pub fn trials(&self) -> bool {
        self.config.trials()
    }

    /// How many posteriors there are.
    pub fn n_posteriors(&self) -> usize {
        if self.trials() {
            1
        } else {
            self.observations.n_rows()
        }
    }

    /// The data of posterior `i`: one observation, or all trials in a row.
    pub fn observed(&self, i: usize) -> &[f64] {
        if self.trials() {
            self.observations.values()
        } else {
            self.observations.row(i)
        }
    }

    /// What the study only points to: hashes of the simulator's files, and the observation.
    pub(super) fn facts(&self) -> &Inputs {
        &self.facts
    }
}

fn base_folder(config: &StudyConfig, source: &Source) -> Result<PathBuf> {
    let own = source
        .path()
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let own = own.unwrap_or(Path::new("."));
    let folder = config
        .study
        .folder
        .as_ref()
        .map_or_else(|| own.to_path_buf(), |f| own.join(f));
    match folder.canonicalize() {
        Ok(folder) if folder.is_dir() => Ok(folder),
        _ => Err(source.error(
            "study.folder",
            format!("there is no folder {}", folder.display()),
            "Give the folder from which the study's paths are meant, or leave it out.",
        )),
    }
}
