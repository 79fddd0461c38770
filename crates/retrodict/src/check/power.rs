//! What so many test simulations show, and how many it takes to show more.

use serde::{Deserialize, Serialize};
use statrs::distribution::{Beta, ChiSquared, ContinuousCDF};

use super::data_dependence::DataDependence;
use super::normal;
use super::rank_uniformity::RankUniformity;
use super::thresholds as limit;
use crate::prior::special::normal_cdf;
use crate::seed::{Random, Seed, Stream};

/// How often a check would see a stated defect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Power {
    /// The check.
    pub check: String,
    /// The defect, in words.
    pub defect: String,
    /// How many test simulations there were.
    pub n_test: usize,
    /// The probability that the check finds the defect significant with them, at its stated rate of false alarms.
    pub power: f64,
    /// About how many it takes to see the defect in nine cases of ten; where the power is near one, at most so many, and
    /// where it is zero, at least.
    pub needed: usize,
}

/// Simulated sets of ranks; the standard error of a power of ½ is then 0.025.
const SETS: usize = 400;
const WANTED: f64 = 0.9;

/// The power of the rank tests, of both kinds of coverage and of dependence on the data.
///
/// Ranks of a posterior with the defect are simulated, as many as there are test simulations, and taken through the test
/// itself: normal posteriors, whose errors are shifted by so many sds or multiplied. The numbers needed follow from the
/// power by the normal approximation, in which effects grow with the root of the number.
pub fn powers(ranks: &RankUniformity, dependence: &DataDependence) -> Vec<Power> {
    let n_parameters = dependence.parameters.len().max(1);
    let mut powers = powers_of_parameters(ranks, "simulation-based calibration");
    let distribution = ChiSquared::new(n_parameters as f64).expect("a positive number");
    for spread in [limit::CAUTION_SPREAD, limit::FAILED_SPREAD] {
        let joint = |random: &mut Random| {
            let square: f64 = (0..n_parameters).map(|_| random.normal().powi(2)).sum();
            distribution.sf(spread * spread * square)
        };
        powers.push(of_ranks(
            ranks,
            "expected coverage",
            format!("errors of all parameters {spread} times the claimed ones"),
            &joint,
        ));
    }
    for spread in [limit::CAUTION_SPREAD, limit::FAILED_SPREAD] {
        let positions = distances(n_parameters, spread);
        let one = |random: &mut Random| positions[random.below(POSITIONS)];
        powers.push(of_ranks(
            ranks,
            "reference points (TARP)",
            format!("errors of all parameters {spread} times the claimed ones"),
            &one,
        ));
    }
    for share in [limit::CAUTION_DEPENDENCE, limit::FAILED_DEPENDENCE] {
        powers.extend(of_dependence(dependence, n_parameters, share));
    }
    powers
}

/// The power of the ranks of parameters alone, under the name of their check.
pub(super) fn powers_of_parameters(ranks: &RankUniformity, check: &str) -> Vec<Power> {
    let shifted = [limit::CAUTION_BIAS, limit::FAILED_BIAS].map(|bias| {
        let position = move |random: &mut Random| normal_cdf(random.normal() + bias);
        let defect = format!("one parameter shifted by {bias} sd");
        of_ranks(ranks, check, defect, &position)
    });
    let wide = [limit::CAUTION_SPREAD, limit::FAILED_SPREAD].map(|spread| {
        let position = move |random: &mut Random| normal_cdf(spread * random.normal());
        let defect = format!("errors of one parameter {spread} times the claimed ones");
        of_ranks(ranks, check, defect, &position)
    });
    shifted.into_iter().chain(wide).collect()
}

/// So many positions stand for their distribution; each is the share of so many draws.
const POSITIONS: usize = 4096;
const DRAWS: usize = 200;

