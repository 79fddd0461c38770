//! Draws every kind of figure, hard cases included: `cargo run --example figures -- FOLDER`.

use std::path::PathBuf;

use retrodict::check::{
    Check, CheckStatus, CoverageAt, CoverageCurve, EcdfBand, ExpectedCoverage, FeaturePrediction,
    Predictive, PredictiveKind, QuantityKind, RankUniformity, Ranks, Verdict, Word,
};
use retrodict::prior::Parameter;
use retrodict::report::html::{Fact, ObservationReport, ParameterRow, ReportInput};
use retrodict::report::{self, Corner, Figure, LossCurve, Overlay};
use retrodict::samples::Summary;
use retrodict::{Random, Result, Samples, Seed, Stream};

const FREE: [f64; 2] = [f64::NEG_INFINITY, f64::INFINITY];

fn main() -> Result<()> {
    let folder = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "figures".to_string());
    let folder = PathBuf::from(folder);
    std::fs::create_dir_all(&folder).map_err(retrodict::Error::io(&folder, "create the folder"))?;
    let figures = figures()?;
    for verdict in [Word::Trusted, Word::Caution, Word::Failed] {
        let report = report_input(verdict, &figures);
        report.write(folder.join(format!("report-{verdict:?}.html").to_lowercase()))?;
    }
    for figure in figures {
        figure.write(&folder)?;
        println!("{}: {}\n  [{}]", figure.name, figure.caption, figure.alt);
    }
    Ok(())
}

fn figures() -> Result<Vec<Figure>> {
    let mut figures = corners()?;
    figures.push(rank_figure("ranks-2", 2, 1.0));
    figures.push(rank_figure("ranks-7", 7, 1.5));
    figures.push(coverage_figure("coverage-2", 2));
    figures.push(coverage_figure("coverage-8", 8));
    figures.extend([(1, 1.0), (3, 1.0), (8, 40.0), (100, 1.0), (600, 1.0)].map(predictive_figure));
    figures.push(image_figure("predictive-image", [32, 40])?);
    figures.push(report::training("training-1", &[losses(0, 60)]));
    figures.push(report::training(
        "training-5",
        &(0..5).map(|i| losses(i, 300)).collect::<Vec<_>>(),
    ));
    figures.push(report::training("training-2-epochs", &[losses(0, 2)]));
    Ok(figures)
}

fn parameter(name: &str, label: Option<&str>, unit: Option<&str>) -> Parameter {
    Parameter {
        name: name.to_string(),
        label: label.map(str::to_string),
        unit: unit.map(str::to_string),
    }
}

fn samples(
    d: usize,
    n: usize,
    index: u64,
    mut draw: impl FnMut(&mut Random) -> Vec<f64>,
) -> Result<Samples> {
    let mut random = Seed(7).stream(Stream::Test, index);
    let values = (0..n).flat_map(|_| draw(&mut random)).collect();
    Samples::from_rows((0..d).map(|i| format!("p_{i}")), values)
}

