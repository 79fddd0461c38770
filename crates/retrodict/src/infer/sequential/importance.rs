//! Importance weights of simulations, and which of them are near the observation.

use crate::error::Result;
use crate::infer::Posterior;
use crate::prior::Prior;
use crate::simulate::{Simulations, Status};
use crate::table::Table;

/// p(θ) / Σₖ πₖ p̃ₖ(θ) of each row, where p̃ₖ are the proposals of all rounds, the prior first, and πₖ the
/// shares of the simulations that they made. As the prior is one of them, no weight is above 1 / π₁: they
/// need no clipping.
///
/// # Reference
/// Lueckmann et al. 2017, arXiv:1711.01861, with the balance heuristic of Veach and Guibas 1995.
pub(super) fn importance_weights(
    prior: &Prior,
    proposals: &[&dyn Posterior],
    sizes: &[usize],
    (theta, x): (&Table, &[f64]),
) -> Result<Vec<f64>> {
    let total: usize = sizes.iter().sum();
    let share = |k: usize| sizes[k] as f64 / total as f64;
    let priors: Vec<f64> = theta.rows().map(|theta| prior.log_prob(theta)).collect();
    // Σₖ πₖ p̃ₖ / p.
    let mut inverse = vec![share(0); priors.len()];
    for (k, proposal) in proposals.iter().enumerate() {
        let densities = proposal.log_prob(theta, x)?;
        for ((sum, density), prior) in inverse.iter_mut().zip(densities).zip(&priors) {
            *sum += share(k + 1) * (density - prior).exp();
        }
    }
    Ok(inverse.into_iter().map(f64::recip).collect())
}

/// Data are near the observation within the distance of this share of the last round's.
const NEAR: f64 = 0.8;
/// If there are fewer, all are.
const FEWEST: usize = 50;

/// The rows whose data lie near the observation, and those that failed, which are to be counted. Distances
/// are Euclidean, each column in units of its sd in the last round, whose rows are the last `n_last`.
///
/// A loss may weigh rows by any function of x: for each x, the same density is the best. Without a weight,
/// nearly all of the loss would be about data that the later rounds do not give.
pub(super) fn near(simulations: &Simulations, x: &[f64], n_last: usize) -> Vec<usize> {
    let n = simulations.len();
    let good = |i: &usize| simulations.status[*i] == Status::Ok;
    let last: Vec<usize> = (n - n_last..n).filter(good).collect();
    let scales = scales(&simulations.x, &last);
    let distance = |i: usize| {
        let each = simulations.x.row(i).iter().zip(x).zip(&scales);
        each.map(|((a, b), scale)| ((a - b) * scale).powi(2))
            .sum::<f64>()
    };
    let mut distances: Vec<f64> = last.iter().map(|i| distance(*i)).collect();
    distances.sort_unstable_by(f64::total_cmp);
    let at = (distances.len() as f64 * NEAR) as usize;
    if at < FEWEST {
        return (0..n).collect();
    }
    let inside = |i: &usize| !good(i) || distance(*i) <= distances[at - 1];
    (0..n).filter(inside).collect()
}

/// One over the sd of each column over some rows; zero if it never changes.
fn scales(x: &Table, rows: &[usize]) -> Vec<f64> {
    let scale = |j: usize| {
        let values = || rows.iter().map(|&i| x.row(i)[j]);
        let n = rows.len() as f64;
        let mean = values().sum::<f64>() / n;
        let sd = (values().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
        if sd > 0.0 { 1.0 / sd } else { 0.0 }
    };
    (0..x.n_columns()).map(scale).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{Seed, Stream};

    #[test]
    fn near_are_four_fifths_of_the_last_round_and_as_near_ones_of_others() {
        let mut random = Seed(1).stream(Stream::Test, 0);
        // Ten rows of the first round at distances of 0, 1, … sds; then a hundred of the last; the third
        // column never changes.
        let mut x: Vec<f64> = (0..10)
            .flat_map(|i| [5.0 + f64::from(i), 0.0, 1.0])
            .collect();
        x.extend((0..200).flat_map(|_| [5.0 + random.normal(), 100.0 * random.normal(), 1.0]));
        let x = Table::numbered("x", 3, x).unwrap();
        let mut status = vec![Status::Ok; 210];
        status[9] = Status::Failed;
        let simulations = Simulations {
            theta: x.clone(),
            x,
            status,
        };
        let found = near(&simulations, &[5.0, 0.0, 1.0], 200);
        let of_last = found.iter().filter(|i| **i >= 10).count();
        assert_eq!(of_last, 160);
        // Of two normal numbers, 80 % are within 1.79.
        assert_eq!(found[..3], [0, 1, 9]);
        // Too few rows to leave any out.
        assert_eq!(near(&simulations, &[5.0, 0.0, 1.0], 50).len(), 210);
    }
}
