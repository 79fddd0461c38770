//! Simulation-based calibration: are the ranks of the truth uniform?

use serde::{Deserialize, Serialize};

use super::calibration::{Calibration, Quantity, QuantityKind};
use super::ecdf_band::{EcdfBand, UniformEcdf};
use super::multiplicity::holm;
use super::normal;
use super::thresholds as limit;
use super::words::p_words;
use super::{Check, CheckStatus};

/// The ranks of one quantity: what its histogram and its ECDF curve show.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ranks {
    /// The name of the quantity.
    pub name: String,
    /// Its kind.
    pub kind: QuantityKind,
    /// How many test simulations fall into each of equally wide bins of rank.
    pub histogram: Vec<usize>,
    /// The empirical distribution function of the normalised ranks at the points of the band.
    pub ecdf: Vec<f64>,
    /// The largest deviation from the diagonal, in units of the band's half-width there: above
    /// one, the curve leaves the band.
    pub deviation: f64,
    /// The probability of ranks at least as far from uniform, if the posterior is right.
    pub p_value: f64,
    /// The same, corrected for looking at several quantities (Holm 1979).
    pub adjusted_p_value: f64,
    /// How far the truth lies above the posterior on average, in posterior standard deviations:
    /// the mean of Φ⁻¹(position).
    pub bias: f64,
    /// How large the posterior's errors are, as a multiple of what it claims: above one, it is
    /// over-confident. The standard deviation of Φ⁻¹(position).
    pub spread: f64,
    /// The largest difference between the empirical distribution function and the diagonal.
    pub distance: f64,
}

/// Simulation-based calibration: ranks of every quantity against uniform.
///
/// # Reference
/// Talts et al. 2018, arXiv:1804.06788; Säilynoja, Bürkner and Vehtari 2022, arXiv:2103.10522.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RankUniformity {
    /// How many test simulations.
    pub n_test: usize,
    /// How many posterior draws for each.
    pub n_draws: usize,
    /// The band for the ECDF curves; it holds all curves of a right posterior together with
    /// probability `family_level`.
    pub band: EcdfBand,
    /// The probability that no curve at all leaves the band, if the posterior is right.
    pub family_level: f64,
    /// The range of a histogram's bar, at 99 % for each bar.
    pub histogram_interval: [f64; 2],
    /// The quantities.
    pub quantities: Vec<Ranks>,
}

impl RankUniformity {
    /// Compares the ranks of every quantity with uniform ones.
    pub fn of(calibration: &Calibration) -> Self {
        let n = calibration.rows.len();
        let uniform = UniformEcdf::new(n);
        let family_level = 1.0 - limit::CALIBRATION_FALSE_ALARM;
        let n_quantities = calibration.quantities.len() as f64;
        let band = uniform.band(1.0 - limit::CALIBRATION_FALSE_ALARM / n_quantities);
        let n_bins = n_bins(n);
        let mut quantities: Vec<Ranks> = calibration
            .quantities
            .iter()
            .map(|quantity| ranks(quantity, &uniform, &band, n_bins))
            .collect();
        let p_values: Vec<f64> = quantities.iter().map(|q| q.p_value).collect();
        for (quantity, adjusted) in quantities.iter_mut().zip(holm(&p_values)) {
            quantity.adjusted_p_value = adjusted;
        }
        Self {
            n_test: n,
            n_draws: calibration.n_draws,
            band,
            family_level,
            histogram_interval: histogram_interval(n, n_bins),
            quantities,
        }
    }

    /// One check a parameter, one for the pairs, one for distances from reference points (TARP), and one for
    /// the number of test simulations.
    pub fn checks(&self) -> Vec<Check> {
        let mut checks = self.checks_of("simulation-based calibration");
        checks.push(self.enough());
        checks
    }

    /// The same of each parameter by itself.
    pub(super) fn checks_of_parameters(&self) -> Vec<Check> {
        let own = self.of_parameters("simulation-based calibration");
        own.chain([self.enough()]).collect()
    }