fn corners() -> Result<Vec<Figure>> {
    let mu = [
        parameter("mu_1", Some("μ₁"), None),
        parameter("mu_2", None, None),
    ];
    let gauss = samples(2, 4000, 0, |r| {
        let a = r.normal();
        vec![0.8 + 0.1 * a, -0.2 + 0.1 * (0.3 * a + 0.95 * r.normal())]
    })?;
    let other = samples(2, 4000, 1, |r| {
        vec![0.7 + 0.16 * r.normal(), -0.1 + 0.2 * r.normal()]
    })?;
    let prior = samples(2, 4000, 2, |r| vec![4.0 * r.uniform() - 2.0, r.normal()])?;
    let one = samples(1, 3000, 3, |r| vec![67.4 + 0.5 * r.normal()])?;
    let single = [Overlay {
        name: "posterior",
        samples: &gauss,
    }];
    let both = [
        Overlay {
            name: "neural posterior",
            samples: &gauss,
        },
        Overlay {
            name: "rejection ABC",
            samples: &other,
        },
    ];
    let limits = [[-2.0, 2.0], FREE];
    let h0 = [parameter("h0", Some("$H_0$"), Some("km/s/Mpc"))];
    let mut figures = vec![
        Corner {
            name: "corner-2",
            parameters: &mu,
            posteriors: &single,
            limits: &limits,
            truth: Some(&[0.75, -0.25]),
            prior: None,
        }
        .figure()?,
        Corner {
            name: "corner-2-plain",
            parameters: &mu,
            posteriors: &single,
            limits: &limits,
            truth: None,
            prior: None,
        }
        .figure()?,
        Corner {
            name: "corner-2-overlaid",
            parameters: &mu,
            posteriors: &both,
            limits: &limits,
            truth: Some(&[0.75, -0.25]),
            prior: Some(&prior),
        }
        .figure()?,
        Corner {
            name: "corner-1",
            parameters: &h0,
            posteriors: &[Overlay {
                name: "posterior",
                samples: &one,
            }],
            limits: &[FREE],
            truth: None,
            prior: None,
        }
        .figure()?,
        Corner {
            name: "corner-1-truth",
            parameters: &h0,
            posteriors: &[Overlay {
                name: "posterior",
                samples: &one,
            }],
            limits: &[FREE],
            truth: Some(&[68.0]),
            prior: None,
        }
        .figure()?,
    ];
    figures.push(hard_corner()?);
    figures.push(odd_corner()?);
    figures.push(tiny_corner()?);
    figures.push(large_corner("corner-10", 10)?);
    figures.push(large_corner("corner-5", 5)?);
    Ok(figures)
}

/// A ring, a pile-up at a bound, a very narrow parameter far from zero.
fn hard_corner() -> Result<Figure> {
    let draws = samples(4, 5000, 4, |r| {
        let angle = std::f64::consts::TAU * r.uniform();
        let radius = 1.0 + 0.08 * r.normal();
        vec![
            radius * angle.cos(),
            radius * angle.sin(),
            0.02 * r.exponential(),
            67.36 + 1e-4 * r.normal(),
        ]
    })?;
    let parameters = [
        parameter("x", None, None),
        parameter("y", None, None),
        parameter("f", Some("fraction of dark matter"), None),
        parameter("h0", Some("$H_0$"), Some("km s$^{-1}$ Mpc$^{-1}$")),
    ];
    Corner {
        name: "corner-hard",
        parameters: &parameters,
        posteriors: &[Overlay {
            name: "posterior",
            samples: &draws,
        }],
        limits: &[FREE, FREE, [0.0, 1.0], FREE],
        truth: Some(&[1.0, 0.0, 0.0, 67.36]),
        prior: None,
    }
    .figure()
}

/// Constant, discrete, bimodal, almost degenerate.
fn odd_corner() -> Result<Figure> {
    let draws = samples(5, 2000, 5, |r| {
        let side = if r.uniform() < 0.3 { -1.0 } else { 1.0 };
        let a = r.normal();
        vec![
            3.0,
            r.below(5) as f64,
            2.0 * side + 0.3 * r.normal(),
            1e-7 * a,
            1e6 * (a + 0.05 * r.normal()),
        ]
    })?;
    let names = ["constant", "count", "two_modes", "alpha", "beta"];
    Corner {
        name: "corner-odd",
        parameters: &names.map(Parameter::named),
        posteriors: &[Overlay {
            name: "posterior",
            samples: &draws,
        }],
        limits: &[FREE; 5],
        truth: None,
        prior: None,
    }
    .figure()
}

fn tiny_corner() -> Result<Figure> {
    let draws = samples(3, 20, 6, |r| vec![r.normal(), r.uniform(), r.exponential()])?;
    Corner {
        name: "corner-tiny",
        parameters: &["a", "b", "c"].map(Parameter::named),
        posteriors: &[Overlay {
            name: "posterior",
            samples: &draws,
        }],
        limits: &[FREE, [0.0, 1.0], [0.0, f64::INFINITY]],
        truth: None,
        prior: None,
    }
    .figure()
}

