//! Simulators and simulations that the program which runs the study has, and no file.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::prior::Prior;
use crate::seed::Random;
use crate::simulate::{
    RowSink, Rows, SimulationFailure, Simulations, Simulator, Status, ThetaSource,
};
use crate::study::{Run, Stage, hash, observation};

use super::simulate::{Watcher, describe};

impl Run<'_> {
    /// Gives the run the simulator of a study with `[simulator] function`.
    ///
    /// # Errors
    /// If its data are not as long as the study says.
    pub fn use_simulator(&self, simulator: Arc<dyn Simulator>) -> Result<()> {
        let length = simulator.data_shape().iter().product();
        let observations = self.study().observations();
        observation::check_length(self.study().source(), observations.n_columns(), length)?;
        self.started.get_or_init(|| simulator);
        Ok(())
    }

    /// Takes simulations that exist already in place of those that a stage would make: to learn from
    /// ([`Stage::Simulate`]) or to test with ([`Stage::SimulateTests`]). The study has to say how many there
    /// are, and their hash ([`Simulations::hash`]), by which a rerun knows them again.
    ///
    /// # Errors
    /// If their numbers are not those of the study, or a row of parameters is outside the prior.
    pub fn give(&mut self, stage: Stage, simulations: &Simulations) -> Result<()> {
        let n = self.wanted(stage)?;
        let counts = [
            ("rows", simulations.len(), n),
            (
                "columns of parameters",
                simulations.theta.n_columns(),
                self.study().prior().n_parameters(),
            ),
            (
                "columns of data",
                simulations.x.n_columns(),
                self.study().observations().n_columns(),
            ),
        ];
        if let Some((what, given, wanted)) = counts.iter().find(|(_, given, n)| given != n) {
            return Err(Error::invalid(
                stage.words(),
                format!("{given} {what}"),
                format!("{wanted}, as the study says"),
                "Give the simulations of this study.",
            ));
        }
        check_support(stage, simulations, self.study().prior())?;
        self.stage(stage, n, |run| run.write_given(stage, simulations))?;
        self.refuse_failures(stage)
    }

    fn write_given(&self, stage: Stage, simulations: &Simulations) -> Result<String> {
        let given = Given(simulations);
        let mut campaign = self.campaign(stage, simulations.len(), &given);
        campaign.theta = ThetaSource::Given(&simulations.theta);
        // They are refused afterwards, with all of them counted.
        campaign.max_failed = 1.0;
        let watcher = Watcher { run: self, stage };
        campaign.complete(&self.folder().output(stage), &watcher)?;
        Ok(describe(&simulations.failures(), simulations.len()))
    }
}

impl Simulations {
    /// SHA-256 of all numbers and of what became of each simulation.
    pub fn hash(&self) -> String {
        let values = self.theta.values().iter().chain(self.x.values());
        let mut bytes: Vec<u8> = values.flat_map(|v| v.to_le_bytes()).collect();
        bytes.extend(self.status.iter().map(|status| *status as u8));
        hash::of_bytes(&bytes)
    }
}

fn check_support(stage: Stage, simulations: &Simulations, prior: &Prior) -> Result<()> {
    let outside = |row: &[f64]| row.iter().any(|v| !v.is_finite()) || !prior.contains(row);
    let mut rows = simulations.theta.rows().enumerate();
    let Some((i, row)) = rows.find(|(_, row)| outside(row)) else {
        return Ok(());
    };
    let pairs = prior.names().into_iter().zip(row);
    let values: Vec<String> = pairs.map(|(name, v)| format!("{name} = {v}")).collect();
    Err(Error::invalid(
        format!("{}: row {}", stage.words(), i + 1),
        values.join(", "),
        "parameters inside the prior's support",
        "State the prior from which these parameters were drawn, or remove the row.",
    ))
}

/// Simulations in the place of a simulator: simulation *i* is row *i*.
struct Given<'a>(&'a Simulations);

impl Simulator for Given<'_> {
    fn name(&self) -> String {
        "given simulations".into()
    }

    fn n_parameters(&self) -> usize {
        self.0.theta.n_columns()
    }

    fn data_shape(&self) -> Vec<usize> {
        vec![self.0.x.n_columns()]
    }

    fn simulate(&self, _: &[f64], _: &mut Random, _: &mut [f64]) -> Result<(), SimulationFailure> {
        Err(SimulationFailure {
            status: Status::Failed,
            reason: "only the simulations that were given are known".into(),
        })
    }

    fn simulate_rows(&self, rows: &Rows<'_>, sink: &dyn RowSink) -> Result<()> {
        let indices = (0..rows.len()).map(|i| rows.index(i) as usize);
        let status: Vec<Status> = indices.clone().map(|i| self.0.status[i]).collect();
        let x: Vec<f64> = indices.flat_map(|i| self.0.x.row(i)).copied().collect();
        sink.finished(0, &status, &x)
    }
}

