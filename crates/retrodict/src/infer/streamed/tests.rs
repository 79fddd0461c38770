//! Neural posterior estimation on simulations that are read block by block.

use std::ops::ControlFlow;

use super::row_split::RowSplit;
use super::rows::StreamedRows;
use super::{fits_in_memory, npe_from};
use crate::embed::{Standardization, StandardizationMethod};
use crate::error::Result;
use crate::estimator::{Examples, Workspace};
use crate::infer::target::Target;
use crate::infer::{NpeConfig, Posterior, npe};
use crate::prior::{DistributionConfig as D, Prior, SupportKind};
use crate::seed::{Seed, Stream};
use crate::simulate::{Simulations, Status};
use crate::table::Table;
use crate::train::{Batches, EpochRecord, Fitted, TrainConfig, TrainingRows, fit};

fn silent(_: &EpochRecord) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn normals() -> Prior {
    Prior::new([("a", D::normal(0.0, 1.0)), ("b", D::normal(0.0, 1.0))]).unwrap()
}

/// x = θ + ε with ε standard normal, in ascending order of the first parameter: the worst order to
/// read in.
fn sorted(prior: &Prior, n: usize) -> Simulations {
    let theta = prior.sample_table(n, Seed(1), Stream::Parameters);
    let mut random = Seed(1).stream(Stream::Simulator, 0);
    let x: Vec<f64> = theta.values().iter().map(|v| v + random.normal()).collect();
    let simulations = Simulations {
        x: Table::numbered("x", 2, x).unwrap(),
        theta,
        status: vec![Status::Ok; n],
    };
    let mut rows: Vec<usize> = (0..n).collect();
    rows.sort_by(|&i, &j| simulations.theta.row(i)[0].total_cmp(&simulations.theta.row(j)[0]));
    simulations.select(&rows)
}

