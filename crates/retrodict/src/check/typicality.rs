//! How typical one row is among others: by a kernel, and by its nearest neighbours.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::tail::upper_tail_probability;
use super::whitening::Whitening;
use crate::prior::special::log_sum_exp;
use crate::samples::quantiles;
use crate::table::Table;

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Space {
    /// The data themselves.
    Data,
    /// Their linear regression on the parameters, one number a parameter: what the data say about θ.
    Summaries,
    /// All trials of an observation together, beside as many simulated at draws from their posterior.
    Trials,
}

/// By what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TypicalityKind {
    /// The maximum mean discrepancy of the observation and the simulations.
    Mmd,
    /// The distance from the fifth nearest simulation.
    Neighbours,
}

/// A statistic of the observation, and its distribution over simulated rows in the observation's place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Typicality {
    /// What is compared.
    pub space: Space,
    /// By what.
    pub kind: TypicalityKind,
    /// The statistic of the observation.
    pub observed: f64,
    /// The smallest, the 2.5, 16, 50, 84 and 97.5 % quantiles, and the largest of simulated rows.
    pub quantiles: [f64; 7],
    /// How many simulated rows fall into each of equally wide bins between the smallest and the largest.
    pub histogram: Vec<usize>,
    /// The probability of a statistic at least as large if the simulator made the observation.
    pub p_value: f64,
    /// The same, corrected for looking at several statistics (Holm 1979).
    pub adjusted_p_value: f64,
}

/// With fewer rows to compare with, and as many in the observation's place, nothing is said.
const FEWEST_ROWS: usize = 20;
/// More rows than this tell no more about a single one.
const MOST_ROWS: usize = 2000;
/// About so many products a pass over all pairs of rows may take: a tenth of a second.
const MOST_PRODUCTS: f64 = 1e8;
/// The neighbour whose distance counts: the nearest one alone depends on a single simulation.
const NEIGHBOUR: usize = 5;
/// Rows whose distances make the kernel's width.
const FOR_WIDTH: usize = 300;
const BINS: usize = 30;

/// Both statistics of `observed` in the given columns; none if there are too few rows.
///
/// Every second row is the reference, the others stand in the observation's place: they and the observation
/// are exchangeable if the simulator made it, so the p-values hold.
pub(super) fn typicality(
    space: Space,
    rows: &Table,
    observed: &[f64],
    columns: &[usize],
) -> Vec<Typicality> {
    let n = n_rows(columns.len(), rows.n_rows());
    if columns.is_empty() || n < FEWEST_ROWS {
        return Vec::new();
    }
    let reference: Vec<&[f64]> = rows.rows().step_by(2).take(n).collect();
    let in_place = rows.rows().skip(1).step_by(2).take(n);
    let compared: Vec<&[f64]> = in_place.chain([observed]).collect();
    let Some(whitening) = Whitening::of(&reference, columns) else {
        return Vec::new();
    };
    let kernel = Kernel::of(points(&reference, |row| whitening.standardize(row)));
    let discrepancies = kernel.discrepancies(&points(&compared, |row| whitening.standardize(row)));
    let white = points(&reference, |row| whitening.apply(row));
    let away = points(&compared, |row| whitening.apply(row));
    let distances: Vec<f64> = away.par_iter().map(|z| neighbour(&white, z)).collect();
    vec![
        Typicality::of(space, TypicalityKind::Mmd, discrepancies),
        Typicality::of(
            space,
            TypicalityKind::Neighbours,
            (distances.clone(), distances),
        ),
    ]
}