#[cfg(test)]
mod tests {
    use crate::prior::{DistributionConfig, Prior};
    use crate::seed::{Seed, Stream};
    use crate::simulate::{FunctionSimulator, Noise, Simulations, simulate};
    use crate::study::{Run, Source, Stage, StopFlag, Study};
    use std::sync::Arc;

    fn simulator()
    -> FunctionSimulator<impl Fn(&[f64], &mut crate::Random, &mut [f64]) -> Outcome + Send + Sync>
    {
        FunctionSimulator::new("shift", 1, [1], |theta, random, x| {
            x[0] = theta[0] + 0.1 * random.normal();
            Ok(())
        })
    }

    type Outcome = Result<(), crate::simulate::SimulationFailure>;

    fn simulations(n: usize, seed: u64) -> Simulations {
        let prior = Prior::new([("mu", DistributionConfig::uniform(-1.0, 1.0))]).unwrap();
        let theta = prior.sample_table(n, Seed(seed), Stream::Parameters);
        let noise = Noise {
            seed: Seed(seed),
            purpose: Stream::Simulator,
            first: 0,
        };
        simulate(&simulator(), theta, noise, &()).unwrap()
    }

    fn study(training: &Simulations, tests: usize) -> Study {
        let text = format!(
            "[study]\nname = \"given\"\n[parameters]\nmu = {{ prior = \"uniform\", low = -1, high = 1 }}\n\
             [simulator.function]\nname = \"shift\"\ndata = 1\ndata_names = [\"height\"]\nsimulations = \"{}\"\n\
             [observation]\nvalues = [0.3]\n[inference]\nmethod = \"abc_rejection\"\nsimulations = {}\n\
             [posterior]\ndraws = 100\n\
             [check]\ntest_simulations = {tests}\nposterior_draws = 50\npredictive_simulations = 50\n",
            training.hash(),
            training.len()
        );
        let folder = std::env::temp_dir().join("study.toml");
        Study::from_source(Source::new(folder, text), None).unwrap()
    }

    #[test]
    fn given_simulations_are_learned_from_and_the_function_predicts() {
        let (training, folder) = (simulations(2000, 1), tempfile::tempdir().unwrap());
        let open = |study| {
            Run::open(
                study,
                folder.path().join("run"),
                &|_| {},
                StopFlag::default(),
            )
        };
        let mut run = open(study(&training, 30)).unwrap();
        run.use_simulator(Arc::new(simulator())).unwrap();
        run.give(Stage::Simulate, &training).unwrap();
        let outcome = run.all().unwrap();
        let summary = &outcome.samples[0].summary()[0];
        assert!((summary.mean - 0.3).abs() < 0.1, "{summary:?}");
        let checks = outcome.verdict.checks;
        assert!(
            checks
                .iter()
                .any(|c| c.name.contains("posterior predictive"))
        );
        drop(run);
        // What is done needs no function; what is not says that there is none.
        let mut run = open(study(&training, 30)).unwrap();
        run.all().unwrap();
        drop(run);
        let mut run = open(study(&training, 40)).unwrap();
        let message = run.simulate().unwrap_err().to_string();
        assert!(message.contains("is not here"), "{message}");
        drop(run);
        let other = open(study(&simulations(2000, 2), 30))
            .unwrap_err()
            .to_string();
        assert!(other.contains("simulator.function.simulations"), "{other}");
    }

    #[test]
    fn given_simulations_outside_the_prior_or_of_another_size_are_refused() {
        let (mut training, folder) = (simulations(200, 1), tempfile::tempdir().unwrap());
        let mut run = Run::open(
            study(&training, 0),
            folder.path().join("run"),
            &|_| {},
            StopFlag::default(),
        )
        .unwrap();
        let few = training.select(&[0, 1]);
        let message = run.give(Stage::Simulate, &few).unwrap_err().to_string();
        assert!(
            message.contains("2 rows") && message.contains("200"),
            "{message}"
        );
        training.theta.values_mut()[7] = 1.5;
        let message = run
            .give(Stage::Simulate, &training)
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("row 8") && message.contains("mu = 1.5"),
            "{message}"
        );
    }
}
