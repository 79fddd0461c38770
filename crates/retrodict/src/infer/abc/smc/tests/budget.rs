//! What becomes of the budget: sizes that are left out, options, and how it ends.

use super::*;

#[test]
fn simulations_of_a_study_are_the_first_generation() {
    let given = simulations(&failing(), 5000, 7);
    let (prior, simulator, observation) = (prior(), failing(), [0.05]);
    let problem = AbcProblem::new(&prior, &simulator, &observation);
    for json in [
        r#"{"min_tolerance":0.1,"population":1000,"quantile":0.3}"#,
        r#"{"min_tolerance":0.1,"population":1000,"algorithm":"del_moral"}"#,
    ] {
        let result = abc_smc(&problem, &config(json), Some(&given), Seed(8)).unwrap();
        assert_eq!(result.generations[0].n_simulations, 5000);
        let n_failed: usize = result.generations.iter().map(|g| g.n_failed).sum();
        assert_eq!(n_failed, result.failures[&Status::Failed]);
        agree(&result, moments(|t| within(t, 0.05, 0.1)), 10.0, json);
    }
}

#[test]
fn every_way_to_end_says_so() {
    let result = run(
        &simulator(),
        0.3,
        &config(r#"{"population":100,"max_simulations":1000,"min_acceptance_rate":1e-6}"#),
        9,
    );
    assert_eq!((result.stopped, result.n_simulations), (Stop::Budget, 1000));
    assert_eq!(result.samples.draws.n_rows(), 100);
    let result = run(
        &simulator(),
        0.3,
        &config(r#"{"population":100,"min_acceptance_rate":0.1}"#),
        9,
    );
    assert_eq!(result.stopped, Stop::AcceptanceRate);
    // An unfinished generation is given up once it cannot reach the rate.
    let counted: usize = result.generations.iter().map(|g| g.n_simulations).sum();
    assert!(
        result.n_simulations - counted <= 1000,
        "{} {counted}",
        result.n_simulations
    );
    let result = run(
        &simulator(),
        0.3,
        &config(r#"{"population":100,"generations":2}"#),
        9,
    );
    assert_eq!(
        (result.stopped, result.generations.len()),
        (Stop::Generations, 3)
    );
    let discrete = FunctionSimulator::new("coin", 1, [1], |theta, random, x| {
        x[0] = f64::from(u8::from(random.uniform() < theta[0]));
        Ok(())
    });
    let result = run(
        &discrete,
        1.0,
        &config(r#"{"population":2000,"quantile":0.9}"#),
        9,
    );
    assert_eq!((result.stopped, result.tolerance), (Stop::Tolerance, 0.0));
    agree(&result, moments(|t| t), 5.0, "coin");
    let result = run(
        &discrete,
        0.5,
        &config(r#"{"population":200,"quantile":0.9}"#),
        9,
    );
    assert_eq!((result.stopped, result.tolerance), (Stop::NoneNearer, 0.5));
    let never = FunctionSimulator::new("never", 1, [1], |_, _, _| {
        Err(crate::simulate::SimulationFailure {
            status: Status::Failed,
            reason: "no".into(),
        })
    });
    let (prior, observation) = (prior(), [0.0]);
    let problem = AbcProblem::new(&prior, &never, &observation);
    let message = abc_smc(&problem, &config("{}"), None, Seed(9)).unwrap_err();
    assert!(message.to_string().contains("0 with data"), "{message}");
}

#[test]
fn of_an_unfinished_generation_the_nearest_are_draws_within_their_largest_distance() {
    // All of the budget counts, and weights are right for the tolerance that it happened to reach.
    let mut reached = Vec::new();
    for (budget, stop) in [(9_000, Stop::Budget), (1_000_000, Stop::AcceptanceRate)] {
        let json = format!(
            r#"{{"population":2000,"quantile":0.4,"max_simulations":{budget},"min_acceptance_rate":0.03,"adapt":false}}"#
        );
        let result = run(&simulator(), 0.05, &config(&json), 13);
        assert_eq!(result.stopped, stop);
        let counted: usize = result.generations.iter().map(|g| g.n_simulations).sum();
        assert_eq!(counted, result.n_simulations);
        let [.., before, last] = &result.generations[..] else {
            panic!("one generation");
        };
        assert!(last.tolerance < before.tolerance && last.tolerance == Some(result.tolerance));
        let farthest = result.samples.statistics["distance"].iter().copied();
        assert_eq!(farthest.fold(0.0, f64::max), result.tolerance);
        let rate = 2000.0 / last.n_simulations as f64;
        assert!((last.acceptance_rate - rate).abs() < 1e-12);
        let exact = moments(|t| within(t, 0.05, result.tolerance));
        agree(&result, exact, 5.0, &json);
        reached.push(result.tolerance);
    }
    assert!(reached[1] < reached[0], "{reached:?}");
}

#[test]
fn left_to_itself_it_adjusts_where_draws_suffice_and_comes_nearer_with_more_simulations() {
    let with = |budget| AbcSmcConfig {
        max_simulations: budget,
        ..AbcSmcConfig::default()
    };
    let sizes = [1_000, 10_000, 100_000].map(|n| with(n).population(n));
    assert_eq!(sizes, [190, 600, 1897]);
    let result = run(&simulator(), 0.3, &with(20_000), 14);
    assert_eq!(result.adjustment, AdjustmentConfig::Heteroscedastic);
    agree(&result, moments(|t| exact(t, 0.3)), 5.0, "adjusted");
    // Nineteen data and 190 draws: fewer than ten for each of twenty coefficients.
    let wide = FunctionSimulator::new("wide", 1, [19], |theta, random, x| {
        x.fill_with(|| theta[0] + random.normal());
        Ok(())
    });
    let (prior, observation) = (prior(), [0.3; 19]);
    let problem = AbcProblem::new(&prior, &wide, &observation);
    let result = abc_smc(&problem, &with(1_000), None, Seed(1)).unwrap();
    assert_eq!(result.adjustment, AdjustmentConfig::None);
    // Noise that is known leaves nothing to adjust.
    let json = r#"{"acceptance":{"kind":"gaussian_noise","sd":[0.5]},"max_simulations":10000}"#;
    let noisy: AbcSmcConfig = serde_json::from_str(json).unwrap();
    let result = run(&simulator(), 0.3, &noisy, 15);
    assert_eq!(result.adjustment, AdjustmentConfig::None);
}

#[test]
fn options_that_make_no_sense_are_refused_by_name() {
    for (json, field) in [
        (r#"{"population":1}"#, "`population`"),
        (r#"{"quantile":1.0}"#, "`quantile`"),
        (r#"{"min_tolerance":-1.0}"#, "`min_tolerance`"),
        (r#"{"min_acceptance_rate":0.0}"#, "`min_acceptance_rate`"),
        (r#"{"initial_simulations":10}"#, "`initial_simulations`"),
        (r#"{"max_simulations":10}"#, "`max_simulations`"),
        (
            r#"{"kernel":{"kind":"local","neighbors":0.0}}"#,
            "`neighbors`",
        ),
        (
            r#"{"kernel":{"kind":"multivariate_normal","scale":0.0}}"#,
            "`scale`",
        ),
        (
            r#"{"algorithm":"del_moral","kernel":{"kind":"local"}}"#,
            "`kernel`",
        ),
        (
            r#"{"algorithm":"del_moral","acceptance":{"kind":"gaussian_noise","sd":[1.0]}}"#,
            "`algorithm`",
        ),
    ] {
        let message = config(json).validate().unwrap_err().to_string();
        assert!(message.contains(field), "{json}: {message}");
    }
    let discrete = Prior::new([(
        "k",
        D::Categorical {
            probabilities: vec![0.5, 0.5],
        },
    )])
    .unwrap();
    let (simulator, observation) = (simulator(), [0.0]);
    let problem = AbcProblem::new(&discrete, &simulator, &observation);
    let message = abc_smc(&problem, &config("{}"), None, Seed(1))
        .unwrap_err()
        .to_string();
    assert!(message.contains("parameters.k"), "{message}");
}
