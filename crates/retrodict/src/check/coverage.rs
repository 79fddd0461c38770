//! Expected coverage: how often credible regions hold the truth.

use serde::{Deserialize, Serialize};
use statrs::distribution::{Beta, ContinuousCDF};

use super::calibration::{Calibration, QuantityKind};
use super::rank_uniformity::RankUniformity;
use super::thresholds as limit;
use super::words::p_words;
use super::{Check, CheckStatus};

/// The coverage of one credible level.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CoverageAt {
    /// The credible level.
    pub level: f64,
    /// The share of test simulations whose credible region holds the truth.
    pub coverage: f64,
    /// Its 95 % confidence interval (Clopper and Pearson 1934).
    pub interval: [f64; 2],
}

/// Coverage against credible level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CoverageCurve {
    /// `highest density` for the joint posterior, `reference points` for balls about them, or a
    /// parameter's name for its central interval.
    pub name: String,
    /// The share of test simulations whose region holds the truth, at each of `levels`.
    pub coverage: Vec<f64>,
    /// The coverage at 50, 68 and 95 %.
    pub at: Vec<CoverageAt>,
}

/// Expected coverage of the joint posterior's highest-density regions, of balls about points
/// chosen by the data (TARP), and of every parameter's central intervals.
///
/// The region of credible level c is {θ: q(θ | x) ≥ the (1 − c)-quantile of q over its own draws},
/// so it holds the truth if at most a share c of the draws is denser than the truth. The ball of level c
/// about a point holds a share c of the draws. Highest-density regions have the right coverage for any
/// posterior that is right on average over the data, the prior among them; balls do not, if their points
/// move with the data: they are the parameters of another simulation with similar data.
///
/// # Reference
/// Hermans et al. 2022, "A trust crisis in simulation-based inference? Your posterior
/// approximations can be unfaithful", arXiv:2110.06581; by ranks of draws: Deistler, Gonçalves and
/// Macke 2022, arXiv:2210.04815, appendix. TARP: Lemos, Coogan, Hezaveh and Perreault-Levasseur 2023,
/// arXiv:2302.03026.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExpectedCoverage {
    /// How many test simulations.
    pub n_test: usize,
    /// The credible levels at which the curves are given.
    pub levels: Vec<f64>,
    /// The probability that a right posterior's curve stays between `lower` and `upper` everywhere.
    pub band_level: f64,
    /// The lower edge of the band at each level.
    pub lower: Vec<f64>,
    /// The upper edge of the band at each level.
    pub upper: Vec<f64>,
    /// The joint posterior, by highest density.
    pub joint: CoverageCurve,
    /// The probability of a joint curve at least as far from the diagonal if the posterior is
    /// right, corrected for looking at the parameters too.
    pub adjusted_p_value: f64,
    /// The joint posterior, by balls about points chosen by the data.
    pub reference_points: CoverageCurve,
    /// Each parameter, by central intervals.
    pub marginals: Vec<CoverageCurve>,
}

const REPORTED_LEVELS: [f64; 3] = [0.5, 0.68, 0.95];

impl ExpectedCoverage {
    /// Coverage from ranks; the band and the p-value are those of the rank tests, because coverage
    /// and the ranks of the log-density are two pictures of the same numbers.
    pub fn of(calibration: &Calibration, ranks: &RankUniformity) -> Self {
        let levels = ranks.band.points.clone();
        let curves = |kind, needed: fn(f64) -> f64| {
            let levels = &levels;
            let of_kind = calibration
                .quantities
                .iter()
                .filter(move |q| q.kind == kind);
            of_kind.map(move |q| {
                let needed: Vec<f64> = q.positions.iter().map(|&u| needed(u)).collect();
                CoverageCurve::of(&q.name, &needed, levels)
            })
        };
        let joint_ranks = ranks
            .quantities
            .iter()
            .find(|q| q.kind == QuantityKind::LogProb);
        let mut joint = curves(QuantityKind::LogProb, |u| 1.0 - u)
            .next()
            .expect("a calibration always ranks the log-density");
        joint.name = "highest density".into();
        let mut reference_points = curves(QuantityKind::Distance, |u| u)
            .next()
            .expect("a calibration always ranks the distance");
        reference_points.name = "reference points".into();
        Self {
            n_test: calibration.rows.len(),
            band_level: ranks.band.level,
            lower: ranks.band.lower.clone(),
            upper: ranks.band.upper.clone(),
            joint,
            reference_points,
            adjusted_p_value: joint_ranks.map_or(1.0, |q| q.adjusted_p_value),
            marginals: curves(QuantityKind::Parameter, |u| (2.0 * u - 1.0).abs()).collect(),
            levels,
        }
    }

