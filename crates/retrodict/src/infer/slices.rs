//! The posterior of every parameter and every pair of them where all others have given values.

use serde::{Deserialize, Serialize};

use super::posterior::Posterior;
use crate::error::{Error, Result};
use crate::prior::Prior;
use crate::table::Table;

/// p(θᵢ | θ₋ᵢ, x) and p(θᵢ, θⱼ | θ₋ᵢⱼ, x) through one point θ, on grids that fit each of them.
///
/// What a parameter may do while the others stay: a posterior can be wide in every parameter and yet leave
/// none of them free, because they compensate each other. Discrete parameters are held at the point and
/// have no slice. A grid follows correlations within a slice up to about 0.999.
///
/// # Reference
/// Gonçalves et al. 2020, "Training deep neural density estimators to identify mechanistic models of
/// neural dynamics", eLife 9:e56261.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConditionalSlices {
    /// Every parameter and its value at the point.
    pub at: Vec<(String, f64)>,
    /// The columns of the parameters that have a slice, the continuous ones.
    pub columns: Vec<usize>,
    /// One slice for each of them.
    pub singles: Vec<Slice>,
    /// One for each pair (column, row) with column < row, row after row; two axes each.
    pub pairs: Vec<Slice>,
    /// The correlation of each pair in its slice: square, with ones on the diagonal.
    pub correlation: Vec<Vec<f64>>,
}

/// A density on a grid of equal cells, as the share of the slice that is in each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slice {
    /// Both ends of each axis.
    pub ends: Vec<[f64; 2]>,
    /// How many cells there are along each axis.
    pub n: usize,
    /// One share a cell, the first axis running fastest; they sum to one.
    pub shares: Vec<f64>,
}

/// Cells of a slice through one parameter, and along each axis of one through two: while the stretch is
/// found, and in the end.
const SINGLE: [usize; 2] = [64, 200];
const PAIR: [usize; 2] = [32, 64];
/// A ridge along the diagonal is much narrower than the grid: then there are more cells.
const NARROW: f64 = 0.95;
const FINE: [usize; 2] = [128, 256];
/// Grids are fitted in so many steps at most.
const MAX_FITS: usize = 12;
/// Cells whose density is e⁻¹² of the largest are left out of a grid.
const NEGLIGIBLE: f64 = 12.0;
/// A grid ends too early where its border has e⁻⁶ of the largest density.
const CUT: f64 = 6.0;

impl ConditionalSlices {
    /// Slices of the posterior of `x` through the point `at`, which has every parameter in the prior's
    /// order; `draws` of the posterior say where to look first.
    ///
    /// # Errors
    /// If the point has another length or no posterior density, parameters share a simplex (`dirichlet`),
    /// none is continuous, or the posterior fails.
    pub fn of(
        posterior: &dyn Posterior,
        prior: &Prior,
        x: &[f64],
        draws: &Table,
        at: &[f64],
    ) -> Result<Self> {
        let columns = sliced(prior, at)?;
        let point = Table::new(prior.names(), at.to_vec())?;
        let density = posterior.log_unnormalized(&point, x)?[0];
        if density == f64::NEG_INFINITY {
            return Err(Error::invalid(
                "the point at which the posterior is cut",
                format!("{at:?}, where the posterior's density is zero"),
                "a point inside the posterior",
                "Choose other values, or the maximum.",
            ));
        }
        let cut = Cut {
            posterior,
            prior,
            x,
            at,
            density,
        };
        let stretches: Vec<[f64; 2]> = columns.iter().map(|&j| cut.stretch(draws, j)).collect();
        let mut singles = Vec::new();
        let mut pairs = Vec::new();
        let mut correlation = vec![vec![1.0; columns.len()]; columns.len()];
        for (row, &j) in columns.iter().enumerate() {
            singles.push(cut.slice(&[j], vec![stretches[row]], SINGLE)?);
            for (column, &i) in columns[..row].iter().enumerate() {
                let start = vec![stretches[column], stretches[row]];
                let mut pair = cut.slice(&[i, j], start, PAIR)?;
                if pair.correlation().abs() > NARROW {
                    pair = cut.slice(&[i, j], pair.ends, FINE)?;
                }
                let found = pair.correlation();
                (correlation[row][column], correlation[column][row]) = (found, found);
                pairs.push(pair);
            }
        }
        let at = prior.names().into_iter().zip(at.iter().copied());
        Ok(Self {
            at: at.collect(),
            columns,
            singles,
            pairs,
            correlation,
        })
    }

