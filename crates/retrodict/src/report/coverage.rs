//! Expected coverage: how often credible regions hold the truth.

use crate::check::ExpectedCoverage;
use crate::prior::Parameter;

use super::axes::{self, LABEL_SIZE, Panel, TICK_SIZE};
use super::contour::simplify;
use super::figure::{COLUMN, Figure};
use super::font;
use super::label::Label;
use super::legend::{self, Entry, Key};
use super::palette::Ink;
use super::ranks::percent;
use super::svg::{Anchor, Area, Drawing, Fill, Pen, TextStyle};

/// With more parameters than this, their curves are not told apart by colour.
const MOST_COLOURS: usize = 5;
const EDGE: f64 = 3.0;

/// The share of test simulations whose credible region holds the truth, against the credible
/// level: for the joint posterior and for each parameter, with the band in which the curve of a
/// right posterior stays.
pub fn coverage(name: &str, expected: &ExpectedCoverage, parameters: &[Parameter]) -> Figure {
    let entries = entries(expected, parameters);
    let left = EDGE + LABEL_SIZE + 3.0 + axes::y_ticks_width(&["0.0".to_string()]);
    let width = COLUMN - left - EDGE - 5.0;
    let keys = legend::row_lines(&entries, width) as f64 * legend::LINE;
    let panel = Panel {
        area: Area {
            left,
            top: EDGE + keys + 4.0,
            width,
            height: 0.86 * width,
        },
        x: [0.0, 1.0],
        y: [0.0, 1.0],
    };
    let height = panel.area.bottom() + axes::X_TICKS_HEIGHT + 3.0 + LABEL_SIZE + EDGE;
    let mut drawing = Drawing::new(name, COLUMN, height);
    legend::row(&mut drawing, &entries, left, EDGE, width);
    draw_band(&mut drawing, &panel, expected);
    draw_words(&mut drawing, &panel);
    for (i, curve) in expected.marginals.iter().enumerate() {
        draw_curve(
            &mut drawing,
            &panel,
            &expected.levels,
            &curve.coverage,
            marginal_pen(expected, i),
        );
    }
    for (curve, pen) in [
        (&expected.reference_points, reference_points_pen()),
        (&expected.joint, joint_pen()),
    ] {
        draw_curve(&mut drawing, &panel, &expected.levels, &curve.coverage, pen);
    }
    panel.x_axis(&mut drawing, &panel.x_ticks(6, 5.0), true);
    panel.y_axis(&mut drawing, &panel.y_ticks(6, 3.0), true);
    let below = axes::X_TICKS_HEIGHT + 3.0;
    panel.x_label(&mut drawing, &Label::plain("credible level"), below, None);
    let x = EDGE + LABEL_SIZE * font::CAP_HEIGHT;
    panel.y_label(
        &mut drawing,
        &Label::plain("share that holds the truth"),
        x,
        None,
    );
    let alt = alt(expected);
    Figure {
        name: name.to_string(),
        svg: drawing.finish(&alt),
        caption: caption(expected),
        alt,
    }
}

fn joint_pen() -> Pen {
    Pen::solid(Ink::Series(0), 1.6)
}

fn reference_points_pen() -> Pen {
    Pen::solid(Ink::Series(0), 1.2).dashed(4.0, 2.0)
}

fn marginal_pen(expected: &ExpectedCoverage, i: usize) -> Pen {
    if expected.marginals.len() > MOST_COLOURS {
        Pen::solid(Ink::Muted, 0.6).faint(0.7)
    } else {
        Pen::solid(Ink::Series(i + 1), 0.9)
    }
}

fn entries(expected: &ExpectedCoverage, parameters: &[Parameter]) -> Vec<Entry> {
    let mut entries = vec![
        Entry::new(Key::Line(joint_pen()), "joint"),
        Entry::new(Key::Line(reference_points_pen()), "reference points (TARP)"),
    ];
    if expected.marginals.len() > MOST_COLOURS {
        entries.push(Entry::new(
            Key::Line(marginal_pen(expected, 0)),
            "each parameter",
        ));
    } else {
        for (i, curve) in expected.marginals.iter().enumerate() {
            let parameter = parameters.iter().find(|p| p.name == curve.name);
            let label = parameter.map_or_else(|| Label::plain(&curve.name), Label::of);
            entries.push(Entry {
                key: Key::Line(marginal_pen(expected, i)),
                label,
            });
        }
    }
    let share = percent(expected.band_level);
    entries.push(Entry::new(
        Key::Band(Ink::Quiet, 0.3),
        &format!("{share} band"),
    ));
    entries
}

fn draw_band(drawing: &mut Drawing, panel: &Panel, expected: &ExpectedCoverage) {
    let edge = |values: &[f64]| -> Vec<(f64, f64)> {
        let inside = expected.levels.iter().copied().zip(values.iter().copied());
        std::iter::once((0.0, 0.0))
            .chain(inside)
            .chain([(1.0, 1.0)])
            .collect()
    };
    let mut outline = edge(&expected.upper);
    outline.extend(edge(&expected.lower).into_iter().rev());
    let outline = simplify(&panel.all(&outline), 0.03);
    drawing.loops(&[outline], Some(Fill::of(Ink::Quiet, 0.3)), None);
    let pen = Pen::solid(Ink::Muted, 0.6).dashed(2.0, 1.6);
    drawing.line(panel.at((0.0, 0.0)), panel.at((1.0, 1.0)), pen);
}

fn draw_curve(drawing: &mut Drawing, panel: &Panel, levels: &[f64], coverage: &[f64], pen: Pen) {
    let inside = levels.iter().copied().zip(coverage.iter().copied());
    let points: Vec<(f64, f64)> = std::iter::once((0.0, 0.0))
        .chain(inside)
        .chain([(1.0, 1.0)])
        .collect();
    drawing.polyline(&simplify(&panel.all(&points), 0.03), pen);
}

fn draw_words(drawing: &mut Drawing, panel: &Panel) {
    let style = TextStyle::new(TICK_SIZE, Ink::Muted);
    let above = panel.at((0.03, 0.93));
    drawing.text(above, &Label::plain("posterior too wide"), style);
    let below = panel.at((0.97, 0.05));
    let words = Label::plain("posterior too narrow");
    drawing.text(below, &words, style.anchored(Anchor::End));
}

fn caption(expected: &ExpectedCoverage) -> String {
    format!(
        "Expected coverage from {} test simulations: the share of them whose credible region holds the true value, against the credible level; highest-density regions of the joint posterior, balls about points chosen by the data (TARP), and central intervals of each parameter. The curve of a right posterior stays inside the grey band everywhere with a probability of {}. Below the diagonal the posterior is too narrow (over-confident), above it too wide (cautious).",
        expected.n_test,
        percent(expected.band_level),
    )
}

fn alt(expected: &ExpectedCoverage) -> String {
    let at = expected.joint.at.iter().map(|at| {
        format!(
            "{} at credible level {}",
            percent(at.coverage),
            percent(at.level)
        )
    });
    let at: Vec<String> = at.collect();
    format!("Coverage of the joint posterior: {}.", at.join(", "))
}
