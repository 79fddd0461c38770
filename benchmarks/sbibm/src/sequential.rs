//! `sbibm run --rounds N`, or with another method than `npe`: a posterior for each observation.

use std::ops::ControlFlow;
use std::time::Instant;

use retrodict::check::c2st;
use retrodict::infer::abc::{AbcProblem, abc_smc};
use retrodict::infer::auto::{AutoConfig, Choice, Situation};
use retrodict::infer::sequential::{
    InMemory, RoundModel, SequentialConfig, SequentialMethod, SequentialTask, sequential,
};
use retrodict::infer::{AbcPopulation, AbcPopulations, AbcSmcConfig, Posterior};
use retrodict::simulate::builtin::{self, Builtin};
use retrodict::study::{InferenceSection, Method};
use retrodict::table::Table;
use retrodict::train::EpochRecord;
use retrodict::{Error, Result, Seed, Stream};

use crate::arguments::{Arguments, MethodName, RunOptions};
use crate::machine::Machine;
use crate::results::{self, Record, Seconds};

pub(crate) fn run(arguments: &Arguments, options: &RunOptions) -> Result<()> {
    let data = arguments.data();
    let (label, inference) = settings(options)?;
    let written_out = serde_json::to_value(&inference).expect("settings are plain JSON");
    let done = results::read(&options.out)?;
    for &n in &options.simulations {
        for task in options.selection.tasks()? {
            for number in options.selection.observations()? {
                let known = done.iter().any(|r| {
                    (r.task.as_str(), r.simulations, r.observation) == (task, n, number)
                        && r.seed == options.seed
                        && r.config == written_out
                });
                if known {
                    continue;
                }
                let observed = Observed {
                    x: data.observation(task, number)?,
                    reference: data.reference(task, number)?,
                };
                let measured = measure(&observed, (task, n, number), &inference, options);
                let mut record = match measured {
                    Ok(record) => record,
                    // Rounds can aim where every simulation fails; the others are measured all the same.
                    Err(error) => {
                        println!("{task}, {n} simulations, {label}, observation {number}: {error}");
                        continue;
                    }
                };
                println!(
                    "{task}, {n} simulations, {label}, observation {number}: C2ST {:.3} \
                     (rounds {:.1} s, draws {:.2} s, C2ST {:.1} s)",
                    record.c2st, record.seconds.train, record.seconds.sample, record.seconds.c2st
                );
                record.label.clone_from(&label);
                record.config = written_out.clone();
                results::append(&options.out, &record)?;
            }
        }
    }
    Ok(())
}

/// The settings of a study's `[inference]`, and what they are called in the table.
fn settings(options: &RunOptions) -> Result<(String, InferenceSection)> {
    let (name, mut inference) = match &options.settings.config {
        None => (String::new(), InferenceSection::default()),
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(Error::io(path, "read"))?;
            let read = toml::from_str(&text).map_err(|e| {
                let advice = "Give the settings of `[inference]` in a study.";
                Error::file(path, e.to_string(), advice)
            })?;
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            (format!(" {stem}"), read)
        }
    };
    inference.estimator = inference.estimator.settled();
    inference.rounds = Some(options.rounds.unwrap_or(1));
    inference.method = match options.settings.method {
        MethodName::Npe => Method::Npe,
        MethodName::Nle => Method::Nle,
        MethodName::Nre => Method::Nre,
        MethodName::Auto => Method::Auto,
        MethodName::AbcSmc => Method::AbcSmc,
        MethodName::Fmpe | MethodName::Npse => {
            return Err(Error::invalid(
                "--method",
                "fmpe or npse, with rounds",
                "npe, nle, nre or auto",
                "Leave `--rounds` out.",
            ));
        }
    };
    let method = inference.method.name();
    let label = match options.rounds {
        None if !options.settings.method.is_amortised() => format!("{method}{name}"),
        rounds => format!("{method}, {} rounds{name}", rounds.unwrap_or(1)),
    };
    Ok((label, inference))
}

/// What the benchmark has of an observation.
struct Observed {
    x: Vec<f64>,
    reference: Table,
}

