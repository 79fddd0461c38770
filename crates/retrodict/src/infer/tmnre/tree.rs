//! Which pairs of parameters a distribution of all of them keeps.

use super::bounds::Bounds;
use super::marginals::MarginalRatio;
use crate::error::Result;
use crate::simulate::Simulations;
use crate::table::Table;

/// Simulations over which the information of a pair is averaged.
const ROWS: usize = 1000;

/// A pair of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Branch {
    /// The number of the pair's marginal.
    pub(super) marginal: usize,
    /// The parameter that hangs on the other.
    pub(super) child: usize,
}

/// The tree, or the trees, of most information: of the pairs by which two parameters that nothing connects yet are
/// connected, always the one with the most mutual information given x, E log p(θᵢ, θⱼ | x) / p(θᵢ | x) p(θⱼ | x),
/// as long as that is positive.
///
/// # Reference
/// Chow and Liu 1968, IEEE Transactions on Information Theory 14.
pub(super) fn tree(
    bounds: &Bounds,
    marginals: &[MarginalRatio],
    simulations: &Simulations,
) -> Result<Vec<Branch>> {
    let n = bounds.levels().len();
    let rows: Vec<usize> = simulations.valid_rows().into_iter().take(ROWS).collect();
    let some = simulations.select(&rows);
    let singles = marginals[..n]
        .iter()
        .map(|m| mean_log_ratio(bounds, m, &some));
    let singles = singles.collect::<Result<Vec<f64>>>()?;
    let mut found = Vec::new();
    for (k, pair) in marginals.iter().enumerate().skip(n) {
        let own = mean_log_ratio(bounds, pair, &some)?;
        let information = own - pair.columns.iter().map(|&j| singles[j]).sum::<f64>();
        if information > 0.0 {
            found.push((information, k));
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    let columns: Vec<_> = marginals.iter().map(|m| m.columns.clone()).collect();
    let best: Vec<usize> = found.into_iter().map(|(_, k)| k).collect();
    Ok(in_order(&spanning(n, pairs_of(&columns, &best)), n))
}

/// Some marginals that are pairs, by number, with their parameters.
pub(super) fn pairs_of<'a>(
    columns: &'a [Vec<usize>],
    some: &'a [usize],
) -> impl Iterator<Item = (usize, [usize; 2])> + 'a {
    some.iter().map(|&k| (k, [columns[k][0], columns[k][1]]))
}

fn mean_log_ratio(bounds: &Bounds, marginal: &MarginalRatio, some: &Simulations) -> Result<f64> {
    let own = marginal.ratio.model().parameters.iter().cloned();
    let levels = bounds.levels_of(&marginal.columns, &some.theta);
    let values = (marginal.ratio).log_ratio_many(&Table::new(own, levels)?, &some.x)?;
    Ok(values.iter().sum::<f64>() / values.len() as f64)
}

/// Those of the pairs, best first, that close no circle.
pub(super) fn spanning(
    n: usize,
    pairs: impl Iterator<Item = (usize, [usize; 2])>,
) -> Vec<(usize, [usize; 2])> {
    let mut group: Vec<usize> = (0..n).collect();
    let mut kept = Vec::new();
    for (k, [a, b]) in pairs {
        let [from, to] = [group[a], group[b]];
        if from != to {
            group
                .iter_mut()
                .filter(|g| **g == from)
                .for_each(|g| *g = to);
            kept.push((k, [a, b]));
        }
    }
    kept
}

/// Each pair after one of the parameter it hangs on; a parameter that hangs on none is a root.
pub(super) fn in_order(pairs: &[(usize, [usize; 2])], n: usize) -> Vec<Branch> {
    let mut reached = vec![false; n];
    let mut branches = Vec::new();
    for root in 0..n {
        reached[root] = true;
        let next = |reached: &[bool]| {
            pairs.iter().find_map(|&(marginal, [a, b])| {
                let child = if reached[a] { b } else { a };
                (reached[a] != reached[b]).then_some(Branch { marginal, child })
            })
        };
        while let Some(branch) = next(&reached) {
            reached[branch.child] = true;
            branches.push(branch);
        }
    }
    branches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_pairs_make_trees_that_are_walked_from_their_roots() {
        let pairs = [(7, [3, 1]), (5, [1, 2]), (6, [2, 3]), (9, [4, 5])];
        let kept = spanning(6, pairs.into_iter());
        assert_eq!(kept, [(7, [3, 1]), (5, [1, 2]), (9, [4, 5])]);
        let branches = in_order(&kept, 6);
        let all: Vec<_> = branches.iter().map(|b| (b.marginal, b.child)).collect();
        assert_eq!(all, [(7, 3), (5, 2), (9, 5)]);
    }
}
