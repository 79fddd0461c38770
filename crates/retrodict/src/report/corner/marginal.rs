//! The diagonal of a corner plot: one parameter.

use crate::report::axes::{LABEL_SIZE, Panel};
use crate::report::density::{self, Shape};
use crate::report::font;
use crate::report::label::{Label, SCRIPT_SIZE, Script};
use crate::report::palette::Ink;
use crate::report::svg::{Anchor, Drawing, Fill, Pen, TextStyle};
use crate::report::ticks::{Estimate, superscript};

use super::draws::Draws;
use super::layout::{Layout, TITLE};
use super::{Corner, truth_pen};

/// The density of one posterior, ready to be drawn at a common height.
pub(super) enum Curve {
    Line(Vec<(f64, f64)>),
    Bars(Vec<(f64, f64)>),
    /// All draws are equal.
    Spike(f64),
}

impl Curve {
    pub(super) fn of(draws: &Draws, j: usize) -> Self {
        match draws.shape(j) {
            Shape::Constant(value) => Self::Spike(value.unwrap_or(f64::NAN)),
            Shape::Discrete(levels) => Self::Bars(levels.clone()),
            Shape::Continuous => {
                let found = density::density(draws.column(j), &draws.weights, draws.limits(j));
                Self::Line(found.curve())
            }
        }
    }

    pub(super) fn peak(&self) -> f64 {
        match self {
            Self::Line(points) | Self::Bars(points) => points.iter().fold(0.0, |a, p| p.1.max(a)),
            Self::Spike(_) => 0.0,
        }
    }
}

/// Draws the panel of parameter `j`.
pub(super) fn draw(
    drawing: &mut Drawing,
    corner: &Corner<'_>,
    layout: &Layout,
    posteriors: &[Draws],
    prior: Option<&Draws>,
    j: usize,
) {
    let curves: Vec<Curve> = posteriors.iter().map(|draws| Curve::of(draws, j)).collect();
    let prior = prior.map(|draws| Curve::of(draws, j));
    let mut panel = layout.panel(j, j);
    let peak = curves.iter().map(Curve::peak).fold(0.0, f64::max);
    panel.y = [0.0, if peak > 0.0 { 1.08 * peak } else { 1.0 }];
    drawing.clipped(panel.area, |drawing| {
        if let Some(prior) = &prior {
            draw_line(drawing, &panel, prior, prior_pen());
        }
        for (i, (curve, draws)) in curves.iter().zip(posteriors).enumerate() {
            let alone = posteriors.len() == 1;
            draw_curve(
                drawing,
                &panel,
                curve,
                Ink::Series(i),
                alone.then_some((draws, j)),
            );
        }
    });
    if let Some(truth) = layout.visible_truth(corner, j) {
        let x = panel.at_x(truth);
        drawing.line((x, panel.area.bottom()), (x, panel.area.top), truth_pen());
    }
    if posteriors.len() == 1 {
        draw_title(drawing, corner, layout, posteriors, j);
    }
}

/// How the prior is drawn.
pub(super) fn prior_pen() -> Pen {
    Pen::solid(Ink::Quiet, 1.0)
}

fn draw_line(drawing: &mut Drawing, panel: &Panel, curve: &Curve, pen: Pen) {
    match curve {
        Curve::Line(points) => {
            // Down to the axis at both ends: at a bound the density stops, it does not fade.
            let first = points.first().map(|p| (p.0, 0.0));
            let last = points.last().map(|p| (p.0, 0.0));
            let closed: Vec<(f64, f64)> = first
                .into_iter()
                .chain(points.iter().copied())
                .chain(last)
                .collect();
            drawing.polyline(&thin(&panel.all(&closed)), pen);
        }
        Curve::Bars(levels) => {
            for &(value, share) in levels {
                drawing.line(panel.at((value, 0.0)), panel.at((value, share)), pen);
            }
        }
        Curve::Spike(value) => {
            let x = panel.at_x(*value);
            drawing.line((x, panel.area.bottom()), (x, panel.area.top), pen);
        }
    }
}

pub(super) fn draw_curve(
    drawing: &mut Drawing,
    panel: &Panel,
    curve: &Curve,
    ink: Ink,
    alone: Option<(&Draws, usize)>,
) {
    if let Curve::Line(points) = curve {
        let all = [f64::NEG_INFINITY, f64::INFINITY];
        fill(drawing, panel, points, all, Fill::of(ink, 0.14));
        if let Some((draws, j)) = alone {
            let [low, median, high] = draws.quantiles(j, [0.16, 0.5, 0.84]);
            fill(drawing, panel, points, [low, high], Fill::of(ink, 0.26));
            let top = height(points, median);
            drawing.line(
                panel.at((median, 0.0)),
                panel.at((median, top)),
                Pen::solid(ink, 0.8),
            );
        }
        draw_line(drawing, panel, curve, Pen::solid(ink, 1.1));
    } else {
        draw_line(drawing, panel, curve, Pen::solid(ink, 2.2).faint(0.85));
    }
}