/// The discrepancy of all trials of an observation from what is simulated at posterior draws; none if there are
/// too few.
///
/// A replicate is one trial for each observed one, all at the same draw of θ. The rows of every second replicate are
/// the reference, the other replicates stand in the observation's place. As with every posterior predictive check the
/// observation is used twice, which makes the p-value large rather than small.
pub(super) fn typicality_of_trials(
    replicates: &[Vec<&[f64]>],
    observed: &[&[f64]],
) -> Option<Typicality> {
    let n_columns = observed.first()?.len();
    if replicates.len() < 2 * FEWEST_ROWS {
        return None;
    }
    let reference: Vec<&[f64]> = replicates.iter().step_by(2).flatten().copied().collect();
    let n = n_rows(n_columns, 2 * reference.len());
    let apart = reference.len().div_ceil(n);
    let reference: Vec<&[f64]> = reference.into_iter().step_by(apart).collect();
    let columns: Vec<usize> = (0..n_columns).collect();
    let whitening = Whitening::of(&reference, &columns)?;
    let kernel = Kernel::of(points(&reference, |row| whitening.standardize(row)));
    let own = kernel.own();
    let in_place = replicates.iter().skip(1).step_by(2).map(Vec::as_slice);
    let sets: Vec<&[&[f64]]> = in_place.chain([observed]).collect();
    let discrepancies: Vec<f64> = sets
        .par_iter()
        .map(|set| own + kernel.of_set(&points(set, |row| whitening.standardize(row))))
        .collect();
    let scale = discrepancies.clone();
    Some(Typicality::of(
        Space::Trials,
        TypicalityKind::Mmd,
        (discrepancies, scale),
    ))
}

/// How many rows are the reference, and how many stand in the observation's place.
fn n_rows(n_columns: usize, n: usize) -> usize {
    let affordable = (MOST_PRODUCTS / n_columns.max(1) as f64).sqrt() as usize;
    (n / 2).min(MOST_ROWS).min(affordable)
}

fn points(rows: &[&[f64]], place: impl Fn(&[f64]) -> Vec<f64>) -> Vec<Vec<f64>> {
    rows.iter().map(|row| place(row)).collect()
}

impl Typicality {
    /// From the statistics of the rows, that of the observation last: as they are shown, and on a scale whose
    /// tail can be continued.
    fn of(
        space: Space,
        kind: TypicalityKind,
        (mut shown, mut scale): (Vec<f64>, Vec<f64>),
    ) -> Self {
        let (observed, own) = (shown.pop(), scale.pop());
        let (observed, own) = observed.zip(own).expect("the observation is the last");
        let weights = vec![1.0 / shown.len() as f64; shown.len()];
        let levels = [0.0, 0.025, 0.16, 0.5, 0.84, 0.975, 1.0];
        let p_value = upper_tail_probability(&scale, own);
        let quantiles = quantiles(&shown, &weights, levels);
        Self {
            space,
            kind,
            observed,
            histogram: histogram(&shown, quantiles[0], quantiles[6]),
            quantiles,
            p_value,
            adjusted_p_value: p_value,
        }
    }
}

fn histogram(values: &[f64], low: f64, high: f64) -> Vec<usize> {
    let mut counts = vec![0; BINS];
    let width = ((high - low) / BINS as f64).max(f64::MIN_POSITIVE);
    for value in values {
        counts[(((value - low) / width) as usize).min(BINS - 1)] += 1;
    }
    counts
}

/// k(a, b) = exp(−|a − b|²/(2 h²)), h the median distance of the rows.
struct Kernel {
    reference: Vec<Vec<f64>>,
    /// 1/(2 h²).
    rate: f64,
}

impl Kernel {
    fn of(reference: Vec<Vec<f64>>) -> Self {
        let some = &reference[..reference.len().min(FOR_WIDTH)];
        let pairs = some.iter().enumerate();
        let mut squares: Vec<f64> = pairs
            .flat_map(|(i, a)| some[..i].iter().map(move |b| square(a, b)))
            .collect();
        let middle = squares.len() / 2;
        let (_, median, _) = squares.select_nth_unstable_by(middle, f64::total_cmp);
        let rate = 0.5 / median.max(f64::MIN_POSITIVE);
        Self { reference, rate }
    }

