//! Every map is a bijection with the log-determinant it says, and never leaves the support.

use super::{conditional, continuous_priors, custom};
use crate::prior::special::normal_log_density;
use crate::prior::{DistributionConfig as D, Prior, SupportKind, SupportMap};
use crate::{Random, Seed, Stream};

const KINDS: [SupportKind; 3] = [SupportKind::Logit, SupportKind::Probit, SupportKind::Box];

fn random(index: u64) -> Random {
    Seed(11).stream(Stream::Test, index)
}

fn each_map(mut law: impl FnMut(&Prior, &SupportMap)) {
    for prior in continuous_priors().into_iter().chain([custom()]) {
        for kind in KINDS {
            law(&prior, &prior.support_map(kind).unwrap());
        }
    }
}

fn what(prior: &Prior, map: &SupportMap) -> String {
    let config = prior
        .to_config()
        .map(|c| serde_json::to_string(&c).unwrap());
    format!("{:?} {config:?}", map.kind())
}

#[test]
fn the_inverse_undoes_the_map() {
    each_map(|prior, map| {
        let mut z = vec![0.0; map.n_unconstrained()];
        let mut back = vec![0.0; map.n_parameters()];
        let draws = prior.sample_table(300, Seed(1), Stream::Test);
        for theta in draws.rows() {
            let log_det = map.forward(theta, &mut z);
            let inverse_log_det = map.inverse(&z, &mut back);
            assert!(
                z.iter().all(|z| z.is_finite()),
                "{}: {theta:?}",
                what(prior, map)
            );
            for (a, b) in theta.iter().zip(&back) {
                let allowed = 1e-8 * (1e-3 + a.abs());
                assert!(
                    (a - b).abs() < allowed,
                    "{}: {theta:?} → {z:?} → {back:?}",
                    what(prior, map)
                );
            }
            // The derivative changes by orders of magnitude close to a bound, where θ has few bits.
            let allowed = 1e-5 * (1.0 + log_det.abs());
            assert!(
                (log_det + inverse_log_det).abs() < allowed,
                "{}: {theta:?} {log_det} {inverse_log_det}",
                what(prior, map)
            );
        }
        for (j, z) in z.iter().enumerate() {
            assert!(!map.bounded()[j] || z.abs() <= 1.0);
        }
    });
}

/// log |det| of a matrix given by rows, by elimination with pivots.
fn log_abs_det(mut rows: Vec<Vec<f64>>) -> f64 {
    let n = rows.len();
    let mut sum = 0.0;
    for j in 0..n {
        let pivot = (j..n).max_by(|a, b| rows[*a][j].abs().total_cmp(&rows[*b][j].abs()));
        rows.swap(j, pivot.unwrap());
        sum += rows[j][j].abs().ln();
        let (upper, lower) = rows.split_at_mut(j + 1);
        for row in lower {
            let factor = row[j] / upper[j][j];
            for (value, above) in row.iter_mut().zip(&upper[j]) {
                *value -= factor * above;
            }
        }
    }
    sum
}

/// The columns of θ that are free: all but the last share of each simplex.
fn free_columns(prior: &Prior) -> Vec<usize> {
    let last = |name: &str| name == "p_4" || name == "w_4";
    let names = prior.names();
    let is_simplex = prior.n_unconstrained() < prior.n_parameters();
    (0..names.len())
        .filter(|j| !(is_simplex && last(&names[*j])))
        .collect()
}

