//! What holds for every figure, hard cases included.

use std::sync::LazyLock;

use resvg::usvg;

use super::html::{
    ComparedMethod, ComparedPosterior, ComparisonReport, Fact, ObservationComparison,
    ObservationReport, ParameterRow, ReportInput,
};
use super::*;
use crate::check::{
    Check, CheckStatus, Conformal, ConformalLevel, CoverageAt, CoverageCurve, EcdfBand,
    ExpectedCoverage, FeaturePrediction, LearningCurve, Misspecification, Predictive,
    PredictiveKind, QuantityKind, RankUniformity, Ranks, Recovered, Recovery, Region, Space,
    Typicality, TypicalityKind, Verdict, Word,
};
use crate::prior::Parameter;
use crate::{Samples, Seed, Stream};

const FREE: [f64; 2] = [f64::NEG_INFINITY, f64::INFINITY];

/// The kinds of column that have broken plots before.
fn column(kind: usize, n: usize) -> Vec<f64> {
    let mut random = Seed(21).stream(Stream::Test, kind as u64);
    (0..n)
        .map(|i| match kind {
            0 => random.normal(),
            1 => 67.36 + 1e-5 * random.normal(),
            2 => 3.0,
            3 => random.below(4) as f64,
            4 => 1e-9 * random.exponential(),
            5 => random.normal() / random.normal(),
            6 => 1e12 * (random.normal() + 6.0 * (i % 2) as f64),
            _ => random.uniform(),
        })
        .collect()
}

fn samples(kinds: &[usize], n: usize) -> Samples {
    let columns: Vec<Vec<f64>> = kinds.iter().map(|&kind| column(kind, n)).collect();
    let values = (0..n)
        .flat_map(|i| columns.iter().map(move |c| c[i]))
        .collect();
    Samples::from_rows((0..kinds.len()).map(|j| format!("p_{j}")), values).unwrap()
}

fn parameters(kinds: &[usize]) -> Vec<Parameter> {
    let parameter = |(j, kind): (usize, &usize)| Parameter {
        name: format!("p_{j}"),
        label: (*kind == 1).then(|| "the fraction of <dark> matter & more, $H_0$".to_string()),
        unit: (*kind == 1).then(|| "km s$^{-1}$ Mpc$^{-1}$".to_string()),
    };
    kinds.iter().enumerate().map(parameter).collect()
}

fn corner(kinds: &[usize], n: usize, truth: Option<&[f64]>) -> Figure {
    let draws = samples(kinds, n);
    let limits: Vec<[f64; 2]> = kinds
        .iter()
        .map(|kind| match kind {
            4 => [0.0, f64::INFINITY],
            7 => [0.0, 1.0],
            _ => FREE,
        })
        .collect();
    let overlay = |name| Overlay {
        name,
        samples: &draws,
    };
    Corner {
        name: "corner",
        parameters: &parameters(kinds),
        posteriors: &[
            overlay("one"),
            overlay("a posterior with quite a long name"),
        ][..=n % 2],
        limits: &limits,
        truth,
        prior: None,
    }
    .figure()
    .unwrap()
}

fn rank_data(d: usize) -> RankUniformity {
    let points: Vec<f64> = (1..50).map(|k| f64::from(k) / 50.0).collect();
    let quantity = |j: usize| Ranks {
        name: format!("p_{j}"),
        kind: if j == d {
            QuantityKind::LogProb
        } else {
            QuantityKind::Parameter
        },
        histogram: vec![15 + j; 20],
        ecdf: points
            .iter()
            .map(|z| z.powf(1.0 + 0.1 * j as f64))
            .collect(),
        deviation: 0.6 * j as f64,
        p_value: 0.1,
        adjusted_p_value: 0.3 / (1.0 + j as f64).powi(5),
        bias: 0.0,
        spread: 1.0,
        distance: 0.05,
    };
    RankUniformity {
        n_test: 300,
        n_draws: 1000,
        family_level: 0.95,
        histogram_interval: [6.0, 26.0],
        quantities: (0..=d).map(quantity).collect(),
        band: EcdfBand {
            n: 300,
            level: 0.99,
            lower: points.iter().map(|z| (z - 0.08).max(0.0)).collect(),
            upper: points.iter().map(|z| (z + 0.08).min(1.0)).collect(),
            points: points.clone(),
        },
    }
}