fn measure(
    observed: &Observed,
    (task, n, number): (&str, usize, usize),
    inference: &InferenceSection,
    options: &RunOptions,
) -> Result<Record> {
    let seed = options.seed;
    let builtin = builtin::by_name(task)?;
    let Observed { x, reference } = observed;
    let start = Instant::now();
    let fitted = if inference.method == Method::AbcSmc {
        populate(&builtin, (n, x), inference, Seed(seed))?
    } else {
        fit(&builtin, (n, x), inference, options)?
    };
    let train = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let draw_seed = Seed(seed).derive(Stream::Posterior, number as u64);
    let samples = fitted.posterior.sample(x, reference.n_rows(), draw_seed)?;
    let sample = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let accuracy = c2st(reference, &samples.draws, Seed(seed))?;
    Ok(Record {
        task: task.into(),
        simulations: n,
        observation: number,
        seed,
        label: String::new(),
        config: serde_json::Value::Null,
        c2st: accuracy,
        failed_simulations: 0,
        epochs: fitted.epochs,
        seconds: Seconds {
            simulate: 0.0,
            train,
            sample,
            c2st: start.elapsed().as_secs_f64(),
        },
        threads: rayon::current_num_threads(),
        version: env!("CARGO_PKG_VERSION").into(),
        machine: Machine::current(),
        choice: fitted.choice,
    })
}

/// A posterior of one observation.
struct Fitted {
    posterior: Box<dyn Posterior>,
    epochs: usize,
    choice: Option<Choice>,
}

/// The last population of sequential Monte Carlo with so many simulations.
fn populate(
    builtin: &Builtin,
    (n, x): (usize, &[f64]),
    inference: &InferenceSection,
    seed: Seed,
) -> Result<Fitted> {
    let config = AbcSmcConfig {
        max_simulations: n,
        ..inference.abc_smc.clone().unwrap_or_default()
    };
    let problem = AbcProblem::new(&builtin.prior, &*builtin.simulator, x);
    let population = AbcPopulation::new(abc_smc(&problem, &config, None, seed)?, x);
    Ok(Fitted {
        posterior: Box::new(AbcPopulations::new(builtin.prior.clone(), vec![population])),
        epochs: 0,
        choice: None,
    })
}

/// What the last round leaves.
fn fit(
    builtin: &Builtin,
    (n, x): (usize, &[f64]),
    inference: &InferenceSection,
    options: &RunOptions,
) -> Result<Fitted> {
    let situation = Situation {
        n_parameters: builtin.prior.n_parameters(),
        discrete: false,
        n_data: x.len(),
        simulations: n,
        observations: 1,
        trials: false,
        simulator: true,
        rounds: options.rounds,
    };
    let choice = situation.choice();
    let rounds = match inference.method {
        Method::Auto => choice.rounds,
        _ => inference.rounds(),
    };
    let sequential_config = match inference.method {
        Method::Auto => situation.sequential(),
        _ => SequentialConfig::default(),
    };
    let method = method(inference, choice);
    let task = SequentialTask {
        prior: &builtin.prior,
        x,
        method: &method,
        config: &inference.sequential.clone().unwrap_or(sequential_config),
        simulations: n,
        rounds,
        seed: Seed(options.seed),
    };
    let observer = |_: &EpochRecord| ControlFlow::Continue(());
    let mut keeper = InMemory::new(&*builtin.simulator, Seed(options.seed));
    let fit = sequential(&task, &mut keeper, &observer)?;
    if std::env::var_os("SBIBM_ROUNDS").is_some() {
        for report in &fit.reports {
            eprintln!("{report:?}");
        }
    }
    let model = fit.models.last().expect("there is a round");
    Ok(Fitted {
        posterior: method.posterior(model, &builtin.prior)?,
        epochs: fit
            .log
            .members
            .iter()
            .map(|member| member.epochs.len())
            .sum(),
        choice: match model {
            RoundModel::Auto(model) => Some(model.choice.clone()),
            _ => None,
        },
    })
}

fn method(inference: &InferenceSection, choice: Choice) -> SequentialMethod {
    let sampler = inference.sampler.clone().unwrap_or_default();
    match inference.method {
        Method::Auto => SequentialMethod::Auto(Box::new(AutoConfig {
            choice,
            npe: inference.npe(),
            nle: inference.nle(),
            nre: inference.nre(),
            sampler,
        })),
        Method::Nle => SequentialMethod::Nle(inference.nle(), sampler),
        Method::Nre => SequentialMethod::Nre(inference.nre(), sampler),
        _ => SequentialMethod::Npe(inference.npe()),
    }
}
