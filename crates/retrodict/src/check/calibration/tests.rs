use super::row::{distance, position, resolution};
use super::*;
use crate::prior::Parameter;
use crate::samples::Samples;
use crate::simulate::Status;
use crate::table::Table;

/// θ ~ N(0, 1) and x = θ + N(0, 1), so θ | x ~ N(x/2, 1/2): with a knob for its width, and an
/// error for x above a limit.
struct Exact {
    parameters: Vec<Parameter>,
    width: f64,
    limit: f64,
}

impl Posterior for Exact {
    fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    fn sample(&self, x: &[f64], n: usize, seed: Seed) -> Result<Samples> {
        if x[0] > self.limit {
            return Err(Error::invalid("x", x[0], "less", "Try another."));
        }
        let mut random = seed.stream(Stream::Posterior, 0);
        let sd = self.width * 0.5_f64.sqrt();
        let draws = (0..n).map(|_| 0.5 * x[0] + sd * random.normal()).collect();
        Samples::from_rows(["mu"], draws)
    }

    fn log_prob(&self, theta: &Table, x: &[f64]) -> Result<Vec<f64>> {
        let variance = self.width.powi(2) * 0.5;
        let log_prob = |row: &[f64]| -0.5 * (row[0] - 0.5 * x[0]).powi(2) / variance;
        Ok(theta.rows().map(log_prob).collect())
    }

    fn map(&self, x: &[f64], _: Seed) -> Result<Vec<f64>> {
        Ok(vec![0.5 * x[0]])
    }
}

fn exact(width: f64, limit: f64) -> Exact {
    Exact {
        parameters: vec![Parameter::named("mu")],
        width,
        limit,
    }
}

fn test_simulations(n: usize) -> Simulations {
    let mut random = Seed(3).stream(Stream::Test, 0);
    let theta: Vec<f64> = (0..n).map(|_| random.normal()).collect();
    let x = theta.iter().map(|t| t + random.normal()).collect();
    Simulations {
        theta: Table::new(["mu"], theta).unwrap(),
        x: Table::numbered("x", 1, x).unwrap(),
        status: vec![Status::Ok; n],
    }
}

fn measure(posterior: &Exact, test: &Simulations) -> Calibration {
    Calibration::measure(posterior, test, 200, Seed(1)).unwrap()
}

#[test]
fn the_ranks_of_an_exact_posterior_have_uniform_moments() {
    // 2,000 positions: mean ½ ± 0.032 and variance 1/12 ± 0.0083 are 5 standard errors.
    let calibration = measure(&exact(1.0, f64::INFINITY), &test_simulations(2000));
    for quantity in &calibration.quantities {
        let u = &quantity.positions;
        let mean = u.iter().sum::<f64>() / 2000.0;
        let variance = u.iter().map(|u| (u - mean).powi(2)).sum::<f64>() / 2000.0;
        assert!((mean - 0.5).abs() < 0.032, "{}: {mean}", quantity.name);
        assert!(
            (variance - 1.0 / 12.0).abs() < 0.0083,
            "{}: {variance}",
            quantity.name
        );
        assert!(quantity.ranks.iter().all(|&r| r <= 200));
    }
    assert_eq!(calibration.parameter_names(), ["mu"]);
}

#[test]
fn the_spread_is_the_factor_by_which_errors_are_larger_than_claimed() {
    use crate::check::RankUniformity;
    for width in [0.8, 1.0, 1.5] {
        let calibration = measure(&exact(width, f64::INFINITY), &test_simulations(2000));
        let spread = RankUniformity::of(&calibration).quantities[0].spread;
        // 5 standard errors, and what 200 draws cannot resolve in the tails.
        assert!((spread * width - 1.0).abs() < 0.08, "{width}: {spread}");
    }
}

