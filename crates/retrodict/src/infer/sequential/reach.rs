//! Which simulations of earlier rounds a likelihood or a ratio still learns from.

use crate::error::Result;
use crate::prior::{Prior, SupportKind};
use crate::table::Table;

/// The positions of the rows of `theta` that lie within `reach` standard deviations of the mean of the last
/// `n_last` rows, in every coordinate of the space where the prior is standard normal.
///
/// A likelihood is the same whatever its parameters were drawn from, so θ may be chosen by any rule that
/// does not look at the data. Without those far away, the linear guess and the networks describe the
/// simulator where the posterior is, and not on the average over the prior.
pub(super) fn within_reach(
    prior: &Prior,
    theta: &Table,
    n_last: usize,
    reach: f64,
) -> Result<Vec<usize>> {
    let map = prior.continuous_map(SupportKind::Probit)?;
    let d = map.n_unconstrained();
    let mut z = vec![0.0; theta.n_rows() * d];
    for (theta, z) in theta.rows().zip(z.chunks_exact_mut(d)) {
        map.forward(theta, z);
    }
    let last = &z[z.len() - n_last * d..];
    let ranges: Vec<[f64; 2]> = (0..d).map(|j| range(last, (d, j), reach)).collect();
    let inside = |i: &usize| {
        let own = z[i * d..(i + 1) * d].iter().zip(&ranges);
        own.into_iter()
            .all(|(z, [low, high])| (low..=high).contains(&z))
    };
    let all = 0..theta.n_rows();
    let kept = all.filter(|i| inside(i) || i + n_last >= theta.n_rows());
    Ok(kept.collect())
}

/// Mean ± reach · sd of column `j` of `d`.
fn range(rows: &[f64], (d, j): (usize, usize), reach: f64) -> [f64; 2] {
    let column = || rows.iter().skip(j).step_by(d);
    let n = column().count() as f64;
    let mean = column().sum::<f64>() / n;
    let sd = (column().map(|z| (z - mean).powi(2)).sum::<f64>() / n).sqrt();
    [mean - reach * sd, mean + reach * sd]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prior::DistributionConfig as D;

    #[test]
    fn what_is_far_from_the_last_rows_is_left_out_and_they_themselves_never() {
        let entries = [("a", D::normal(0.0, 1.0)), ("b", D::uniform(0.0, 1.0))];
        let prior = Prior::new(entries).unwrap();
        let mut values = vec![3.0, 0.5, 1.15, 0.5, 1.0, 0.999, 1.0, 0.5];
        // The last rows: mean one and sd 0.1 of `a`, sd of `b` of about 0.25 under the probit.
        for i in 0..100 {
            let sign = if i % 2 == 0 { 1.0 } else { -1.0 };
            values.extend([1.0 + 0.1 * sign, 0.5 + 0.1 * sign]);
        }
        values.extend([4.0, 0.5]);
        let theta = Table::new(["a", "b"], values).unwrap();
        let kept = within_reach(&prior, &theta, 101, 5.0).unwrap();
        assert_eq!(kept[..2], [1, 3]);
        assert_eq!(kept.len(), 103);
        assert_eq!(within_reach(&prior, &theta, 101, 1e9).unwrap().len(), 105);
    }
}