fn coverage_data(d: usize) -> ExpectedCoverage {
    let levels: Vec<f64> = (1..50).map(|k| f64::from(k) / 50.0).collect();
    let curve = |name: String| CoverageCurve {
        name,
        coverage: levels.iter().map(|z| z * z).collect(),
        at: vec![CoverageAt {
            level: 0.95,
            coverage: 0.9,
            interval: [0.85, 0.94],
        }],
    };
    ExpectedCoverage {
        n_test: 300,
        band_level: 0.95,
        lower: levels.iter().map(|z| (z - 0.08).max(0.0)).collect(),
        upper: levels.iter().map(|z| (z + 0.08).min(1.0)).collect(),
        joint: curve("highest density".to_string()),
        reference_points: curve("reference points".to_string()),
        adjusted_p_value: 0.5,
        marginals: (0..d).map(|j| curve(format!("p_{j}"))).collect(),
        levels: levels.clone(),
    }
}

fn predictive_data(n: usize, kind: PredictiveKind) -> Predictive {
    let spread = if kind == PredictiveKind::Prior {
        8.0
    } else {
        1.0
    };
    let feature = |i: usize| {
        let unit = 10_f64.powi((i % 3) as i32 * 3);
        let at = |z: f64| unit * (z * spread + (i as f64).sin());
        FeaturePrediction {
            name: if i == 2 {
                "a feature with a very long name".to_string()
            } else {
                format!("x_{i}")
            },
            observed: if i == 3 {
                f64::NAN
            } else {
                unit * if i == 4 { 400.0 } else { 0.4 }
            },
            quantiles: [-1.96, -1.0, 0.0, 1.0, 1.96].map(at),
            range: [-3.5, 3.5].map(at),
            p_value: 0.5,
            adjusted_p_value: 1.0,
            deviation: 0.0,
            outside: 0.0,
            varies: true,
        }
    };
    Predictive {
        kind,
        n_rows: 1000,
        n_dropped: 3,
        features: (0..n).map(feature).collect(),
        shape: Vec::new(),
        joint: None,
    }
}

fn recovery_data(kinds: &[usize]) -> Recovery {
    let recovered = |(j, parameter): (usize, Parameter)| Recovered {
        name: parameter.name,
        truth: column(kinds[j], 400),
        mean: column(kinds[j], 400).into_iter().rev().collect(),
        sd: vec![0.5; 400],
        correlation: 0.9,
        contraction: 0.75,
        z_mean: 0.0,
        z_sd: 1.0,
    };
    Recovery {
        parameters: parameters(kinds)
            .into_iter()
            .enumerate()
            .map(recovered)
            .collect(),
    }
}

fn conformal_data(mass: f64) -> Conformal {
    let region = Region {
        mass,
        log_density: (mass < 1.0).then_some(-3.0),
        draws_within: 100,
    };
    let level = ConformalLevel {
        level: 0.95,
        nominal: region,
        conformal: region,
        local: region,
    };
    Conformal {
        n_test: 300,
        n_local: 70,
        n_leaves: 2,
        n_draws: 4000,
        levels: vec![level],
        curve: (1..100).map(|k| mass * f64::from(k) / 100.0).collect(),
        local_curve: vec![mass; 99],
    }
}

fn misspecification_data(n: usize, observed: f64) -> Misspecification {
    let test = |i: usize| Typicality {
        space: [Space::Data, Space::Summaries, Space::Trials][i % 3],
        kind: TypicalityKind::Neighbours,
        observed,
        quantiles: [0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0],
        histogram: (0..30).map(|k| k * (30 - k)).collect(),
        p_value: 0.2,
        adjusted_p_value: if observed > 1.0 { 1e-9 } else { 0.4 },
    };
    Misspecification {
        tests: (0..n).map(test).collect(),
    }
}

