use super::denoise::denoise;
use super::*;
use crate::infer::{NleConfig, NpeConfig, Posterior, marginal, npe};
use crate::prior::{DistributionConfig as D, Prior};
use crate::seed::{Seed, Stream};
use crate::simulate::{Simulations, Status};
use crate::table::Table;
use crate::train::{EpochRecord, TrainConfig};

fn silent(_: &EpochRecord) -> std::ops::ControlFlow<()> {
    std::ops::ControlFlow::Continue(())
}

/// Points and weights that integrate what is sharp about `at` and broad elsewhere.
fn quadrature(at: f64) -> Vec<(f64, f64)> {
    let mut points: Vec<f64> = (-400..=400).map(|k| 0.03 * f64::from(k)).collect();
    points.extend((-120..=120).map(|k| at + 0.0006 * f64::from(k)));
    points.sort_by(f64::total_cmp);
    let weight = |i: usize| {
        let before = if i > 0 {
            points[i] - points[i - 1]
        } else {
            0.0
        };
        let after = points.get(i + 1).map_or(0.0, |next| next - points[i]);
        0.5 * (before + after)
    };
    (0..points.len()).map(|i| (points[i], weight(i))).collect()
}

fn errors(d: usize, scale: f64) -> ErrorModel {
    ErrorModel {
        config: RobustConfig::default(),
        middles: vec![0.0; d],
        scales: vec![scale; d],
    }
}

fn normal(v: f64, sd: f64) -> f64 {
    (-0.5 * (v / sd).powi(2)).exp() / (sd * std::f64::consts::TAU.sqrt())
}

#[test]
fn the_error_density_is_one_and_its_draws_have_its_quantiles() {
    let model = errors(1, 1.0);
    let inside: f64 = quadrature(0.0)
        .iter()
        .map(|(v, w)| w * model.log_density(*v).exp())
        .sum();
    // Of the slab, 1 − 2 atan(12/0.25)/π lies outside.
    let outside = 0.5 * (1.0 - (12.0_f64 / 0.25).atan() / std::f64::consts::FRAC_PI_2);
    assert!((inside + outside - 1.0).abs() < 5e-4, "{inside}");
    let mut random = Seed(3).stream(Stream::Test, 0);
    let n = 40_000;
    let beyond = (0..n)
        .filter(|_| model.draw(&mut random).abs() > 0.25)
        .count();
    // Half of the slab; four standard errors.
    assert!((beyond as f64 / f64::from(n) - 0.25).abs() < 0.009);
    assert!(model.slab_share(1.0) > 0.999 && model.slab_share(0.0) < 0.05);
}

#[test]
fn counts_and_constants_have_no_errors_and_rows_keep_theirs() {
    let values = (0..300).flat_map(|i| [f64::from(i % 3), 7.0, f64::from(i) * 0.01]);
    let x = Table::numbered("x", 3, values.collect()).unwrap();
    let model = ErrorModel::of(&RobustConfig::default(), &x);
    assert_eq!(model.scales[..2], [0.0, 0.0]);
    let noisy = model.with_errors(&x, Seed(1));
    assert_eq!(noisy.row(5)[..2], x.row(5)[..2]);
    assert!((0..300).all(|i| noisy.row(i)[2] != x.row(i)[2]));
    let first = x.select(&(0..10).collect::<Vec<_>>());
    assert_eq!(model.with_errors(&first, Seed(1)).row(9), noisy.row(9));
    let folder = tempfile::tempdir().unwrap();
    model.save(folder.path()).unwrap();
    assert_eq!(ErrorModel::load(folder.path()).unwrap(), model);
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let wrong = [
        RobustConfig {
            spike: 0.0,
            ..RobustConfig::default()
        },
        RobustConfig {
            spike: 0.3,
            ..RobustConfig::default()
        },
        RobustConfig {
            slab: f64::NAN,
            ..RobustConfig::default()
        },
        RobustConfig {
            slab_probability: 1.0,
            ..RobustConfig::default()
        },
    ];
    assert!(wrong.iter().all(|config| config.validate().is_err()));
}

