//! Posterior means of test simulations against their true parameters.

use crate::check::{Recovered, Recovery};
use crate::prior::Parameter;

use super::axes::{self, LABEL_SIZE, NOTE_SIZE, Panel};
use super::figure::{Figure, PAGE};
use super::font;
use super::label::Label;
use super::palette::Ink;
use super::svg::{Anchor, Area, Drawing, Fill, Pen, TextStyle};

const EDGE: f64 = 3.0;
const GAP: f64 = 30.0;
const COLUMNS: usize = 4;
const TITLE: f64 = 20.0;
/// More test simulations than this would hide each other.
const MOST_POINTS: usize = 300;
/// More parameters than this do not fit a page.
const MOST_PANELS: usize = 16;

/// One panel a parameter: the posterior mean with a bar of one sd to each side, against the true value.
pub fn recovery(name: &str, recovery: &Recovery, parameters: &[Parameter]) -> Figure {
    let shown = &recovery.parameters[..recovery.parameters.len().min(MOST_PANELS)];
    let columns = shown.len().clamp(2, COLUMNS);
    let left = EDGE + LABEL_SIZE + 20.0;
    let side = (PAGE - left - EDGE - 5.0 - GAP * (COLUMNS - 1) as f64) / COLUMNS as f64;
    let block = TITLE + side + axes::X_TICKS_HEIGHT + LABEL_SIZE + axes::NOTE_LINE + 6.0;
    let rows = shown.len().div_ceil(columns);
    let width = left + columns as f64 * (side + GAP) - GAP + EDGE + 5.0;
    let mut drawing = Drawing::new(name, width, rows as f64 * block + EDGE);
    for (i, recovered) in shown.iter().enumerate() {
        let area = Area {
            left: left + (i % columns) as f64 * (side + GAP),
            top: EDGE + (i / columns) as f64 * block + TITLE,
            width: side,
            height: side,
        };
        let parameter = parameters.iter().find(|p| p.name == recovered.name);
        let title = parameter.map_or_else(|| Label::plain(&recovered.name), Label::of);
        draw(&mut drawing, area, recovered, &title);
        if i % columns == 0 {
            let panel = panel(area, recovered);
            let x = EDGE + LABEL_SIZE * font::CAP_HEIGHT;
            panel.y_label(&mut drawing, &Label::plain("posterior mean ± sd"), x, None);
        }
    }
    let alt = alt(recovery);
    Figure {
        name: name.to_string(),
        svg: drawing.finish(&alt),
        caption: caption(recovery),
        alt,
    }
}

fn panel(area: Area, recovered: &Recovered) -> Panel {
    let values = recovered.truth.iter().chain(&recovered.mean).copied();
    let range = axes::range_of(values).unwrap_or([0.0, 1.0]);
    let range = axes::widened(range, 0.04);
    Panel {
        area,
        x: range,
        y: range,
    }
}

fn draw(drawing: &mut Drawing, area: Area, recovered: &Recovered, title: &Label) {
    let panel = panel(area, recovered);
    let middle = area.left + 0.5 * area.width;
    let heading = TextStyle::new(LABEL_SIZE, Ink::Text).anchored(Anchor::Middle);
    let name = title.fit(area.width, LABEL_SIZE);
    drawing.text((middle, area.top - NOTE_SIZE - 6.0), &name, heading);
    let note = TextStyle::new(NOTE_SIZE, Ink::Muted).anchored(Anchor::Middle);
    let words = format!("contraction {:.2}", recovered.contraction);
    drawing.text((middle, area.top - 4.0), &Label::plain(&words), note);
    let diagonal = Pen::solid(Ink::Muted, 0.6).dashed(2.0, 1.6);
    let [low, high] = panel.x;
    drawing.line(panel.at((low, low)), panel.at((high, high)), diagonal);
    let step = recovered.truth.len().div_ceil(MOST_POINTS).max(1);
    let bar = Pen::solid(Ink::Series(0), 0.5).faint(0.35);
    let rows = || (0..recovered.truth.len()).step_by(step);
    for i in rows() {
        let (x, y, sd) = (recovered.truth[i], recovered.mean[i], recovered.sd[i]);
        let inside = |v: f64| v.clamp(low, high);
        drawing.line(
            panel.at((x, inside(y - sd))),
            panel.at((x, inside(y + sd))),
            bar,
        );
    }
    for i in rows() {
        let at = panel.at((recovered.truth[i], recovered.mean[i]));
        drawing.dot(at, 1.0, Fill::of(Ink::Series(0), 0.9), None);
    }
    let ticks = panel.x_ticks(4, 5.0);
    panel.x_axis(drawing, &ticks, true);
    panel.y_axis(drawing, &panel.y_ticks(4, 3.0), true);
    let below = axes::X_TICKS_HEIGHT + 3.0;
    // Both axes have the same range, so the note holds for both.
    let note = ticks.note.as_deref();
    panel.x_label(drawing, &Label::plain("true value"), below, note);
}

fn caption(recovery: &Recovery) -> String {
    let n = recovery.parameters.first().map_or(0, |p| p.truth.len());
    let shown = n.div_ceil(n.div_ceil(MOST_POINTS).max(1));
    let few = if shown < n {
        format!(" ({shown} of them are drawn)")
    } else {
        String::new()
    };
    let left_out = recovery.parameters.len().saturating_sub(MOST_PANELS);
    let more = if left_out > 0 {
        format!(" {left_out} more parameters are in `checks/recovery.json`.")
    } else {
        String::new()
    };
    format!(
        "Recovery: the posterior mean, with a bar of one posterior standard deviation to each side, against the true value, for {n} test simulations{few}. Contraction is the share of the prior's variance that the data remove: near 1 they fix the parameter, near 0 they say nothing about it, and all means lie at the prior's.{more}"
    )
}

fn alt(recovery: &Recovery) -> String {
    let each = recovery.parameters.iter().map(|p| {
        format!(
            "{}: correlation {:.2}, contraction {:.2}",
            p.name, p.correlation, p.contraction
        )
    });
    let each: Vec<String> = each.collect();
    format!("Posterior means against true values. {}.", each.join("; "))
}