#[test]
fn the_log_determinant_is_that_of_finite_differences() {
    each_map(|prior, map| {
        let free = free_columns(prior);
        let mut random = random(2);
        for _ in 0..20 {
            let mut z: Vec<f64> = (0..free.len())
                .map(|j| {
                    if map.bounded()[j] {
                        1.8 * random.uniform() - 0.9
                    } else {
                        random.normal()
                    }
                })
                .collect();
            let mut theta = vec![0.0; map.n_parameters()];
            // Start from a draw of the prior, so that conditioning stays reasonable.
            if map.kind() != SupportKind::Probit {
                prior.sample(&mut random, &mut theta);
                map.forward(&theta, &mut z);
            }
            let expected = map.inverse(&z, &mut theta);
            let centre = theta.clone();
            let h = 1e-5;
            let mut jacobian = Vec::new();
            for j in 0..z.len() {
                let mut at = |step: f64| {
                    let kept = z[j];
                    z[j] += step;
                    map.inverse(&z, &mut theta);
                    z[j] = kept;
                    free.iter().map(|i| theta[*i]).collect::<Vec<f64>>()
                };
                let (a, b, c, d) = (at(-2.0 * h), at(-h), at(h), at(2.0 * h));
                let slope = |i: usize| (a[i] - 8.0 * b[i] + 8.0 * c[i] - d[i]) / (12.0 * h);
                jacobian.push((0..free.len()).map(slope).collect());
            }
            let found = log_abs_det(jacobian);
            // Bounded coordinates near ±1 are clipped by the step.
            let clipped = z
                .iter()
                .enumerate()
                .any(|(j, z)| map.bounded()[j] && z.abs() > 1.0 - 3.0 * h);
            // Rounding of θ relative to the step it takes: matters next to a distant bound (10⁶).
            let rounding: f64 = free.iter().map(|i| centre[*i].abs() * 3e-11).sum::<f64>()
                / expected.exp().min(1.0);
            let allowed = 1e-5 + rounding;
            assert!(
                clipped || (found - expected).abs() < allowed,
                "{}: {found} {expected} at {z:?}",
                what(prior, map)
            );
        }
    });
}

#[test]
fn no_point_of_real_space_leaves_the_support() {
    let wild = [
        0.0, -0.0, 1e-300, 37.0, -37.0, 40.0, -40.0, 710.0, -710.0, 1e30, -1e30, 1e100, -1e100,
    ];
    for prior in continuous_priors() {
        for kind in KINDS {
            let map = prior.support_map(kind).unwrap();
            let mut random = random(3);
            let mut theta = vec![0.0; map.n_parameters()];
            let mut z = vec![0.0; map.n_unconstrained()];
            for _ in 0..4_000 {
                let scale = [1.0, 10.0, 1e3, 1e30][random.below(4)];
                for z in &mut z {
                    *z = if random.below(4) == 0 {
                        wild[random.below(wild.len())]
                    } else {
                        scale * random.normal()
                    };
                }
                let log_det = map.inverse(&z, &mut theta);
                assert!(
                    prior.contains(&theta),
                    "{}: {z:?} → {theta:?}",
                    what(&prior, &map)
                );
                assert!(
                    log_det.is_finite(),
                    "{}: {z:?} → {log_det}",
                    what(&prior, &map)
                );
                let log_prob = prior.log_prob(&theta);
                assert!(!log_prob.is_nan() && log_prob < f64::INFINITY);
                let mut again = z.clone();
                assert!(map.forward(&theta, &mut again).is_finite());
                assert!(
                    again.iter().all(|z| z.is_finite()),
                    "{}: {theta:?} → {again:?}",
                    what(&prior, &map)
                );
            }
        }
    }
}

#[test]
fn under_the_probit_map_the_prior_is_standard_normal() {
    for prior in continuous_priors() {
        let map = prior.support_map(SupportKind::Probit).unwrap();
        let mut theta = vec![0.0; map.n_parameters()];
        let mut random = random(4);
        for i in 0..300 {
            let scale = if i < 200 { 1.0 } else { 4.0 };
            let z: Vec<f64> = (0..map.n_unconstrained())
                .map(|_| scale * random.normal())
                .collect();
            let log_det = map.inverse(&z, &mut theta);
            let expected: f64 = z.iter().map(|z| normal_log_density(*z)).sum();
            let found = prior.log_prob(&theta) + log_det;
            assert!(
                (found - expected).abs() < 1e-6 * (1.0 + expected.abs()),
                "{}: {z:?} {theta:?} {found} {expected}",
                what(&prior, &map)
            );
        }
    }
}