fn large_corner(name: &str, d: usize) -> Result<Figure> {
    let draws = samples(d, 4000, 8, |r| {
        let common = r.normal();
        (0..d)
            .map(|j| (j as f64 + 1.0) * 3.7 + 0.3 * (common * (j as f64 * 1.3).sin() + r.normal()))
            .collect()
    })?;
    let parameters: Vec<Parameter> = (0..d)
        .map(|j| Parameter::named(format!("theta_{}", j + 1)))
        .collect();
    let truth: Vec<f64> = (0..d).map(|j| (j as f64 + 1.0) * 3.7).collect();
    Corner {
        name,
        parameters: &parameters,
        posteriors: &[Overlay {
            name: "posterior",
            samples: &draws,
        }],
        limits: &vec![FREE; d],
        truth: Some(&truth),
        prior: None,
    }
    .figure()
}

fn rank_figure(name: &str, d: usize, power: f64) -> Figure {
    let n_test = 300;
    let points: Vec<f64> = (1..100).map(|k| f64::from(k) / 100.0).collect();
    let half = |z: &f64| 3.1 * (z * (1.0 - z) / n_test as f64).sqrt();
    let band = EcdfBand {
        n: n_test,
        level: 0.99,
        lower: points.iter().map(|z| (z - half(z)).max(0.0)).collect(),
        upper: points.iter().map(|z| (z + half(z)).min(1.0)).collect(),
        points,
    };
    let quantities = (0..=d)
        .map(|j| {
            let mut random = Seed(3).stream(Stream::Test, j as u64);
            let power = if j == 1 { power } else { 1.0 };
            let u: Vec<f64> = (0..n_test).map(|_| random.uniform().powf(power)).collect();
            let ecdf: Vec<f64> = band
                .points
                .iter()
                .map(|z| u.iter().filter(|v| *v <= z).count() as f64 / n_test as f64)
                .collect();
            let deviation = ecdf
                .iter()
                .zip(&band.points)
                .map(|(e, z)| (e - z).abs() / half(z))
                .fold(0.0, f64::max);
            let mut histogram = vec![0; 20];
            for v in u {
                histogram[(v * 20.0) as usize] += 1;
            }
            Ranks {
                name: if j == d {
                    "log_prob".to_string()
                } else {
                    format!("theta_{}", j + 1)
                },
                kind: if j == d {
                    QuantityKind::LogProb
                } else {
                    QuantityKind::Parameter
                },
                histogram,
                ecdf,
                deviation,
                p_value: 0.2,
                adjusted_p_value: if deviation > 1.0 { 1e-6 } else { 0.42 },
                bias: 0.0,
                spread: 1.0,
                distance: 0.1,
            }
        })
        .collect();
    let uniformity = RankUniformity {
        n_test,
        n_draws: 1000,
        band,
        family_level: 0.95,
        histogram_interval: [6.0, 26.0],
        quantities,
    };
    let parameters: Vec<Parameter> = (0..d)
        .map(|j| Parameter::named(format!("theta_{}", j + 1)))
        .collect();
    report::ranks(name, &uniformity, &parameters)
}

fn coverage_figure(name: &str, d: usize) -> Figure {
    let levels: Vec<f64> = (1..100).map(|k| f64::from(k) / 100.0).collect();
    let half = |z: &f64| 3.0 * (z * (1.0 - z) / 300.0).sqrt();
    let curve = |name: &str, index: u64, power: f64| {
        let mut random = Seed(9).stream(Stream::Test, index);
        let u: Vec<f64> = (0..300).map(|_| random.uniform().powf(power)).collect();
        let coverage: Vec<f64> = levels
            .iter()
            .map(|z| u.iter().filter(|v| *v <= z).count() as f64 / 300.0)
            .collect();
        let at = [0.5, 0.68, 0.95].map(|level| CoverageAt {
            level,
            coverage: coverage[(level * 100.0) as usize - 1],
            interval: [0.4, 0.6],
        });
        CoverageCurve {
            name: name.to_string(),
            coverage,
            at: at.to_vec(),
        }
    };
    let expected = ExpectedCoverage {
        n_test: 300,
        band_level: 0.95,
        lower: levels.iter().map(|z| (z - half(z)).max(0.0)).collect(),
        upper: levels.iter().map(|z| (z + half(z)).min(1.0)).collect(),
        adjusted_p_value: 0.5,
        joint: curve("highest density", 0, 0.7),
        reference_points: curve("reference points", 7, 0.8),
        marginals: (0..d)
            .map(|j| curve(&format!("mu_{}", j + 1), j as u64 + 1, 1.0))
            .collect(),
        levels,
    };
    let parameters: Vec<Parameter> = (0..d)
        .map(|j| Parameter::named(format!("mu_{}", j + 1)))
        .collect();
    report::coverage(name, &expected, &parameters)
}