    /// The slice through the pair of the parameters `column` < `row`, counted among those that have one.
    pub fn pair(&self, column: usize, row: usize) -> &Slice {
        &self.pairs[row * (row - 1) / 2 + column]
    }
}

/// The columns that can be cut.
fn sliced(prior: &Prior, at: &[f64]) -> Result<Vec<usize>> {
    let discrete = prior.discrete_columns();
    let columns: Vec<usize> = (0..prior.n_parameters())
        .filter(|j| !discrete.contains(j))
        .collect();
    if at.len() != prior.n_parameters() || at.iter().any(|v| !v.is_finite()) {
        return Err(Error::invalid(
            "the point at which the posterior is cut",
            format!("{at:?}"),
            format!("{} finite numbers, one a parameter", prior.n_parameters()),
            "Give every parameter in the prior's order.",
        ));
    }
    if columns.is_empty() {
        return Err(Error::invalid(
            "conditional densities",
            "discrete parameters only",
            "at least one continuous parameter",
            "Count the posterior's draws: states need no density.",
        ));
    }
    if prior.n_unconstrained() != columns.len() {
        return Err(Error::invalid(
            "conditional densities",
            "parameters on a simplex, of which none can move alone",
            "parameters that do not sum to one",
            "Leave the conditional densities out, or fix the others with the library's `conditional`.",
        ));
    }
    Ok(columns)
}

/// A posterior, and the point through which it is cut.
struct Cut<'a> {
    posterior: &'a dyn Posterior,
    prior: &'a Prior,
    x: &'a [f64],
    at: &'a [f64],
    /// The log-density at the point.
    density: f64,
}

impl Cut<'_> {
    /// Where to look first: what the draws span, and the point.
    fn stretch(&self, draws: &Table, j: usize) -> [f64; 2] {
        let column = draws.column(j);
        let low = column.iter().copied().fold(self.at[j], f64::min);
        let high = column.iter().copied().fold(self.at[j], f64::max);
        let margin = (0.1 * (high - low)).max(f64::EPSILON * (1.0 + self.at[j].abs()));
        self.within(j, [low - margin, high + margin])
    }

    fn within(&self, j: usize, [low, high]: [f64; 2]) -> [f64; 2] {
        let support = self.prior.support(j);
        [low.max(support.low), high.min(support.high)]
    }

    /// The slice along one or two columns, on a grid that is widened or narrowed until it fits.
    fn slice(&self, columns: &[usize], start: Vec<[f64; 2]>, n: [usize; 2]) -> Result<Slice> {
        let mut ends = start;
        for _ in 0..MAX_FITS {
            let values = self.log_density(columns, &ends, n[0])?;
            let Some(better) = self.fitted(columns, &ends, &values, n[0]) else {
                break;
            };
            ends = better;
        }
        let values = self.log_density(columns, &ends, n[1])?;
        let top = values.iter().copied().fold(self.density, f64::max);
        let shares: Vec<f64> = values.iter().map(|v| (v - top).exp()).collect();
        let total: f64 = shares.iter().sum();
        if total.is_nan() || total <= 0.0 {
            return Err(Error::invalid(
                "conditional densities",
                "a density of zero all around the point at which the posterior is cut",
                "a posterior that is smooth there",
                "Choose another point.",
            ));
        }
        Ok(Slice {
            ends,
            n: n[1],
            shares: shares.into_iter().map(|s| rounded(s / total)).collect(),
        })
    }

    /// The log-density in the middle of every cell, the first column running fastest.
    fn log_density(&self, columns: &[usize], ends: &[[f64; 2]], n: usize) -> Result<Vec<f64>> {
        let cells = n.pow(columns.len() as u32);
        let mut values = Vec::with_capacity(cells * self.at.len());
        for cell in 0..cells {
            let start = values.len();
            values.extend_from_slice(self.at);
            let mut place = cell;
            for (&j, &axis) in columns.iter().zip(ends) {
                values[start + j] = middle(axis, place % n, n);
                place /= n;
            }
        }
        let table = Table::new(self.prior.names(), values)?;
        let densities = self.posterior.log_unnormalized(&table, self.x)?;
        let number = |v: f64| if v.is_nan() { f64::NEG_INFINITY } else { v };
        Ok(densities.into_iter().map(number).collect())
    }

    /// Ends that suit the density better, if these do not suit it.
    fn fitted(
        &self,
        columns: &[usize],
        ends: &[[f64; 2]],
        values: &[f64],
        n: usize,
    ) -> Option<Vec<[f64; 2]>> {
        let top = values.iter().copied().fold(self.density, f64::max);
        let mut better = Vec::with_capacity(ends.len());
        let mut changed = false;
        for (axis, (&j, &[low, high])) in columns.iter().zip(ends).enumerate() {
            let place = |cell: usize| cell / n.pow(axis as u32) % n;
            let above = |depth: f64| {
                let cells = (0..values.len()).filter(move |&c| values[c] > top - depth);
                cells.map(place)
            };
            let [first, last] = [above(CUT).min(), above(CUT).max()];
            let width = high - low;
            // It goes on beyond an end that is not the support's.
            let wide = [
                if first == Some(0) {
                    low - 0.5 * width
                } else {
                    low
                },
                if last == Some(n - 1) {
                    high + 0.5 * width
                } else {
                    high
                },
            ];
            let wide = self.within(j, wide);
            if wide != [low, high] {
                better.push(wide);
                changed = true;
                continue;
            }
            let cell = width / n as f64;
            let own = (((self.at[j] - low) / cell) as usize).min(n - 1);
            let first = above(NEGLIGIBLE).min().map_or(own, |c| c.min(own));
            let last = above(NEGLIGIBLE).max().map_or(own, |c| c.max(own));
            if 2 * (last + 3 - first) < n {
                let narrow = [
                    low + (first as f64 - 1.0) * cell,
                    low + (last as f64 + 2.0) * cell,
                ];
                better.push([narrow[0].max(low), narrow[1].min(high)]);
                changed = true;
            } else {
                better.push([low, high]);
            }
        }
        changed.then_some(better)
    }
}

