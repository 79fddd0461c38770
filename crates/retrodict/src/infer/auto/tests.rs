//! Choices whose right answer is known.

use super::*;
use crate::seed::{Seed, Stream};

/// One observation, a simulator, and enough simulations.
pub(super) fn plain() -> Situation {
    Situation {
        n_parameters: 3,
        n_data: 8,
        simulations: 10_000,
        observations: 1,
        simulator: true,
        ..Situation::default()
    }
}

#[test]
fn what_is_known_beforehand_decides_by_rule() {
    use ChosenMethod::{Nle, Npe, NpeAndNle};
    let table: [(Situation, ChosenMethod, usize, &str); 9] = [
        (plain(), NpeAndNle, 5, "one observation"),
        (
            Situation {
                n_data: 100,
                ..plain()
            },
            NpeAndNle,
            5,
            "100 numbers",
        ),
        (
            Situation {
                trials: true,
                ..plain()
            },
            Nle,
            1,
            "trials",
        ),
        (
            Situation {
                observations: 7,
                ..plain()
            },
            Npe,
            1,
            "all 7 observations",
        ),
        (
            Situation {
                simulator: false,
                ..plain()
            },
            Npe,
            1,
            "exist already",
        ),
        (
            Situation {
                rounds: Some(1),
                ..plain()
            },
            Npe,
            1,
            "every observation",
        ),
        (
            Situation {
                rounds: Some(3),
                ..plain()
            },
            NpeAndNle,
            3,
            "3 rounds",
        ),
        (
            Situation {
                discrete: true,
                ..plain()
            },
            Npe,
            1,
            "discrete",
        ),
        (
            Situation {
                simulations: 400,
                ..plain()
            },
            Npe,
            1,
            "400 simulations",
        ),
    ];
    for (situation, method, rounds, words) in table {
        let choice = situation.choice();
        assert_eq!((choice.method, choice.rounds), (method, rounds), "{words}");
        assert!(choice.reasons[0].contains(words), "{choice:?}");
    }
}

#[test]
fn wide_data_take_more_simulations_to_aim_by() {
    let rounds = |simulations, asked| {
        let wide = Situation {
            n_data: 100,
            simulations,
            rounds: asked,
            ..plain()
        };
        (wide.choice().rounds, wide.most_rounds())
    };
    assert_eq!(rounds(1000, None), (5, 5));
    assert_eq!(rounds(799, Some(5)), (3, 3));
    assert_eq!(rounds(100, Some(5)), (2, 2));
    assert_eq!(rounds(100_000, Some(3)), (3, 3));
    let cut = |n_data| {
        let situation = Situation { n_data, ..plain() };
        situation.sequential().cut_below
    };
    assert!(cut(100) < cut(32));
}

/// Log-weights log w = log r(θ) − log q(θ) for θ ~ N(0, 1) truths, where q is N(0, `sd`²) and r N(0, 1).
fn weights(sd: f64) -> Vec<Vec<f64>> {
    let mut random = Seed(5).stream(Stream::Test, 0);
    let log_normal = |t: f64, sd: f64| -0.5 * (t / sd).powi(2) - sd.ln();
    let log_weight = |t: f64| log_normal(t, 1.0) - log_normal(t, sd);
    let mut row = || {
        let truth = random.normal();
        let draws: Vec<f64> = (0..256).map(|_| sd * random.normal()).collect();
        let all = std::iter::once(truth).chain(draws);
        all.map(log_weight).collect()
    };
    (0..400).map(|_| row()).collect()
}

#[test]
fn the_gain_of_the_right_density_is_its_divergence_from_the_wrong_one() {
    // KL(N(0, 1) ‖ N(0, 2²)) = ln 2 − 3/8; the truth among 257 draws costs a percent of it.
    let exact = 2.0_f64.ln() - 0.375;
    let found = Comparison::of(&weights(2.0), &[0.0; 400]).unwrap();
    let gain = found.likelihood;
    assert!(
        (gain.mean - exact).abs() < 3.0 * gain.standard_error + 0.01,
        "{found:?}"
    );
    assert!(gain.is_clear() && found.share >= 0.8, "{found:?}");
    assert!((found.effective - 400.0).abs() < 1e-6);
    // (Σ w)² / (n Σ w²) of these weights is √7 / 4 in the limit.
    assert!(
        (found.overlap - 7.0_f64.sqrt() / 4.0).abs() < 0.1,
        "{found:?}"
    );
}

