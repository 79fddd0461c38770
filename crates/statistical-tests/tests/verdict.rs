//! How often the verdict is wrong: about exact posteriors, and about damaged ones.

use retrodict::check::{Verdict, Word};
use retrodict::{Seed, infer::Posterior};
use retrodict_statistical_tests::{Bimodal, Damage, LinearGaussian, Study, verdict};

fn verdicts(
    study: &dyn Study,
    posterior: &dyn Posterior,
    n_test: usize,
    repetitions: u64,
) -> Vec<Verdict> {
    (0..repetitions)
        .map(|i| verdict(study, posterior, n_test, Seed(1000 + i)))
        .collect()
}

fn count(verdicts: &[Verdict], word: Word) -> usize {
    verdicts.iter().filter(|v| v.verdict == word).count()
}

/// Why the doubted ones were not trusted.
fn reasons(verdicts: &[Verdict]) -> Vec<&String> {
    let doubted = verdicts.iter().filter(|v| v.verdict != Word::Trusted);
    doubted.flat_map(|v| &v.reasons).collect()
}

#[test]
fn exact_posteriors_are_trusted_in_98_of_100_runs() {
    // The design bound is 1.5 %; with 200 runs each, more than 8 has probability below 1 %.
    let bimodal = Bimodal::new(true);
    assert_trusted(&bimodal, &bimodal, 200);
    for (d, noise) in [(1, 1.0), (3, 0.5), (10, 0.3)] {
        let problem = LinearGaussian::chain(d, noise);
        assert_trusted(&problem, &problem.posterior(Damage::None), 200);
    }
}

fn assert_trusted(study: &dyn Study, posterior: &dyn Posterior, repetitions: u64) {
    let verdicts = verdicts(study, posterior, 300, repetitions);
    let reasons = reasons(&verdicts);
    let doubted = repetitions as usize - count(&verdicts, Word::Trusted);
    println!("exact: {doubted} of {repetitions} not trusted: {reasons:#?}");
    assert!(doubted * 25 <= repetitions as usize, "{reasons:#?}");
    assert_eq!(count(&verdicts, Word::Failed), 0, "{reasons:#?}");
}

#[test]
fn small_faults_are_at_most_a_caution_even_with_many_test_simulations() {
    let problem = LinearGaussian::chain(2, 0.5);
    for damage in [
        Damage::Scale(1.05),
        Damage::Scale(0.95),
        Damage::Shift(0.05),
    ] {
        let verdicts = verdicts(&problem, &problem.posterior(damage), 5000, 4);
        let reasons = reasons(&verdicts);
        assert_eq!(
            count(&verdicts, Word::Trusted),
            4,
            "{damage:?}: {reasons:#?}"
        );
    }
    // A shift of both against their correlation of −0.53 is twice as large for their sum.
    for damage in [Damage::Scale(0.85), Damage::Shift(0.2)] {
        let verdicts = verdicts(&problem, &problem.posterior(damage), 300, 20);
        assert_eq!(count(&verdicts, Word::Failed), 0, "{damage:?}");
    }
}

#[test]
fn wrong_posteriors_are_not_trusted() {
    let wrong = [
        Damage::Scale(1.0 / 1.5),
        Damage::Scale(1.5),
        Damage::Scale(0.5),
        Damage::Scale(2.0),
        Damage::ScaleOne(1, 0.5),
        Damage::Shift(1.0),
        Damage::Shift(-1.0),
        Damage::PriorInstead(0),
        Damage::PriorOnly,
    ];
    for d in [2, 5] {
        let problem = LinearGaussian::chain(d, 0.5);
        for damage in wrong {
            let verdicts = verdicts(&problem, &problem.posterior(damage), 300, 20);
            let trusted = count(&verdicts, Word::Trusted);
            println!(
                "{d} parameters, {damage:?}: {trusted} of 20 trusted, {} failed",
                count(&verdicts, Word::Failed)
            );
            assert_eq!(trusted, 0, "{d} parameters, {damage:?}");
        }
    }
    let problem = LinearGaussian::chain(2, 0.5);
    let reversed = problem.posterior(Damage::CorrelationReversed);
    assert_eq!(
        count(&verdicts(&problem, &reversed, 300, 20), Word::Trusted),
        0
    );
}

#[test]
fn overconfidence_by_two_a_shift_by_one_sd_and_a_missing_mode_fail() {
    for d in [1, 2, 5] {
        let problem = LinearGaussian::chain(d, 0.5);
        for damage in [Damage::Scale(0.5), Damage::Shift(1.0)] {
            let verdicts = verdicts(&problem, &problem.posterior(damage), 300, 20);
            assert_eq!(
                count(&verdicts, Word::Failed),
                20,
                "{d} parameters, {damage:?}"
            );
        }
    }
    let half = Bimodal::new(false);
    let verdicts = verdicts(&half, &half, 300, 20);
    assert_eq!(count(&verdicts, Word::Failed), 20);
    assert!(
        verdicts[0].reasons[0].contains("theta"),
        "{:#?}",
        verdicts[0].reasons
    );
}
