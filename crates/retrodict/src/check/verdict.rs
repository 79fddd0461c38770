//! One word about a run.

use serde::{Deserialize, Serialize};

use super::words::list;
use super::{Check, CheckStatus};

/// One word about a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// Every check passed.
    Trusted,
    /// Read the reasons before relying on the result.
    Caution,
    /// Do not use the result.
    Failed,
}

/// The verdict of a run: `verdict.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The one word.
    pub verdict: Word,
    /// Why, in words a scientist understands; each says what to do next.
    pub reasons: Vec<String>,
    /// The checks it rests on.
    pub checks: Vec<Check>,
}

impl Verdict {
    /// The verdict is as bad as the worst check. The reasons are the explanations of the checks
    /// that did not pass, the worst first; of several checks of one kind (named before the colon)
    /// the worst speaks for all.
    pub fn from_checks(checks: Vec<Check>) -> Self {
        let worst = checks.iter().map(|c| c.status).max();
        let verdict = match worst {
            Some(CheckStatus::Passed) => Word::Trusted,
            // A result that nothing was checked about is nothing to rely on.
            Some(CheckStatus::Caution) | None => Word::Caution,
            Some(CheckStatus::Failed) => Word::Failed,
        };
        let reasons = match worst {
            None => vec!["Nothing was checked: run the checks before relying on it.".into()],
            Some(CheckStatus::Passed) => vec![trusted(&checks)],
            _ => reasons(&checks),
        };
        Self {
            verdict,
            reasons,
            checks,
        }
    }
}

fn kind(check: &Check) -> &str {
    check.name.split(':').next().unwrap_or(&check.name)
}

fn subject(check: &Check) -> &str {
    check
        .name
        .split_once(": ")
        .map_or("", |(_, subject)| subject)
}

fn trusted(checks: &[Check]) -> String {
    let mut kinds: Vec<&str> = Vec::new();
    for check in checks {
        if !kinds.contains(&kind(check)) {
            kinds.push(kind(check));
        }
    }
    format!(
        "All {} checks passed ({}): nothing speaks against the result.",
        checks.len(),
        kinds.join(", ")
    )
}

fn reasons(checks: &[Check]) -> Vec<String> {
    let mut bad: Vec<&Check> = checks
        .iter()
        .filter(|c| c.status != CheckStatus::Passed)
        .collect();
    // Stable: checks that are equally bad keep their order.
    bad.sort_by_key(|c| std::cmp::Reverse(c.status));
    let mut told: Vec<&str> = Vec::new();
    let mut reasons = Vec::new();
    for check in &bad {
        if told.contains(&kind(check)) {
            continue;
        }
        told.push(kind(check));
        let alike = bad
            .iter()
            .filter(|c| kind(c) == kind(check) && c.name != check.name);
        let others: Vec<&str> = alike.map(|c| subject(c)).collect();
        let also = if others.is_empty() {
            String::new()
        } else {
            format!(
                " The same check does not pass for {} either.",
                list(&others)
            )
        };
        reasons.push(check.explanation.clone() + &also);
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, status: CheckStatus) -> Check {
        Check {
            name: name.into(),
            statistic: 0.0,
            interval: None,
            p_value: None,
            threshold: None,
            status,
            explanation: format!("{name} is {status:?}."),
        }
    }

    #[test]
    fn the_worst_check_decides_and_speaks_first() {
        use CheckStatus::{Caution, Failed, Passed};
        let verdict = Verdict::from_checks(vec![
            check("coverage", Caution),
            check("ranks: a", Caution),
            check("ranks: b", Failed),
            check("training", Passed),
        ]);
        assert_eq!(verdict.verdict, Word::Failed);
        assert_eq!(
            verdict.reasons,
            [
                "ranks: b is Failed. The same check does not pass for a either.",
                "coverage is Caution."
            ]
        );
        let json = serde_json::to_value(&verdict).unwrap();
        assert_eq!(json["verdict"], "failed");
    }

    #[test]
    fn a_trusted_result_says_why_and_an_unchecked_one_is_not_trusted() {
        let verdict = Verdict::from_checks(vec![check("ranks: a", CheckStatus::Passed)]);
        assert_eq!(verdict.verdict, Word::Trusted);
        assert!(verdict.reasons[0].contains("ranks"));
        assert_eq!(Verdict::from_checks(vec![]).verdict, Word::Caution);
    }
}
