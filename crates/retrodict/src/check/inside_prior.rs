//! Draws outside the prior: there must be none.

use super::thresholds as limit;
use super::{Check, CheckStatus};

/// Checks that the prior's log-density is finite at every posterior draw.
pub fn draws_inside_prior(prior_log_probs: &[f64]) -> Check {
    let n = prior_log_probs.len();
    let outside = prior_log_probs.iter().filter(|p| !p.is_finite()).count();
    let share = outside as f64 / n.max(1) as f64;
    let status = if n == 0 || share > limit::FAILED_OUTSIDE_PRIOR {
        CheckStatus::Failed
    } else if outside > 0 {
        CheckStatus::Caution
    } else {
        CheckStatus::Passed
    };
    let advice = if status == CheckStatus::Passed {
        ""
    } else {
        " Draws lie inside the prior by construction, so the draws and the prior do not belong \
         together: fit and sample again with the study as it is now."
    };
    Check {
        name: "draws inside the prior".into(),
        statistic: share,
        interval: None,
        p_value: None,
        threshold: Some(0.0),
        status,
        explanation: format!("{outside} of {n} posterior draws lie outside the prior.{advice}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_draw_outside_is_told() {
        let mut log_probs = vec![-1.0; 1000];
        assert_eq!(draws_inside_prior(&log_probs).status, CheckStatus::Passed);
        log_probs[0] = f64::NEG_INFINITY;
        assert_eq!(draws_inside_prior(&log_probs).status, CheckStatus::Caution);
        log_probs[..20].fill(f64::NAN);
        assert_eq!(draws_inside_prior(&log_probs).status, CheckStatus::Failed);
        assert_eq!(draws_inside_prior(&[]).status, CheckStatus::Failed);
    }
}
