//! Whether the reference samples follow our prior times our likelihood.
//!
//! A Metropolis kernel that leaves our posterior invariant is applied to every reference sample. If
//! the samples follow our posterior they do so still, and no expectation moves; if a constant, a
//! noise level or the order of a column were wrong here, they would drift to where our posterior
//! is. The test is on paired differences, so what the samples have in common cancels.

use rayon::prelude::*;
use retrodict::simulate::builtin::{self, Builtin};
use retrodict::{Error, Random, Result, Seed, Stream, Table};

use crate::data::Data;

/// The factors of the moves: the optimal one for a Gaussian in d dimensions is 2.38 / √(2 d);
/// factor 1 jumps between modes, small ones follow narrow ridges.
const SMALL: [f64; 3] = [1.0, 0.3, 0.05];

/// What happened to the samples of one posterior.
#[derive(Debug, Clone)]
pub(crate) struct Drift {
    /// The share of proposals that were accepted.
    pub(crate) acceptance: f64,
    /// The largest |z| of the paired differences, over all functions.
    pub(crate) largest_z: f64,
    /// Which function it belongs to.
    pub(crate) where_largest: String,
    /// The largest change of a mean in units of the reference's standard deviation.
    pub(crate) mean_shift: f64,
    /// The largest relative change of a standard deviation.
    pub(crate) sd_change: f64,
    /// The change of the mean log-density.
    pub(crate) log_density_change: f64,
    /// How many functions were compared.
    pub(crate) n_functions: usize,
}

/// Applies `steps` Metropolis steps to `samples` of the reference and compares.
pub(crate) fn drift(
    data: &Data,
    task: &str,
    number: usize,
    (samples, steps): (usize, usize),
    seed: Seed,
) -> Result<Drift> {
    let builtin = builtin::by_name(task)?;
    let x = data.observation(task, number)?;
    let reference = data.reference(task, number)?;
    let density = |theta: &[f64]| log_posterior(&builtin, theta, &x);
    let outside = reference.rows().filter(|theta| !density(theta).is_finite());
    let n_outside = outside.count();
    if n_outside > 0 {
        return Err(Error::invalid(
            format!("{task}, observation {number}"),
            format!("{n_outside} reference samples outside our posterior's support"),
            "none",
            "The prior or the likelihood is not the benchmark's.",
        ));
    }
    let n = samples.min(reference.n_rows());
    let walks: Vec<Walk> = (0..n)
        .into_par_iter()
        .map(|i| {
            let random = seed.stream(Stream::Test, (number * 1_000_000 + i) as u64);
            walk(&density, &reference, i, steps, random)
        })
        .collect();
    Ok(compare(&reference, &walks, steps))
}

fn log_posterior(builtin: &Builtin, theta: &[f64], x: &[f64]) -> f64 {
    let prior = builtin.prior.log_prob(theta);
    match &builtin.log_likelihood {
        Some(likelihood) if prior > f64::NEG_INFINITY => prior + likelihood(theta, x),
        _ => prior,
    }
}

#[derive(Clone)]
struct State {
    theta: Vec<f64>,
    log_density: f64,
}

struct Walk {
    start: State,
    end: State,
    n_accepted: usize,
}

/// Differences of two other reference samples, scaled, as proposals (ter Braak 2006): symmetric,
/// and shaped like the posterior without tuning. The pool stays fixed, so this is plain Metropolis.
fn walk(
    density: &impl Fn(&[f64]) -> f64,
    pool: &Table,
    i: usize,
    steps: usize,
    mut random: Random,
) -> Walk {
    let d = pool.n_columns();
    let gaussian = 2.38 / (2.0 * d as f64).sqrt();
    let theta = pool.row(i).to_vec();
    let start = State {
        log_density: density(&theta),
        theta,
    };
    let mut current = start.clone();
    let mut n_accepted = 0;
    for step in 0..steps {
        let (a, b) = (other(pool, i, &mut random), other(pool, i, &mut random));
        let factor = match step % 4 {
            0 => gaussian,
            k => SMALL[k - 1],
        };
        let moved = |j: usize| current.theta[j] + factor * (pool.row(a)[j] - pool.row(b)[j]);
        let theta: Vec<f64> = (0..d).map(moved).collect();
        let log_density = density(&theta);
        if random.uniform_open().ln() < log_density - current.log_density {
            current = State { theta, log_density };
            n_accepted += 1;
        }
    }
    Walk {
        start,
        end: current,
        n_accepted,
    }
}

