//! What a sampler met on its way.

use super::thresholds as limit;
use super::{Check, CheckStatus};

/// What a sampler says about its run, as far as it bears on whether its draws are to be believed.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct SamplerRun {
    /// The shape k̂ of the tail of importance weights, if draws were weighted.
    pub k_hat: Option<f64>,
    /// Trajectories that diverged after warm-up.
    pub divergences: usize,
    /// How often the density was evaluated.
    pub evaluations: usize,
    /// How many of these gave NaN or +∞, which counted as no density.
    pub invalid: usize,
}

impl SamplerRun {
    /// One check of everything that applies to this run.
    ///
    /// # Reference
    /// k̂: Vehtari et al. 2024, arXiv:1507.02646; divergences: Betancourt 2017, arXiv:1701.02434.
    pub fn checks(&self) -> Vec<Check> {
        let invalid = (self.evaluations > 0).then(|| self.numbers());
        let divergences = (self.divergences > 0).then(|| self.trajectories());
        let weights = self.k_hat.map(weights);
        [weights, divergences, invalid]
            .into_iter()
            .flatten()
            .collect()
    }

    fn trajectories(&self) -> Check {
        Check {
            name: "divergences of the sampler".into(),
            statistic: self.divergences as f64,
            interval: None,
            p_value: None,
            threshold: Some(0.0),
            status: CheckStatus::Caution,
            explanation: format!(
                "{} of the sampler's trajectories diverged: where the density is strongly curved there may \
                 be too few draws. Raise `target_acceptance` in `[inference.sampler]`, or compare with \
                 `kind = \"slice\"`.",
                self.divergences
            ),
        }
    }

    fn numbers(&self) -> Check {
        let share = self.invalid as f64 / self.evaluations as f64;
        let many = share > limit::CAUTION_FAILURES;
        let advice = if many {
            " There are parameters inside the prior for which the likelihood is not defined: the posterior \
             is that without them. Look for overflow, or logarithms and roots of negative numbers."
        } else {
            ""
        };
        Check {
            name: "log-likelihoods that are no numbers".into(),
            statistic: share,
            interval: None,
            p_value: None,
            threshold: Some(limit::CAUTION_FAILURES),
            status: status(many, false),
            explanation: format!(
                "{} of {} log-likelihoods that the sampler asked for were NaN or infinite.{advice}",
                self.invalid, self.evaluations
            ),
        }
    }
}

fn weights(k_hat: f64) -> Check {
    let caution = k_hat.is_nan() || k_hat > limit::CAUTION_K_HAT;
    let advice = if caution {
        " A few draws have most of the weight: the proposal is too far from the posterior. Use another \
         sampler (`kind = \"slice\"` or `\"smc\"`), or more draws."
    } else {
        ""
    };
    Check {
        name: "importance weights".into(),
        statistic: k_hat,
        interval: None,
        p_value: None,
        threshold: Some(limit::CAUTION_K_HAT),
        status: status(caution, k_hat.is_nan() || k_hat > limit::FAILED_K_HAT),
        explanation: format!(
            "The tail of the importance weights has the shape k̂ = {k_hat:.2}; up to {} they can be relied \
             on.{advice}",
            limit::CAUTION_K_HAT
        ),
    }
}

fn status(caution: bool, failed: bool) -> CheckStatus {
    if failed {
        CheckStatus::Failed
    } else if caution {
        CheckStatus::Caution
    } else {
        CheckStatus::Passed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worst(run: SamplerRun) -> Option<CheckStatus> {
        run.checks().iter().map(|check| check.status).max()
    }

    #[test]
    fn what_a_sampler_met_is_judged() {
        let fine = SamplerRun {
            k_hat: Some(0.3),
            evaluations: 10_000,
            invalid: 3,
            divergences: 0,
        };
        assert_eq!(worst(fine), Some(CheckStatus::Passed));
        assert_eq!(fine.checks().len(), 2);
        let of = |k_hat| {
            worst(SamplerRun {
                k_hat: Some(k_hat),
                ..fine
            })
        };
        assert_eq!(of(0.8), Some(CheckStatus::Caution));
        assert_eq!(of(1.2), Some(CheckStatus::Failed));
        assert_eq!(of(f64::NAN), Some(CheckStatus::Failed));
        let diverged = SamplerRun {
            divergences: 1,
            ..fine
        };
        assert_eq!(worst(diverged), Some(CheckStatus::Caution));
        let undefined = SamplerRun {
            invalid: 500,
            ..fine
        };
        assert_eq!(worst(undefined), Some(CheckStatus::Caution));
        assert_eq!(worst(SamplerRun::default()), None);
    }
}
