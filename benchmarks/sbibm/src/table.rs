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

/// One table of accuracies and one of seconds for each number of simulations.
fn markdown(records: &[Record]) -> String {
    let mut labels: Vec<&str> = Vec::new();
    for record in records {
        if !labels.contains(&record.label.as_str()) {
            labels.push(&record.label);
        }
    }
    // What most readers look for stands first: a page is too narrow for all.
    labels.sort_by_key(|label| !label.starts_with(AUTO));
    let mut budgets: Vec<usize> = records.iter().map(|record| record.simulations).collect();
    budgets.sort_unstable();
    budgets.dedup();
    let mut text = String::new();
    for n in budgets {
        let budget = Budget { records, n };
        let used: Vec<&str> = labels.iter().copied().filter(|l| budget.has(l)).collect();
        let _ = writeln!(text, "### {} simulations\n", grouped(n));
        budget.accuracies(&mut text, &used);
        budget.choices(&mut text, &used);
        let _ = writeln!(text, "\nSeconds to a posterior of one observation:\n");
        budget.seconds(&mut text, &used);
        text.push('\n');
    }
    text
}

/// Thousands are set apart: 10,000.
fn grouped(n: usize) -> String {
    if n < 1000 {
        return n.to_string();
    }
    format!("{},{:03}", grouped(n / 1000), n % 1000)
}

/// The records of a number of simulations.
struct Budget<'a> {
    records: &'a [Record],
    n: usize,
}

/// How the labels of the method that chooses begin.
const AUTO: &str = "auto";
/// So many observations make a mean; with fewer, the table says how many.
const OBSERVATIONS: usize = 5;

impl Budget<'_> {
    fn has(&self, label: &str) -> bool {
        let mut records = self.records.iter();
        records.any(|r| r.simulations == self.n && r.label == label)
    }

    /// The mean over observations, and how many there are.
    fn mean(&self, task: &str, label: &str, value: fn(&Record) -> f64) -> Option<(f64, usize)> {
        let of = |r: &&Record| {
            (r.task.as_str(), r.simulations, r.label.as_str()) == (task, self.n, label)
        };
        let values: Vec<f64> = self.records.iter().filter(of).map(value).collect();
        let count = values.len();
        (count > 0).then(|| (values.iter().sum::<f64>() / count as f64, count))
    }

    fn accuracies(&self, text: &mut String, labels: &[&str]) {
        head(text, &["published NPE", "best of the eight"], labels);
        let mut columns: Vec<Vec<f64>> = vec![Vec::new(); 2 + labels.len()];
        let mut better = vec![0; labels.len()];
        for task in BENCHMARK {
            let (npe, best, name) = self.published(task);
            let _ = write!(text, "| {task} | {npe:.3} | {best:.3} ({name}) |");
            columns[0].push(npe);
            columns[1].push(best);
            for (j, label) in labels.iter().enumerate() {
                let Some((mean, count)) = self.mean(task, label, |r| r.c2st) else {
                    text.push_str(" – |");
                    continue;
                };
                columns[2 + j].push(mean);
                better[j] += usize::from(mean < best);
                let (bold, few) = (if mean < best { "**" } else { "" }, few(count));
                let _ = write!(text, " {bold}{mean:.3}{bold}{few} |");
            }
            text.push('\n');
        }
        text.push_str("| mean of the ten |");
        for column in &columns {
            let mean = column.iter().sum::<f64>() / column.len() as f64;
            let _ = if column.len() == BENCHMARK.len() {
                write!(text, " {mean:.3} |")
            } else {
                write!(text, " – |")
            };
        }
        text.push_str("\n| better than the best of the eight | | |");
        for (count, column) in better.iter().zip(&columns[2..]) {
            let _ = write!(text, " {count} of {} |", column.len());
        }
        text.push('\n');
    }

    /// How far `auto` is from the best of the other methods, on each task for which all have every observation.
    fn choices(&self, text: &mut String, labels: &[&str]) {
        let (auto, others): (Vec<&str>, Vec<&str>) =
            labels.iter().partition(|label| label.starts_with(AUTO));
        let ([auto], false) = (&auto[..], others.is_empty()) else {
            return;
        };
        let whole = |task, label: &str| {
            let found = self.mean(task, label, |r| r.c2st);
            found.filter(|(_, count)| *count == OBSERVATIONS)
        };
        let _ = writeln!(
            text,
            "\n`auto` beside the best of our other methods in this table:\n\n| task | {auto} | best other | | difference |\n\
             |---|---:|---:|---|---:|"
        );
        for task in BENCHMARK {
            let best = others
                .iter()
                .filter_map(|label| Some((whole(task, label)?.0, label)))
                .min_by(|a, b| a.0.total_cmp(&b.0));
            let (Some((own, _)), Some((other, label))) = (whole(task, auto), best) else {
                continue;
            };
            let _ = writeln!(
                text,
                "| {task} | {own:.3} | {other:.3} | {label} | {} |",
                signed(own - other)
            );
        }
    }

    fn seconds(&self, text: &mut String, labels: &[&str]) {
        head(text, &[], labels);
        for task in BENCHMARK {
            let _ = write!(text, "| {task} |");
            for label in labels {
                let all = |r: &Record| r.seconds.simulate + r.seconds.train + r.seconds.sample;
                let _ = match self.mean(task, label, all) {
                    Some((seconds, _)) if seconds < 10.0 => write!(text, " {seconds:.1} |"),
                    Some((seconds, _)) => write!(text, " {seconds:.0} |"),
                    None => write!(text, " – |"),
                };
            }
            text.push('\n');
        }
    }

    /// Of the published algorithms: NPE, the best, and its name.
    fn published(&self, task: &str) -> (f64, f64, &'static str) {
        let algorithms = algorithms();
        let row = published(task, self.n).unwrap_or_else(|| vec![f64::NAN; algorithms.len()]);
        let npe = algorithms.iter().position(|name| *name == "NPE");
        let npe = npe.map_or(f64::NAN, |j| row[j]);
        let pairs = row.iter().zip(&algorithms);
        let (best, name) = pairs
            .min_by(|a, b| a.0.total_cmp(b.0))
            .expect("algorithms are published");
        (npe, *best, name)
    }
}

