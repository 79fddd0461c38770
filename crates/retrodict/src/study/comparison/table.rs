//! What several methods found, in numbers.

use serde::{Deserialize, Serialize};

use super::ComparisonRun;
use crate::check::{Verdict, Word, c2st};
use crate::error::Result;
use crate::samples::{Samples, Summary};
use crate::seed::{Seed, Stream};
use crate::study::Stage;
use crate::study::run::Run;
use crate::table::Table;

/// Draws of each method that a classifier has to tell apart, at most.
const MOST_DRAWS: usize = 2000;

/// Several methods side by side: `summary.json`.
///
/// # The verdict
/// The study's word is that of its main method, the reference or else the first one. If no reference is
/// named, another method that is no worse by its own checks and finds something else lowers the word: to
/// `caution` if a classifier tells the draws of the two apart with an accuracy (C2ST) above 0.6, to `failed`
/// above 0.8, because one of them is wrong and the checks do not say which. A reference that is named is
/// taken to be right, so disagreement then speaks against the others. A method whose own checks are worse
/// lowers nothing: what it finds is in the table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The method that the others are compared with.
    pub reference: String,
    /// All methods, in the study's order.
    pub methods: Vec<MethodResult>,
    /// For each observation one entry a method, in the same order.
    pub observations: Vec<Vec<Compared>>,
    /// One word about the study.
    pub verdict: Verdict,
}

/// One method, whatever the observation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MethodResult {
    /// Its name in a study.
    pub method: String,
    /// The word about it alone.
    pub verdict: Word,
    /// Why.
    pub reasons: Vec<String>,
    /// How long it took to fit and to draw, in seconds. The simulations from the prior, which are shared,
    /// are not counted, those it ran by itself are.
    pub seconds: f64,
    /// How many simulations it used: those from the prior and its own.
    pub simulations: usize,
}

/// One method's posterior of one observation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Compared {
    /// Its name in a study.
    pub method: String,
    /// How well a classifier tells its draws from those of the reference: 0.5 if not at all, 1 perfectly.
    /// None for the reference itself, and where draws do not differ among themselves.
    pub c2st: Option<f64>,
    /// One summary a parameter.
    pub parameters: Vec<Summary>,
}

pub(super) fn of(run: &ComparisonRun<'_>) -> Result<Comparison> {
    let methods = run.runs.iter().map(method);
    let methods: Vec<MethodResult> = methods.collect::<Result<_>>()?;
    let draws = run.runs.iter().map(|run| {
        run.require(Stage::Sample, "sample")?;
        run.samples()
    });
    let draws: Vec<Vec<Samples>> = draws.collect::<Result<_>>()?;
    let n = draws[0].len();
    let observations: Vec<Vec<Compared>> = (0..n).map(|i| observation(run, &draws, i)).collect();
    Ok(Comparison {
        reference: methods[run.main()].method.clone(),
        verdict: run.verdict(&methods, &observations),
        methods,
        observations,
    })
}

fn method(run: &Run<'_>) -> Result<MethodResult> {
    let verdict = run.verdict()?;
    let method = run.study().config().inference.method;
    let seconds = run.records().seconds();
    let of = |stage| seconds.get(&stage).copied().unwrap_or(0.0);
    let counts = run.counts()?;
    let total = |name: &str| {
        counts
            .get(name)
            .and_then(|c| c["total"].as_u64())
            .unwrap_or(0)
    };
    Ok(MethodResult {
        method: method.name().into(),
        verdict: verdict.verdict,
        reasons: verdict.reasons,
        seconds: of(Stage::Fit) + of(Stage::Sample),
        simulations: (total("training") + total(method.name())) as usize,
    })
}

fn observation(run: &ComparisonRun<'_>, draws: &[Vec<Samples>], i: usize) -> Vec<Compared> {
    let main = run.main();
    let reference = thinned(&draws[main][i]);
    let seed = Seed(run.study.config().study.seed);
    let compared = |(k, all): (usize, &Vec<Samples>)| {
        let own = thinned(&all[i]);
        let seed = seed.derive(Stream::Comparison, ((i as u64) << 32) + k as u64);
        // Draws that are all the same have no scale, and need no classifier.
        let accuracy = (k != main).then(|| c2st(&reference, &own, seed).ok());
        Compared {
            method: run.study.config().methods[k].name().into(),
            c2st: accuracy.flatten(),
            parameters: all[i].summary(),
        }
    };
    draws.iter().enumerate().map(compared).collect()
}

/// Draws that lie evenly among all, so that neighbours in a chain are apart.
fn thinned(samples: &Samples) -> Table {
    let n = samples.draws.n_rows();
    let m = n.min(MOST_DRAWS);
    let rows: Vec<usize> = (0..m).map(|k| k * n / m).collect();
    samples.draws.select(&rows)
}

impl Comparison {
    /// One row for each observation, method and parameter.
    pub fn to_csv(&self) -> String {
        let mut csv = String::from(
            "observation,method,parameter,mean,sd,low_95,low_68,median,high_68,high_95,c2st,seconds,simulations,verdict\n",
        );
        for (i, observation) in self.observations.iter().enumerate() {
            for (compared, method) in observation.iter().zip(&self.methods) {
                let c2st = compared.c2st.map_or_else(String::new, |c| c.to_string());
                for s in &compared.parameters {
                    let numbers = [
                        s.mean,
                        s.sd,
                        s.interval_95[0],
                        s.interval_68[0],
                        s.median,
                        s.interval_68[1],
                        s.interval_95[1],
                    ];
                    let numbers = numbers.map(|v| v.to_string()).join(",");
                    let line = format!(
                        "{},{},{},{numbers},{c2st},{:.3},{},{}\n",
                        i + 1,
                        compared.method,
                        s.name,
                        method.seconds,
                        method.simulations,
                        word(method.verdict)
                    );
                    csv.push_str(&line);
                }
            }
        }
        csv
    }
}

pub(super) fn word(word: Word) -> &'static str {
    match word {
        Word::Trusted => "trusted",
        Word::Caution => "caution",
        Word::Failed => "failed",
    }
}