#[test]
fn rows_without_a_posterior_are_counted_and_change_no_other_row() {
    let test = test_simulations(100);
    let all = measure(&exact(1.0, f64::INFINITY), &test);
    let some = measure(&exact(1.0, 1.0), &test);
    assert_eq!(some.rows.len() + some.failures.len(), 100);
    assert!(!some.failures.is_empty() && some.failures[0].1.contains("less"));
    assert_eq!(some.check_answers().status, CheckStatus::Failed);
    assert_eq!(all.check_answers().status, CheckStatus::Passed);
    for (&row, position) in some.rows.iter().zip(&some.quantities[0].positions) {
        assert_eq!(*position, all.quantities[0].positions[row]);
    }
    let none = Calibration::measure(&exact(1.0, -100.0), &test, 200, Seed(1));
    assert!(none.unwrap_err().to_string().contains("row 0"));
}

#[test]
fn too_few_draws_and_other_parameters_are_refused() {
    let test = test_simulations(20);
    assert!(Calibration::measure(&exact(1.0, 9.0), &test, 10, Seed(1)).is_err());
    let mut other = exact(1.0, 9.0);
    other.parameters = vec![Parameter::named("sigma")];
    let error = Calibration::measure(&other, &test, 200, Seed(1)).unwrap_err();
    assert!(error.to_string().contains("sigma"));
}

#[test]
fn ties_and_weights_are_placed_exactly() {
    let mut random = Seed(1).stream(Stream::Test, 5);
    // All draws equal the truth: the position is uniform on all of (0, 1).
    let mean = (0..4000)
        .map(|_| position(&[1.0; 9], &[1.0 / 9.0; 9], 1.0, 1.0 / 9.0, &mut random))
        .sum::<f64>()
        / 4000.0;
    assert!((mean - 0.5).abs() < 0.023);
    // Of ten draws three are below: rank 3 of 0 … 10.
    let values: Vec<f64> = (0..10).map(f64::from).collect();
    let u = position(&values, &[0.1; 10], 2.5, 0.1, &mut random);
    assert!(u > 3.0 / 11.0 && u < 4.0 / 11.0);
    // A draw of weight zero is as good as none.
    let weights = [0.25, 0.25, 0.0, 0.25, 0.25];
    let draws = [0.0, 1.0, 2.0, 3.0, 4.0];
    let own = resolution(&draws, &weights, 1);
    let u = position(&draws, &weights, 2.5, own, &mut random);
    assert!(u > 2.0 / 5.0 && u < 3.0 / 5.0);
}

#[test]
fn many_parameters_have_ten_pairs() {
    assert_eq!(pairs(3, Seed(1)), [(0, 1), (0, 2), (1, 2)]);
    assert_eq!(pairs(40, Seed(1)).len(), 10);
    assert!(pairs(1, Seed(1)).is_empty());
}

/// `tarp.json` is made by the package of the method's authors. It counts a share f of draws closer to
/// the point than the truth into bins between the least and the largest f.
#[test]
fn balls_about_points_cover_as_the_reference_implementation_says() {
    let golden = include_str!("../../../tests/golden/tarp.json");
    let golden: serde_json::Value = serde_json::from_str(golden).unwrap();
    let read =
        |name: &str| -> Vec<Vec<f64>> { serde_json::from_value(golden[name].clone()).unwrap() };
    let draws: Vec<Vec<Vec<f64>>> = serde_json::from_value(golden["draws"].clone()).unwrap();
    let scales = [1.0; 2];
    let mut shares: Vec<f64> = draws
        .iter()
        .zip(read("truths").iter().zip(&read("points")))
        .map(|(draws, (truth, point))| {
            let own = distance(truth, point, &scales);
            let closer = draws.iter().filter(|d| distance(d, point, &scales) < own);
            closer.count() as f64 / draws.len() as f64
        })
        .collect();
    shares.sort_by(f64::total_cmp);
    let numbers =
        |name: &str| -> Vec<f64> { serde_json::from_value(golden[name].clone()).unwrap() };
    let (levels, coverage) = (numbers("levels"), numbers("coverage"));
    assert_eq!(levels.len(), 11);
    // The inner edges, on none of which a share lies.
    for (level, expected) in levels.iter().zip(&coverage).skip(1).take(9) {
        let below = shares.iter().filter(|f| **f < level - 1e-9).count();
        let found = below as f64 / shares.len() as f64;
        assert!(
            (found - expected).abs() < 1e-9,
            "{level}: {found} {expected}"
        );
    }
}

