//! The first observation of every benchmark task.

/// One line a task: its name, then the values (`benchmarks/sbibm/extract_observations.py`).
const OBSERVATIONS: &str = include_str!("../../../data/sbibm-observations.csv");

/// Observation 1 of a task of the SBI benchmark.
pub(super) fn first(task: &str) -> Vec<f64> {
    let line = OBSERVATIONS
        .lines()
        .find_map(|line| line.strip_prefix(task)?.strip_prefix(','))
        .expect("every task of the benchmark has a line in the file");
    line.split(',')
        .map(|value| value.parse().expect("the file holds numbers"))
        .collect()
}