    fn of_parameters<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = Check> + 'a {
        let all = self.quantities.iter();
        let alone = all.filter(|q| q.kind == QuantityKind::Parameter);
        alone.map(move |q| self.check(q, (kind, &q.name)))
    }

    /// The same under another name, without that of the number of test simulations.
    pub(super) fn checks_of(&self, kind: &str) -> Vec<Check> {
        let of_kind = |kind| self.quantities.iter().filter(move |q| q.kind == kind);
        let worse = |a: &&Ranks, b: &&Ranks| {
            let by_status = self.status(a).cmp(&self.status(b));
            by_status.then(b.p_value.total_cmp(&a.p_value))
        };
        let worst_pair = of_kind(QuantityKind::Pair).max_by(worse);
        self.of_parameters(kind)
            .chain(worst_pair.map(|q| self.check(q, (kind, "pairs of parameters"))))
            .chain(
                of_kind(QuantityKind::Distance)
                    .map(|q| self.check(q, (kind, "reference points (TARP)"))),
            )
            .collect()
    }

    fn check(&self, ranks: &Ranks, (kind, name): (&str, &str)) -> Check {
        let status = self.status(ranks);
        Check {
            name: format!("{kind}: {name}"),
            statistic: ranks.deviation,
            interval: Some([0.0, 1.0]),
            p_value: Some(ranks.adjusted_p_value),
            threshold: Some(1.0),
            status,
            explanation: self.explain(ranks, status),
        }
    }

    fn status(&self, ranks: &Ranks) -> CheckStatus {
        if ranks.adjusted_p_value >= limit::CALIBRATION_FALSE_ALARM {
            return CheckStatus::Passed;
        }
        let n = self.n_test as f64;
        let bias_margin = limit::FAILED_MARGIN * ranks.spread / n.sqrt();
        let spread_margin = limit::FAILED_MARGIN * ranks.spread / (2.0 * n).sqrt();
        // Dvoretzky, Kiefer and Wolfowitz, with Massart's constant, at 99 %.
        let distance_margin = ((2.0_f64 / 0.01).ln() / (2.0 * n)).sqrt();
        let failed = ranks.bias.abs() - bias_margin > limit::FAILED_BIAS
            || ranks.spread - spread_margin > limit::FAILED_SPREAD
            || (ranks.distance - distance_margin > limit::FAILED_DISTANCE && !ranks.too_wide());
        let caution = ranks.bias.abs() > limit::CAUTION_BIAS
            || ranks.spread > limit::CAUTION_SPREAD
            || ranks.too_wide()
            || ranks.distance > limit::CAUTION_DISTANCE;
        match (failed && !ranks.too_far(), caution) {
            (true, _) => CheckStatus::Failed,
            (false, true) => CheckStatus::Caution,
            (false, false) => CheckStatus::Passed,
        }
    }

    fn explain(&self, ranks: &Ranks, status: CheckStatus) -> String {
        let (name, p) = (ranks.words(), p_words(ranks.adjusted_p_value));
        if status == CheckStatus::Passed {
            let small = ranks.adjusted_p_value < limit::CALIBRATION_FALSE_ALARM;
            let finding = if small {
                "deviate from uniform measurably, but by too little to matter"
            } else {
                "agree with uniform"
            };
            return format!(
                "Over {} test simulations the ranks of the true {name} {finding} ({p}; bias {:+.2} \
                 sd, errors {:.2} times the claimed ones).",
                self.n_test, ranks.bias, ranks.spread
            );
        }
        format!(
            "{} ({p}, {} test simulations). {}",
            ranks.fault(),
            self.n_test,
            ranks.advice()
        )
    }

    /// The bias that is seen in nine cases of ten.
    pub fn detectable_bias(&self) -> f64 {
        let tail = limit::CALIBRATION_FALSE_ALARM / (2.0 * self.quantities.len() as f64);
        (-normal::quantile(tail) + normal::quantile(0.9)) / (self.n_test as f64).sqrt()
    }

    fn enough(&self) -> Check {
        let detectable = self.detectable_bias();
        let enough = detectable <= limit::DETECTABLE_BIAS;
        let needed = (self.n_test as f64 * (detectable / limit::DETECTABLE_BIAS).powi(2)).ceil();
        let advice = if enough {
            String::new()
        } else {
            format!(
                " That is too coarse to vouch for the result: use at least {needed} test \
                 simulations."
            )
        };
        Check {
            name: "number of test simulations".into(),
            statistic: self.n_test as f64,
            interval: None,
            p_value: None,
            threshold: Some(needed),
            status: if enough {
                CheckStatus::Passed
            } else {
                CheckStatus::Caution
            },
            explanation: format!(
                "{} test simulations show a bias of {detectable:.2} posterior sd in nine cases of \
                 ten.{advice}",
                self.n_test
            ),
        }
    }
}