    /// The check of the joint posterior: over-confidence is worse than too much caution.
    pub fn check(&self) -> Check {
        let short = self.joint.furthest(|at| at.level - at.coverage);
        let generous = self.joint.furthest(|at| at.coverage - at.level);
        let status = self.status(short, generous);
        let conservative = status != CheckStatus::Passed && short.coverage >= short.level;
        let at = if conservative { generous } else { short };
        Check {
            name: "expected coverage".into(),
            statistic: at.coverage,
            interval: Some(at.interval),
            p_value: Some(self.adjusted_p_value),
            threshold: Some(if conservative {
                at.level + limit::CAUTION_EXCESS
            } else {
                at.level - tolerance(at.level)
            }),
            status,
            explanation: self.explain(at, status),
        }
    }

    fn status(&self, short: CoverageAt, generous: CoverageAt) -> CheckStatus {
        if self.adjusted_p_value >= limit::CALIBRATION_FALSE_ALARM {
            return CheckStatus::Passed;
        }
        let surely_short = self.joint.at.iter().any(|at| {
            let deviation = (at.coverage * (1.0 - at.coverage) / self.n_test as f64).sqrt();
            let margin = limit::FAILED_MARGIN * deviation;
            at.level - at.coverage - margin > limit::FAILED_SHORTFALL
        });
        if surely_short {
            CheckStatus::Failed
        } else if short.level - short.coverage > tolerance(short.level)
            || generous.coverage - generous.level > limit::CAUTION_EXCESS
        {
            CheckStatus::Caution
        } else {
            CheckStatus::Passed
        }
    }

    fn explain(&self, at: CoverageAt, status: CheckStatus) -> String {
        let measured = format!(
            "The {:.0} % credible regions hold the truth in {:.0} % of {} test simulations ({}).",
            100.0 * at.level,
            100.0 * at.coverage,
            self.n_test,
            p_words(self.adjusted_p_value),
        );
        let meaning = if status == CheckStatus::Passed {
            ""
        } else if at.coverage < at.level {
            " The posterior is over-confident: it excludes parameters that it should not. Use more \
             simulations or an ensemble of networks before excluding anything."
        } else {
            " The posterior is conservative: what it excludes is excluded, but more simulations, or \
             a more flexible network, would make it sharper."
        };
        measured + meaning
    }
}

/// The shortfall that is tolerated at a level.
fn tolerance(level: f64) -> f64 {
    if level > 0.9 {
        limit::CAUTION_SHORTFALL_TAIL
    } else {
        limit::CAUTION_SHORTFALL
    }
}

impl CoverageCurve {
    /// The curve of regions that hold the truth from credible level `needed` on.
    fn of(name: &str, needed: &[f64], levels: &[f64]) -> Self {
        let held = |level: f64| needed.iter().filter(|&&c| c <= level).count();
        let n = needed.len();
        let at = REPORTED_LEVELS.map(|level| CoverageAt {
            level,
            coverage: held(level) as f64 / n as f64,
            interval: clopper_pearson(held(level), n),
        });
        Self {
            name: name.into(),
            coverage: levels.iter().map(|&c| held(c) as f64 / n as f64).collect(),
            at: at.to_vec(),
        }
    }

    /// The reported level at which a difference is largest in units of what is tolerated there.
    fn furthest(&self, difference: fn(&CoverageAt) -> f64) -> CoverageAt {
        let size = |at: &CoverageAt| difference(at) / tolerance(at.level);
        let larger = |a: &&CoverageAt, b: &&CoverageAt| size(a).total_cmp(&size(b));
        *self
            .at
            .iter()
            .max_by(larger)
            .expect("three levels are reported")
    }
}

/// The 95 % confidence interval of a share, `count` of `n`.
fn clopper_pearson(count: usize, n: usize) -> [f64; 2] {
    let quantile = |a: usize, b: usize, p: f64, otherwise: f64| {
        Beta::new(a as f64, b as f64).map_or(otherwise, |beta| beta.inverse_cdf(p))
    };
    [
        quantile(count, n - count + 1, 0.025, 0.0),
        quantile(count + 1, n - count, 0.975, 1.0),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_confidence_interval_of_a_share_is_the_published_one() {
        // R: binom.test(8, 20)$conf.int = 0.1911901 0.6394574; 0 of 10: 0, 0.3084971.
        let [low, high] = clopper_pearson(8, 20);
        assert!((low - 0.191_190_1).abs() < 1e-6 && (high - 0.639_457_4).abs() < 1e-6);
        let [low, high] = clopper_pearson(0, 10);
        assert!(low == 0.0 && (high - 0.308_497_1).abs() < 1e-6);
    }

    #[test]
    fn coverage_counts_the_regions_that_hold_the_truth() {
        let curve = CoverageCurve::of("a", &[0.1, 0.6, 0.6, 0.99], &[0.25, 0.75]);
        assert_eq!(curve.coverage, [0.25, 0.75]);
        assert_eq!(curve.at[1].coverage, 0.75);
        assert_eq!(curve.furthest(|at| at.level - at.coverage).level, 0.95);
        assert_eq!(curve.furthest(|at| at.coverage - at.level).level, 0.68);
    }
}