fn predictive_figure((n, ratio): (usize, f64)) -> Figure {
    let one = |kind, spread: f64| {
        let mut random = Seed(5).stream(Stream::Test, n as u64);
        let features = (0..n)
            .map(|i| {
                let unit = if i % 2 == 0 { 1.0 } else { ratio };
                let middle = unit * (2.0 + (i as f64 * 0.12).sin());
                let sd = 0.3 * spread * unit;
                let observed =
                    middle + 0.3 * unit * random.normal() + if i == 5 { 15.0 * unit } else { 0.0 };
                FeaturePrediction {
                    name: format!("x_{}", i + 1),
                    observed,
                    quantiles: [-1.96, -0.994, 0.0, 0.994, 1.96].map(|z| middle + z * sd),
                    range: [-3.5, 3.5].map(|z| middle + z * sd),
                    p_value: 0.5,
                    adjusted_p_value: 1.0,
                    deviation: 0.0,
                    outside: 0.0,
                    varies: true,
                }
            })
            .collect();
        Predictive {
            kind,
            n_rows: 1000,
            n_dropped: 0,
            features,
            shape: Vec::new(),
            joint: None,
        }
    };
    let prior = one(PredictiveKind::Prior, 5.0);
    let posterior = one(PredictiveKind::Posterior, 1.0);
    report::predictive(&format!("predictive-{n}"), &posterior, Some(&prior))
}

/// A blob with noise, and in the observation a second one that no simulation has.
fn image_figure(name: &str, [rows, columns]: [usize; 2]) -> Result<Figure> {
    let mut random = Seed(9).stream(Stream::Test, 0);
    let mut image = |extra: f64| -> Vec<f64> {
        let blob = |i: usize, j: usize, (row, column): (f64, f64), width: f64| {
            let (y, x) = (i as f64 - row, j as f64 - column);
            (-0.5 * (y * y + x * x) / (width * width)).exp()
        };
        let pixels = (0..rows).flat_map(|i| (0..columns).map(move |j| (i, j)));
        pixels
            .map(|(i, j)| {
                let light =
                    10.0 * blob(i, j, (14.0, 16.0), 6.0) + extra * blob(i, j, (24.0, 32.0), 2.0);
                light + 0.7 * random.normal()
            })
            .collect()
    };
    let observed = image(4.0);
    let simulated: Vec<f64> = (0..200).flat_map(|_| image(0.0)).collect();
    let simulated = retrodict::Table::numbered("x", rows * columns, simulated)?;
    let posterior = Predictive::of(PredictiveKind::Posterior, &simulated, &observed)?;
    let figure = report::predictive_image(name, &posterior.shaped(&[rows, columns]));
    Ok(figure.expect("the data are an image"))
}

fn losses(member: u64, n: usize) -> LossCurve {
    let mut random = Seed(6).stream(Stream::Test, member);
    let mut curve = |gap: f64, n: usize| -> Vec<f64> {
        (0..n)
            .map(|i| {
                let i = i as f64;
                1.2 + 8.0 * (-i / 2.0).exp()
                    + (-i / 15.0).exp()
                    + gap * i / 60.0
                    + 0.02 * random.normal()
            })
            .collect()
    };
    let (training, validation) = (curve(-0.05, n), curve(0.05, n + 1));
    let best = (0..=n).min_by(|&a, &b| validation[a].total_cmp(&validation[b]));
    LossCurve {
        training,
        validation,
        best_epoch: best.unwrap_or(0),
    }
}

fn check(name: &str, status: CheckStatus, statistic: f64, p_value: Option<f64>) -> Check {
    Check {
        name: name.to_string(),
        statistic,
        interval: Some([0.93, 0.97]),
        p_value,
        threshold: Some(0.01),
        status,
        explanation: "The ranks of the true values are what a right posterior would give: no bias, and errors as large as claimed.".to_string(),
    }
}