/// Where the distance of the truth from a reference point ranks among those of draws, if the truth is `spread` times as
/// far from the posterior's centre as claimed. The point is the parameters of another simulation with about the same
/// data, so it has the posterior's distribution.
fn distances(n_parameters: usize, spread: f64) -> Vec<f64> {
    let mut random = Seed(0).stream(Stream::Power, (n_parameters as u64) << 48);
    let mut point = |spread: f64| -> Vec<f64> {
        let coordinates = (0..n_parameters).map(|_| spread * random.normal());
        coordinates.collect()
    };
    let one = |_| {
        let (truth, reference) = (point(spread), point(1.0));
        let from = |theta: &[f64]| -> f64 {
            let each = theta.iter().zip(&reference);
            each.map(|(a, b)| (a - b).powi(2)).sum()
        };
        let own = from(&truth);
        let nearer = (0..DRAWS).filter(|_| from(&point(1.0)) < own).count();
        (nearer as f64 + 0.5) / (DRAWS + 1) as f64
    };
    (0..POSITIONS).map(one).collect()
}

/// The power of the band for positions drawn so.
fn of_ranks(
    ranks: &RankUniformity,
    check: &str,
    defect: String,
    position: &dyn Fn(&mut Random) -> f64,
) -> Power {
    let n = ranks.n_test;
    let points = &ranks.band.points;
    let mut random = Seed(0).stream(Stream::Power, n as u64);
    let leaves = |_: &usize| {
        let mut positions: Vec<f64> = (0..n).map(|_| position(&mut random)).collect();
        positions.sort_by(f64::total_cmp);
        let below = |point: &f64| positions.partition_point(|u| u <= point) as f64 / n as f64;
        let ecdf: Vec<f64> = points.iter().map(below).collect();
        ranks.band.deviation(&ecdf) > 1.0
    };
    let seen = (0..SETS).filter(leaves).count();
    let tail = limit::CALIBRATION_FALSE_ALARM / ranks.quantities.len() as f64;
    Power::of((check, defect), n, (seen, SETS), 0.5 * tail)
}

/// The power of R² with the share of the errors' variance that the data explain.
fn of_dependence(dependence: &DataDependence, n_parameters: usize, share: f64) -> Option<Power> {
    let (n, k) = (dependence.n_test, dependence.n_features);
    // One look at the errors and one at their size, of each parameter.
    let tail = limit::DEPENDENCE_FALSE_ALARM / (2 * n_parameters) as f64;
    let power = explained((n, k), share, tail)?;
    let more = |n: &usize| Some(n + n.div_ceil(20));
    let enough = |n: &usize| explained((*n, k), share, tail).is_some_and(|p| p >= WANTED);
    let needed = std::iter::successors(Some(k + FEWEST_LEFT), more)
        .take_while(|n| *n < MOST_NEEDED)
        .find(enough)
        .unwrap_or(MOST_NEEDED);
    Some(Power {
        check: "use of the data".into(),
        defect: format!(
            "data explain {:.0} % of one parameter's errors",
            100.0 * share
        ),
        n_test: n,
        power,
        needed,
    })
}

/// Degrees of freedom that R² has to have left.
const FEWEST_LEFT: usize = 10;
const MOST_NEEDED: usize = 1_000_000;

/// How often R² on `k` functions exceeds its limit with `n` test simulations.
fn explained((n, k): (usize, usize), share: f64, tail: f64) -> Option<f64> {
    if k == 0 || n < k + FEWEST_LEFT {
        return None;
    }
    let rest = (n - 1 - k) as f64;
    let null = Beta::new(0.5 * k as f64, 0.5 * rest).ok()?;
    let critical = null.inverse_cdf(1.0 - tail);
    let off_centre = (n as f64 * share / (1.0 - share)).sqrt();
    let mut random = Seed(0).stream(Stream::Power, (n as u64) << 32);
    let exceeds = |_: &usize| {
        let mut explained = (random.normal() + off_centre).powi(2);
        explained += (1..k).map(|_| random.normal().powi(2)).sum::<f64>();
        // Wilson and Hilferty: a cube of a normal number is nearly χ².
        let part = 2.0 / (9.0 * rest);
        let left = rest * (1.0 - part + part.sqrt() * random.normal()).powi(3);
        explained / (explained + left) > critical
    };
    Some((0..SETS).filter(exceeds).count() as f64 / SETS as f64)
}

