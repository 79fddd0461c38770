//! One verdict about a study of several methods.

use super::importance::{self, Importance};
use super::table::{Compared, MethodResult, word};
use crate::check::{Check, CheckStatus, Verdict, Word};
use crate::prior::special;

/// Draws that a classifier tells apart with at most this accuracy agree for most purposes: two normal
/// posteriors do whose means are half a standard deviation apart.
const AGREES: f64 = 0.6;
/// With more than this they are different answers: means more than 1.7 standard deviations apart.
const DISAGREES: f64 = 0.8;

/// The word of the main method, lowered by methods that are no worse and find something else; see
/// [`Comparison`](super::Comparison).
pub(super) fn verdict(
    methods: &[MethodResult],
    (observations, importance): (&[Vec<Compared>], &[Vec<Importance>]),
    main: usize,
    named: bool,
) -> Verdict {
    let mut checks = vec![own(&methods[main])];
    for (k, method) in methods.iter().enumerate().filter(|(k, _)| *k != main) {
        let counts = !named && method.verdict <= methods[main].verdict;
        checks.extend(agreement(method, &methods[main], observations, k, counts));
    }
    // As above: a method that is worse by its own checks speaks against nobody.
    let counts = |name: &str| {
        let known = methods.iter().find(|method| method.method == name);
        !named && known.is_some_and(|method| method.verdict <= methods[main].verdict)
    };
    checks.extend(importance::checks(importance, &counts));
    Verdict::from_checks(checks)
}

fn own(main: &MethodResult) -> Check {
    let status = match main.verdict {
        Word::Trusted => CheckStatus::Passed,
        Word::Caution => CheckStatus::Caution,
        Word::Failed => CheckStatus::Failed,
    };
    Check {
        name: format!("checks of the main method: {}", main.method),
        statistic: f64::from(main.verdict as u8),
        interval: None,
        p_value: None,
        threshold: None,
        status,
        explanation: format!(
            "By its own checks the word about `{}` is {}. {}",
            main.method,
            word(main.verdict),
            main.reasons.join(" ")
        ),
    }
}

/// Whether a method agrees with the main one where it agrees least.
fn agreement(
    method: &MethodResult,
    main: &MethodResult,
    observations: &[Vec<Compared>],
    k: usize,
    counts: bool,
) -> Option<Check> {
    let each = observations.iter().enumerate();
    let worst = each
        .filter_map(|(i, methods)| Some((i, methods[k].c2st?, methods[k].shift)))
        .max_by(|a, b| a.1.max(by_shift(a.2)).total_cmp(&b.1.max(by_shift(b.2))));
    let (i, accuracy, shift) = worst?;
    let differs = accuracy.max(by_shift(shift));
    let status = match differs {
        _ if !counts => CheckStatus::Passed,
        c if c > DISAGREES => CheckStatus::Failed,
        c if c > AGREES => CheckStatus::Caution,
        _ => CheckStatus::Passed,
    };
    let of = match observations.len() {
        1 => String::new(),
        _ => format!(" of observation {}", i + 1),
    };
    let found = format!(
        "A classifier tells the draws{of} by `{}` from those by `{}` with accuracy {accuracy:.2} (0.5 is by \
         chance), and their means are up to {shift:.2} sd apart",
        method.method, main.method
    );
    let meaning = match status {
        CheckStatus::Failed => {
            "the two are different answers, neither is worse by its own checks, and at least \
                                one is wrong"
        }
        CheckStatus::Caution => "the two differ, and neither is worse by its own checks",
        CheckStatus::Passed if differs <= AGREES => "they agree",
        CheckStatus::Passed if method.verdict > main.verdict => {
            "they differ, and by its own checks it is the worse one"
        }
        CheckStatus::Passed => "they differ, and the other is the reference",
    };
    Some(Check {
        name: format!(
            "agreement of methods: {} with {}",
            method.method, main.method
        ),
        statistic: accuracy,
        interval: None,
        p_value: None,
        threshold: Some(AGREES),
        status,
        explanation: format!("{found}: {meaning}."),
    })
}

/// How well two normal posteriors are told apart whose means are so many sds apart: a shift of one parameter among
/// many may be more than a classifier finds.
fn by_shift(shift: f64) -> f64 {
    special::normal_cdf(0.5 * shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(words: [Word; 2], c2st: f64, named: bool) -> Word {
        let methods = words.map(|verdict| MethodResult {
            method: "npe".into(),
            verdict,
            reasons: Vec::new(),
            seconds: 0.0,
            simulations: 0,
        });
        let compared = |c2st| Compared {
            method: "npe".into(),
            c2st,
            shift: 0.0,
            parameters: Vec::new(),
        };
        let observations = vec![vec![compared(None), compared(Some(c2st))]];
        verdict(&methods, (&observations, &[]), 0, named).verdict
    }

    #[test]
    fn only_a_method_that_is_no_worse_lowers_the_word_and_never_that_of_a_named_reference() {
        use Word::{Caution, Failed, Trusted};
        for (words, c2st, named, expected) in [
            ([Trusted, Trusted], 0.55, false, Trusted),
            ([Trusted, Trusted], 0.7, false, Caution),
            ([Trusted, Trusted], 0.9, false, Failed),
            ([Trusted, Caution], 0.9, false, Trusted),
            ([Caution, Trusted], 0.55, false, Caution),
            ([Caution, Trusted], 0.9, false, Failed),
            ([Failed, Trusted], 0.5, false, Failed),
            ([Trusted, Trusted], 0.9, true, Trusted),
            ([Caution, Trusted], 0.5, true, Caution),
        ] {
            assert_eq!(of(words, c2st, named), expected, "{words:?} {c2st} {named}");
        }
    }

    #[test]
    fn the_limits_mean_what_they_say() {
        // Two normals a standard deviations apart are told apart with accuracy Φ(a / 2) at best.
        let accuracy = |a: f64| crate::prior::special::normal_cdf(0.5 * a);
        assert!((accuracy(0.507) - AGREES).abs() < 1e-3);
        assert!((accuracy(1.683) - DISAGREES).abs() < 1e-3);
    }
}
