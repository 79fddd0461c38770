//! A study and the folder of its run.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use numpy::{PyArray2, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use retrodict::Result;
use retrodict::prior::PriorFunctions;
use retrodict::simulate::Simulations;
use retrodict::study::{ComparisonRun, Event, Observer, Run, Source, Stage, StopFlag, Study};

use crate::arrays;
use crate::caller::Callers;
use crate::error::{of_file, to_python};
use crate::posterior::{OBSERVATION, Posterior};
use crate::prior::Prior;
use crate::settings;
use crate::simulator::{Function, Shared, Simulator};

/// Progress is told this often at most.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

/// A study, the folder of its run, and the simulator in Python if it has one.
///
/// The folder is in use only while something is done in it.
#[pyclass(frozen, module = "retrodict._native")]
pub(crate) struct Session {
    study: Study,
    source: Source,
    seed: Option<u64>,
    folder: PathBuf,
    function: Option<Arc<Function>>,
    /// Those of the prior's functions, which the simulator shares.
    callers: Callers,
}

type Given<'py> = (
    PyReadonlyArray2<'py, f64>,
    PyReadonlyArray2<'py, f64>,
    PyReadonlyArray1<'py, u8>,
);

#[pymethods]
impl Session {
    /// From the sections of a study.
    #[new]
    #[pyo3(signature = (folder, study, simulator=None, prior=None))]
    fn new(
        folder: PathBuf,
        study: &Bound<'_, PyDict>,
        simulator: Option<&Simulator>,
        prior: Option<&Prior>,
    ) -> PyResult<Self> {
        let table = settings::table("", study)?;
        let text = toml::to_string(&table)
            .map_err(|error| pyo3::exceptions::PyValueError::new_err(error.to_string()))?;
        fs::create_dir_all(&folder).map_err(|error| {
            PyOSError::new_err(format!(
                "cannot make the folder {}: {error}",
                folder.display()
            ))
        })?;
        let source = with_functions(Source::new(folder.join("study.toml"), text), prior);
        let study = Study::from_source(source.clone(), None).map_err(|e| to_python(&e))?;
        Ok(Self {
            study,
            source,
            seed: None,
            folder,
            callers: callers_of(simulator, prior),
            function: simulator.map(|simulator| Arc::clone(&simulator.function)),
        })
    }

    /// From a study file.
    #[staticmethod]
    #[pyo3(signature = (path, folder=None, seed=None, simulator=None, prior=None))]
    fn open(
        path: PathBuf,
        folder: Option<PathBuf>,
        seed: Option<u64>,
        simulator: Option<&Simulator>,
        prior: Option<&Prior>,
    ) -> PyResult<Self> {
        let source = Source::read(&path).map_err(|error| of_file(&error))?;
        let source = with_functions(source, prior);
        let study = Study::from_source(source.clone(), seed).map_err(|error| of_file(&error))?;
        let name = &study.config().study.name;
        Ok(Self {
            folder: folder.unwrap_or_else(|| PathBuf::from("runs").join(name)),
            study,
            source,
            seed,
            callers: callers_of(simulator, prior),
            function: simulator.map(|simulator| Arc::clone(&simulator.function)),
        })
    }

    #[getter]
    fn folder(&self) -> PathBuf {
        self.folder.clone()
    }

    #[getter]
    fn prior(&self) -> Prior {
        Prior {
            joint: self.study.prior().clone(),
            functions: PriorFunctions::default(),
            callers: self.callers.clone(),
        }
    }

    #[getter]
    fn data_names(&self) -> Vec<String> {
        self.study.observations().names().to_vec()
    }

    #[getter]
    fn observations<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray2<f64>> {
        arrays::array(py, self.study.observations())
    }

    /// The names of the methods, if the study has several.
    #[getter]
    fn methods(&self) -> Vec<&'static str> {
        let methods = self.study.config().methods.iter();
        methods.map(|method| method.name()).collect()
    }

    /// The study with every default, as JSON.
    #[getter]
    fn settings(&self) -> String {
        serde_json::to_string(self.study.config()).expect("a study is plain data")
    }

    /// The same as the TOML that is written to the folder.
    #[getter]
    fn text(&self) -> String {
        self.study.to_toml(&self.folder)
    }

    /// Does these stages, `simulate`, `fit`, `sample`, `check`, `report`; what is there is not done again.
    /// `progress` is called with an event's kind, stage, counts and message.
    #[pyo3(signature = (stages, training=None, tests=None, progress=None))]
    fn run(
        &self,
        py: Python<'_>,
        stages: Vec<String>,
        training: Option<Given<'_>>,
        tests: Option<Given<'_>>,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<()> {
        let given = [(Stage::Simulate, training), (Stage::SimulateTests, tests)];
        let mut simulations = Vec::new();
        for (stage, given) in given {
            if let Some((theta, x, status)) = given {
                let names = self.study.prior().names();
                simulations.push((stage, arrays::simulations(names, &theta, &x, &status)?));
            }
        }
        let (stop, opening) = (StopFlag::default(), self.opening());
        let (callers, flag) = (self.callers.clone(), stop.clone());
        let told = Told::new(callers.clone(), progress, stop.clone());
        callers.wait(py, Some(&stop), move || {
            let observer = |event: &Event| told.tell(event);
            opening.stages(&stages, &simulations, &observer, &flag)
        })
    }

    /// The posterior that serves these observations: the study's own unless given.
    #[pyo3(signature = (x=None))]
    fn posterior(
        &self,
        py: Python<'_>,
        x: Option<PyReadonlyArray2<'_, f64>>,
    ) -> PyResult<Posterior> {
        let names = self.study.observations().names().to_vec();
        let observations = match x {
            Some(x) => arrays::table(names, &x)?,
            None => self.study.observations().clone(),
        };
        let stop = StopFlag::default();
        let (opening, callers) = (self.opening(), self.callers.clone());
        let flag = stop.clone();
        let posterior = callers.wait(py, Some(&stop), move || {
            let observer = |_: &Event| {};
            let run = opening.run(&observer, &flag)?;
            run.posterior_for(&observations, OBSERVATION.as_ref())
        })?;
        Ok(Posterior::new(posterior, callers))
    }
}