#[test]
fn chains_find_the_data_without_errors_that_quadrature_finds() {
    // Two data with correlation 0.8, and three observations: of a pair, of a pair with one outlier, of none.
    let r: f64 = 0.8;
    let log_prior = |x: &[f64]| {
        let square = x[0] * x[0] - 2.0 * r * x[0] * x[1] + x[1] * x[1];
        -0.5 * square / (1.0 - r * r)
    };
    let batch = |rows: &[Vec<f64>]| rows.iter().map(|row| log_prior(row)).collect::<Vec<f64>>();
    let model = errors(2, 1.0);
    for (k, y) in [[0.5, 0.4], [0.5, 5.0], [-1.0, 1.5]]
        .into_iter()
        .enumerate()
    {
        let found = denoise(&model, &batch, &y, Seed(k as u64));
        let [first, second] = y.map(quadrature);
        let (mut total, mut moments) = (0.0, [0.0; 4]);
        for (a, wa) in &first {
            for (b, wb) in &second {
                let errors = model.log_density(y[0] - a) + model.log_density(y[1] - b);
                let p = wa * wb * (log_prior(&[*a, *b]) + errors).exp();
                total += p;
                for (moment, value) in moments.iter_mut().zip([
                    *a,
                    *b,
                    model.slab_share(y[0] - a),
                    model.slab_share(y[1] - b),
                ]) {
                    *moment += p * value;
                }
            }
        }
        for j in 0..2 {
            let datum = found.data[j];
            let (mean, share) = (moments[j] / total, moments[2 + j] / total);
            // 512 draws with sds of up to 0.6; shares from all sweeps.
            assert!(
                (datum.mean - mean).abs() < 0.1,
                "{y:?} {j}: {datum:?} {mean}"
            );
            assert!(
                (datum.error_probability - share).abs() < 0.06,
                "{datum:?} {share}"
            );
        }
        assert!(found.r_hat < 1.1, "{}", found.r_hat);
    }
}

const DATA: usize = 4;
const NOISE: f64 = 0.5;

/// θ ~ N(0, 1), four data of θ with noise.
fn simulations(n: usize) -> (Prior, Simulations) {
    let prior = Prior::new([("a", D::normal(0.0, 1.0))]).unwrap();
    let theta = prior.sample_table(n, Seed(5), Stream::Parameters);
    let mut random = Seed(5).stream(Stream::Simulator, 0);
    let x = theta
        .values()
        .iter()
        .flat_map(|theta| [0; DATA].map(|_| theta + NOISE * random.normal()));
    let simulations = Simulations {
        x: Table::numbered("x", DATA, x.collect()).unwrap(),
        status: vec![Status::Ok; n],
        theta,
    };
    (prior, simulations)
}

/// Mean and sd of the posterior with errors, by quadrature over θ and each datum.
fn exact(model: &ErrorModel, y: &[f64]) -> [f64; 2] {
    let likelihood = |theta: f64, y: f64, scale: f64| -> f64 {
        let points = quadrature(y);
        let each = points.iter().map(|(x, w)| {
            w * normal(x - theta, NOISE) * model.log_density((y - x) / scale).exp() / scale
        });
        each.sum()
    };
    let grid: Vec<f64> = (-60..=60).map(|k| 0.06 * f64::from(k)).collect();
    let density = |theta: &f64| {
        let each = y.iter().zip(&model.scales);
        normal(*theta, 1.0)
            * each
                .map(|(y, s)| likelihood(*theta, *y, *s))
                .product::<f64>()
    };
    let densities: Vec<f64> = grid.iter().map(density).collect();
    let total: f64 = densities.iter().sum();
    let pairs = || grid.iter().zip(&densities);
    let mean = pairs().map(|(t, p)| t * p).sum::<f64>() / total;
    let variance = pairs().map(|(t, p)| (t - mean).powi(2) * p).sum::<f64>() / total;
    [mean, variance.sqrt()]
}