/// log p̂ of x = θ + ε for the truth and rivals, all from N(0, 1), if the density of ε were N(0, `sd`²); ε is N(0, 1).
fn log_likelihoods(sd: f64) -> Vec<Vec<f64>> {
    let mut random = Seed(6).stream(Stream::Test, 0);
    let mut row = || {
        let truth = random.normal();
        let x = truth + random.normal();
        let rivals: Vec<f64> = (0..256).map(|_| random.normal()).collect();
        let all = std::iter::once(truth).chain(rivals);
        all.map(|t| -0.5 * ((x - t) / sd).powi(2)).collect()
    };
    (0..2000).map(|_| row()).collect()
}

#[test]
fn among_rivals_the_right_likelihood_gains_what_theory_says() {
    let (right, wrong) = (log_likelihoods(1.0), log_likelihoods(2.0));
    let each: Vec<(&[f64], &[f64])> = right
        .iter()
        .zip(&wrong)
        .map(|(r, w)| (&**r, &**w))
        .collect();
    let found = Nearby::of(&each);
    // With sd 1 the information is ln(2) / 2 nats; with sd 2 it is ln(5 / 4) / 2 − 1 / 8 + 1 / 5, as x ~ N(0, 2) and
    // the mean of p̂ over θ is N(x; 0, 5).
    let exact = 0.5 * 2.0_f64.ln() - (0.5 * 1.25_f64.ln() - 0.125 + 0.2);
    let gain = found.likelihood;
    assert!(
        (gain.mean - exact).abs() < 3.0 * gain.standard_error + 0.01,
        "{found:?}"
    );
    assert!(gain.is_clear() && found.share >= 0.9, "{found:?}");
    let swapped: Vec<_> = each.iter().map(|(r, w)| (*w, *r)).collect();
    let found = Nearby::of(&swapped);
    assert!((found.likelihood.mean + gain.mean).abs() < 1e-9 && found.share <= 0.1);
}

#[test]
fn simulations_near_the_observation_decide_unless_a_part_may_be_missed() {
    let gain = |mean: f64| Gain {
        mean,
        standard_error: 0.05,
    };
    let decisive = |whole: f64, near: f64| {
        let found = Comparison {
            likelihood: gain(whole),
            share: 0.1,
            nearby: Some(Nearby {
                simulations: 400,
                likelihood: gain(near),
                share: 0.9,
            }),
            ..Comparison::of(&weights(1.0), &[0.0; 400]).unwrap()
        };
        let (gain, share) = found.decisive();
        (gain.mean, share)
    };
    assert_eq!(decisive(-0.3, 1.0), (1.0, 0.9));
    assert_eq!(decisive(-6.0, 1.0), (-6.0, 0.1));
}

#[test]
fn two_that_agree_are_told_apart_by_nothing() {
    let found = Comparison::of(&weights(1.0), &[0.0; 400]).unwrap();
    assert!(found.likelihood.mean.abs() < 1e-9 && !found.over_posterior.is_clear());
    let first = plain().choice();
    let next = first.after(Some(found), 2);
    assert_eq!(next.method, ChosenMethod::NpeAndNle);
}

#[test]
fn a_likelihood_goes_when_it_is_far_behind_and_the_posterior_when_it_is() {
    use ChosenMethod::{Nle, Npe, NpeAndNle as Both};
    let methods = |ahead: f64, share: f64, overlap: f64| {
        let likelihood = Gain {
            mean: ahead,
            standard_error: 0.05,
        };
        let found = Comparison::of(&weights(1.0), &[0.0; 400]).unwrap();
        let found = Comparison {
            likelihood,
            share,
            overlap,
            ..found
        };
        let first = plain().choice().after(Some(found), 2);
        let second = first.after(Some(found), 3);
        [first.method, second.method]
    };
    assert_eq!(methods(-0.2, 0.0, 0.5), [Both, Both]);
    assert_eq!(methods(-0.8, 0.0, 0.5), [Both, Npe]);
    assert_eq!(methods(-0.8, 0.3, 0.5), [Both, Both]);
    assert_eq!(methods(0.2, 1.0, 0.5), [Both, Both]);
    assert_eq!(methods(0.8, 0.6, 0.5), [Both, Nle]);
    assert_eq!(methods(0.8, 1.0, 0.5), [Nle, Nle]);
    assert_eq!(methods(0.8, 0.6, 0.1), [Nle, Nle]);
}

#[test]
fn simulations_near_the_observation_count_most() {
    let mut near = vec![0.0; 400];
    near[..60].fill(30.0);
    let found = Comparison::of(&weights(2.0), &near).unwrap();
    assert!((found.effective - 60.0).abs() < 1.0, "{}", found.effective);
    // A single one that is nearest of all does not decide alone.
    near[0] = 300.0;
    let found = Comparison::of(&weights(2.0), &near).unwrap();
    assert!(found.effective >= 50.0, "{}", found.effective);
}

