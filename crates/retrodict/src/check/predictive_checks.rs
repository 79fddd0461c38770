//! What a predictive comparison says: one check of the features, and one of all together.

use super::predictive::{FeaturePrediction, Predictive, PredictiveKind, SAME};
use super::thresholds as limit;
use super::words::{list, p_words};
use super::{Check, CheckStatus};

impl Predictive {
    /// One check of the features one by one, and one of all together.
    pub fn checks(&self) -> Vec<Check> {
        std::iter::once(self.check_features())
            .chain(self.check_joint())
            .collect()
    }

    fn check_features(&self) -> Check {
        let mut unusual: Vec<&FeaturePrediction> = self
            .features
            .iter()
            .filter(|f| f.status() != CheckStatus::Passed)
            .collect();
        unusual.sort_by(|a, b| {
            (b.status(), b.outside)
                .partial_cmp(&(a.status(), a.outside))
                .expect("finite")
        });
        let smallest = self
            .features
            .iter()
            .map(|f| f.adjusted_p_value)
            .fold(1.0, f64::min);
        let status = unusual.first().map_or(CheckStatus::Passed, |f| f.status());
        let explanation = if unusual.is_empty() {
            format!(
                "Each of the {} features of the observation {}.",
                self.features.len(),
                self.fits()
            )
        } else {
            let named: Vec<String> = unusual.iter().map(|f| f.words()).collect();
            let named: Vec<&str> = named.iter().map(String::as_str).collect();
            format!(
                "The observation {}: {}. {}",
                self.does_not_fit(),
                list(&named),
                self.advice()
            )
        };
        Check {
            name: format!("{}: features", self.name()),
            statistic: unusual.len() as f64,
            interval: Some([0.0, 0.0]),
            p_value: Some(smallest),
            threshold: Some(limit::PREDICTIVE_FALSE_ALARM),
            status,
            explanation,
        }
    }

    fn check_joint(&self) -> Option<Check> {
        let joint = self.joint.as_ref()?;
        let status = status(joint.p_value);
        let measured = format!(
            "At distance {:.2} from the middle of the simulated data (95 % of them lie within \
             {:.2}; {}), the observation as a whole ",
            joint.observed,
            joint.quantiles[4],
            p_words(joint.p_value)
        );
        let explanation = if status == CheckStatus::Passed {
            format!("{measured}{}.", self.fits())
        } else {
            format!("{measured}{}. {}", self.does_not_fit(), self.advice())
        };
        Some(Check {
            name: format!("{}: all features together", self.name()),
            statistic: joint.observed,
            interval: Some([0.0, joint.quantiles[4]]),
            p_value: Some(joint.p_value),
            threshold: Some(limit::PREDICTIVE_FALSE_ALARM),
            status,
            explanation,
        })
    }

    fn name(&self) -> &'static str {
        match self.kind {
            PredictiveKind::Prior => "prior predictive check",
            PredictiveKind::Posterior => "posterior predictive check",
        }
    }

    fn fits(&self) -> &'static str {
        match self.kind {
            PredictiveKind::Prior => "lies within what was simulated from the prior",
            PredictiveKind::Posterior => "is reproduced by simulations from the posterior",
        }
    }

    fn does_not_fit(&self) -> &'static str {
        match self.kind {
            PredictiveKind::Prior => "is unlike what was simulated from the prior",
            PredictiveKind::Posterior => "is not reproduced by simulations from the posterior",
        }
    }

    fn advice(&self) -> &'static str {
        match self.kind {
            PredictiveKind::Prior => {
                "The network has to extrapolate. Compare units, order and noise of the observation \
                 with the simulator's; then widen the prior, or mend what the simulator leaves out."
            }
            PredictiveKind::Posterior => {
                "Either the posterior is not learned well (see calibration), or no parameters make \
                 such data: look at what the simulator leaves out in these features."
            }
        }
    }
}

impl FeaturePrediction {
    fn status(&self) -> CheckStatus {
        if !self.varies && self.outside > SAME {
            // Nothing is known about the tail of a feature that never varied.
            return CheckStatus::Caution;
        }
        match status(self.adjusted_p_value) {
            CheckStatus::Caution if self.is_far_outside() => CheckStatus::Failed,
            status => status,
        }
    }

    /// Whether the value lies beyond everything simulated, and so far from the mean that the p-value is what it is
    /// only because the fitted tail is never taken for lighter than an exponential one.
    fn is_far_outside(&self) -> bool {
        self.outside > 0.0 && self.deviation.abs() > limit::PREDICTIVE_FAR
    }

    fn words(&self) -> String {
        let (name, observed) = (&self.name, self.observed);
        if !self.varies {
            return format!(
                "{name} is {observed:.4} but always {:.4} in simulations",
                self.range[0]
            );
        }
        let p = p_words(self.adjusted_p_value);
        if self.outside > 0.0 {
            format!(
                "{name} is {observed:.4}, {:.1} sd outside anything simulated ({p})",
                self.outside
            )
        } else {
            format!("{name} is {observed:.4}, in the far tail of what was simulated ({p})")
        }
    }
}