impl Session {
    fn opening(&self) -> Opening {
        Opening {
            source: self.source.clone(),
            seed: self.seed,
            folder: self.folder.clone(),
            function: self.function.clone(),
        }
    }
}

/// The study's text, with the functions of a prior that it may name.
fn with_functions(source: Source, prior: Option<&Prior>) -> Source {
    let functions = prior.map(|prior| prior.functions.clone());
    source.with_functions(functions.unwrap_or_default())
}

/// Whom to ask and to tell: the simulator's callers, which are those of its prior, or the prior's.
fn callers_of(simulator: Option<&Simulator>, prior: Option<&Prior>) -> Callers {
    let of_simulator = simulator.map(|simulator| simulator.function.callers.clone());
    let of_prior = || prior.map(Prior::shared_callers);
    of_simulator.or_else(of_prior).unwrap_or_default()
}

/// What another thread needs to open the run.
struct Opening {
    source: Source,
    seed: Option<u64>,
    folder: PathBuf,
    function: Option<Arc<Function>>,
}

impl Opening {
    fn run<'a>(&self, observer: &'a Observer<'a>, stop: &StopFlag) -> Result<Run<'a>> {
        let study = Study::from_source(self.source.clone(), self.seed)?;
        let run = Run::open(study, &self.folder, observer, stop.clone())?;
        self.equip(&run)?;
        Ok(run)
    }

    fn equip(&self, run: &Run<'_>) -> Result<()> {
        match &self.function {
            Some(function) => run.use_simulator(Arc::new(Shared(Arc::clone(function)))),
            None => Ok(()),
        }
    }

    fn stages(
        &self,
        stages: &[String],
        simulations: &[(Stage, Simulations)],
        observer: &Observer<'_>,
        stop: &StopFlag,
    ) -> Result<()> {
        let study = Study::from_source(self.source.clone(), self.seed)?;
        if !study.members().is_empty() {
            let mut run = ComparisonRun::open(study, &self.folder, observer, stop)?;
            run.each(|run| {
                self.equip(run)?;
                give(run, simulations)
            })?;
            return run.all().map(drop);
        }
        let mut run = self.run(observer, stop)?;
        give(&mut run, simulations)?;
        for stage in stages {
            match stage.as_str() {
                "simulate" => run.simulate()?,
                "fit" => run.fit()?,
                "sample" => _ = run.sample()?,
                "check" => _ = run.check()?,
                "report" => _ = run.report()?,
                other => unreachable!("the façade knows no stage {other}"),
            }
        }
        Ok(())
    }
}

fn give(run: &mut Run<'_>, simulations: &[(Stage, Simulations)]) -> Result<()> {
    let mut all = simulations.iter();
    all.try_for_each(|(stage, simulations)| run.give(*stage, simulations))
}

/// Hands events over to Python, not too often.
struct Told {
    callers: Callers,
    stop: StopFlag,
    progress: Option<Arc<Py<PyAny>>>,
    last: Mutex<(Instant, usize)>,
}

type Words = (&'static str, String, usize, usize, String);

impl Told {
    fn new(callers: Callers, progress: Option<Py<PyAny>>, stop: StopFlag) -> Self {
        Self {
            callers,
            stop,
            progress: progress.map(Arc::new),
            last: Mutex::new((Instant::now(), 0)),
        }
    }

    fn tell(&self, event: &Event) {
        let Some(progress) = &self.progress else {
            return;
        };
        let Some(words) = self.words(event) else {
            return;
        };
        let progress = Arc::clone(progress);
        let (callers, stop) = (self.callers.clone(), self.stop.clone());
        self.callers.post(Box::new(move |py| {
            if let Err(error) = progress.bind(py).call1(words) {
                callers.raise(error);
                stop.stop();
            }
        }));
    }

    fn words(&self, event: &Event) -> Option<Words> {
        let mut last = self
            .last
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let name = |stage: &Stage| {
            let value = serde_json::to_value(stage).expect("a stage is a word");
            value.as_str().unwrap_or_default().to_string()
        };
        Some(match event {
            Event::Started { stage, total } => {
                *last = (Instant::now(), *total);
                ("started", name(stage), 0, *total, String::new())
            }
            Event::Progress {
                stage,
                done,
                message,
            } => {
                if last.0.elapsed() < PROGRESS_EVERY {
                    return None;
                }
                last.0 = Instant::now();
                ("progress", name(stage), *done, last.1, message.clone())
            }
            Event::Finished { stage, message, .. } => {
                ("finished", name(stage), last.1, last.1, message.clone())
            }
            Event::Kept { stage } => ("kept", name(stage), 0, 0, String::new()),
            Event::Note { message } => ("note", String::new(), 0, 0, message.clone()),
            _ => return None,
        })
    }
}
