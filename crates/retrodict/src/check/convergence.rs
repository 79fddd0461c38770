//! Whether chains agree, and how many independent draws they are worth.

use super::thresholds as limit;
use super::{Check, CheckStatus};

/// The chains of one parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chains<'a> {
    /// The parameter.
    pub name: &'a str,
    /// Rank-normalised split R̂.
    pub r_hat: f64,
    /// How many independent draws the draws are worth, in the middle and in the tails.
    pub ess: [f64; 2],
}

/// R̂ of the parameter whose chains agree least, and the fewest effective draws of any.
///
/// R̂ compares the spread of all chains with that within one; it is near 1 where they have forgotten
/// where they began. One that is not a number (chains that never moved) counts as disagreement.
///
/// # Reference
/// Vehtari et al. 2021, arXiv:1903.08008, whose limits these are.
pub fn convergence(chains: &[Chains<'_>]) -> Option<Check> {
    let of = |c: &Chains<'_>| {
        if c.r_hat.is_nan() {
            f64::INFINITY
        } else {
            c.r_hat
        }
    };
    let worst = chains.iter().max_by(|a, b| of(a).total_cmp(&of(b)))?;
    let r_hat = of(worst);
    let least = |c: &Chains<'_>| c.ess[0].min(c.ess[1]);
    let fewest = chains.iter().min_by(|a, b| least(a).total_cmp(&least(b)))?;
    let ess = least(fewest);
    let status = if r_hat > limit::FAILED_R_HAT {
        CheckStatus::Failed
    } else if r_hat > limit::CAUTION_R_HAT || ess.is_nan() || ess < limit::CAUTION_EFFECTIVE_DRAWS {
        CheckStatus::Caution
    } else {
        CheckStatus::Passed
    };
    let found = format!(
        "The sampler's chains agree least about `{}` (R̂ = {r_hat:.3}, 1 is agreement); the draws of `{}` are \
         worth {ess:.0} independent ones.",
        worst.name, fewest.name
    );
    let advice = match status {
        CheckStatus::Passed => "",
        _ if r_hat > limit::CAUTION_R_HAT => {
            " Raise `warmup` and `thin` in `[inference.sampler]`, or try `kind = \"smc\"` if there may be \
             several modes."
        }
        _ => " Ask for more draws, or raise `thin` in `[inference.sampler]`.",
    };
    Some(Check {
        name: "convergence of the sampler".into(),
        statistic: r_hat,
        interval: None,
        p_value: None,
        threshold: Some(limit::CAUTION_R_HAT),
        status,
        explanation: format!("{found}{advice}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(r_hat: f64, ess: f64) -> CheckStatus {
        let fine = Chains {
            name: "a",
            r_hat: 1.0,
            ess: [4000.0, 4000.0],
        };
        let other = Chains {
            name: "b",
            r_hat,
            ess: [4000.0, ess],
        };
        let check = convergence(&[fine, other]).unwrap();
        assert!(check.explanation.contains("`b`"), "{}", check.explanation);
        check.status
    }

    #[test]
    fn chains_that_disagree_or_are_worth_little_are_no_pass() {
        assert_eq!(status(1.005, 1000.0), CheckStatus::Passed);
        assert_eq!(status(1.02, 1000.0), CheckStatus::Caution);
        assert_eq!(status(1.005, 50.0), CheckStatus::Caution);
        assert_eq!(status(1.3, 1000.0), CheckStatus::Failed);
        assert_eq!(status(f64::NAN, 1000.0), CheckStatus::Failed);
        assert!(convergence(&[]).is_none());
    }
}