impl Ranks {
    /// The quantity as it stands in a sentence.
    fn words(&self) -> &str {
        match self.kind {
            QuantityKind::Distance => "distance from reference points",
            _ => &self.name,
        }
    }

    fn too_wide(&self) -> bool {
        self.spread < 1.0 / limit::CAUTION_SPREAD && self.bias.abs() < limit::CAUTION_BIAS
    }

    /// Whether draws are farther from reference points than the truth: what is too wide has that, too.
    fn too_far(&self) -> bool {
        self.kind == QuantityKind::Distance && self.bias < 0.0
    }

    /// What is wrong, the clearest fault first.
    fn fault(&self) -> String {
        let name = self.words();
        if self.too_far() {
            return "The posterior's draws lie farther from the parameters of similar data than the truth does: it is \
                    too wide, or leaves out what the data say"
                .into();
        }
        if self.bias.abs() > limit::CAUTION_BIAS {
            let side = if self.bias > 0.0 { "below" } else { "above" };
            let size = self.bias.abs();
            format!("The posterior of {name} lies {side} the truth by {size:.2} sd on average")
        } else if self.spread > limit::CAUTION_SPREAD {
            format!(
                "The posterior of {name} is over-confident: its true errors are {:.2} times what it \
                 claims",
                self.spread
            )
        } else if self.too_wide() {
            format!(
                "The posterior of {name} is too wide: its true errors are only {:.2} times what it \
                 claims; its intervals are safe but wasteful",
                self.spread
            )
        } else {
            format!(
                "The posterior of {name} has the wrong shape: the probability of some interval is \
                 off by {:.2}",
                self.distance
            )
        }
    }

    fn advice(&self) -> &'static str {
        if self.kind == QuantityKind::Pair {
            "The correlation of these parameters is not learned well: use more simulations, or a \
             flow with more transforms."
        } else if self.too_wide() {
            "More simulations, or a more flexible network, make it sharper."
        } else {
            "Use more simulations or an ensemble of networks; if that changes nothing, use a more \
             flexible network, and look whether training and test simulations come from the same \
             simulator and prior."
        }
    }
}

fn ranks(quantity: &Quantity, uniform: &UniformEcdf, band: &EcdfBand, n_bins: usize) -> Ranks {
    let positions = &quantity.positions;
    let n = positions.len() as f64;
    let scores: Vec<f64> = positions.iter().map(|&u| normal::quantile(u)).collect();
    let bias = scores.iter().sum::<f64>() / n;
    let square: f64 = scores.iter().map(|z| (z - bias).powi(2)).sum();
    let ecdf = uniform.ecdf(positions);
    let mut histogram = vec![0; n_bins];
    for u in positions {
        histogram[((u * n_bins as f64) as usize).min(n_bins - 1)] += 1;
    }
    let p_value = uniform.p_value(positions);
    Ranks {
        name: quantity.name.clone(),
        kind: quantity.kind,
        histogram,
        deviation: band.deviation(&ecdf),
        ecdf,
        p_value,
        adjusted_p_value: p_value,
        bias,
        spread: (square / (n - 1.0).max(1.0)).sqrt(),
        distance: largest_gap(positions),
    }
}

/// sup |F(u) − u|, the statistic of Kolmogorov and Smirnov.
fn largest_gap(positions: &[f64]) -> f64 {
    let mut sorted = positions.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len() as f64;
    sorted
        .iter()
        .enumerate()
        .map(|(i, u)| ((i + 1) as f64 / n - u).max(u - i as f64 / n))
        .fold(0.0, f64::max)
}

/// About fifteen test simulations a bin, 4 to 20 bins.
fn n_bins(n: usize) -> usize {
    (n / 15).clamp(4, 20)
}

/// The central 99 % of a bar's height, Bin(n, 1 / bins), by its normal approximation.
fn histogram_interval(n: usize, n_bins: usize) -> [f64; 2] {
    let share = 1.0 / n_bins as f64;
    let mean = n as f64 * share;
    let reach = 2.576 * (mean * (1.0 - share)).sqrt();
    [(mean - reach).max(0.0), mean + reach]
}
