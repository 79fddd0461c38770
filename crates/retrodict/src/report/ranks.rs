//! Simulation-based calibration: rank histograms and ECDF differences.

use crate::check::{EcdfBand, QuantityKind, RankUniformity, Ranks};
use crate::prior::Parameter;

use super::axes::{self, LABEL_SIZE, NOTE_SIZE, Panel};
use super::figure::{COLUMN, Figure, PAGE};
use super::font;
use super::label::{Label, Script};
use super::palette::Ink;
use super::svg::{Anchor, Area, Drawing, Fill, Pen, TextStyle};
use super::ticks::Ticks;

const EDGE: f64 = 3.0;
const GAP: f64 = 9.0;
const TITLE: f64 = 12.0;
const HISTOGRAM: f64 = 44.0;
const CURVE: f64 = 52.0;
const BETWEEN: f64 = 6.0;
/// The height of one row of titles, histograms and curves.
const BLOCK: f64 = TITLE + HISTOGRAM + BETWEEN + CURVE + axes::X_TICKS_HEIGHT + GAP;

/// Rank histograms with their binomial band, and below each the difference between the empirical
/// distribution function of the ranks and the diagonal, with its simultaneous band: one column of
/// panels a quantity.
///
/// Shown are the parameters, the log-density, and those pairs of parameters whose curve leaves the
/// band.
pub fn ranks(name: &str, uniformity: &RankUniformity, parameters: &[Parameter]) -> Figure {
    let shown: Vec<&Ranks> = uniformity
        .quantities
        .iter()
        .filter(|q| q.kind != QuantityKind::Pair || q.deviation > 1.0)
        .collect();
    let grid = Grid::new(shown.len(), uniformity, &shown);
    let outside: Vec<String> = shown
        .iter()
        .filter(|q| q.deviation > 1.0)
        .map(|q| title(q, parameters).text())
        .collect();
    let alt = if outside.is_empty() {
        format!(
            "Ranks of {} quantities: every curve stays inside its band.",
            shown.len()
        )
    } else {
        format!(
            "Ranks of {} quantities: outside the band are {}.",
            shown.len(),
            outside.join(", ")
        )
    };
    let mut drawing = Drawing::new(name, grid.width, grid.height);
    for (i, quantity) in shown.iter().enumerate() {
        grid.draw_histogram(
            &mut drawing,
            uniformity,
            quantity,
            &title(quantity, parameters),
            i,
        );
        grid.draw_curve(&mut drawing, &uniformity.band, quantity, i);
    }
    Figure {
        name: name.to_string(),
        svg: drawing.finish(&alt),
        caption: caption(uniformity, &shown),
        alt,
    }
}

fn caption(uniformity: &RankUniformity, shown: &[&Ranks]) -> String {
    let mut text = format!(
        "Simulation-based calibration with {} test simulations and {} posterior draws for each. Above: where the true value ranks among the draws; if the posterior is right, each bar lies in the grey band with a probability of 99 %. Below: the empirical distribution function of the ranks minus the diagonal; if the posterior is right, all curves stay inside the grey bands together with a probability of {}. A hump means a posterior that is too wide, a valley too narrow, a slope shifted. Orange: a quantity whose curve leaves its band.",
        uniformity.n_test,
        uniformity.n_draws,
        percent(uniformity.family_level),
    );
    if shown.iter().any(|q| q.kind == QuantityKind::Pair) {
        text += " Of the pairs of parameters, those outside their band are shown.";
    } else if uniformity.quantities.len() > shown.len() {
        text += " The pairs of parameters, which are not shown, all stay inside their bands.";
    }
    text
}

