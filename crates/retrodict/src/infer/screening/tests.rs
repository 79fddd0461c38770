use super::*;
use crate::seed::{Random, Seed, Stream};

/// Rows of θ uniform on (−1, 1), and of what a simulator makes of it.
fn simulated(
    n: usize,
    n_parameters: usize,
    seed: u64,
    simulate: impl Fn(&[f64], &mut Random) -> Vec<f64>,
) -> [Table; 2] {
    let mut random = Seed(seed).stream(Stream::Test, 0);
    let (mut theta, mut x) = (Vec::new(), Vec::new());
    for _ in 0..n {
        let own: Vec<f64> = (0..n_parameters)
            .map(|_| 2.0 * random.uniform() - 1.0)
            .collect();
        x.extend(simulate(&own, &mut random));
        theta.extend(own);
    }
    let n_data = x.len() / n;
    [
        Table::numbered("t", n_parameters, theta).unwrap(),
        Table::numbered("x", n_data, x).unwrap(),
    ]
}

/// Pairs that go together, and tell nothing.
fn distractors(n: usize, random: &mut Random) -> Vec<f64> {
    let pair = |_| {
        let common = random.normal();
        [common + random.normal(), common - random.normal().powi(3)]
    };
    (0..n / 2).flat_map(pair).collect()
}

#[test]
fn what_tells_by_its_mean_spread_or_correlation_is_kept_and_distractors_are_not() {
    for seed in 0..5 {
        for n in [200, 2000] {
            let [theta, x] = simulated(n, 3, seed, |theta, random| {
                let mut x = distractors(40, random);
                let [a, b] = [random.normal(), random.normal()];
                x.push(2.0 * theta[0] + a);
                x.push(theta[1] * 3.0 * random.normal());
                x.push(a);
                x.push((3.0 * theta[2]).tanh() * b + random.normal() * 0.5);
                x.push(b);
                x
            });
            assert_eq!(
                unrelated(&theta, &x),
                (0..40).collect::<Vec<_>>(),
                "{seed}, {n}"
            );
        }
    }
}

#[test]
fn of_a_series_whose_only_parameter_is_its_correlation_everything_is_kept() {
    // Each number by itself is standard normal, whatever the parameter.
    let [theta, x] = simulated(1000, 1, 1, |theta, random| {
        let mut x = vec![random.normal()];
        for t in 1..30 {
            let rest = (1.0 - theta[0].powi(2)).sqrt();
            x.push(theta[0] * x[t - 1] + rest * random.normal());
        }
        x
    });
    assert_eq!(unrelated(&theta, &x), Vec::<usize>::new());
}

#[test]
fn of_many_that_each_tell_little_everything_is_kept() {
    // One number has a correlation of 0.14 with the parameter: by itself hardly to be seen in 200 rows.
    let [theta, x] = simulated(200, 1, 2, |theta, random| {
        (0..60).map(|_| theta[0] / 4.0 + random.normal()).collect()
    });
    assert_eq!(unrelated(&theta, &x), Vec::<usize>::new());
}

#[test]
fn a_number_that_only_removes_another_ones_noise_is_kept() {
    let [theta, x] = simulated(400, 1, 3, |theta, random| {
        let mut x = distractors(20, random);
        let noise = random.normal();
        x.extend([theta[0] + noise, noise]);
        x
    });
    assert_eq!(unrelated(&theta, &x), (0..20).collect::<Vec<_>>());
}

#[test]
fn where_nothing_depends_on_the_parameters_nothing_is_set_aside() {
    let [theta, x] = simulated(500, 2, 4, |_, random| distractors(20, random));
    assert_eq!(unrelated(&theta, &x), Vec::<usize>::new());
}

#[test]
fn of_few_numbers_few_simulations_and_constants_nothing_is_set_aside() {
    let make = |n, n_noise| {
        simulated(n, 1, 5, move |theta, random| {
            let mut x = distractors(n_noise, random);
            x.extend([theta[0] + 0.1 * random.normal(), 7.0]);
            x
        })
    };
    for (n, n_noise, expected) in [(500, 8, 0), (99, 20, 0), (500, 20, 20)] {
        let [theta, x] = make(n, n_noise);
        assert_eq!(unrelated(&theta, &x), (0..expected).collect::<Vec<_>>());
    }
}

#[test]
fn parameters_or_data_that_never_change_set_nothing_aside() {
    let [theta, x] = simulated(200, 1, 7, |_, random| distractors(20, random));
    let constant = |table: &Table| {
        let values = vec![3.0; table.values().len()];
        Table::numbered("c", table.n_columns(), values).unwrap()
    };
    assert_eq!(unrelated(&constant(&theta), &x), Vec::<usize>::new());
    assert_eq!(unrelated(&theta, &constant(&x)), Vec::<usize>::new());
}

#[test]
fn few_values_are_looked_at_one_by_one() {
    // The third of five values is more probable: neither straight nor bent once.
    let [theta, x] = simulated(3000, 1, 6, |theta, random| {
        let mut x: Vec<f64> = (0..15).map(|_| random.below(5) as f64).collect();
        let odd = random.uniform() < 0.3 * (1.0 + theta[0]);
        x.push(if odd {
            [1.0, 3.0][random.below(2)]
        } else {
            [0.0, 2.0, 4.0][random.below(3)]
        });
        x
    });
    assert_eq!(unrelated(&theta, &x), (0..15).collect::<Vec<_>>());
}

#[test]
fn independent_numbers_are_kept_no_more_often_than_stated() {
    // One number depends, thirty do not: with the test of all that is left at 5 %, and what that keeps is a tenth.
    let kept = (0..100).filter(|seed| {
        let [theta, x] = simulated(300, 2, 100 + seed, |theta, random| {
            let mut x = distractors(30, random);
            x.push(theta[0] + theta[1] + 0.3 * random.normal());
            x
        });
        unrelated(&theta, &x) != (0..30).collect::<Vec<_>>()
    });
    let kept = kept.count();
    // Of 100, 6 are expected; more than 15 have a probability of 4 in 10,000.
    assert!(kept <= 15, "{kept}");
}