/// With a true minus, and zero without a sign.
fn signed(difference: f64) -> String {
    match format!("{difference:+.3}") {
        zero if zero.ends_with("0.000") => "0.000".into(),
        other => other.replace('-', "−"),
    }
}

fn few(count: usize) -> String {
    if count == OBSERVATIONS {
        String::new()
    } else {
        format!(" ({count})")
    }
}

fn head(text: &mut String, first: &[&str], labels: &[&str]) {
    text.push_str("| task |");
    for name in first.iter().chain(labels) {
        let _ = write!(text, " {name} |");
    }
    let _ = writeln!(
        text,
        "\n|---|{}",
        "---:|".repeat(first.len() + labels.len())
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Machine;
    use crate::results::Seconds;

    fn record(task: &str, observation: usize, c2st: f64) -> Record {
        Record {
            task: task.into(),
            simulations: 10_000,
            observation,
            seed: 1,
            label: "npe".into(),
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
            machine: Machine::default(),
            choice: None,
        }
    }

    #[test]
    fn auto_stands_beside_the_best_of_the_other_methods() {
        let mut records = Vec::new();
        for (label, c2st) in [("npe", 0.6), ("nle", 0.55), ("auto, 5 rounds", 0.56)] {
            for observation in 1..=5 {
                let mut own = record("slcp", observation, c2st);
                own.label = label.into();
                records.push(own);
            }
        }
        let row = "| slcp | 0.560 | 0.550 | nle | +0.010 |";
        assert!(markdown(&records).contains(row), "{}", markdown(&records));
        // Four observations are not five.
        records.remove(5);
        let row = "| slcp | 0.560 | 0.600 | npe | −0.040 |";
        assert!(markdown(&records).contains(row), "{}", markdown(&records));
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
        assert!(text.contains("### 10,000 simulations"), "{text}");
        let expected = "| sir | 0.680 | 0.561 (SNPE) | 0.650 (2) |";
        assert!(text.contains(expected), "{text}");
        assert!(text.contains("| sir | 2.0 |"), "{text}");
        assert!(
            text.contains("| mean of the ten | 0.732 | 0.632 | – |"),
            "{text}"
        );
    }

    #[test]
    fn what_is_better_than_all_published_is_bold_and_counted() {
        let records: Vec<Record> = BENCHMARK.iter().map(|task| record(task, 1, 0.6)).collect();
        let text = markdown(&records);
        assert!(text.contains("| 0.738 (SNLE) | **0.600** (1) |"), "{text}");
        assert!(
            text.contains("| mean of the ten | 0.732 | 0.632 | 0.600 |"),
            "{text}"
        );
        assert!(text.contains("| 4 of 10 |"), "{text}");
    }
}