#[test]
fn a_likelihood_that_calls_everything_impossible_has_lost() {
    let nothing = vec![vec![f64::NEG_INFINITY; 257]; 100];
    let found = Comparison::of(&nothing, &[0.0; 100]).unwrap();
    assert_eq!((found.share, found.over_posterior.mean), (0.0, 0.0));
    assert!(found.likelihood.mean <= -50.0, "{found:?}");
    let choice = plain().choice().after(Some(found), 2).after(Some(found), 3);
    assert_eq!(choice.method, ChosenMethod::Npe);
}

#[test]
fn simulations_for_which_no_draw_counts_decide_nothing() {
    let mut known = weights(2.0);
    let few = Comparison::of(&known, &[0.0; 400]).unwrap();
    known.extend(vec![vec![0.0]; 100]);
    let found = Comparison::of(&known, &[0.0; 500]).unwrap();
    assert_eq!((found.simulations, found.likelihood), (400, few.likelihood));
    assert!(Comparison::of(&vec![vec![0.0]; 100], &[0.0; 100]).is_none());
}

#[test]
fn a_choice_is_read_as_it_was_written() {
    let found = Comparison::of(&weights(2.0), &[0.0; 400]).unwrap();
    let choice = plain().choice().after(Some(found), 2);
    let text = serde_json::to_string(&choice).unwrap();
    assert_eq!(serde_json::from_str::<Choice>(&text).unwrap(), choice);
}

#[test]
fn a_ratio_comes_and_goes_by_its_best_exponents() {
    let few = Situation {
        simulations: 1000,
        ..plain()
    };
    assert_eq!(plain().choice().ratio, None);
    let first = few.choice();
    assert_eq!(first.ratio, Some(0.0));
    assert_eq!(first.fitted_ratio(), None);
    let found = Comparison::of(&weights(1.0), &[0.0; 400]);
    let compared = first.after(found, 2);
    assert_eq!(compared.fitted_ratio(), Some(0.0));
    let seen = compared.after_ratio(0.3, 3);
    assert_eq!(seen.ratio, Some(0.3));
    assert_eq!(seen.after_ratio(1.0, 4).ratio, Some(0.5));
    assert_eq!(seen.after_ratio(0.05, 4).ratio, None);
    assert_eq!(seen.without_posterior((3, 200), 4).ratio, None);
    let text = serde_json::to_string(&seen).unwrap();
    assert_eq!(serde_json::from_str::<Choice>(&text).unwrap(), seen);
}

#[test]
fn summaries_of_wide_data_take_simulations_and_a_ratio_takes_more() {
    let wide = Situation {
        n_data: 100,
        ..plain()
    };
    let most = wide.choice();
    assert!(most.summaries && most.ratio == Some(0.0), "{most:?}");
    assert!(most.reasons[0].contains("3 regression summaries"));
    let pooled = most.after(Comparison::of(&weights(1.0), &[0.0; 400]), 2);
    // Summaries need not say all: the ratio may have everything.
    assert_eq!(pooled.after_ratio(1.0, 3).fitted_ratio(), Some(1.0));
    let few = Situation {
        simulations: 4000,
        ..wide
    };
    let found = few.choice();
    assert_eq!((found.method, found.rounds), (ChosenMethod::NpeAndNle, 5));
    assert!(found.summaries && found.ratio.is_none(), "{found:?}");
    assert!(found.reasons[0].contains("no ratio"), "{found:?}");
    let fewer = Situation {
        n_data: 1000,
        simulations: 3000,
        ..wide
    };
    let found = fewer.choice();
    assert_eq!((found.method, found.rounds), (ChosenMethod::Npe, 2));
    assert!(found.reasons[0].contains("no `nle`"), "{found:?}");
    // A study that is written out resolves to the same choice.
    let resolved = Situation {
        rounds: Some(few.most_rounds()),
        ..few
    };
    assert_eq!(resolved.choice(), few.choice());
}

#[test]
fn summaries_and_what_stands_on_them_go_where_too_few_simulations_give_data() {
    let wide = Situation {
        n_data: 100,
        ..plain()
    };
    let failed = wide.choice().without_likelihood(90, 1);
    assert_eq!((failed.method, failed.share), (ChosenMethod::Npe, 0.0));
    assert_eq!(failed.ratio, None);
    assert!(failed.reasons[1].contains("only 90 simulations gave data"));
    let failing = wide.choice().without_posterior((3, 200), 2);
    assert_eq!((failing.method, failing.ratio), (ChosenMethod::Nle, None));
    assert!(failing.reasons[1].contains("`nle`, because"), "{failing:?}");
}