/// Any sample but the one that is moved: its own position must not enter its proposals.
fn other(pool: &Table, i: usize, random: &mut Random) -> usize {
    let k = random.below(pool.n_rows() - 1);
    if k >= i { k + 1 } else { k }
}

fn mean(values: impl Iterator<Item = f64>, n: usize) -> f64 {
    values.sum::<f64>() / n as f64
}

/// The mean of f(end) − f(start) over all walks, and that mean in standard errors.
fn change(walks: &[Walk], f: impl Fn(&State) -> f64) -> (f64, f64) {
    let n = walks.len();
    let differences: Vec<f64> = walks.iter().map(|w| f(&w.end) - f(&w.start)).collect();
    let average = mean(differences.iter().copied(), n);
    let square = mean(differences.iter().map(|v| (v - average).powi(2)), n);
    let error = (square / (n - 1) as f64).sqrt();
    (average, average / error.max(f64::MIN_POSITIVE))
}

fn compare(reference: &Table, walks: &[Walk], steps: usize) -> Drift {
    let (d, n) = (reference.n_columns(), walks.len());
    let names = reference.names();
    let centre: Vec<f64> = (0..d)
        .map(|j| mean(walks.iter().map(|w| w.start.theta[j]), n))
        .collect();
    let from_centre = |s: &State, j: usize| s.theta[j] - centre[j];
    let (log_density_change, z) = change(walks, |s| s.log_density);
    let mut z_values = vec![(z.abs(), "log density".to_string())];
    let (mut mean_shift, mut sd_change) = (0.0_f64, 0.0_f64);
    for j in 0..d {
        let variance = mean(walks.iter().map(|w| from_centre(&w.start, j).powi(2)), n);
        let (shift, z) = change(walks, |s| from_centre(s, j));
        z_values.push((z.abs(), format!("mean of {}", names[j])));
        mean_shift = mean_shift.max(shift.abs() / variance.sqrt());
        let (spread, z) = change(walks, |s| from_centre(s, j).powi(2));
        z_values.push((z.abs(), format!("variance of {}", names[j])));
        sd_change = sd_change.max((0.5 * spread / variance).abs());
        for k in 0..j {
            let (_, z) = change(walks, |s| from_centre(s, j) * from_centre(s, k));
            z_values.push((
                z.abs(),
                format!("covariance of {} and {}", names[k], names[j]),
            ));
        }
    }
    let n_functions = z_values.len();
    let largest = z_values.into_iter().max_by(|a, b| a.0.total_cmp(&b.0));
    let (largest_z, where_largest) = largest.expect("the log density is always compared");
    let accepted: usize = walks.iter().map(|w| w.n_accepted).sum();
    Drift {
        acceptance: accepted as f64 / (n * steps) as f64,
        largest_z,
        where_largest,
        mean_shift,
        sd_change,
        log_density_change,
        n_functions,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Drift of standard normal samples under a normal density of another spread or place.
    fn drift_of_normals(mean: f64, sd: f64) -> Drift {
        let mut random = Seed(1).stream(Stream::Test, 0);
        let values = (0..4000).map(|_| random.normal()).collect();
        let pool = Table::numbered("theta", 2, values).unwrap();
        let density =
            |theta: &[f64]| -> f64 { theta.iter().map(|t| -0.5 * ((t - mean) / sd).powi(2)).sum() };
        let walks: Vec<Walk> = (0..2000)
            .map(|i| {
                walk(
                    &density,
                    &pool,
                    i,
                    20,
                    Seed(1).stream(Stream::Test, 1 + i as u64),
                )
            })
            .collect();
        compare(&pool, &walks, 20)
    }

    #[test]
    fn samples_stay_if_the_density_is_theirs_and_drift_if_it_is_not() {
        // Six functions at 4 standard errors: a false alarm has a probability of 4 × 10⁻⁴.
        assert!(drift_of_normals(0.0, 1.0).largest_z < 4.0);
        assert!(drift_of_normals(0.2, 1.0).largest_z > 6.0);
        assert!(drift_of_normals(0.0, 1.15).largest_z > 6.0);
    }
}