fn learning_data(loss: f64) -> LearningCurve {
    let sizes = [1250, 2500, 5000, 10_000];
    let scores = sizes.map(|n| {
        let mut random = Seed(22).stream(Stream::Test, n as u64);
        let mean = -loss * 1250.0 / n as f64;
        (0..100)
            .map(|_| mean + 0.1 * loss * random.normal())
            .collect()
    });
    LearningCurve::of(&sizes, &scores, 2, Seed(1))
}

fn loss_curve(n: usize) -> LossCurve {
    let training: Vec<f64> = (0..n).map(|i| 1e5 * (-(i as f64)).exp() - 2.0).collect();
    let first = training.first().copied().unwrap_or(0.0);
    let validation = std::iter::once(first).chain(training.iter().copied());
    let validation = validation.map(|loss| loss + 0.1).collect();
    LossCurve {
        training,
        validation,
        best_epoch: n,
    }
}

/// Every figure, drawn once for all tests.
static FIGURES: LazyLock<Vec<Figure>> = LazyLock::new(every_figure);

fn every_figure() -> Vec<Figure> {
    let mut figures = vec![
        corner(&[0], 500, None),
        corner(&[1], 501, Some(&[67.36])),
        corner(&[0, 7], 501, Some(&[0.0, 0.5])),
        corner(&[0, 1, 2, 3, 4, 5, 6, 7], 400, None),
        corner(
            &[0, 1, 2, 3, 4, 5, 6, 7],
            21,
            Some(&[0.0, 1e9, 3.0, 1.0, 0.0, 0.0, 0.0, f64::NAN]),
        ),
        corner(&[0, 7, 2], 1, None),
        corner(&[0; 12], 300, Some(&[0.0; 12])),
    ];
    for d in [1, 2, 3, 4, 9] {
        figures.push(ranks("ranks", &rank_data(d), &parameters(&vec![0; d])));
        figures.push(coverage(
            "coverage",
            &coverage_data(d),
            &parameters(&vec![0; d]),
        ));
    }
    for kinds in [&[0][..], &[1, 2], &[3, 4, 5, 6, 7], &[0; 17]] {
        let data = recovery_data(kinds);
        figures.push(recovery("recovery", &data, &parameters(kinds)));
    }
    for (n, observed) in [(1, 0.5), (2, 1e9), (4, -3.0)] {
        let data = misspecification_data(n, observed);
        figures.push(misspecification("misspecification", &data));
    }
    for mass in [0.0, 0.97, 1.0] {
        figures.push(conformal("conformal", &conformal_data(mass)));
    }
    for gain in [1e-6, 0.3, 1000.0] {
        figures.push(learning_curve("learning_curve", &learning_data(gain)));
    }
    for n in [1, 3, 12, 13, 100, 2000] {
        let posterior = predictive_data(n, PredictiveKind::Posterior);
        let prior = predictive_data(n, PredictiveKind::Prior);
        figures.push(predictive("predictive", &posterior, Some(&prior)));
        figures.push(predictive("predictive", &posterior, None));
    }
    for shape in [[4, 5], [28, 28], [100, 20]] {
        let posterior = predictive_data(shape[0] * shape[1], PredictiveKind::Posterior);
        let image = predictive_image("predictive-image", &posterior.shaped(&shape));
        figures.push(image.expect("the data are an image"));
    }
    for n in [0, 1, 2, 7, 400] {
        figures.push(training("training", &vec![loss_curve(n); 1 + n % 3]));
    }
    figures
}

/// The places of all texts: left, top, right, bottom.
fn texts(group: &usvg::Group) -> Vec<(String, [f64; 4])> {
    let mut found = Vec::new();
    for node in group.children() {
        match node {
            usvg::Node::Group(inner) => found.extend(texts(inner)),
            usvg::Node::Text(text) => {
                let place = text.abs_bounding_box();
                let sides = [place.left(), place.top(), place.right(), place.bottom()];
                let chunks = text.chunks().iter().map(usvg::TextChunk::text);
                found.push((chunks.collect(), sides.map(f64::from)));
            }
            _ => {}
        }
    }
    found
}