/// Draws that a file gives, of normal posteriors about 0.8 x.
struct Given {
    parameters: Vec<Parameter>,
    x: Vec<Vec<f64>>,
    draws: Vec<Vec<Vec<f64>>>,
}

impl Posterior for Given {
    fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    fn sample(&self, x: &[f64], n: usize, _: Seed) -> Result<Samples> {
        let i = self
            .x
            .iter()
            .position(|row| row == x)
            .expect("a row of the file");
        assert_eq!(self.draws[i].len(), n);
        Samples::from_rows(["a", "b"], self.draws[i].concat())
    }

    fn log_prob(&self, theta: &Table, x: &[f64]) -> Result<Vec<f64>> {
        const SD: f64 = 0.35;
        let one = |(t, x): (&f64, &f64)| {
            let z = (t - 0.8 * x) / SD;
            -0.5 * z * z - (SD * std::f64::consts::TAU.sqrt()).ln()
        };
        let density = |row: &[f64]| row.iter().zip(x).map(one).sum();
        Ok(theta.rows().map(density).collect())
    }

    fn map(&self, x: &[f64], _: Seed) -> Result<Vec<f64>> {
        Ok(x.to_vec())
    }
}

/// `sbi_calibration.json` is made by sbi 0.27.
#[test]
fn ranks_coverage_and_log_probabilities_are_those_of_sbi() {
    use crate::check::LogProbability;
    let golden = include_str!("../../../tests/golden/sbi_calibration.json");
    let golden: serde_json::Value = serde_json::from_str(golden).unwrap();
    let rows =
        |name: &str| -> Vec<Vec<f64>> { serde_json::from_value(golden[name].clone()).unwrap() };
    let numbers =
        |name: &str| -> Vec<f64> { serde_json::from_value(golden[name].clone()).unwrap() };
    let (theta, x) = (rows("theta"), rows("x"));
    let posterior = Given {
        parameters: ["a", "b"].map(Parameter::named).into(),
        x: x.clone(),
        draws: serde_json::from_value(golden["draws"].clone()).unwrap(),
    };
    let n = theta.len();
    let test = Simulations {
        theta: Table::new(["a", "b"], theta.concat()).unwrap(),
        x: Table::numbered("x", 2, x.concat()).unwrap(),
        status: vec![crate::simulate::Status::Ok; n],
    };
    let found = Calibration::measure(&posterior, &test, 63, Seed(1)).unwrap();
    let of = |kind| found.quantities.iter().filter(move |q| q.kind == kind);
    let expected: Vec<Vec<usize>> = serde_json::from_value(golden["ranks"].clone()).unwrap();
    for (j, quantity) in of(QuantityKind::Parameter).enumerate() {
        let expected: Vec<usize> = expected.iter().map(|row| row[j]).collect();
        assert_eq!(quantity.ranks, expected);
    }
    let expected: Vec<usize> = serde_json::from_value(golden["density_ranks"].clone()).unwrap();
    assert_eq!(of(QuantityKind::LogProb).next().unwrap().ranks, expected);
    // Balls about the same points, not in units of the posterior.
    let points = rows("points");
    let share = |i: usize| {
        let own = distance(&theta[i], &points[i], &[1.0; 2]);
        let draws = &posterior.draws[i];
        let closer = draws
            .iter()
            .filter(|d| distance(d, &points[i], &[1.0; 2]) < own);
        closer.count() as f64 / draws.len() as f64
    };
    let shares: Vec<f64> = (0..n).map(share).collect();
    let edges = numbers("levels");
    for (k, (level, coverage)) in edges.iter().zip(numbers("coverage")).enumerate() {
        // sbi's bins leave a share on an edge to rounding.
        if shares.iter().all(|f| (f - level).abs() > 1e-5) {
            let below = shares.iter().filter(|f| *f < level).count() as f64 / n as f64;
            assert!((below - coverage).abs() < 1e-5, "{k}: {below} {coverage}");
        }
    }
    let log_q: Vec<f64> = (0..n)
        .map(|i| posterior.log_prob(&test.theta.select(&[i]), &x[i]).unwrap()[0])
        .collect();
    let expected = numbers("log_probabilities");
    let mean = expected.iter().sum::<f64>() / n as f64;
    let found = LogProbability::of(Some(&log_q), &log_q);
    assert!((found.mean.unwrap() - mean).abs() < 1e-5);
}