fn moments(posterior: &dyn Posterior, y: &[f64]) -> [f64; 2] {
    let draws = posterior.sample(y, 4000, Seed(2)).unwrap().draws.column(0);
    let mean = draws.iter().sum::<f64>() / 4000.0;
    let variance = draws.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 4000.0;
    [mean, variance.sqrt()]
}

#[test]
fn an_outlier_is_left_aside_as_the_exact_posterior_with_errors_does() {
    let (prior, simulations) = simulations(4000);
    let train = TrainConfig {
        ensemble_size: 1,
        ..TrainConfig::default()
    };
    let config = NpeConfig {
        train: train.clone(),
        ..NpeConfig::default()
    };
    let model = ErrorModel::of(&RobustConfig::default(), &simulations.x);
    let y = [1.2, 0.7, 0.9, -6.0];
    let [mean, sd] = exact(&model, &y);
    let (plain, _) = npe(&prior, &simulations, &config, Seed(1), &silent).unwrap();
    // The conjugate answer without errors is 4/17 of −3.2 / 0.25 … far from what three data say.
    let without = moments(&plain, &y);
    assert!(without[0] < mean - 3.0 * sd, "{without:?} {mean} {sd}");

    let density = NleConfig {
        train,
        ..NleConfig::default()
    };
    let (density, _) = marginal(&simulations, &density, Seed(3), &silent).unwrap();
    let robust = RobustPosterior::new(plain, density, model.clone(), Seed(4)).unwrap();
    let found = moments(&robust, &y);
    // What a network of 4,000 simulations is worth.
    assert!((found[0] - mean).abs() < 0.25 * sd, "{found:?} {mean} {sd}");
    assert!((found[1] / sd - 1.0).abs() < 0.2, "{found:?} {sd}");
    let denoised = robust.denoised(&y).unwrap();
    assert!(denoised.data[3].error_probability > 0.99 && denoised.data[3].mean > -0.5);
    assert!(robust.map(&y, Seed(1)).unwrap()[0] > 0.0);

    let mut noisy = simulations.clone();
    noisy.x = model.with_errors(&simulations.x, Seed(6));
    let (noisy, _) = npe(&prior, &noisy, &config, Seed(1), &silent).unwrap();
    let found = moments(&noisy, &y);
    // How wide it is takes more simulations to learn, and is looked at where tests are slow.
    assert!((found[0] - mean).abs() < 0.5 * sd, "{found:?} {mean} {sd}");
}

#[test]
fn the_density_of_the_data_alone_is_learned_and_survives_the_file() {
    let (_, simulations) = simulations(3000);
    let config = NleConfig {
        train: TrainConfig {
            ensemble_size: 2,
            ..TrainConfig::default()
        },
        ..NleConfig::default()
    };
    let (density, _) = marginal(&simulations, &config, Seed(3), &silent).unwrap();
    // N(0, 11ᵀ + ¼ I): eigenvalues 4.25 and thrice 0.25.
    let exact = |x: &[f64]| {
        let sum: f64 = x.iter().sum();
        let square: f64 = x.iter().map(|v| v * v).sum();
        let along = sum * sum / DATA as f64;
        let log_det = 4.25_f64.ln() + 3.0 * 0.25_f64.ln();
        -0.5 * (along / 4.25
            + (square - along) / 0.25
            + log_det
            + DATA as f64 * std::f64::consts::TAU.ln())
    };
    let rows: Vec<Vec<f64>> = (0..500).map(|i| simulations.x.row(i).to_vec()).collect();
    let found = density.log_prob(&rows);
    let gap = rows.iter().zip(&found).map(|(x, l)| (exact(x) - l).abs());
    let gap = gap.sum::<f64>() / 500.0;
    assert!(gap < 0.15, "{gap}");
    let folder = tempfile::tempdir().unwrap();
    density.save(folder.path()).unwrap();
    let again = crate::infer::MarginalDensity::load(folder.path()).unwrap();
    assert_eq!(again.log_prob(&rows), found);
}