#[test]
fn no_text_leaves_its_figure_or_touches_another() {
    let options = usvg::Options {
        fontdb: font::database(),
        dpi: 72.0,
        ..usvg::Options::default()
    };
    for figure in FIGURES.iter() {
        let tree = usvg::Tree::from_str(&figure.svg, &options).unwrap();
        let (width, height) = (tree.size().width(), tree.size().height());
        let texts = texts(tree.root());
        assert!(!texts.is_empty(), "{}", figure.name);
        for (i, (text, a)) in texts.iter().enumerate() {
            let inside =
                a[0] >= 0.0 && a[1] >= 0.0 && a[2] <= f64::from(width) && a[3] <= f64::from(height);
            assert!(
                inside,
                "{}: `{text}` at {a:?} of {width} × {height}",
                figure.name
            );
            for (other, b) in &texts[i + 1..] {
                // Boxes reach from ascender to descender; ink of neighbouring lines does not.
                let slack = 0.3 * (a[3] - a[1]).min(b[3] - b[1]);
                let across = a[2].min(b[2]) - a[0].max(b[0]);
                let down = a[3].min(b[3]) - a[1].max(b[1]);
                let touch = across > 0.3 && down > slack;
                assert!(
                    !touch,
                    "{}: `{text}` {a:?} and `{other}` {b:?}",
                    figure.name
                );
            }
        }
    }
}

#[test]
fn figures_are_well_formed_and_the_same_every_time() {
    for (figure, again) in FIGURES.iter().zip(every_figure()) {
        assert_eq!(figure, &again);
        usvg::roxmltree::Document::parse(&figure.svg).unwrap();
        assert!(!figure.svg.contains("NaN") && !figure.svg.contains("inf"));
        assert!(figure.caption.len() > 40 && figure.alt.len() > 20);
    }
}

#[test]
fn a_corner_plot_names_its_contours_and_fits_a_column() {
    let figure = corner(&[0, 7], 500, None);
    assert!(figure.caption.contains("enclose 68 % and 95 %"));
    let image = resvg::tiny_skia::Pixmap::decode_png(&figure.png().unwrap()).unwrap();
    assert_eq!(image.width(), 1020, "3.4 inches at 300 dots an inch");
}

#[test]
fn a_corner_plot_without_draws_or_with_wrong_counts_is_refused() {
    let draws = samples(&[0, 7], 50);
    let mut corner = Corner {
        name: "corner",
        parameters: &parameters(&[0, 7]),
        posteriors: &[Overlay {
            name: "posterior",
            samples: &draws,
        }],
        limits: &[FREE; 2],
        truth: None,
        prior: None,
    };
    assert!(corner.figure().is_ok());
    corner.truth = Some(&[1.0]);
    assert!(
        corner
            .figure()
            .unwrap_err()
            .to_string()
            .contains("reference values")
    );
    corner.truth = None;
    corner.limits = &[FREE; 3];
    assert!(corner.figure().is_err());
    corner.limits = &[FREE; 2];
    let nothing = Samples::from_rows(["a", "b"], vec![f64::NAN; 8]).unwrap();
    let posteriors = [Overlay {
        name: "broken",
        samples: &nothing,
    }];
    corner.posteriors = &posteriors;
    assert!(corner.figure().unwrap_err().to_string().contains("broken"));
}

fn compared(hostile: &str) -> ComparisonReport {
    let draws = samples(&[0], 500);
    ComparisonReport {
        reference: hostile.to_string(),
        methods: vec![ComparedMethod {
            method: hostile.to_string(),
            verdict: Word::Caution,
            seconds: 1.0,
            simulations: 7,
            report: hostile.to_string(),
        }],
        observations: vec![ObservationComparison {
            name: hostile.to_string(),
            posteriors: vec![ComparedPosterior {
                method: hostile.to_string(),
                c2st: Some(0.5),
                shift: 0.1,
                summaries: draws.summary(),
            }],
            figures: vec![intervals(
                "comparison-intervals",
                &[Parameter::named("p_0")],
                &[Compared {
                    name: hostile,
                    summaries: &draws.summary(),
                }],
            )],
        }],
    }
}

