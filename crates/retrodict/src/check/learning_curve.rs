//! Enough simulations? How the posterior gets better with their number, and a forecast.

use serde::{Deserialize, Serialize};

use super::normal;
use super::thresholds as limit;
use super::{Check, CheckStatus};
use crate::seed::{Seed, Stream};

/// The mean score of test simulations after training on some of the simulations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LearningPoint {
    /// How many simulations were trained on.
    pub simulations: usize,
    /// The mean score, less that of the whole: negative where fewer simulations are worse.
    pub gain: f64,
    /// The standard error of that difference; the test simulations are the same for both.
    pub standard_error: f64,
}

/// What more simulations would gain.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    /// So many times as many simulations.
    pub factor: f64,
    /// The gain in the mean score.
    pub gain: f64,
    /// A 90 % interval for it, over other test simulations.
    pub interval: [f64; 2],
}

/// The mean score of test simulations, in nats, against the number of simulations trained on.
///
/// The score is the log-density of the true parameters (or, of a likelihood, of the data): its mean
/// differs from that of the exact posterior by the Kullback–Leibler divergence between the two. A power law,
/// score(n) = a − b n⁻ᶜ, through the points gives the forecast, and draws of the test simulations with
/// replacement its interval.
///
/// # Reference
/// Hestness et al. 2017, "Deep learning scaling is predictable, empirically", arXiv:1712.00409, on power laws
/// with an offset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LearningCurve {
    /// How many test simulations.
    pub n_test: usize,
    /// How many parameters: a gain of g nats shortens error bars by a factor of exp(−g/d) or so.
    pub n_parameters: usize,
    /// The points, fewest simulations first.
    pub points: Vec<LearningPoint>,
    /// Two and ten times as many.
    pub forecasts: [Forecast; 2],
}

const FACTORS: [f64; 2] = [2.0, 10.0];
const RESAMPLES: u64 = 400;
/// The tails of the forecast's interval.
const TAIL: f64 = 0.05;
/// The exponents that are tried: errors of networks fall with powers between these.
const EXPONENTS: std::ops::RangeInclusive<usize> = 3..=20;
const EXPONENT_STEP: f64 = 0.1;

impl LearningCurve {
    /// From `scores[k][i]`, the score of test simulation i after training on `sizes[k]` simulations, fewest
    /// first and all of them last.
    ///
    /// # Panics
    /// If there are fewer than three sizes, they do not grow, or a size has another number of scores.
    pub fn of(sizes: &[usize], scores: &[Vec<f64>], n_parameters: usize, seed: Seed) -> Self {
        assert!(sizes.len() >= 3 && sizes.is_sorted() && sizes.len() == scores.len());
        let n_test = scores[0].len();
        assert!(scores.iter().all(|s| s.len() == n_test));
        let every: Vec<usize> = (0..n_test).collect();
        let last = &scores[scores.len() - 1];
        let point = |(&simulations, scores): (&usize, &Vec<f64>)| {
            let differences: Vec<f64> = scores.iter().zip(last).map(|(a, b)| a - b).collect();
            let gain = mean(&differences);
            let squares: Vec<f64> = differences.iter().map(|d| (d - gain).powi(2)).collect();
            LearningPoint {
                simulations,
                gain,
                standard_error: (mean(&squares) / n_test as f64).sqrt(),
            }
        };
        let own = forecast(sizes, scores, &every);
        let mut resampled: [Vec<f64>; 2] = Default::default();
        for k in 0..RESAMPLES {
            let mut random = seed.stream(Stream::LearningCurve, k);
            let rows: Vec<usize> = every.iter().map(|_| random.below(n_test)).collect();
            for (all, gain) in resampled.iter_mut().zip(forecast(sizes, scores, &rows)) {
                all.push(gain);
            }
        }
        for gains in &mut resampled {
            gains.sort_by(f64::total_cmp);
        }
        let forecast = |i: usize| {
            let at = |share: f64| resampled[i][(share * (RESAMPLES - 1) as f64).round() as usize];
            Forecast {
                factor: FACTORS[i],
                gain: own[i],
                interval: [at(TAIL).min(own[i]), at(1.0 - TAIL).max(own[i])],
            }
        };
        Self {
            n_test,
            n_parameters,
            points: sizes.iter().zip(scores).map(point).collect(),
            forecasts: [forecast(0), forecast(1)],
        }
    }

