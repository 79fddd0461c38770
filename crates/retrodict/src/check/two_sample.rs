//! The classifier two-sample test: how well a network tells two samples apart.

use crate::error::{Error, Result};
use crate::seed::{Seed, Stream};
use crate::table::Table;
use rayon::prelude::*;

use super::classifier::{Classifier, Labelled};

const FOLDS: usize = 5;

/// The mean accuracy over five folds of a classifier that is to tell `samples` from `reference`:
/// 0.5 if they have the same distribution, 1 if they can be told apart perfectly. Both are
/// standardised by the mean and standard deviation of the reference.
///
/// # Errors
/// If the columns differ in number, a value is not finite, or a column of the reference is constant.
///
/// # Reference
/// Lopez-Paz and Oquab (2017), arXiv:1610.06545; the settings of Lueckmann et al. (2021).
pub fn c2st(reference: &Table, samples: &Table, seed: Seed) -> Result<f64> {
    let data = labelled(reference, samples)?;
    let n = data.label.len();
    let mut order: Vec<usize> = (0..n).collect();
    seed.stream(Stream::Split, 0).shuffle(&mut order);
    let accuracy = |fold: usize| {
        let (from, to) = (fold * n / FOLDS, (fold + 1) * n / FOLDS);
        let train: Vec<usize> = [&order[..from], &order[to..]].concat();
        let mut random = seed.stream(Stream::Weights, fold as u64);
        let classifier = Classifier::train(&data.select(&train), &mut random)?;
        Ok(classifier.accuracy(&data.select(&order[from..to])))
    };
    let accuracies = (0..FOLDS).into_par_iter().map(accuracy);
    Ok(accuracies
        .collect::<Result<Vec<f64>>>()?
        .iter()
        .sum::<f64>()
        / FOLDS as f64)
}

fn labelled(reference: &Table, samples: &Table) -> Result<Labelled> {
    if reference.n_columns() != samples.n_columns() {
        return Err(Error::invalid(
            "samples",
            format!("{} columns", samples.n_columns()),
            format!("{} as in the reference", reference.n_columns()),
            "Compare samples of the same parameters.",
        ));
    }
    let values = reference.values().iter().chain(samples.values());
    if let Some(value) = values.into_iter().find(|v| !v.is_finite()) {
        return Err(Error::invalid(
            "samples",
            value,
            "finite numbers",
            "Leave them out.",
        ));
    }
    let mut x = Vec::with_capacity(reference.n_columns());
    for j in 0..reference.n_columns() {
        let (known, new) = (reference.column(j), samples.column(j));
        let n = known.len() as f64;
        let mean = known.iter().sum::<f64>() / n;
        let sd = (known.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
        if sd.is_nan() || sd <= 0.0 {
            let name = &reference.names()[j];
            return Err(Error::invalid(
                format!("reference, column {name}"),
                "one and the same value",
                "values that differ",
                "Leave the column out.",
            ));
        }
        let standard = |v: &f64| ((v - mean) / sd) as f32;
        x.push(known.iter().chain(&new).map(standard).collect());
    }
    let sides = [(reference, 0.0), (samples, 1.0)];
    let label = sides
        .iter()
        .flat_map(|(table, label)| std::iter::repeat_n(*label, table.n_rows()));
    Ok(Labelled {
        x,
        label: label.collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normals(n: usize, shift: f64, index: u64) -> Table {
        let mut random = Seed(2).stream(Stream::Test, index);
        let values = (0..2 * n).map(|_| shift + random.normal()).collect();
        Table::numbered("theta", 2, values).unwrap()
    }

    #[test]
    fn equal_distributions_give_one_half_and_shifted_ones_the_known_accuracy() {
        // N(0, I) and N(s, I) are told apart with accuracy Φ(|s| / 2) at best: 0.8556 for |s| = 1.5 √2.
        // The accuracy over 4000 rows has a standard error below 0.008; four of those.
        let reference = normals(2000, 0.0, 0);
        let same = c2st(&reference, &normals(2000, 0.0, 1), Seed(1)).unwrap();
        assert!((same - 0.5).abs() < 0.032, "{same}");
        let shifted = c2st(&reference, &normals(2000, 1.5, 2), Seed(1)).unwrap();
        assert!((shifted - 0.8556).abs() < 0.032, "{shifted}");
    }

    #[test]
    fn the_number_of_threads_does_not_change_the_answer() {
        let (a, b) = (normals(300, 0.0, 3), normals(300, 0.5, 4));
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            pool.build()
                .unwrap()
                .install(|| c2st(&a, &b, Seed(1)).unwrap())
        };
        assert_eq!(on(1), on(3));
    }

    #[test]
    fn what_cannot_be_compared_is_refused() {
        let reference = normals(100, 0.0, 5);
        let one = Table::numbered("theta", 1, vec![0.0; 100]).unwrap();
        assert!(c2st(&reference, &one, Seed(1)).is_err());
        let constant = Table::numbered("theta", 2, vec![1.0; 200]).unwrap();
        assert!(c2st(&constant, &reference, Seed(1)).is_err());
        let nan = Table::numbered("theta", 2, vec![f64::NAN; 200]).unwrap();
        assert!(c2st(&reference, &nan, Seed(1)).is_err());
    }
}