fn report() -> ReportInput {
    let hostile = "</p><script>alert('x')</script>\"&";
    let draws = samples(&[0, 7], 500);
    let check = |status| Check {
        name: hostile.to_string(),
        statistic: f64::NAN,
        interval: Some([0.0, f64::INFINITY]),
        p_value: None,
        threshold: None,
        status,
        explanation: hostile.to_string(),
    };
    ReportInput {
        title: hostile.to_string(),
        description: Some(hostile.to_string()),
        verdict: Verdict {
            verdict: Word::Failed,
            reasons: vec![hostile.to_string()],
            checks: vec![check(CheckStatus::Passed), check(CheckStatus::Failed)],
        },
        warnings: vec![hostile.to_string()],
        parameters: vec![ParameterRow {
            parameter: Parameter {
                name: "p_0".to_string(),
                label: Some(hostile.to_string()),
                unit: Some(hostile.to_string()),
            },
            prior: hostile.to_string(),
        }],
        study: vec![Fact::new(hostile, hostile)],
        observations: vec![ObservationReport {
            name: hostile.to_string(),
            summaries: draws.summary(),
            truth: Some(vec![0.0]),
            maximum: None,
            tables: Vec::new(),
            facts: vec![Fact::new(hostile, hostile)],
            figures: vec![corner(&[0, 7], 500, None)],
        }],
        comparison: Some(compared(hostile)),
        check_figures: vec![coverage("coverage", &coverage_data(2), &[])],
        check_tables: Vec::new(),
        training: Vec::new(),
        training_figures: Vec::new(),
        search: None,
        reproduce: vec![Fact::new(hostile, hostile)],
        command: hostile.to_string(),
        citations: vec![hostile.to_string()],
    }
}

#[test]
fn the_report_is_one_safe_file_that_loads_nothing() {
    let html = report().html();
    assert!(!html.contains("<script") && !html.contains("alert('x')"));
    let outside = [
        "<link", "<img", "<iframe", "@import", "src=", "href=", "url(http",
    ];
    for forbidden in outside {
        assert!(!html.contains(forbidden), "{forbidden}");
    }
    let mut addresses: Vec<&str> = html.split("http").skip(1).map(|rest| &rest[..20]).collect();
    addresses.dedup();
    assert!(
        addresses
            .iter()
            .all(|a| a.starts_with("://www.w3.org/2000/") || a.starts_with("-equiv"))
    );
    assert!(html.contains("<span class=\"sign\" aria-hidden=\"true\">✗</span>Failed"));
    assert!(!html.contains("id=\"training\""), "nothing was trained");
}

#[test]
fn every_element_of_the_report_is_closed() {
    // The page is written as XML apart from the document type and the `meta` elements.
    let html = report().html();
    let body = html
        .split_once("<body>")
        .unwrap()
        .1
        .split_once("</body>")
        .unwrap()
        .0;
    let document = format!("<body>{body}</body>");
    let document = usvg::roxmltree::Document::parse(&document).unwrap();
    let mut ids: Vec<&str> = document
        .descendants()
        .filter_map(|n| n.attribute("id"))
        .collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all, "identifiers are unique");
    for section in document.descendants().filter(|n| n.has_tag_name("section")) {
        assert!(ids.contains(&section.attribute("aria-labelledby").unwrap()));
    }
    let pictures = document
        .descendants()
        .filter(|n| n.attribute("role") == Some("img"));
    assert!(
        pictures
            .filter(|n| n.attribute("aria-label").is_some())
            .count()
            == 3
    );
    let first = document
        .descendants()
        .find(|n| n.attribute("class") == Some("status failed"));
    let passed = document
        .descendants()
        .find(|n| n.attribute("class") == Some("status trusted"));
    assert!(
        first.unwrap().range().start < passed.unwrap().range().start,
        "failures come first"
    );
}

#[test]
fn the_report_is_written_to_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.html");
    report().write(&path).unwrap();
    assert_eq!(std::fs::read_to_string(path).unwrap(), report().html());
}
