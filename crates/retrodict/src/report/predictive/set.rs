//! Sets of independent trials: how each feature is distributed over them.

use crate::check::{PredictedDistribution, PredictedSet};
use crate::report::axes::{self, LABEL_SIZE, Panel};
use crate::report::contour::simplify;
use crate::report::figure::{COLUMN, Figure, PAGE};
use crate::report::font;
use crate::report::label::Label;
use crate::report::legend::{self, Entry, Key};
use crate::report::palette::Ink;
use crate::report::svg::{Area, Drawing, Fill, Pen};

const EDGE: f64 = 3.0;
const GAP: f64 = 10.0;
const HEIGHT: f64 = 84.0;
const MOST_COLUMNS: usize = 3;

/// The share of trials at or below each value: of the observed ones, and of those simulated at draws from their
/// posterior. One panel a feature.
pub fn predictive_set(name: &str, found: &PredictedSet) -> Figure {
    let n = found.distributions.len();
    let n_columns = n.clamp(1, MOST_COLUMNS);
    let width = if n_columns < 3 { COLUMN } else { PAGE };
    let entries = entries();
    let keys = legend::row_lines(&entries, width - 2.0 * EDGE) as f64 * legend::LINE;
    let block = HEIGHT + axes::X_TICKS_HEIGHT + 3.0 + LABEL_SIZE + GAP;
    let height = EDGE + keys + 3.0 + n.div_ceil(n_columns) as f64 * block - GAP + EDGE;
    let mut drawing = Drawing::new(name, width, height);
    legend::row(&mut drawing, &entries, EDGE, EDGE, width - 2.0 * EDGE);
    let left = EDGE + LABEL_SIZE + 3.0 + axes::y_ticks_width(&["0.00".to_string()]);
    let each = (width - left - EDGE - 5.0 + GAP) / n_columns as f64;
    for (i, distribution) in found.distributions.iter().enumerate() {
        let column = i % n_columns;
        let area = Area {
            left: left + column as f64 * each,
            top: EDGE + keys + 3.0 + (i / n_columns) as f64 * block,
            width: each - GAP,
            height: HEIGHT,
        };
        draw(&mut drawing, area, distribution, column == 0);
    }
    let alt = alt(found);
    Figure {
        name: name.to_string(),
        svg: drawing.finish(&alt),
        caption: format!(
            "The {} observed trials together (black) and {} sets of as many, each simulated at one draw from their posterior \
             (blue: median, 68 % and 95 % bands): the share of trials at or below each value.",
            found.n_trials, found.n_replicates
        ),
        alt,
    }
}

fn draw(drawing: &mut Drawing, area: Area, found: &PredictedDistribution, first: bool) {
    let ends = [found.points[0], found.points[found.points.len() - 1]];
    let panel = Panel {
        area,
        x: axes::widened(ends, 0.02),
        y: [0.0, 1.0],
    };
    let ink = Ink::Series(0);
    drawing.clipped(area, |drawing| {
        for ([low, high], strength) in [([0, 4], 0.25), ([1, 3], 0.4)] {
            let edge = |q: usize| {
                let points = found.points.iter().zip(&found.quantiles);
                points.map(move |(x, quantiles)| (*x, quantiles[q]))
            };
            let mut outline: Vec<(f64, f64)> = edge(high).collect();
            let lower: Vec<(f64, f64)> = edge(low).collect();
            outline.extend(lower.into_iter().rev());
            let outline = simplify(&panel.all(&outline), 0.03);
            drawing.loops(&[outline], Some(Fill::of(ink, strength)), None);
        }
        let curve = |value: &dyn Fn(usize) -> f64| -> Vec<(f64, f64)> {
            let points = found.points.iter().enumerate();
            let points: Vec<(f64, f64)> = points.map(|(k, x)| (*x, value(k))).collect();
            simplify(&panel.all(&points), 0.03)
        };
        let median = curve(&|k| found.quantiles[k][2]);
        drawing.polyline(&median, Pen::solid(ink, 1.0));
        let observed = curve(&|k| found.observed[k]);
        drawing.polyline(&observed, Pen::solid(Ink::Text, 1.0));
    });
    panel.x_axis(drawing, &panel.x_ticks(5, 5.0), true);
    panel.y_axis(drawing, &panel.y_ticks(5, 3.0), first);
    let below = axes::X_TICKS_HEIGHT + 3.0;
    panel.x_label(drawing, &Label::plain(&found.name), below, None);
    if first {
        let x = EDGE + LABEL_SIZE * font::CAP_HEIGHT;
        panel.y_label(drawing, &Label::plain("share of trials"), x, None);
    }
}

fn entries() -> Vec<Entry> {
    vec![
        Entry::new(Key::Line(Pen::solid(Ink::Text, 1.0)), "observed"),
        Entry::new(Key::Area(Ink::Series(0)), "posterior predictive"),
    ]
}

fn alt(found: &PredictedSet) -> String {
    let inside = |d: &&PredictedDistribution| {
        let mut both = d.observed.iter().zip(&d.quantiles);
        both.all(|(o, q)| (q[0]..=q[4]).contains(o))
    };
    let n = found.distributions.iter().filter(inside).count();
    format!(
        "Distributions over {} trials: {n} of {} stay inside the 95 % band of simulated sets everywhere.",
        found.n_trials,
        found.distributions.len()
    )
}
