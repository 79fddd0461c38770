use super::*;
use crate::prior::DistributionConfig as D;
use crate::seed::{Seed, Stream};
use crate::simulate::builtin::{LinearGaussian, LinearGaussianConfig};
use crate::simulate::{Noise, simulate};

#[test]
fn on_a_linear_gaussian_model_the_summaries_are_the_posterior_mean() {
    let model = LinearGaussian::from_config(LinearGaussianConfig {
        n_data: 6,
        ..LinearGaussianConfig::default()
    })
    .unwrap();
    let builtin = model.clone().into_builtin(vec![0.0; 6]).unwrap();
    let theta = builtin
        .prior
        .sample_table(20_000, Seed(1), Stream::Parameters);
    let noise = Noise {
        seed: Seed(1),
        purpose: Stream::Simulator,
        first: 0,
    };
    let simulations = simulate(&model, theta, noise, &()).unwrap();
    for degree in [1, 3] {
        let summaries = SemiAutomatic::fit(&builtin.prior, &simulations, degree).unwrap();
        assert_eq!(summaries.n_summaries(), 2);
        for i in 0..20 {
            let x = simulations.x.row(i);
            let exact = model.posterior(x).unwrap().mean;
            for (found, exact) in summaries.apply(x).iter().zip(exact) {
                // Slopes have standard errors of 0.005; posterior sds are 0.3.
                assert!((found - exact).abs() < 0.06, "{degree}: {found} {exact}");
            }
        }
    }
}

#[test]
fn the_degree_is_the_one_that_tells_most() {
    let prior = Prior::new([("a", D::uniform(0.1, 2.0))]).unwrap();
    let theta = prior.sample_table(500, Seed(3), Stream::Parameters);
    let mut random = Seed(3).stream(Stream::Test, 0);
    let mut degree = |simulate: fn(f64, f64) -> f64, n: usize| {
        let each = theta.values().iter().flat_map(|a| [*a; 20]);
        let x = each.map(|a| simulate(a, random.normal())).collect();
        let simulations = Simulations {
            theta: theta.clone(),
            x: Table::numbered("x", 20, x).unwrap(),
            status: vec![crate::simulate::Status::Ok; 500],
        };
        let rows: Vec<usize> = (0..n).collect();
        SemiAutomatic::best_degree(&prior, &simulations.select(&rows), [1, 2]).unwrap()
    };
    assert_eq!(degree(|a, noise| a + noise, 500), 1);
    assert_eq!(degree(|a, noise| a * noise, 500), 2);
    // Nothing new in the square of a number that is zero or one, and of 40 rows no regression by 40 numbers.
    assert_eq!(
        degree(|a, noise| f64::from(u8::from(noise < a - 1.0)), 500),
        1
    );
    assert_eq!(degree(|a, noise| a * noise, 40), 1);
}

#[test]
fn powers_find_what_is_not_linear() {
    // x = (noise, θ + …) enters θ by its square root: x₂ = ±√…: θ = x².
    let prior = Prior::new([("a", D::uniform(0.0, 4.0))]).unwrap();
    let theta = prior.sample_table(4000, Seed(2), Stream::Parameters);
    let mut random = Seed(2).stream(Stream::Test, 0);
    let x = theta.values().iter().flat_map(|a| {
        let sign = if random.below(2) == 0 { -1.0 } else { 1.0 };
        [sign * a.sqrt(), random.normal()]
    });
    let x = Table::numbered("x", 2, x.collect()).unwrap();
    let status = vec![crate::simulate::Status::Ok; 4000];
    let simulations = Simulations { theta, x, status };
    let summaries = SemiAutomatic::fit(&prior, &simulations, 2).unwrap();
    // The bounded space of (0, 4) is (−1, 1): θ = 1 is −½.
    assert!((summaries.apply(&[1.0, 0.3])[0] + 0.5).abs() < 1e-9);
    let message = SemiAutomatic::fit(&prior, &simulations.select(&[0, 1, 2]), 2).unwrap_err();
    assert!(message.to_string().contains("3 simulations"), "{message}");
    assert!(SemiAutomatic::fit(&prior, &simulations, 0).is_err());
}