#[test]
fn a_box_is_linear_and_says_what_it_bounds() {
    let prior = Prior::new([("a", D::uniform(2.0, 6.0)), ("b", D::normal(0.0, 1.0))]).unwrap();
    let map = prior.support_map(SupportKind::Box).unwrap();
    assert!(map.bounded()[0] && !map.bounded()[1]);
    let mut z = [0.0; 2];
    let log_det = map.forward(&[5.0, 0.3], &mut z);
    assert_eq!(z, [0.5, 0.3]);
    assert!((log_det - 0.5_f64.ln()).abs() < 1e-15);
}

#[test]
fn gaps_and_discrete_parameters_have_no_map() {
    let apart = D::Mixture {
        weights: vec![1.0, 1.0],
        components: vec![D::uniform(0.0, 1.0), D::uniform(2.0, 3.0)],
    };
    let prior = Prior::new([("a", apart)]).unwrap();
    let message = prior
        .support_map(SupportKind::Logit)
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("parameters.a") && message.contains("gap"),
        "{message}"
    );
    let map = prior.support_map(SupportKind::Probit).unwrap();
    let mut theta = [0.0];
    for i in -400..=400 {
        map.inverse(&[f64::from(i) * 0.1], &mut theta);
        assert!(prior.contains(&theta), "{theta:?}");
    }
    let discrete = Prior::new([(
        "k",
        D::Categorical {
            probabilities: vec![0.5, 0.5],
        },
    )])
    .unwrap();
    assert!(!discrete.is_continuous());
    let message = discrete
        .support_map(SupportKind::Probit)
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("parameters.k") && message.contains("discrete"),
        "{message}"
    );
}

#[test]
fn conditional_parameters_are_mapped_in_order() {
    let prior = conditional();
    let map = prior.support_map(SupportKind::Logit).unwrap();
    let mut theta = vec![0.0; 8];
    map.inverse(&[0.0; 8], &mut theta);
    assert_eq!(theta[..3], [0.5, 0.75, 0.625]); // halfway: of (0, 1), of (a, 1), of (a, b)
}

#[test]
fn a_gradient_pulled_back_to_theta_is_pushed_forward_to_itself() {
    each_map(|prior, map| {
        let mut random = random(7);
        let (n, p) = (map.n_unconstrained(), map.n_parameters());
        for _ in 0..20 {
            let mut z: Vec<f64> = (0..n)
                .map(|j| {
                    if map.bounded()[j] {
                        1.8 * random.uniform() - 0.9
                    } else {
                        random.normal()
                    }
                })
                .collect();
            let slopes: Vec<f64> = (0..n).map(|_| random.normal()).collect();
            let (mut theta, mut gradient) = (vec![0.0; p], vec![f64::NAN; p]);
            map.inverse(&z, &mut theta);
            map.pull_back(&theta, &slopes, &mut gradient);
            // f(θ) = slopes · z(θ) changes along θ(z) by the slope of each z alone.
            for (j, slope) in slopes.iter().enumerate() {
                let h = 1e-5;
                let (center, mut ends) = (z[j], [vec![0.0; p], vec![0.0; p]]);
                for (end, sign) in ends.iter_mut().zip([1.0, -1.0]) {
                    z[j] = center + sign * h;
                    map.inverse(&z, end);
                }
                z[j] = center;
                let changes = (0..p).map(|i| (ends[0][i] - ends[1][i]) / (2.0 * h));
                let terms: Vec<f64> = changes.zip(&gradient).map(|(d, g)| d * g).collect();
                let size: f64 = terms.iter().map(|t| t.abs()).sum();
                let pushed: f64 = terms.iter().sum();
                assert!(
                    (pushed - slope).abs() < 1e-4 * (1.0 + size),
                    "{}: {theta:?}: {pushed}, not {slope}",
                    what(prior, map)
                );
            }
        }
    });
}