/// The middle of a cell.
fn middle([low, high]: [f64; 2], cell: usize, n: usize) -> f64 {
    low + (high - low) * (cell as f64 + 0.5) / n as f64
}

/// Five digits: more would make files long, and no figure shows them.
fn rounded(share: f64) -> f64 {
    if share < 1e-9 {
        return 0.0;
    }
    let unit = 10_f64.powf(share.log10().floor() - 4.0);
    (share / unit).round() * unit
}

impl Slice {
    /// The value of axis `axis` in the middle of its `cell`-th cell.
    pub fn middle(&self, axis: usize, cell: usize) -> f64 {
        middle(self.ends[axis], cell, self.n)
    }

    /// The share of cells above which the slice holds `mass`.
    pub fn level(&self, mass: f64) -> f64 {
        let mut sorted = self.shares.clone();
        sorted.sort_unstable_by(|a, b| b.total_cmp(a));
        let total: f64 = sorted.iter().sum();
        let mut held = 0.0;
        for share in &sorted {
            held += share;
            if held >= mass * total {
                return *share;
            }
        }
        0.0
    }

    /// Mean and standard deviation along an axis.
    pub fn moments(&self, axis: usize) -> [f64; 2] {
        let place = |cell: usize| self.middle(axis, cell / self.n.pow(axis as u32) % self.n);
        let total: f64 = self.shares.iter().sum();
        let average = |of: &dyn Fn(f64) -> f64| {
            let terms = self.shares.iter().enumerate();
            terms
                .map(|(cell, share)| share * of(place(cell)))
                .sum::<f64>()
                / total
        };
        let mean = average(&|v| v);
        [mean, average(&|v| (v - mean).powi(2)).sqrt()]
    }

    /// The correlation of the two axes; one if there is but one.
    fn correlation(&self) -> f64 {
        if self.ends.len() < 2 {
            return 1.0;
        }
        let [[mean_a, sd_a], [mean_b, sd_b]] = [0, 1].map(|axis| self.moments(axis));
        let total: f64 = self.shares.iter().sum();
        let terms = self.shares.iter().enumerate().map(|(cell, share)| {
            let a = self.middle(0, cell % self.n) - mean_a;
            let b = self.middle(1, cell / self.n) - mean_b;
            share * a * b
        });
        (terms.sum::<f64>() / total / (sd_a * sd_b)).clamp(-1.0, 1.0)
    }
}