    /// MMD² of each row alone against the reference, and −log of its mean kernel.
    ///
    /// For one row it is 1 − 2 m(x) + E m(X), m(x) the mean kernel with the reference: a decreasing function of
    /// m, which is a kernel estimate of the density of x. Its logarithm has a tail where m itself ends at zero.
    fn discrepancies(&self, rows: &[Vec<f64>]) -> (Vec<f64>, Vec<f64>) {
        let logs: Vec<f64> = rows.par_iter().map(|z| self.log_mean(z)).collect();
        let others = &logs[..logs.len() - 1];
        let expected = others.iter().map(|l| l.exp()).sum::<f64>() / others.len() as f64;
        let discrepancy = |log: &f64| 1.0 - 2.0 * log.exp() + expected;
        let shown = logs.iter().map(discrepancy).collect();
        (shown, logs.iter().map(|l| -l).collect())
    }

    /// The mean kernel of two rows of the reference, from some of them.
    fn own(&self) -> f64 {
        let some = &self.reference[..self.reference.len().min(FOR_WIDTH)];
        some.iter().map(|z| self.log_mean(z).exp()).sum::<f64>() / some.len() as f64
    }

    /// MMD² of several rows against the reference, but for the reference's own part.
    fn of_set(&self, set: &[Vec<f64>]) -> f64 {
        let n = set.len() as f64;
        let cross: f64 = set.iter().map(|z| self.log_mean(z).exp()).sum();
        let pairs = set.iter().flat_map(|a| set.iter().map(|b| square(a, b)));
        let within: f64 = pairs.map(|d| (-self.rate * d).exp()).sum();
        within / (n * n) - 2.0 * cross / n
    }

    /// log of the mean kernel, in a form that does not underflow.
    fn log_mean(&self, z: &[f64]) -> f64 {
        let exponents = self.reference.iter().map(|r| -self.rate * square(r, z));
        let exponents: Vec<f64> = exponents.collect();
        log_sum_exp(exponents.iter().copied()) - (exponents.len() as f64).ln()
    }
}

/// The distance from the fifth nearest row.
fn neighbour(reference: &[Vec<f64>], z: &[f64]) -> f64 {
    let mut nearest = [f64::INFINITY; NEIGHBOUR];
    for row in reference {
        let mut own = square(row, z);
        for kept in &mut nearest {
            if own < *kept {
                std::mem::swap(kept, &mut own);
            }
        }
    }
    nearest[NEIGHBOUR - 1].sqrt()
}

