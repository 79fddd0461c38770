//! What holds for every figure, hard cases included.

mod data;
mod html;

use std::sync::LazyLock;

use data::{
    FREE, conformal_data, corner, coverage_data, learning_data, loss_curve, misspecification_data,
    parameters, predictive_data, rank_data, recovery_data, samples,
};
use resvg::usvg;

use crate::Samples;
use crate::check::PredictiveKind;
use crate::report::*;

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