    /// The check, for the verdict: whether twice as many simulations would help a parameter's error bar.
    pub fn check(&self) -> Check {
        let [twice, ten] = self.forecasts;
        let [before, _] = self.last_doubling();
        // What the last doubling gained is measured; what the next will gain is not.
        let significant = before.gain
            + normal::quantile(limit::LEARNING_CONFIDENCE) * before.standard_error
            < 0.0;
        let each = twice.gain / self.n_parameters as f64;
        let status = if significant && each > limit::CAUTION_LEARNING {
            CheckStatus::Caution
        } else {
            CheckStatus::Passed
        };
        let words = |forecast: &Forecast| {
            format!(
                "{:.2} nats ({:.2} to {:.2})",
                forecast.gain, forecast.interval[0], forecast.interval[1]
            )
        };
        let shorter = 100.0 * (1.0 - (-each.max(0.0)).exp());
        let meaning = if status == CheckStatus::Passed {
            "The posterior would change little.".to_string()
        } else {
            format!(
                "Error bars would be about {shorter:.0} % shorter with twice as many: simulate more before you \
                 rely on them."
            )
        };
        Check {
            name: "enough simulations".into(),
            statistic: twice.gain,
            interval: Some(twice.interval),
            p_value: None,
            threshold: Some(limit::CAUTION_LEARNING * self.n_parameters as f64),
            status,
            explanation: format!(
                "Twice as many simulations would raise the mean log-density of the truth by {}, ten times as \
                 many by {}. {meaning}",
                words(&twice),
                words(&ten)
            ),
        }
    }

    /// The last two points.
    fn last_doubling(&self) -> [&LearningPoint; 2] {
        let n = self.points.len();
        [&self.points[n - 2], &self.points[n - 1]]
    }
}

/// The gains of twice and ten times as many simulations, from these test simulations.
fn forecast(sizes: &[usize], scores: &[Vec<f64>], rows: &[usize]) -> [f64; 2] {
    let mean_of =
        |scores: &Vec<f64>| rows.iter().map(|&i| scores[i]).sum::<f64>() / rows.len() as f64;
    let means: Vec<f64> = scores.iter().map(mean_of).collect();
    // In units of the largest size, so that the power of every size is of order one.
    let largest = sizes[sizes.len() - 1] as f64;
    let relative: Vec<f64> = sizes.iter().map(|&n| n as f64 / largest).collect();
    let fits = EXPONENTS.map(|k| Fit::with_exponent(k as f64 * EXPONENT_STEP, &relative, &means));
    let best = fits
        .min_by(|a, b| a.error.total_cmp(&b.error))
        .expect("several exponents");
    FACTORS.map(|factor| best.loss * (1.0 - factor.powf(-best.exponent)))
}

/// score = a − loss · n⁻ᶜ.
struct Fit {
    exponent: f64,
    loss: f64,
    error: f64,
}

impl Fit {
    /// By least squares; a loss that is negative is zero, because more simulations do no harm.
    fn with_exponent(exponent: f64, sizes: &[f64], scores: &[f64]) -> Self {
        let x: Vec<f64> = sizes.iter().map(|n| n.powf(-exponent)).collect();
        let (middle_x, middle_y) = (mean(&x), mean(scores));
        let products = x
            .iter()
            .zip(scores)
            .map(|(x, y)| (x - middle_x) * (y - middle_y));
        let squares: f64 = x.iter().map(|x| (x - middle_x).powi(2)).sum();
        let loss = (-products.sum::<f64>() / squares).max(0.0);
        let residual = |(x, y): (&f64, &f64)| (y - middle_y + loss * (x - middle_x)).powi(2);
        Self {
            exponent,
            loss,
            error: x.iter().zip(scores).map(residual).sum(),
        }
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: [usize; 4] = [1000, 2000, 4000, 8000];

    /// score(n) = −loss · (n/8000)⁻ᶜ + what is common to all sizes of a test simulation + a little of its own.
    fn curve(loss: f64, exponent: f64, noise: f64) -> LearningCurve {
        let mut random = Seed(4).stream(Stream::Test, 0);
        let common: Vec<f64> = (0..300).map(|_| random.normal()).collect();
        let scores = SIZES.map(|n| {
            let mean = -loss * (n as f64 / 8000.0).powf(-exponent);
            common
                .iter()
                .map(|c| c + mean + noise * random.normal())
                .collect()
        });
        LearningCurve::of(&SIZES, &scores, 2, Seed(1))
    }

    #[test]
    fn a_power_law_is_continued() {
        let found = curve(0.5, 0.7, 0.0);
        for forecast in found.forecasts {
            let exact = 0.5 * (1.0 - forecast.factor.powf(-0.7));
            assert!((forecast.gain - exact).abs() < 1e-9, "{forecast:?}");
        }
        let worse = 0.5 * (1.0 - 2.0_f64.powf(0.7));
        assert!((found.points[2].gain - worse).abs() < 1e-9);
        assert_eq!(found.points[3].gain.to_bits(), 0.0_f64.to_bits());
        assert_eq!(found.check().status, CheckStatus::Caution);
        assert!(found.check().explanation.contains("simulate more"));
    }

    #[test]
    fn the_interval_holds_the_truth_and_a_flat_curve_passes() {
        let found = curve(0.5, 0.7, 0.3);
        let exact = 0.5 * (1.0 - 2.0_f64.powf(-0.7));
        let [low, high] = found.forecasts[0].interval;
        assert!(low < exact && exact < high && high - low < 0.3, "{found:?}");
        let flat = curve(0.0, 1.0, 0.3);
        assert_eq!(flat.check().status, CheckStatus::Passed, "{flat:?}");
        assert!(flat.forecasts.iter().all(|f| f.gain >= 0.0 && f.gain < 0.1));
    }
}