/// A share in percent, with no more digits than it has.
pub(super) fn percent(share: f64) -> String {
    // As many decimals as it takes to tell it from 100 %.
    let decimals = (1..=4)
        .find(|&n| 1.0 - share > 0.5 * 10.0_f64.powi(-2 - n))
        .unwrap_or(1);
    let text = format!("{:.*}", decimals as usize, 100.0 * share);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

/// The label of a quantity: of its parameter, of its pair, or in words.
fn title(quantity: &Ranks, parameters: &[Parameter]) -> Label {
    let of = |name: &str| {
        let parameter = parameters.iter().find(|p| p.name == name);
        parameter.map_or_else(|| Label::plain(name), Label::of)
    };
    match quantity.kind {
        QuantityKind::Parameter => of(&quantity.name),
        QuantityKind::LogProb => Label::plain("posterior density"),
        QuantityKind::Distance => Label::plain("distance (TARP)"),
        QuantityKind::Pair => {
            let separator = [" + ", " − ", " - "]
                .into_iter()
                .find(|s| quantity.name.contains(s));
            let parts = separator.and_then(|s| Some((quantity.name.split_once(s)?, s)));
            let Some(((a, b), separator)) = parts else {
                return Label::plain(&quantity.name);
            };
            let mut label = of(a);
            label.push(Script::Normal, separator);
            for (script, run) in of(b).runs {
                label.push(script, &run);
            }
            label
        }
    }
}

/// The panels' places and shared ranges.
struct Grid {
    width: f64,
    height: f64,
    left: f64,
    side: f64,
    n_columns: usize,
    n: usize,
    top_count: f64,
    largest_difference: f64,
}

impl Grid {
    fn new(n: usize, uniformity: &RankUniformity, shown: &[&Ranks]) -> Self {
        let (width, n_columns) = match n {
            0 | 1 => (COLUMN, 1),
            2 | 4 => (COLUMN, 2),
            3 => (COLUMN, 3),
            _ => (PAGE, n.min(5)),
        };
        let counts = shown
            .iter()
            .flat_map(|q| q.histogram.iter().map(|c| *c as f64));
        let most = counts.fold(uniformity.histogram_interval[1], f64::max);
        let band = &uniformity.band;
        let edges = band
            .lower
            .iter()
            .chain(&band.upper)
            .zip(band.points.iter().cycle());
        let mut largest = edges.map(|(e, p)| (e - p).abs()).fold(0.01, f64::max);
        for quantity in shown {
            let differences = quantity
                .ecdf
                .iter()
                .zip(&band.points)
                .map(|(e, p)| (e - p).abs());
            largest = differences.fold(largest, f64::max);
        }
        let mut grid = Self {
            width,
            height: 0.0,
            left: 0.0,
            side: 60.0,
            n_columns,
            n,
            top_count: 1.08 * most,
            largest_difference: 1.12 * largest,
        };
        let labels = [grid.histogram(0), grid.curve(0)].map(|panel| panel.y_ticks(3, 0.0).labels);
        grid.left = EDGE + LABEL_SIZE + 3.0 + axes::y_ticks_width(labels.iter().flatten());
        let columns = n_columns as f64;
        grid.side = (width - grid.left - EDGE - 3.0 - GAP * (columns - 1.0)) / columns;
        let rows = n.div_ceil(n_columns) as f64;
        grid.height = 2.0 * EDGE + rows * BLOCK - GAP + 3.0 + LABEL_SIZE;
        grid
    }

    fn histogram(&self, i: usize) -> Panel {
        let (row, column) = (i / self.n_columns, i % self.n_columns);
        Panel {
            area: Area {
                left: self.left + column as f64 * (self.side + GAP),
                top: EDGE + row as f64 * BLOCK + TITLE,
                width: self.side,
                height: HISTOGRAM,
            },
            x: [0.0, 1.0],
            y: [0.0, self.top_count],
        }
    }

    fn curve(&self, i: usize) -> Panel {
        let mut panel = self.histogram(i);
        panel.area.top += HISTOGRAM + BETWEEN;
        panel.area.height = CURVE;
        panel.y = [-self.largest_difference, self.largest_difference];
        panel
    }

    fn draw_histogram(
        &self,
        drawing: &mut Drawing,
        uniformity: &RankUniformity,
        quantity: &Ranks,
        title: &Label,
        i: usize,
    ) {
        let panel = self.histogram(i);
        let area = panel.area;
        let [low, high] = uniformity.histogram_interval;
        let n_bins = quantity.histogram.len().max(1) as f64;
        let band = Area {
            top: panel.at_y(high),
            height: panel.at_y(low) - panel.at_y(high),
            ..area
        };
        drawing.rectangle(band, Fill::of(Ink::Quiet, 0.28));
        for (bin, count) in quantity.histogram.iter().enumerate() {
            let count = *count as f64;
            let top = panel.at_y(count);
            let bar = Area {
                left: panel.at_x(bin as f64 / n_bins) + 0.3,
                top,
                width: (area.width / n_bins - 0.6).max(0.3),
                height: area.bottom() - top,
            };
            drawing.rectangle(bar, Fill::of(ink_of(quantity), 0.8));
        }
        let expected = panel.at_y(uniformity.n_test as f64 / n_bins);
        drawing.line(
            (area.left, expected),
            (area.right(), expected),
            reference_pen(),
        );
        let middle = area.left + 0.5 * area.width;
        let style = TextStyle::new(LABEL_SIZE, Ink::Text).anchored(Anchor::Middle);
        let title = title.fit(area.width + GAP - 2.0, LABEL_SIZE);
        drawing.text((middle, area.top - 4.5), &title, style);
        panel.x_axis(drawing, &Ticks::default(), false);
        self.draw_y(drawing, &panel, "count", i);
    }

    fn draw_curve(&self, drawing: &mut Drawing, band: &EcdfBand, quantity: &Ranks, i: usize) {
        let panel = self.curve(i);
        let difference = |edge: &[f64]| -> Vec<(f64, f64)> {
            let inside = edge.iter().zip(&band.points).map(|(e, p)| (*p, e - p));
            std::iter::once((0.0, 0.0))
                .chain(inside)
                .chain([(1.0, 0.0)])
                .collect()
        };
        let mut outline = difference(&band.upper);
        outline.extend(difference(&band.lower).into_iter().rev());
        drawing.loops(
            &[panel.all(&outline)],
            Some(Fill::of(Ink::Quiet, 0.28)),
            None,
        );
        drawing.line(panel.at((0.0, 0.0)), panel.at((1.0, 0.0)), reference_pen());
        let curve = panel.all(&difference(&quantity.ecdf));
        drawing.polyline(
            &super::contour::simplify(&curve, 0.03),
            Pen::solid(ink_of(quantity), 1.1),
        );
        let area = panel.area;
        let style = TextStyle::new(NOTE_SIZE, Ink::Muted).anchored(Anchor::End);
        let p_value = Label::plain(&p_text(quantity.adjusted_p_value));
        let at = (
            area.right() - 1.0,
            area.top + NOTE_SIZE * font::CAP_HEIGHT + 0.5,
        );
        drawing.text(at, &p_value, style);
        panel.x_axis(drawing, &axes::unit_ticks(), true);
        self.draw_y(drawing, &panel, "ECDF difference", i);
        if i + self.n_columns >= self.n {
            let below = axes::X_TICKS_HEIGHT + 3.0;
            panel.x_label(drawing, &Label::plain("rank of the truth"), below, None);
        }
    }

    fn draw_y(&self, drawing: &mut Drawing, panel: &Panel, label: &str, i: usize) {
        let first = i.is_multiple_of(self.n_columns);
        let ticks = panel.y_ticks(3, 0.0);
        panel.y_axis(drawing, &ticks, first);
        if first {
            let x = EDGE + LABEL_SIZE * font::CAP_HEIGHT;
            panel.y_label(drawing, &Label::plain(label), x, None);
        }
    }
}

fn ink_of(quantity: &Ranks) -> Ink {
    Ink::Series(usize::from(quantity.deviation > 1.0))
}

fn reference_pen() -> Pen {
    Pen::solid(Ink::Muted, 0.6).dashed(2.0, 1.6)
}

fn p_text(p_value: f64) -> String {
    if p_value < 0.001 {
        "p < 0.001".to_string()
    } else {
        format!("p = {}", super::ticks::significant(p_value, 2))
    }
}