/// The prior in place of the posterior is right on average over the data, so that no rank of a
/// parameter or of the density shows it; balls about points that move with the data do.
#[test]
fn a_posterior_that_ignores_the_data_leaves_balls_uncovered() {
    use crate::check::RankUniformity;
    struct Ignorant(Exact);
    impl Posterior for Ignorant {
        fn parameters(&self) -> &[Parameter] {
            &self.0.parameters
        }
        fn sample(&self, _: &[f64], n: usize, seed: Seed) -> Result<Samples> {
            self.0.sample(&[0.0], n, seed)
        }
        fn log_prob(&self, theta: &Table, _: &[f64]) -> Result<Vec<f64>> {
            self.0.log_prob(theta, &[0.0])
        }
        fn map(&self, _: &[f64], seed: Seed) -> Result<Vec<f64>> {
            self.0.map(&[0.0], seed)
        }
    }
    // N(0, 1), the prior.
    let ignorant = Ignorant(exact(2.0_f64.sqrt(), f64::INFINITY));
    let found = Calibration::measure(&ignorant, &test_simulations(500), 200, Seed(1)).unwrap();
    for ranks in RankUniformity::of(&found).quantities {
        let seen = ranks.adjusted_p_value < 1e-6;
        assert_eq!(seen, ranks.kind == QuantityKind::Distance, "{ranks:?}");
    }
}

/// The exact posterior by chains that move slowly: each draw keeps 0.6 of the one before.
struct Slow(Exact);

impl Posterior for Slow {
    fn parameters(&self) -> &[Parameter] {
        self.0.parameters()
    }

    fn sample(&self, x: &[f64], n: usize, seed: Seed) -> Result<Samples> {
        let mut random = seed.stream(Stream::Posterior, 0);
        let mut at = 0.0;
        let draw = |i: usize| {
            let kept: f64 = if i.is_multiple_of(n / 10) { 0.0 } else { 0.6 };
            at = kept * at + (1.0 - kept * kept).sqrt() * random.normal();
            0.5 * x[0] + 0.5_f64.sqrt() * at
        };
        let mut samples = Samples::from_rows(["mu"], (0..n).map(draw).collect())?;
        samples.n_chains = 10;
        Ok(samples)
    }

    fn log_prob(&self, theta: &Table, x: &[f64]) -> Result<Vec<f64>> {
        self.0.log_prob(theta, x)
    }

    fn map(&self, x: &[f64], seed: Seed) -> Result<Vec<f64>> {
        self.0.map(x, seed)
    }
}

#[test]
fn slow_chains_do_not_put_the_truth_outside_their_draws_too_often() {
    let slow = Slow(exact(1.0, f64::INFINITY));
    let found = Calibration::measure(&slow, &test_simulations(2000), 200, Seed(1)).unwrap();
    let u = &found.quantities[0].positions;
    // 200 draws are worth 50, and so one truth in 26 lies outside all of them. One in 100 has to have a
    // position as extreme as that of the 200th part: 20 of 2,000, and five standard errors are 22.
    let outside = u.iter().filter(|u| (**u - 0.5).abs() > 0.495).count();
    assert!(outside <= 42, "{outside}");
}
