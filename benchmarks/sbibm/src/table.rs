//! `sbibm table`: our accuracy beside the published one.

use std::fmt::Write;
use std::process::ExitCode;

use retrodict::simulate::builtin::BENCHMARK;
use retrodict::{Error, Result};

use crate::arguments::TableOptions;
use crate::results::{self, Record};

/// The benchmark's own table (sbi-benchmark/results, `main_paper.csv`; the Gaussian mixture from its
/// corrected rerun): mean C2ST over observations 1 to 10.
const PUBLISHED: &str = include_str!("../published.csv");

pub(crate) fn run(options: &TableOptions) -> Result<ExitCode> {
    let records = results::read(&options.results)?;
    if records.is_empty() {
        return Err(Error::file(
            &options.results,
            "no results",
            "Make them with `sbibm run`.",
        ));
    }
    print!("{}", markdown(&records));
    Ok(ExitCode::SUCCESS)
}

/// The names of the published algorithms.
fn algorithms() -> Vec<&'static str> {
    let header = PUBLISHED.lines().next().unwrap_or_default();
    header.split(',').skip(2).collect()
}

/// The published figures of a row.
fn published(task: &str, simulations: usize) -> Option<Vec<f64>> {
    let start = format!("{task},{simulations},");
    let line = PUBLISHED.lines().find_map(|l| l.strip_prefix(&start))?;
    line.split(',').map(|value| value.parse().ok()).collect()
}

fn markdown(records: &[Record]) -> String {
    let mut labels: Vec<&str> = Vec::new();
    let mut budgets: Vec<usize> = Vec::new();
    for record in records {
        if !labels.contains(&record.label.as_str()) {
            labels.push(&record.label);
        }
        if !budgets.contains(&record.simulations) {
            budgets.push(record.simulations);
        }
    }
    budgets.sort_unstable();
    let algorithms = algorithms();
    let mut text = format!("| task | simulations | {} | best |", algorithms.join(" | "));
    for label in &labels {
        let _ = write!(text, " Retrodict ({label}) | runs | training, s |");
    }
    let n_columns = 3 + algorithms.len() + 3 * labels.len();
    let _ = writeln!(text, "\n|---|{}", "---:|".repeat(n_columns - 1));
    for n in budgets {
        let tasks: Vec<&str> = BENCHMARK
            .into_iter()
            .filter(|task| {
                records
                    .iter()
                    .any(|r| r.task == *task && r.simulations == n)
            })
            .collect();
        let rows: Vec<Vec<f64>> = tasks
            .iter()
            .map(|task| row(records, task, n, &labels))
            .collect();
        for (task, row) in tasks.iter().zip(&rows) {
            line(&mut text, task, n, row, algorithms.len());
        }
        if tasks.len() == BENCHMARK.len() {
            let mean = |j: usize| rows.iter().map(|r| r[j]).sum::<f64>() / rows.len() as f64;
            let means: Vec<f64> = (0..rows[0].len()).map(mean).collect();
            line(&mut text, "mean of the ten", n, &means, algorithms.len());
        }
    }
    text
}

/// Published figures, the best of them, then for each label: mean C2ST, number of runs, seconds.
/// What is not known is NaN.
fn row(records: &[Record], task: &str, n: usize, labels: &[&str]) -> Vec<f64> {
    let mut row = published(task, n).unwrap_or_else(|| vec![f64::NAN; algorithms().len()]);
    row.push(row.iter().copied().fold(f64::NAN, f64::min));
    for label in labels {
        let ours: Vec<&Record> = records
            .iter()
            .filter(|r| r.task == task && r.simulations == n && r.label == *label)
            .collect();
        let count = ours.len() as f64;
        let mean = |f: &dyn Fn(&Record) -> f64| ours.iter().map(|r| f(r)).sum::<f64>() / count;
        row.extend([mean(&|r| r.c2st), count, mean(&|r| r.seconds.train)]);
    }
    row
}

fn line(text: &mut String, task: &str, n: usize, row: &[f64], n_published: usize) {
    let _ = write!(text, "| {task} | {n} |");
    for (j, value) in row.iter().enumerate() {
        let kind = j.checked_sub(n_published + 1).map(|k| k % 3);
        let _ = match (value.is_nan(), kind) {
            (true, _) => write!(text, " – |"),
            (false, Some(1)) => write!(text, " {value:.0} |"),
            (false, Some(2)) => write!(text, " {value:.1} |"),
            (false, _) => write!(text, " {value:.3} |"),
        };
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::Seconds;

    fn record(task: &str, observation: usize, c2st: f64) -> Record {
        Record {
            task: task.into(),
            simulations: 10_000,
            observation,
            seed: 1,
            label: "default".into(),
            config: serde_json::Value::Null,
            c2st,
            failed_simulations: 0,
            epochs: 1,
            seconds: Seconds {
                simulate: 0.0,
                train: 2.0,
                sample: 0.0,
                c2st: 0.0,
            },
            threads: 1,
            version: "0".into(),
            choice: None,
        }
    }

    #[test]
    fn every_task_and_budget_has_its_published_row() {
        for task in BENCHMARK {
            for n in [1_000, 10_000, 100_000] {
                let row = published(task, n).unwrap();
                assert_eq!(row.len(), 8);
                assert!(row.iter().all(|c2st| (0.5..=1.0).contains(c2st)));
            }
        }
    }

    #[test]
    fn the_mean_over_observations_stands_beside_the_published_figures() {
        let text = markdown(&[record("sir", 1, 0.6), record("sir", 2, 0.7)]);
        let expected = "| sir | 10000 | 0.838 | 0.626 | 0.748 | 0.745 | 0.680 | 0.561 | 0.770 | 0.646 | 0.561 | 0.650 | 2 | 2.0 |";
        assert!(text.contains(expected), "{text}");
        assert!(!text.contains("mean of the ten"));
    }

    #[test]
    fn ten_tasks_get_a_mean() {
        let records: Vec<Record> = BENCHMARK.iter().map(|task| record(task, 1, 0.6)).collect();
        let text = markdown(&records);
        let mean = text.lines().last().unwrap();
        // From the summary of the published table: 0.732 for NPE, 0.632 for the best.
        assert!(
            mean.contains("0.732") && mean.contains("| 0.632 | 0.600 |"),
            "{mean}"
        );
    }
}
