//! Which numbers of the data tell nothing of the parameters.

mod correlations;
#[cfg(test)]
mod network_tests;
mod products;
mod scores;
#[cfg(test)]
mod tests;

use correlations::{Correlations, Told};
use scores::Scores;

use crate::embed::Standardization;
use crate::table::Table;

/// Of so few numbers none is set aside: a network finds out by itself, and a mistake would cost more.
const FEW_DATA: usize = 10;
/// Of more than these none is, either: all pairs of them are looked at, and images and spectra have networks of their own.
const MOST_DATA: usize = 1000;
/// From fewer simulations, only strong dependences show.
const FEWEST_ROWS: usize = 100;
/// More than these find nothing more that matters.
const MOST_ROWS: usize = 4000;
/// So many multiplications of pairs are affordable beside any training.
const MOST_PRODUCTS: f64 = 1e10;
/// The probability that any number is taken to depend on the parameters, or on one that does, when none does.
const LEVEL: f64 = 0.01;
/// What is set aside has to be, taken together, as probable as this if it is independent of the rest.
const LEAST_PROBABLE: f64 = 0.05;

/// The columns of the data that are independent of the parameters, of the other columns, and of both together, as far as these
/// simulations show, in increasing order: p(x | θ) = p(kept | θ) p(set aside), so that the posterior is that of the rest.
///
/// A column is kept if functions of its ranks (straight and bent) correlate with those of a parameter, or with those of a column
/// that is kept, or if its product with another column's correlates with a parameter: a pair of numbers may tell by how they go
/// together what neither tells alone. What is then left is tested once more as a whole, since many weak dependences that do not
/// show one by one do together; while it fails, the tenth of it that is least probable is kept. Nothing is set aside of ten
/// numbers or fewer, of more than a thousand, from fewer than a hundred simulations, if no column depends on any
/// parameter, or if fewer would be set aside than kept: little is gained then, and a weak dependence may be lost.
///
/// What takes three or more numbers to be seen, and shows in no pair of them, is lost; the posterior is then that given
/// the rest: wider, and as well calibrated.
///
/// # Reference
/// Screening by marginal dependence: Fan and Lv 2008, arXiv:math/0612857.
pub(super) fn unrelated(theta: &Table, x: &Table) -> Vec<usize> {
    let few = x.n_rows() < FEWEST_ROWS;
    if few || !(FEW_DATA + 1..=MOST_DATA).contains(&x.n_columns()) {
        return Vec::new();
    }
    let rows = rows(x.n_rows(), x.n_columns(), theta.n_columns());
    let parameters = Scores::new(theta, &rows);
    if parameters.len() == 0 {
        // No parameter changes, which is refused elsewhere.
        return Vec::new();
    }
    Screening::new(&parameters, Scores::new(x, &rows)).unrelated(x.n_columns())
}

/// A standardisation of the data without what is [`unrelated`], if that is wanted.
pub(super) fn screened(
    fitted: Standardization,
    wanted: bool,
    [theta, x]: [&Table; 2],
) -> Standardization {
    if wanted {
        fitted.without(&unrelated(theta, x))
    } else {
        fitted
    }
}

/// Evenly spaced rows, as many as are affordable.
fn rows(n_rows: usize, n_data: usize, n_parameters: usize) -> Vec<usize> {
    let affordable = MOST_PRODUCTS / ((n_data * n_data) as f64 * (2 * n_parameters) as f64);
    let n = n_rows
        .min(MOST_ROWS)
        .min((affordable as usize).max(FEWEST_ROWS));
    (0..n).map(|i| i * n_rows / n).collect()
}

/// What is related so far.
struct Screening {
    data: Scores,
    correlations: Correlations,
    related: Vec<bool>,
}

impl Screening {
    fn new(parameters: &Scores, data: Scores) -> Self {
        let mut related = vec![false; data.column.last().map_or(0, |last| last + 1)];
        for column in products::pairs(parameters, &data, LEVEL).as_flattened() {
            related[*column] = true;
        }
        Self {
            correlations: Correlations::new(parameters, &data),
            data,
            related,
        }
    }

    fn unrelated(mut self, n_columns: usize) -> Vec<usize> {
        loop {
            let more = self.more();
            if more.is_empty() {
                break;
            }
            for column in more {
                self.related[column] = true;
            }
        }
        // Columns that never change have no functions, and are ignored anyway.
        let changes = |j: &usize| self.data.column.binary_search(j).is_ok();
        let (kept, unrelated): (Vec<usize>, Vec<usize>) = (0..n_columns)
            .filter(changes)
            .partition(|j| self.related[*j]);
        if kept.is_empty() || unrelated.len() < kept.len() {
            return Vec::new();
        }
        unrelated
    }

    /// The columns that have to be kept as well; none when what is left is independent of the rest.
    fn more(&self) -> Vec<usize> {
        let told = Told {
            data: self.functions(true),
        };
        let mut left: Vec<(f64, usize)> = self.left(&told);
        let n = left.len() as f64;
        let mut found: Vec<usize> = left
            .iter()
            .filter(|(probability, _)| probability * n < LEVEL)
            .map(|(_, column)| *column)
            .collect();
        if found.is_empty() && self.is_dependent(&told) {
            left.sort_by(|a, b| a.0.total_cmp(&b.0));
            let tenth = left.len().div_ceil(10);
            found.extend(left[..tenth].iter().map(|(_, column)| *column));
        }
        found
    }

    /// The columns that are left, each with the probability that it is independent.
    fn left(&self, told: &Told) -> Vec<(f64, usize)> {
        let own = self.functions(false);
        let columns = own.chunk_by(|&a, &b| self.data.column[a] == self.data.column[b]);
        columns
            .map(|own| {
                (
                    self.correlations.probability(own, told),
                    self.data.column[own[0]],
                )
            })
            .collect()
    }

    /// Whether all that is left depends on the parameters, or on them and the rest.
    fn is_dependent(&self, told: &Told) -> bool {
        let own = self.functions(false);
        if own.is_empty() {
            return false;
        }
        let of = |told: &Told| self.correlations.probability_of_all(&own, told);
        2.0 * of(told).min(of(&Told::default())) < LEAST_PROBABLE
    }

    /// The functions of the columns that are related, or of those that are not.
    fn functions(&self, related: bool) -> Vec<usize> {
        (0..self.data.len())
            .filter(|&j| self.related[self.data.column[j]] == related)
            .collect()
    }
}
