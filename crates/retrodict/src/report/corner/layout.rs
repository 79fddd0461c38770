//! Where the panels of a corner plot stand, and the ranges and ticks they share.

use crate::prior::Parameter;
use crate::report::axes::{self, LABEL_SIZE, NOTE_LINE, Panel};
use crate::report::figure::{COLUMN, PAGE};
use crate::report::font;
use crate::report::label::Label;
use crate::report::legend::{self, Entry};
use crate::report::svg::{Area, Drawing};
use crate::report::ticks::Ticks;

use super::{Corner, Draws};

/// The margin around everything.
pub(super) const EDGE: f64 = 3.0;
/// Between panels.
const GAP: f64 = 5.0;
/// The line above each panel of the diagonal.
pub(super) const TITLE: f64 = 11.0;
/// Between tick labels and axis labels.
const LABEL_GAP: f64 = 3.0;
/// Panels are not made smaller than this; the figure grows instead.
const SMALLEST_PANEL: f64 = 56.0;

/// Positions, ranges and ticks.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) width: f64,
    pub(super) height: f64,
    left: f64,
    top: f64,
    side: [f64; 2],
    ranges: Vec<[f64; 2]>,
    x_ticks: Vec<Ticks>,
    y_ticks: Vec<Ticks>,
    legend_height: f64,
}

impl Layout {
    /// Fits the plot to a column of a paper (up to three parameters), to a page, or to what it
    /// takes.
    pub(super) fn new(corner: &Corner<'_>, posteriors: &[Draws], entries: &[Entry]) -> Self {
        let n = corner.parameters.len();
        let ranges = (0..n).map(|j| range(corner, posteriors, j)).collect();
        let mut layout = Self {
            width: if n <= 3 { COLUMN } else { PAGE },
            height: 0.0,
            left: 30.0,
            top: EDGE + TITLE,
            side: [0.0; 2],
            ranges,
            x_ticks: Vec::new(),
            y_ticks: Vec::new(),
            legend_height: 0.0,
        };
        if n == 1 {
            layout.left = 14.0;
            let lines = legend::row_lines(entries, layout.width - layout.left);
            layout.top += lines as f64 * legend::LINE;
        }
        // The left margin depends on the tick labels, and these on the panels' size: twice is enough.
        for _ in 0..2 {
            layout.place(n);
        }
        // The legend stands above the second panel of the diagonal, and above its title.
        let needed = entries.len() as f64 * legend::LINE + TITLE;
        if n > 1 && needed > layout.side[1] {
            layout.legend_height = needed - layout.side[1];
            layout.top += layout.legend_height;
        }
        layout.height = layout.top + n as f64 * (layout.side[1] + GAP) - GAP + layout.below();
        layout
    }

    fn place(&mut self, n: usize) {
        let count = n as f64;
        let right = EDGE + 3.0;
        let mut side = (self.width - self.left - right - GAP * (count - 1.0)) / count;
        if side < SMALLEST_PANEL {
            side = SMALLEST_PANEL;
            self.width = self.left + right + count * side + GAP * (count - 1.0);
        }
        self.side = if n == 1 {
            [side, 0.5 * side]
        } else {
            [side, side]
        };
        let most = (side / 16.0).clamp(3.0, 6.0) as usize;
        self.x_ticks = (0..n)
            .map(|j| {
                self.panel(n - 1, j)
                    .x_ticks(most, if n == 1 { 4.0 } else { 1.0 })
            })
            .collect();
        self.y_ticks = (0..n)
            .map(|j| self.panel(j, 0).y_ticks(most.min(4), 0.0))
            .collect();
        let labels = self.y_ticks.iter().skip(1).flat_map(|ticks| &ticks.labels);
        if n > 1 {
            let note = if self.y_ticks.iter().skip(1).any(|t| t.note.is_some()) {
                NOTE_LINE
            } else {
                0.0
            };
            self.left = EDGE + LABEL_SIZE + note + LABEL_GAP + axes::y_ticks_width(labels);
        }
    }

    fn below(&self) -> f64 {
        let note = if self.x_ticks.iter().any(|t| t.note.is_some()) {
            NOTE_LINE
        } else {
            0.0
        };
        axes::X_TICKS_HEIGHT + LABEL_GAP + LABEL_SIZE + note + EDGE
    }

    /// The panel in a row and column; those on the diagonal have densities along y.
    pub(super) fn panel(&self, row: usize, column: usize) -> Panel {
        let area = Area {
            left: self.left + column as f64 * (self.side[0] + GAP),
            top: self.top + row as f64 * (self.side[1] + GAP),
            width: self.side[0],
            height: self.side[1],
        };
        let y = if row == column {
            [0.0, 1.0]
        } else {
            self.ranges[row]
        };
        Panel {
            area,
            x: self.ranges[column],
            y,
        }
    }

    /// The reference value of a parameter, if there is one and the axis shows it.
    pub(super) fn visible_truth(&self, corner: &Corner<'_>, j: usize) -> Option<f64> {
        let [low, high] = self.ranges[j];
        let truth = corner.truth.map(|truth| truth[j]);
        truth.filter(|truth| (low..=high).contains(truth))
    }

    /// Axes, tick labels and labels along the left side and the bottom.
    pub(super) fn draw_axes(&self, drawing: &mut Drawing, parameters: &[Parameter]) {
        let last = parameters.len() - 1;
        for (row, parameter) in parameters.iter().enumerate() {
            for column in 0..=row {
                let panel = self.panel(row, column);
                panel.x_axis(drawing, &self.x_ticks[column], row == last);
                if column < row {
                    panel.y_axis(drawing, &self.y_ticks[row], column == 0);
                }
            }
            let note = self.x_ticks[row].note.as_deref();
            let label = Label::with_unit(parameter);
            let below = axes::X_TICKS_HEIGHT + LABEL_GAP;
            self.panel(last, row).x_label(drawing, &label, below, note);
            if row > 0 {
                let x = EDGE + LABEL_SIZE * font::CAP_HEIGHT;
                let note = self.y_ticks[row].note.as_deref();
                self.panel(row, 0).y_label(drawing, &label, x, note);
            }
        }
    }
}

/// The range of a parameter: what all posteriors need, and the reference value unless it is so far
/// away that the posteriors would shrink to a line.
fn range(corner: &Corner<'_>, posteriors: &[Draws], j: usize) -> [f64; 2] {
    const FARTHEST: f64 = 1.5;
    let visible = posteriors.iter().flat_map(|draws| draws.visible(j));
    let [low, high] = axes::range_of(visible).unwrap_or([0.0, 1.0]);
    let [low, high] = if high > low {
        [low, high]
    } else {
        axes::widened([low, high], 0.0)
    };
    let length = high - low;
    let Some(truth) = corner.truth.map(|truth| truth[j]) else {
        return [low, high];
    };
    if truth < low && truth > low - FARTHEST * length {
        [truth - 0.05 * length, high]
    } else if truth > high && truth < high + FARTHEST * length {
        [low, truth + 0.05 * length]
    } else {
        [low, high]
    }
}