fn status(p_value: f64) -> CheckStatus {
    if p_value < limit::PREDICTIVE_FAILED {
        CheckStatus::Failed
    } else if p_value < limit::PREDICTIVE_FALSE_ALARM {
        CheckStatus::Caution
    } else {
        CheckStatus::Passed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{Random, Seed, Stream};
    use crate::table::Table;

    /// Rows of correlated features with light, heavy, discrete and constant columns.
    fn row(p: usize, random: &mut Random) -> Vec<f64> {
        let common = random.normal();
        (0..p)
            .map(|j| match j % 4 {
                0 => common + 0.1 * random.normal(),
                1 => (common + random.normal()).exp(),
                2 => random.below(3) as f64,
                _ => 7.0,
            })
            .collect()
    }

    fn table(n: usize, p: usize, random: &mut Random) -> Table {
        Table::numbered("x", p, (0..n).flat_map(|_| row(p, random)).collect()).unwrap()
    }

    #[test]
    fn an_observation_that_the_simulator_made_passes() {
        // 400 runs with two tests of 0.1 % each: 0.8 expected; 6 or more has probability 2·10⁻⁴.
        for (p, n) in [(1, 300), (8, 300), (100, 300)] {
            let alarms = (0..400)
                .filter(|&i| {
                    let mut random = Seed(6).stream(Stream::Test, i);
                    let simulated = table(n, p, &mut random);
                    let observed = row(p, &mut random);
                    let predictive =
                        Predictive::of(PredictiveKind::Prior, &simulated, &observed).unwrap();
                    predictive
                        .checks()
                        .iter()
                        .any(|c| c.status != CheckStatus::Passed)
                })
                .count();
            assert!(alarms < 6, "{p} features: {alarms}");
        }
    }

    #[test]
    fn a_feature_far_outside_is_named_and_fails() {
        let mut random = Seed(7).stream(Stream::Test, 0);
        let simulated = table(5000, 20, &mut random);
        let mut observed = simulated.row(3).to_vec();
        observed[16] = simulated.column(16).iter().copied().fold(0.0, f64::max) + 6.0;
        let predictive = Predictive::of(PredictiveKind::Prior, &simulated, &observed).unwrap();
        let check = &predictive.checks()[0];
        assert_eq!(check.status, CheckStatus::Failed);
        assert!(check.explanation.contains("x_17") && check.explanation.contains("6.0 sd outside"));
        assert_eq!(check.statistic, 1.0);
    }

    #[test]
    fn six_sd_off_fails_whatever_the_number_of_simulations_and_features() {
        for (n, p, i) in [
            (300, 1, 0),
            (1000, 10, 1),
            (10_000, 10, 2),
            (10_000, 100, 3),
        ] {
            let mut random = Seed(17).stream(Stream::Test, i);
            let values = (0..n * p).map(|_| random.normal()).collect();
            let simulated = Table::numbered("x", p, values).unwrap();
            let mut observed = vec![0.3; p];
            observed[p / 2] = -6.0;
            let predictive = Predictive::of(PredictiveKind::Prior, &simulated, &observed).unwrap();
            let check = &predictive.checks()[0];
            assert_eq!(check.status, CheckStatus::Failed, "{n} × {p}: {check:?}");
        }
    }

    #[test]
    fn a_broken_correlation_is_seen_by_the_joint_distance_alone() {
        let mut random = Seed(7).stream(Stream::Test, 1);
        let values = (0..2000).flat_map(|_| {
            let a = random.normal();
            [a, a + 0.1 * random.normal()]
        });
        let simulated = Table::numbered("x", 2, values.collect()).unwrap();
        let predictive =
            Predictive::of(PredictiveKind::Posterior, &simulated, &[1.0, -1.0]).unwrap();
        let checks = predictive.checks();
        assert_eq!(checks[0].status, CheckStatus::Passed);
        assert_eq!(
            checks[1].status,
            CheckStatus::Failed,
            "{}",
            checks[1].explanation
        );
    }

    #[test]
    fn constants_and_missing_values_are_handled() {
        let mut simulated = table(100, 4, &mut Seed(7).stream(Stream::Test, 2));
        simulated.values_mut()[0] = f64::NAN;
        let mut observed = simulated.row(5).to_vec();
        let predictive = Predictive::of(PredictiveKind::Prior, &simulated, &observed).unwrap();
        assert_eq!((predictive.n_rows, predictive.n_dropped), (99, 1));
        assert!(!predictive.features[3].varies && predictive.features[3].p_value == 1.0);
        observed[3] = 8.0;
        let check = &Predictive::of(PredictiveKind::Prior, &simulated, &observed)
            .unwrap()
            .checks()[0];
        assert_eq!(check.status, CheckStatus::Caution);
        assert!(
            check.explanation.contains("always 7"),
            "{}",
            check.explanation
        );
        observed[0] = f64::NAN;
        assert!(Predictive::of(PredictiveKind::Prior, &simulated, &observed).is_err());
        assert!(Predictive::of(PredictiveKind::Prior, &simulated, &[1.0]).is_err());
    }
}