impl Power {
    /// `seen` in so many of so many sets; `tail` is the probability of a false alarm to one side.
    pub(super) fn of(
        (check, defect): (&str, String),
        n_test: usize,
        (seen, sets): (usize, usize),
        tail: f64,
    ) -> Self {
        let power = seen as f64 / sets as f64;
        let half = 0.5 / sets as f64;
        let known = power.clamp(half, 1.0 - half);
        let critical = -normal::quantile(tail);
        let effect = (normal::quantile(known) + critical).max(0.1) / (n_test as f64).sqrt();
        let needed = ((normal::quantile(WANTED) + critical) / effect).powi(2);
        Self {
            check: check.into(),
            defect,
            n_test,
            power,
            needed: needed.ceil() as usize,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::calibration::{Calibration, Quantity, QuantityKind};
    use crate::check::data_dependence::Dependence;

    fn ranks(n: usize, d: usize) -> RankUniformity {
        let mut random = Seed(2).stream(Stream::Test, n as u64);
        let mut quantity = |kind| Quantity {
            name: "a".into(),
            kind,
            ranks: vec![0; n],
            positions: (0..n).map(|_| random.uniform()).collect(),
        };
        let mut quantities: Vec<Quantity> =
            (0..d).map(|_| quantity(QuantityKind::Parameter)).collect();
        quantities.push(quantity(QuantityKind::LogProb));
        RankUniformity::of(&Calibration {
            n_draws: 1000,
            rows: (0..n).collect(),
            failures: Vec::new(),
            quantities,
            posterior_means: Vec::new(),
            posterior_sds: Vec::new(),
            posterior_draws: Vec::new(),
        })
    }

    fn dependence(n: usize, d: usize) -> DataDependence {
        let one = Dependence {
            name: "a".into(),
            location: 0.0,
            location_p_value: 1.0,
            scale: 0.0,
            scale_p_value: 1.0,
        };
        DataDependence {
            n_test: n,
            n_features: 4,
            parameters: vec![one; d],
        }
    }

    fn of(n: usize, words: &str) -> Power {
        let all = powers(&ranks(n, 2), &dependence(n, 2));
        all.into_iter().find(|p| p.defect.contains(words)).unwrap()
    }

    #[test]
    fn without_a_defect_the_power_is_the_rate_of_false_alarms() {
        let ranks = ranks(300, 2);
        let found = of_ranks(&ranks, "", String::new(), &|random: &mut Random| {
            random.uniform()
        });
        // 0.17 %: 0.7 of 400 expected.
        assert!(found.power < 0.02, "{found:?}");
    }

    #[test]
    fn the_number_needed_has_the_power_that_is_wanted() {
        // From numbers with which the power is not so near zero or one that nothing could be told from it.
        for (n, words) in [
            (80, "shifted by 0.5"),
            (80, "one parameter 1.5 times"),
            (40, "all parameters 1.5 times"),
            (100, "explain 10 %"),
        ] {
            let needed = of(n, words).needed;
            let there = of(needed, words).power;
            let halfway = of(needed / 2, words).power;
            // The approximation, and 400 sets.
            assert!(there > 0.78, "{words}: {needed} {there}");
            assert!(halfway < 0.85, "{words}: {needed} {halfway}");
        }
    }

    #[test]
    fn distances_of_a_right_posterior_rank_uniformly_and_those_of_a_narrow_one_do_not() {
        for d in [1, 5] {
            let mean = |spread: f64| distances(d, spread).iter().sum::<f64>() / POSITIONS as f64;
            // Six standard errors.
            let margin = 6.0 * (1.0 / (12.0 * POSITIONS as f64)).sqrt();
            assert!((mean(1.0) - 0.5).abs() < margin, "{}", mean(1.0));
            assert!(mean(1.5) > 0.5 + margin, "{}", mean(1.5));
        }
        let all = powers(&ranks(300, 2), &dependence(300, 2));
        let tarp = all.iter().filter(|p| p.check.contains("TARP"));
        let tarp: Vec<f64> = tarp.map(|p| p.power).collect();
        assert!(tarp.len() == 2 && tarp[0] < tarp[1], "{tarp:?}");
    }

    #[test]
    fn larger_defects_and_more_simulations_are_seen_more_often() {
        assert!(of(300, "shifted by 0.5").power > 0.99);
        assert!(of(300, "shifted by 0.2").power < of(1000, "shifted by 0.2").power);
        assert!(of(100, "explain 50 %").power > of(100, "explain 10 %").power);
    }
}
