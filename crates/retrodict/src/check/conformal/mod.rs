//! Conformal calibration of credible regions: cut-offs whose coverage is guaranteed.

mod tree;

use serde::{Deserialize, Serialize};

use self::tree::Tree;
use super::calibration::{Calibration, QuantityKind, moments};
use crate::error::Result;
use crate::infer::Posterior;
use crate::samples::Samples;
use crate::seed::{Seed, Stream};

/// One credible level, and the regions of highest density that stand for it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ConformalLevel {
    /// The nominal level, and what is guaranteed.
    pub level: f64,
    /// The region of the posterior as it is.
    pub nominal: Region,
    /// The region that holds the truth with at least that probability, over all data.
    pub conformal: Region,
    /// The region that does so over data like the observation's.
    pub local: Region,
}

/// {θ: log q(θ | x) ≥ cut-off}.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Region {
    /// The share of the posterior's mass that it holds: the level the posterior has to be asked for. One if no smaller
    /// region is guaranteed by so few test simulations.
    pub mass: f64,
    /// The least log-density of its members, as the posterior gives it (for a likelihood, up to a constant); −∞ is
    /// written as null.
    pub log_density: Option<f64>,
    /// How many of the posterior's draws lie within.
    pub draws_within: usize,
}

/// Split conformal calibration of highest-density regions, for all data and for data like the observation's.
///
/// The score of a test simulation is the mass c of the smallest highest-density region that holds its truth, the
/// distribution function of the density under the posterior itself. Scores of test simulations and of the
/// observation are exchangeable, whatever the posterior is, so the ⌈(n + 1) level⌉-th smallest of n is exceeded by the
/// observation's own with probability at most 1 − level. Asking the posterior for that mass in place of the level
/// gives a region that holds the truth at least as often as it says, for any number of test simulations.
///
/// That holds on average over data. For the local form, half of the test simulations make a regression tree that
/// foretells c from the posterior's own means and sds, and the other half give the cut-off, those alone that fall into the
/// observation's leaf: the guarantee then holds over the data of that leaf.
///
/// # Reference
/// Cabezas, Santos, Ramos and Izbicki 2025, "CP4SBI: local conformal calibration of credible sets in simulation-based
/// inference", arXiv:2508.17077 (scores by the distribution function, and trees).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Conformal {
    /// How many test simulations gave the scores of all data.
    pub n_test: usize,
    /// How many of the second half are in the observation's leaf.
    pub n_local: usize,
    /// How many leaves the tree has.
    pub n_leaves: usize,
    /// How many posterior draws the regions were counted on.
    pub n_draws: usize,
    /// The levels.
    pub levels: Vec<ConformalLevel>,
    /// The masses to ask for at 1, 2, …, 99 %, over all data.
    pub curve: Vec<f64>,
    /// The same over data like the observation's.
    pub local_curve: Vec<f64>,
}

/// The reported levels.
const LEVELS: [f64; 4] = [0.5, 0.68, 0.9, 0.95];
/// Draws on which regions are counted.
const MOST_DRAWS: usize = 4000;
/// Fewer in a leaf could not guarantee 95 %.
const FEWEST_IN_LEAF: usize = 25;

impl Conformal {
    /// From the ranks of test simulations, and draws of the observation's posterior.
    ///
    /// # Errors
    /// If the posterior has no density at its own draws.
    pub fn of(
        calibration: &Calibration,
        posterior: &dyn Posterior,
        (observed, samples): (&[f64], &Samples),
        seed: Seed,
    ) -> Result<Self> {
        let scores = scores(calibration);
        let n_draws = samples.draws.n_rows().min(MOST_DRAWS);
        let apart = samples.draws.n_rows() / n_draws.max(1);
        let some: Vec<usize> = (0..n_draws).map(|k| k * apart).collect();
        let mut densities = posterior.log_unnormalized(&samples.draws.select(&some), observed)?;
        // The densest first: a region of mass c holds the first share c of them.
        densities.sort_by(|a, b| b.total_cmp(a));
        let (local, n_leaves) = local_scores(calibration, &scores, samples, seed);
        let region = |mass: f64| Region::of(mass, &densities);
        let levels = LEVELS.map(|level| ConformalLevel {
            level,
            nominal: region(level),
            conformal: region(guaranteed(&scores, level)),
            local: region(guaranteed(&local, level)),
        });
        let curve = |scores: &[f64]| {
            let at = |k: u32| guaranteed(scores, f64::from(k) / 100.0);
            (1..100).map(at).collect()
        };
        Ok(Self {
            n_test: scores.len(),
            n_local: local.len(),
            n_leaves,
            n_draws,
            levels: levels.into(),
            curve: curve(&scores),
            local_curve: curve(&local),
        })
    }
}

impl Region {
    fn of(mass: f64, densities: &[f64]) -> Self {
        let n = densities.len();
        let within = ((mass * n as f64).round() as usize).min(n);
        if mass >= 1.0 || within == 0 {
            let draws_within = if mass >= 1.0 { n } else { 0 };
            let most = densities.first().copied();
            return Self {
                mass,
                log_density: most.filter(|_| mass < 1.0),
                draws_within,
            };
        }
        Self {
            mass,
            log_density: Some(densities[within - 1]),
            draws_within: within,
        }
    }
}

/// The mass of the smallest region that holds each truth.
fn scores(calibration: &Calibration) -> Vec<f64> {
    let of_density = (calibration.quantities.iter()).find(|q| q.kind == QuantityKind::LogProb);
    let positions = of_density.map_or(&[][..], |q| &q.positions);
    positions.iter().map(|u| 1.0 - u).collect()
}

