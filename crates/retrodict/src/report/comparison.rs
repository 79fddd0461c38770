//! Several posteriors side by side: the intervals of each parameter.

use crate::prior::Parameter;
use crate::samples::Summary;

use super::axes::{self, LABEL_SIZE, Panel, TICK_SIZE};
use super::figure::{COLUMN, Figure, PAGE};
use super::font;
use super::label::Label;
use super::palette::Ink;
use super::svg::{Anchor, Area, Drawing, Fill, Pen, TextStyle};

const EDGE: f64 = 3.0;
/// The height of one method's row.
const ROW: f64 = 12.0;
const BETWEEN: f64 = 16.0;
/// Panels beside each other, on a page.
const MOST_COLUMNS: usize = 4;

/// One method's posterior in numbers.
#[derive(Debug, Clone, Copy)]
pub struct Compared<'a> {
    /// What it is called.
    pub name: &'a str,
    /// One summary a parameter, in the order of the parameters.
    pub summaries: &'a [Summary],
}

/// For each parameter a panel, and in it for each method a row: the median, the central 68 % interval
/// and the central 95 % interval. The first method's median runs through all rows.
pub fn intervals(name: &str, parameters: &[Parameter], methods: &[Compared<'_>]) -> Figure {
    let columns = parameters.len().clamp(1, MOST_COLUMNS);
    let rows = parameters.len().div_ceil(columns);
    let names = methods.iter().map(|m| font::width(m.name, TICK_SIZE));
    let left = EDGE + names.fold(12.0, f64::max).min(90.0) + 6.0;
    let sheet = if columns > 1 { PAGE } else { COLUMN };
    let width = (sheet - left - EDGE - 6.0 - BETWEEN * (columns - 1) as f64) / columns as f64;
    let height = ROW * methods.len() as f64;
    let below = axes::X_TICKS_HEIGHT + 3.0 + LABEL_SIZE + axes::NOTE_LINE + 6.0;
    let total = 2.0 * EDGE + rows as f64 * (height + below);
    let mut drawing = Drawing::new(name, sheet, total);
    for (j, parameter) in parameters.iter().enumerate() {
        let (column, row) = (j % columns, j / columns);
        let area = Area {
            left: left + column as f64 * (width + BETWEEN),
            top: EDGE + row as f64 * (height + below),
            width,
            height,
        };
        let summaries: Vec<&Summary> = methods.iter().map(|m| &m.summaries[j]).collect();
        let panel = Panel {
            area,
            x: range(&summaries),
            y: [methods.len() as f64, 0.0],
        };
        draw_panel(&mut drawing, &panel, &summaries, parameter);
        if column == 0 {
            draw_names(&mut drawing, &panel, methods);
        }
    }
    let alt = alt(parameters, methods);
    Figure {
        name: name.to_string(),
        svg: drawing.finish(&alt),
        caption: "Posterior of each parameter by each method: median (gap), central 68 % interval (thick) and \
                  central 95 % interval (thin). The dotted line is the median of the first method."
            .to_string(),
        alt,
    }
}

fn range(summaries: &[&Summary]) -> [f64; 2] {
    let ends = summaries.iter().flat_map(|s| s.interval_95);
    axes::range_of(ends).map_or([0.0, 1.0], |range| axes::widened(range, 0.06))
}

fn draw_panel(drawing: &mut Drawing, panel: &Panel, summaries: &[&Summary], parameter: &Parameter) {
    let middle = panel.at_x(summaries[0].median);
    let (top, bottom) = (panel.area.top, panel.area.bottom());
    let pen = Pen::solid(Ink::Muted, 0.6).dashed(0.8, 1.6);
    drawing.line((middle, top), (middle, bottom), pen);
    for (i, summary) in summaries.iter().enumerate() {
        let (y, ink) = (panel.at_y(i as f64 + 0.5), Ink::Series(i));
        let bar = |[low, high]: [f64; 2], height: f64| Area {
            left: panel.at_x(low),
            top: y - 0.5 * height,
            width: (panel.at_x(high) - panel.at_x(low)).max(0.8),
            height,
        };
        drawing.rectangle(bar(summary.interval_95, 1.8), Fill::of(ink, 0.6));
        drawing.rectangle(bar(summary.interval_68, 5.4), Fill::of(ink, 0.9));
        let x = panel.at_x(summary.median);
        drawing.line((x, y - 2.7), (x, y + 2.7), Pen::solid(Ink::Paper, 0.9));
    }
    let ticks = panel.x_ticks(4, 8.0);
    panel.x_axis(drawing, &ticks, true);
    let below = axes::X_TICKS_HEIGHT + 3.0;
    panel.x_label(
        drawing,
        &Label::with_unit(parameter),
        below,
        ticks.note.as_deref(),
    );
}

fn draw_names(drawing: &mut Drawing, panel: &Panel, methods: &[Compared<'_>]) {
    let style = TextStyle::new(TICK_SIZE, Ink::Text).anchored(Anchor::End);
    for (i, method) in methods.iter().enumerate() {
        let baseline = panel.at_y(i as f64 + 0.5) + 0.5 * font::CAP_HEIGHT * TICK_SIZE;
        let label = Label::plain(method.name).fit(panel.area.left - EDGE - 5.0, TICK_SIZE);
        drawing.text((panel.area.left - 5.0, baseline), &label, style);
    }
}

fn alt(parameters: &[Parameter], methods: &[Compared<'_>]) -> String {
    let names: Vec<&str> = methods.iter().map(|m| m.name).collect();
    format!(
        "Intervals of {} parameters by {} methods: {}.",
        parameters.len(),
        methods.len(),
        names.join(", ")
    )
}