fn config(train: &str) -> NpeConfig {
    let estimator = r#"{"kind":"maf","transforms":2,"network":{"hidden":[10]}}"#;
    let text = format!(r#"{{"estimator":{estimator},"train":{{"memory":"10 MB",{train}}}}}"#);
    serde_json::from_str(&text).unwrap()
}

#[test]
fn what_fits_into_memory_gives_the_bits_of_the_tables() {
    let prior = normals();
    let simulations = sorted(&prior, 500);
    let config = config(r#""max_epochs":3"#);
    let (a, log_a) = npe(&prior, &simulations, &config, Seed(2), &silent).unwrap();
    let (b, log_b) = npe_from(&prior, &simulations, &config, Seed(2), &silent).unwrap();
    assert_eq!(log_a, log_b);
    let draw = |p: &dyn Posterior| p.sample(&[1.0, -1.0], 100, Seed(3)).unwrap();
    assert_eq!(draw(&a), draw(&b));
}

#[test]
fn streamed_rows_recover_the_posterior_and_threads_change_no_bit() {
    let prior = normals();
    // With 10 MB, 140,000 rows stay in memory only in single precision, and 400,000 on disk.
    for n in [140_000, 400_000] {
        let mut simulations = sorted(&prior, n);
        simulations.status[17] = Status::Crashed;
        simulations.x.values_mut()[34..36].fill(f64::NAN);
        let config = config(r#""max_steps":1000,"ensemble_size":2,"learning_rate":0.01"#);
        assert!(!fits_in_memory(n, 4, config.train.memory));
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            let pool = pool.build().unwrap();
            pool.install(|| npe_from(&prior, &simulations, &config, Seed(2), &silent).unwrap())
        };
        let (posterior, log) = run(2);
        assert!(log.n_train + log.n_validation == n - 1 && log.n_validation < 52_000);
        assert!(
            log.notes[0].contains("1 simulations gave no data"),
            "{:?}",
            log.notes
        );
        let samples = posterior.sample(&[1.0, -1.0], 4000, Seed(3)).unwrap();
        for (summary, mean) in samples.summary().iter().zip([0.5, -0.5]) {
            // Of 4,000 draws: 0.011 in the mean and 0.008 in the sd; 1,000 steps leave some more.
            assert!((summary.mean - mean).abs() < 0.08, "{summary:?}");
            assert!((summary.sd - 0.5_f64.sqrt()).abs() < 0.05, "{summary:?}");
        }
        let (again, same) = run(1);
        assert_eq!(log, same);
        assert_eq!(samples, again.sample(&[1.0, -1.0], 4000, Seed(3)).unwrap());
    }
}

#[test]
fn rows_that_cannot_be_learned_from_are_refused_by_name() {
    let prior = normals();
    let simulations = sorted(&prior, 100_000);
    let config = config(r#""max_steps":10"#);
    let message = |change: &dyn Fn(&mut Simulations)| {
        let mut changed = simulations.clone();
        change(&mut changed);
        let result = npe_from(&prior, &changed, &config, Seed(1), &silent);
        result.unwrap_err().to_string()
    };
    let text = message(&|s| s.x.values_mut()[70_007] = f64::NAN);
    assert!(text.contains("x, row 35004, `x_2`"), "{text}");
    let text = message(&|s| s.status.fill(Status::Crashed));
    assert!(text.contains("0 with data, of 100000"), "{text}");
    let text = message(&|s| {
        s.theta
            .values_mut()
            .chunks_mut(2)
            .for_each(|row| row[1] = 0.3);
    });
    assert!(text.contains("parameter `b`"), "{text}");
}

/// The validation losses of training on rows without a linear guess, so that there is something to
/// learn.
fn loss_curve(rows: &dyn TrainingRows, validation: &Examples, train: &TrainConfig) -> Vec<f64> {
    let estimator = config(r#""max_steps":1"#).estimator;
    let flow = estimator.build(&[false, false], 2).unwrap();
    let Fitted { log, .. } = fit(&flow, rows, validation, train, Seed(4), &silent).unwrap();
    log.members[0]
        .epochs
        .iter()
        .map(|e| e.validation_loss)
        .collect()
}

/// All rows in the order in which they stand.
#[derive(Debug)]
struct InOrder<'a>(&'a Examples);

impl TrainingRows for InOrder<'_> {
    fn n_rows(&self) -> usize {
        self.0.len()
    }

    fn epoch_rows(&self, config: &TrainConfig) -> usize {
        config.streamed_epoch_rows(self.0.len())
    }

    fn batches(&self, _: Seed, _: usize) -> Box<dyn Batches + '_> {
        Box::new((self.0, 0))
    }
}

impl Batches for (&Examples, usize) {
    fn begin(&mut self, _: usize) {}

    fn load(&mut self, n: usize, workspace: &mut Workspace) -> Result<()> {
        let rows = (self.1..self.1 + n).map(|i| i % self.0.len());
        workspace.load(self.0, &rows.collect::<Vec<_>>());
        self.1 += n;
        Ok(())
    }
}

#[test]
fn the_loss_curve_is_that_of_full_shuffling_even_for_sorted_rows() -> Result<()> {
    let prior = normals();
    let simulations = sorted(&prior, 400_000);
    let validation = sorted(&prior, 20_000);
    let standard_x = Standardization::fit(&simulations.x, StandardizationMethod::Linear);
    let target = Target {
        map: prior.support_map(SupportKind::default())?,
        standardization: Standardization::fit(&simulations.theta, StandardizationMethod::Linear),
        guess: None,
        discrete: Vec::new(),
    };
    let rows = |source, buffer_rows| StreamedRows {
        source,
        split: RowSplit::new(Seed(1), 400_000, 1e-12, [1, 1]),
        target: &target,
        standard_x: &standard_x,
        n_rows: 400_000,
        buffer_rows,
    };
    let validation = rows(&validation, 1).all()?;
    let train = TrainConfig {
        averaging: 0.0,
        ensemble_size: 1,
        ..config(r#""max_steps":4000,"batch_size":200,"learning_rate":0.001"#).train
    };
    let curve = |rows: &dyn TrainingRows| loss_curve(rows, &validation, &train);
    let fully = curve(&rows(&simulations, 400_000));
    // A quarter of the rows in the buffer.
    let streamed = curve(&rows(&simulations, 100_000));
    let in_order = curve(&InOrder(&rows(&simulations, 1).all()?));
    println!("fully {fully:?}\nstreamed {streamed:?}\nin order {in_order:?}");
    assert_eq!((fully.len(), streamed.len()), (4, 4));
    let apart = |curve: &[f64]| {
        let differences = curve.iter().zip(&fully).map(|(a, b)| (a - b).abs());
        differences.fold(0.0, f64::max)
    };
    assert!(apart(&streamed) < 0.01, "{streamed:?} {fully:?}");
    assert!(apart(&in_order) > 0.1, "{in_order:?} {fully:?}");
    Ok(())
}