/// The ⌈(n + 1) level⌉-th smallest score; one if there are too few.
pub(super) fn guaranteed(scores: &[f64], level: f64) -> f64 {
    let mut sorted = scores.to_vec();
    sorted.sort_by(f64::total_cmp);
    // Less a rounding error, so that 0.95 × 20 is 19.
    let place = ((sorted.len() + 1) as f64 * level - 1e-9).ceil() as usize;
    sorted.get(place.max(1) - 1).copied().unwrap_or(1.0)
}

/// The scores of the second half in the observation's leaf of a tree that the first half made, and the number of
/// leaves.
fn local_scores(
    calibration: &Calibration,
    scores: &[f64],
    samples: &Samples,
    seed: Seed,
) -> (Vec<f64>, usize) {
    let d = calibration.parameter_names().len();
    let features = |means: &[f64], sds: &[f64]| -> Vec<f64> {
        let spreads = sds.iter().map(|sd| sd.max(f64::MIN_POSITIVE).ln());
        means.iter().copied().chain(spreads).collect()
    };
    let rows: Vec<Vec<f64>> = calibration
        .posterior_means
        .chunks_exact(d)
        .zip(calibration.posterior_sds.chunks_exact(d))
        .map(|(means, sds)| features(means, sds))
        .collect();
    let mut order: Vec<usize> = (0..rows.len()).collect();
    seed.stream(Stream::ConformalSplit, 0).shuffle(&mut order);
    let (first, second) = order.split_at(rows.len() / 2);
    let pick = |rows_of: &[usize]| -> (Vec<&[f64]>, Vec<f64>) {
        let of = |&i: &usize| (rows[i].as_slice(), scores[i]);
        rows_of.iter().map(of).unzip()
    };
    let (x, y) = pick(first);
    let tree = Tree::grow(&x, &y, FEWEST_IN_LEAF);
    let (means, sds) = moments(&samples.draws, &samples.weights());
    let leaf = tree.leaf(&features(&means, &sds));
    let alike = second.iter().filter(|&&i| tree.leaf(&rows[i]) == leaf);
    (alike.map(|&i| scores[i]).collect(), tree.n_leaves())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Random;

    #[test]
    fn the_guaranteed_score_is_the_order_statistic() {
        let scores: Vec<f64> = (1..=19).map(|k| f64::from(k) / 100.0).collect();
        assert_eq!(guaranteed(&scores, 0.95), 0.19);
        assert_eq!(guaranteed(&scores, 0.5), 0.10);
        assert_eq!(guaranteed(&scores, 0.96), 1.0);
        assert_eq!(guaranteed(&[], 0.5), 1.0);
    }

    /// Scores of a posterior that is overconfident where x > 0: errors twice the claimed ones.
    fn score(x: f64, random: &mut Random) -> f64 {
        let error = if x > 0.0 { 2.0 } else { 1.0 } * random.normal();
        // The mass of |z| < |error|.
        1.0 - 2.0 * crate::prior::special::normal_survival(error.abs())
    }

    fn calibration(n: usize, random: &mut Random) -> Calibration {
        let x: Vec<f64> = (0..n).map(|_| random.normal()).collect();
        let positions: Vec<f64> = x.iter().map(|x| 1.0 - score(*x, random)).collect();
        let quantity = |kind, positions| super::super::Quantity {
            name: "a".into(),
            kind,
            ranks: Vec::new(),
            positions,
        };
        Calibration {
            n_draws: 250,
            rows: (0..n).collect(),
            failures: Vec::new(),
            quantities: vec![
                quantity(QuantityKind::Parameter, Vec::new()),
                quantity(QuantityKind::LogProb, positions),
            ],
            posterior_sds: vec![1.0; n],
            posterior_draws: Vec::new(),
            posterior_means: x,
        }
    }

    #[test]
    fn coverage_is_what_is_guaranteed_whatever_the_posterior() {
        // 2,000 times 60 test simulations and a new one. Guaranteed: 0.9; four standard errors less is 0.873.
        let mut random = Seed(1).stream(Stream::Test, 0);
        let held = (0..2000)
            .filter(|_| {
                let scores = super::scores(&calibration(60, &mut random));
                let x = random.normal();
                score(x, &mut random) <= guaranteed(&scores, 0.9)
            })
            .count();
        let share = held as f64 / 2000.0;
        assert!(share > 0.873 && share < 0.94, "{share}");
    }

    #[test]
    fn local_cut_offs_know_where_the_posterior_is_overconfident() {
        let mut random = Seed(2).stream(Stream::Test, 0);
        let all = calibration(1000, &mut random);
        let scores = super::scores(&all);
        let global = guaranteed(&scores, 0.9);
        let local = |at: f64| {
            let draws = (0..400).map(|_| at + random.normal()).collect();
            let samples = Samples::from_rows(["a"], draws).unwrap();
            let (scores, leaves) = local_scores(&all, &scores, &samples, Seed(3));
            assert!(leaves > 1);
            guaranteed(&scores, 0.9)
        };
        let mut local = local;
        let (right, wrong) = (local(-1.0), local(1.0));
        // The right half needs 0.9; where errors are doubled, the mass within ±3.29 sd: 0.999.
        assert!((right - 0.9).abs() < 0.05, "{right}");
        assert!(
            wrong > 0.985 && global > right + 0.02 && global < wrong,
            "{right} {global} {wrong}"
        );
    }

    #[test]
    fn regions_hold_the_densest_draws() {
        let densities: Vec<f64> = (0..10).map(|k| -f64::from(k)).collect();
        let half = Region::of(0.5, &densities);
        assert_eq!((half.draws_within, half.log_density), (5, Some(-4.0)));
        let whole = Region::of(1.0, &densities);
        assert_eq!((whole.draws_within, whole.log_density), (10, None));
        assert_eq!(Region::of(0.01, &densities).draws_within, 0);
    }
}