fn square(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{Random, Seed, Stream};

    /// Points of a thin ring.
    fn ring(random: &mut Random) -> [f64; 2] {
        let angle = std::f64::consts::TAU * random.uniform();
        let radius = 1.0 + 0.05 * random.normal();
        [radius * angle.cos(), radius * angle.sin()]
    }

    fn rings(n: usize, index: u64) -> Table {
        let mut random = Seed(12).stream(Stream::Test, index);
        let values = (0..n).flat_map(|_| ring(&mut random)).collect();
        Table::numbered("x", 2, values).unwrap()
    }

    #[test]
    fn the_discrepancy_of_one_row_is_that_of_the_definition() {
        let rows = rings(400, 0);
        let observed = [0.3, -0.2];
        let found = typicality(Space::Data, &rows, &observed, &[0, 1]);
        let reference: Vec<&[f64]> = rows.rows().step_by(2).collect();
        let whitening = Whitening::of(&reference, &[0, 1]).unwrap();
        let kernel = Kernel::of(points(&reference, |row| whitening.standardize(row)));
        let k = |a: &[f64], b: &[f64]| (-kernel.rate * square(a, b)).exp();
        let o = whitening.standardize(&observed);
        let others: Vec<Vec<f64>> = (1..400)
            .step_by(2)
            .map(|i| whitening.standardize(rows.row(i)))
            .collect();
        let cross = kernel.reference.iter().map(|r| k(r, &o)).sum::<f64>() / 200.0;
        let pairs = others
            .iter()
            .flat_map(|c| kernel.reference.iter().map(|r| k(r, c)));
        let own = pairs.sum::<f64>() / 4e4;
        assert!((found[0].observed - (k(&o, &o) - 2.0 * cross + own)).abs() < 1e-12);
        // The fifth smallest distance of all.
        let white = |row: &[f64]| whitening.apply(row);
        let mut away: Vec<f64> = reference
            .iter()
            .map(|r| square(&white(r), &white(&observed)).sqrt())
            .collect();
        away.sort_by(f64::total_cmp);
        assert!((found[1].observed - away[4]).abs() < 1e-12);
    }

    /// `sbi_calibration.json` is made by sbi 0.27.
    #[test]
    fn discrepancies_of_one_row_and_of_several_are_those_of_sbi() {
        let golden = include_str!("../../tests/golden/sbi_calibration.json");
        let golden: serde_json::Value = serde_json::from_str(golden).unwrap();
        let rows =
            |name: &str| -> Vec<Vec<f64>> { serde_json::from_value(golden[name].clone()).unwrap() };
        let number = |name: &str| golden[name].as_f64().unwrap();
        let kernel = Kernel {
            reference: rows("simulated"),
            rate: 0.5 / number("bandwidth").powi(2),
        };
        let observed = rows("observed");
        for (set, name) in [
            (&observed[..], "discrepancy_of_all"),
            (&observed[..1], "discrepancy_of_one"),
        ] {
            let found = kernel.own() + kernel.of_set(set);
            assert!((found - number(name)).abs() < 1e-6, "{name}: {found}");
        }
    }

    #[test]
    fn a_hole_that_no_other_test_sees_is_seen_by_the_neighbours() {
        let found = typicality(Space::Data, &rings(4000, 1), &[0.0, 0.0], &[0, 1]);
        assert_eq!(found[1].kind, TypicalityKind::Neighbours);
        assert!(found[1].p_value < 1e-6, "{}", found[1].p_value);
        assert!(found[0].p_value > 0.01, "{}", found[0].p_value);
    }

    #[test]
    fn far_rows_are_atypical_by_both() {
        for observed in [[6.0, 0.0], [1e9, -1e9]] {
            for one in typicality(Space::Data, &rings(4000, 2), &observed, &[0, 1]) {
                assert!(one.p_value < 6e-7, "{one:?}");
            }
        }
    }

    #[test]
    fn trials_that_are_too_much_alike_are_atypical_together_though_none_is_alone() {
        let mut random = Seed(13).stream(Stream::Test, 0);
        let sets: Vec<Vec<[f64; 2]>> = (0..300)
            .map(|_| (0..8).map(|_| ring(&mut random)).collect())
            .collect();
        let rows = |set: &'_ Vec<[f64; 2]>| -> Vec<Vec<f64>> {
            set.iter().map(|row| row.to_vec()).collect()
        };
        let sets: Vec<Vec<Vec<f64>>> = sets.iter().map(rows).collect();
        let views: Vec<Vec<&[f64]>> = sets
            .iter()
            .map(|set| set.iter().map(Vec::as_slice).collect())
            .collect();
        let (observed, rest) = views.split_last().unwrap();
        let found = typicality_of_trials(rest, observed).unwrap();
        assert!(found.p_value > 0.001, "{found:?}");
        let same: Vec<&[f64]> = vec![observed[0]; 8];
        let found = typicality_of_trials(rest, &same).unwrap();
        assert!(found.p_value < 0.001, "{found:?}");
        assert!(typicality_of_trials(&rest[..10], observed).is_none());
    }

    #[test]
    fn too_few_rows_say_nothing() {
        assert!(typicality(Space::Data, &rings(30, 3), &[0.0, 0.0], &[0, 1]).is_empty());
        assert!(typicality(Space::Data, &rings(300, 3), &[0.0, 0.0], &[]).is_empty());
    }
}
