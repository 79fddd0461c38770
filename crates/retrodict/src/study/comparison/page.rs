//! The report of a comparison.

use super::ComparisonRun;
use super::table::{Comparison, MethodResult};
use crate::error::Result;
use crate::report::html::{
    ComparedMethod, ComparedPosterior, ComparisonReport, Fact, ObservationComparison, ReportInput,
};
use crate::report::{Compared, Figure, Overlay, intervals};
use crate::samples::Samples;
use crate::study::stages::citations::citations;
use crate::study::stages::numbered::numbered;
use crate::study::stages::report_words;
use crate::study::{Run, Stage};

/// More observations than this get no figures of their own; their numbers are in the files.
const MOST_OBSERVATIONS: usize = 10;

pub(super) fn input(run: &ComparisonRun<'_>, comparison: &Comparison) -> Result<ReportInput> {
    let (study, runs) = (&run.study, &run.runs);
    let config = study.config();
    let mut facts = report_words::study_facts(runs[0].study(), &runs[0].counts()?);
    let names: Vec<String> = config
        .methods
        .iter()
        .map(|m| format!("{} ({})", m.words(), m.name()))
        .collect();
    for fact in &mut facts {
        if fact.name == "method" {
            *fact = Fact::new("methods", names.join("; "));
        }
    }
    let citations = citations(&config.methods, &config.inference, false);
    let seconds = runs[0].records().seconds();
    let simulated = seconds
        .into_iter()
        .filter(|(stage, _)| *stage == Stage::Simulate);
    Ok(ReportInput {
        title: config.study.name.clone(),
        description: None,
        verdict: comparison.verdict.clone(),
        warnings: warnings(comparison),
        parameters: report_words::parameter_rows(study),
        study: facts,
        observations: Vec::new(),
        comparison: Some(report(run, comparison)?),
        check_figures: Vec::new(),
        check_tables: Vec::new(),
        training: Vec::new(),
        training_figures: Vec::new(),
        search: None,
        reproduce: report_words::reproduce_facts(study, &simulated.collect()),
        command: "retrodict run study.toml --out again".into(),
        citations,
    })
}

/// What the methods say about themselves, but for the main one, whose words are the verdict's.
fn warnings(comparison: &Comparison) -> Vec<String> {
    let others = comparison.methods.iter();
    others
        .filter(|m| m.method != comparison.reference && m.verdict > crate::check::Word::Trusted)
        .map(|m| {
            let word = super::table::word(m.verdict);
            format!(
                "By its own checks the word about {} is {word}: {}",
                m.method,
                m.reasons.join(" ")
            )
        })
        .collect()
}

fn report(run: &ComparisonRun<'_>, comparison: &Comparison) -> Result<ComparisonReport> {
    let draws = run.runs.iter().map(Run::samples);
    let draws: Vec<Vec<Samples>> = draws.collect::<Result<_>>()?;
    let n = comparison.observations.len();
    let observations = comparison
        .observations
        .iter()
        .enumerate()
        .map(|(i, compared)| {
            let figures = if i < MOST_OBSERVATIONS {
                figures(run, comparison, &draws, i)?
            } else {
                Vec::new()
            };
            Ok(ObservationComparison {
                name: if n > 1 {
                    format!("observation {}", i + 1)
                } else {
                    String::new()
                },
                posteriors: compared
                    .iter()
                    .map(|c| ComparedPosterior {
                        method: c.method.clone(),
                        c2st: c.c2st,
                        shift: c.shift,
                        summaries: c.parameters.clone(),
                    })
                    .collect(),
                figures,
            })
        });
    Ok(ComparisonReport {
        reference: comparison.reference.clone(),
        methods: comparison.methods.iter().map(row).collect(),
        observations: observations.collect::<Result<_>>()?,
    })
}

fn row(method: &MethodResult) -> ComparedMethod {
    ComparedMethod {
        method: method.method.clone(),
        verdict: method.verdict,
        seconds: method.seconds,
        simulations: method.simulations,
        report: format!("methods/{}/report.html", method.method),
    }
}

/// The corner plot of all methods, and their intervals. The main method comes first.
fn figures(
    run: &ComparisonRun<'_>,
    comparison: &Comparison,
    draws: &[Vec<Samples>],
    i: usize,
) -> Result<Vec<Figure>> {
    let n = comparison.observations.len();
    let main = run.main();
    let mut order: Vec<usize> = (0..draws.len()).collect();
    order.sort_by_key(|&k| k != main);
    let overlays: Vec<Overlay<'_>> = order
        .iter()
        .map(|&k| Overlay {
            name: &comparison.methods[k].method,
            samples: &draws[k][i],
        })
        .collect();
    let compared: Vec<Compared<'_>> = order
        .iter()
        .map(|&k| Compared {
            name: &comparison.methods[k].method,
            summaries: &comparison.observations[i][k].parameters,
        })
        .collect();
    let parameters = run.study.prior().parameters();
    Ok(vec![
        run.runs[main].corner(&numbered("comparison", i, n), &overlays)?,
        intervals(
            &numbered("comparison-intervals", i, n),
            parameters,
            &compared,
        ),
    ])
}