/// Fills the area under the part of a curve between two values.
fn fill(drawing: &mut Drawing, panel: &Panel, points: &[(f64, f64)], within: [f64; 2], fill: Fill) {
    let [low, high] = within.map(|v| v.clamp(points[0].0, points[points.len() - 1].0));
    let inside = points.iter().copied().filter(|p| p.0 > low && p.0 < high);
    let mut outline = vec![(low, 0.0), (low, height(points, low))];
    outline.extend(inside);
    outline.extend([(high, height(points, high)), (high, 0.0)]);
    drawing.loops(&[thin(&panel.all(&outline))], Some(fill), None);
}

/// The height of a curve between its points.
fn height(points: &[(f64, f64)], at: f64) -> f64 {
    let after = points
        .partition_point(|p| p.0 < at)
        .clamp(1, points.len() - 1);
    let ((a, low), (b, high)) = (points[after - 1], points[after]);
    if b > a {
        low + (high - low) * (at - a) / (b - a)
    } else {
        high
    }
}

/// Fewer points, where no eye sees the difference.
fn thin(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    const INVISIBLE: f64 = 0.03;
    crate::report::contour::simplify(points, INVISIBLE)
}

/// Above the panel: the median and the 68 % interval, with the label if there is room for all.
fn draw_title(
    drawing: &mut Drawing,
    corner: &Corner<'_>,
    layout: &Layout,
    posteriors: &[Draws],
    j: usize,
) {
    let title = |j: usize, labelled: bool| {
        let label = labelled.then(|| Label::of(&corner.parameters[j]));
        Title::new(label, &posteriors[0].estimate(j))
    };
    let n = corner.parameters.len();
    let room = layout.panel(0, 0).area.width + 4.0;
    let labelled = (0..n).all(|i| title(i, true).width(LABEL_SIZE) <= room);
    let widest = (0..n)
        .map(|i| title(i, labelled).width(LABEL_SIZE))
        .fold(0.0, f64::max);
    let size = (LABEL_SIZE * room / widest).clamp(5.0, LABEL_SIZE);
    let panel = layout.panel(j, j);
    let middle = panel.area.left + 0.5 * panel.area.width;
    let baseline = panel.area.top - 0.5 * (TITLE - font::CAP_HEIGHT * LABEL_SIZE);
    title(j, labelled).draw(drawing, (middle, baseline), size);
}

/// `label = 0.80 ± 0.10`, or with the upper error over the lower one.
struct Title {
    start: Label,
    errors: Option<[String; 2]>,
    end: String,
}

impl Title {
    fn new(label: Option<Label>, estimate: &Estimate) -> Self {
        let mut start = label.unwrap_or_default();
        if !start.runs.is_empty() {
            start.push(Script::Normal, " = ");
        }
        let symmetric = estimate.plus == estimate.minus;
        let factor = estimate.exponent != 0;
        if factor {
            start.push(Script::Normal, "(");
        }
        start.push(Script::Normal, &estimate.centre);
        let mut end = String::new();
        if symmetric && estimate.plus != "0" {
            start.push(Script::Normal, &format!(" ± {}", estimate.plus));
        }
        if factor {
            end = format!(")×10{}", superscript(estimate.exponent));
        }
        let errors = [
            format!("+{}", estimate.plus),
            format!("−{}", estimate.minus),
        ];
        Self {
            start,
            errors: (!symmetric).then_some(errors),
            end,
        }
    }

    fn errors_width(&self, size: f64) -> f64 {
        let errors = self.errors.iter().flatten();
        errors
            .map(|e| font::width(e, SCRIPT_SIZE * size) + 0.08 * size)
            .fold(0.0, f64::max)
    }

    fn width(&self, size: f64) -> f64 {
        self.start.width(size) + self.errors_width(size) + font::width(&self.end, size)
    }

    fn draw(&self, drawing: &mut Drawing, (middle, baseline): (f64, f64), size: f64) {
        let style = TextStyle::new(size, Ink::Text);
        let small = TextStyle::new(SCRIPT_SIZE * size, Ink::Text);
        let left = middle - 0.5 * self.width(size);
        drawing.text((left, baseline), &self.start, style.anchored(Anchor::Start));
        let after = left + self.start.width(size);
        if let Some([plus, minus]) = &self.errors {
            let x = after + 0.08 * size;
            drawing.text((x, baseline - 0.42 * size), &Label::plain(plus), small);
            drawing.text((x, baseline + 0.22 * size), &Label::plain(minus), small);
        }
        if !self.end.is_empty() {
            let x = after + self.errors_width(size);
            drawing.text((x, baseline), &Label::plain(&self.end), style);
        }
    }
}
