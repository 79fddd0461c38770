//! What several methods found, in numbers.

use serde::{Deserialize, Serialize};

use super::ComparisonRun;
use super::importance::{self, Importance};
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
    /// For each observation every pair of methods.
    #[serde(default)]
    pub pairs: Vec<Vec<Pair>>,
    /// For each observation the draws of every posterior that is known directly, weighted by every likelihood or
    /// ratio that was learned.
    #[serde(default)]
    pub importance: Vec<Vec<Importance>>,
    /// One word about the study.
    pub verdict: Verdict,
}

/// How far two methods agree about one observation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    /// Both, in the study's order.
    pub methods: [String; 2],
    /// How well a classifier tells their draws apart; none where draws do not differ among themselves.
    pub c2st: Option<f64>,
    /// The largest difference of their means, in units of the smaller of the two sds.
    pub shift: f64,
    /// The parameter for which it is.
    pub parameter: String,
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
    /// The largest difference of its means from the reference's, in units of the smaller of the two sds. Zero for the
    /// reference itself.
    #[serde(default)]
    pub shift: f64,
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
    let pairs: Vec<Vec<Pair>> = (0..n).map(|i| pairs(run, &draws, i)).collect();
    let observations: Vec<Vec<Compared>> = (0..n)
        .map(|i| observation(run, &draws, &pairs[i], i))
        .collect();
    let importance = importance::all(run, &draws)?;
    Ok(Comparison {
        reference: methods[run.main()].method.clone(),
        verdict: run.verdict(&methods, &observations, &importance),
        methods,
        observations,
        pairs,
        importance,
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

fn observation(
    run: &ComparisonRun<'_>,
    draws: &[Vec<Samples>],
    pairs: &[Pair],
    i: usize,
) -> Vec<Compared> {
    let main = run.main();
    let name = |k: usize| run.study.config().methods[k].name();
    let compared = |(k, all): (usize, &Vec<Samples>)| {
        let both = [name(main), name(k)];
        let pair = pairs.iter().find(|pair| {
            k != main
                && pair
                    .methods
                    .iter()
                    .all(|method| both.contains(&method.as_str()))
        });
        Compared {
            method: name(k).into(),
            c2st: pair.and_then(|pair| pair.c2st),
            shift: pair.map_or(0.0, |pair| pair.shift),
            parameters: all[i].summary(),
        }
    };
    draws.iter().enumerate().map(compared).collect()
}

/// Every pair of methods. The main method is the reference of its pairs.
fn pairs(run: &ComparisonRun<'_>, draws: &[Vec<Samples>], i: usize) -> Vec<Pair> {
    let main = run.main();
    let seed = Seed(run.study.config().study.seed);
    let name = |k: usize| run.study.config().methods[k].name().to_string();
    let mut pairs = Vec::new();
    for a in 0..draws.len() {
        for b in a + 1..draws.len() {
            let (reference, other) = if b == main { (b, a) } else { (a, b) };
            let [first, second] = [reference, other].map(|k| &draws[k][i]);
            // With the main method the index is the other's alone, as it has always been.
            let both = if reference == main {
                0
            } else {
                (reference as u64 + 1) << 16
            };
            let index = ((i as u64) << 32) + both + other as u64;
            let seed = seed.derive(Stream::Comparison, index);
            let (parameter, shift) = largest_shift(first, second);
            pairs.push(Pair {
                methods: [name(reference), name(other)],
                // Draws that are all the same have no scale, and need no classifier.
                c2st: c2st(&thinned(first), &thinned(second), seed).ok(),
                shift,
                parameter,
            });
        }
    }
    pairs
}

/// The parameter whose means differ most, in units of the smaller sd.
fn largest_shift(first: &Samples, second: &Samples) -> (String, f64) {
    let (first, second) = (first.summary(), second.summary());
    let shift = |(a, b): (&Summary, &Summary)| {
        let unit = a.sd.min(b.sd).max(f64::MIN_POSITIVE);
        (a.name.clone(), (a.mean - b.mean).abs() / unit)
    };
    let shifts = first.iter().zip(&second).map(shift);
    shifts
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .unwrap_or_default()
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
            "observation,method,parameter,mean,sd,low_95,low_68,median,high_68,high_95,c2st,shift,seconds,simulations,verdict\n",
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
                        "{},{},{},{numbers},{c2st},{:.4},{:.3},{},{}\n",
                        i + 1,
                        compared.method,
                        s.name,
                        compared.shift,
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