#[expect(
    clippy::too_many_lines,
    reason = "one page, written out from top to bottom"
)]
fn report_input(word: Word, figures: &[Figure]) -> ReportInput {
    let named = |name: &str| -> Vec<Figure> {
        figures.iter().filter(|f| f.name == name).cloned().collect()
    };
    let summary = |name: &str, median: f64, sd: f64| Summary {
        name: name.to_string(),
        mean: median,
        sd,
        median,
        interval_68: [median - sd, median + sd],
        interval_95: [median - 1.96 * sd, median + 1.96 * sd],
    };
    let mut checks = vec![
        check(
            "simulation-based calibration: mu_1",
            CheckStatus::Passed,
            0.41,
            Some(0.62),
        ),
        check(
            "simulation-based calibration: mu_2",
            CheckStatus::Passed,
            0.66,
            Some(0.31),
        ),
        check(
            "expected coverage: highest density",
            CheckStatus::Passed,
            0.948,
            None,
        ),
        check(
            "posterior predictive: distance",
            CheckStatus::Passed,
            1.02,
            Some(0.44),
        ),
    ];
    let mut reasons =
        vec!["All 4 checks passed; 300 test simulations were never used for training.".to_string()];
    if word != Word::Trusted {
        checks[2].status = if word == Word::Failed {
            CheckStatus::Failed
        } else {
            CheckStatus::Caution
        };
        checks[2].statistic = 0.81;
        checks[2].p_value = Some(1e-7);
        checks[2].explanation = "95 % regions hold the truth in only 81 % of the tests: the posterior is too narrow. Use more simulations or an ensemble of networks.".to_string();
        reasons = vec![checks[2].explanation.clone()];
    }
    ReportInput {
        search: None,
        title: "gaussian-toy".to_string(),
        description: Some(
            "Two means of a Gaussian with known covariance, inferred from one observation."
                .to_string(),
        ),
        verdict: Verdict {
            verdict: word,
            reasons,
            checks,
        },
        warnings: vec![
            "12 of 10,000 simulations failed (10 timed out, 2 crashed); they were left out."
                .to_string(),
        ],
        parameters: vec![
            ParameterRow {
                parameter: parameter("mu_1", Some("μ₁"), Some("km/s")),
                prior: "uniform on [−2, 2]".to_string(),
            },
            ParameterRow {
                parameter: parameter("mu_2", None, None),
                prior: "normal with mean 0 and standard deviation 1".to_string(),
            },
        ],
        study: vec![
            Fact::new("Simulator", "gaussian_toy (built in)"),
            Fact::new("Observation", "2 values: 0.8, −0.2"),
            Fact::new(
                "Simulations",
                "10,000, of which 12 failed: 10 timed out, 2 crashed",
            ),
            Fact::new(
                "Method",
                "neural posterior estimation (npe), ensemble of 5 spline flows",
            ),
        ],
        observations: vec![ObservationReport {
            name: "observation 1".to_string(),
            summaries: vec![
                summary("mu_1", 0.80123, 0.0996),
                summary("mu_2", -0.20123, 0.1234),
            ],
            truth: Some(vec![0.75, -0.25]),
            maximum: None,
            tables: Vec::new(),
            facts: vec![Fact::new("Draws", "10,000, independent")],
            figures: [named("corner-2"), named("predictive-8"), named("corner-5")].concat(),
        }],
        comparison: None,
        check_tables: Vec::new(),
        check_figures: [named("ranks-2"), named("coverage-2"), named("ranks-7")].concat(),
        training: vec![
            Fact::new("Networks", "5"),
            Fact::new("Epochs", "300 at most; kept 68 to 107"),
        ],
        training_figures: named("training-5"),
        reproduce: vec![
            Fact::new("Version", "retrodict 0.1.0"),
            Fact::new("Seed", "1"),
            Fact::new(
                "Study (SHA-256)",
                "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            ),
        ],
        command: "retrodict run study.toml --seed 1 --out runs/gaussian-toy".to_string(),
        citations: vec!["The Retrodict developers, Retrodict 0.1.0.".to_string()],
    }
}
