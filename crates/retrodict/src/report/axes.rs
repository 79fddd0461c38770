//! Panels with axes: from data to places on the sheet, ticks, and labels that do not collide.

use super::font;
use super::label::Label;
use super::palette::Ink;
use super::svg::{Anchor, Area, Drawing, Pen, TextStyle};
use super::ticks::{Ticks, ticks, uncommon_ticks};

/// The size of tick labels.
pub(super) const TICK_SIZE: f64 = 6.5;
/// The size of axis labels, titles and legends.
pub(super) const LABEL_SIZE: f64 = 7.5;
/// The size of notes.
pub(super) const NOTE_SIZE: f64 = 6.0;
/// The thickness of axes.
pub(super) const AXIS: f64 = 0.6;
const TICK_LENGTH: f64 = 2.4;
const TICK_GAP: f64 = 2.0;

/// A piece of the sheet with a range of data along each side.
#[derive(Debug, Clone, Copy)]
pub(super) struct Panel {
    pub(super) area: Area,
    pub(super) x: [f64; 2],
    pub(super) y: [f64; 2],
}

impl Panel {
    /// The place of a value along the horizontal axis.
    pub(super) fn at_x(&self, value: f64) -> f64 {
        self.area.left + self.area.width * (value - self.x[0]) / (self.x[1] - self.x[0])
    }

    /// The place of a value along the vertical axis.
    pub(super) fn at_y(&self, value: f64) -> f64 {
        self.area.bottom() - self.area.height * (value - self.y[0]) / (self.y[1] - self.y[0])
    }

    /// The place of a point.
    pub(super) fn at(&self, point: (f64, f64)) -> (f64, f64) {
        (self.at_x(point.0), self.at_y(point.1))
    }

    /// The places of points.
    pub(super) fn all(&self, points: &[(f64, f64)]) -> Vec<(f64, f64)> {
        points.iter().map(|point| self.at(*point)).collect()
    }

    /// As many ticks along the horizontal axis, up to `most`, as have room for their labels: apart
    /// from each other, and reaching at most `overhang` beyond the panel.
    pub(super) fn x_ticks(&self, most: usize, overhang: f64) -> Ticks {
        const APART: f64 = 4.0;
        let mut fallback = Ticks::default();
        for kind in [ticks, uncommon_ticks] {
            for most in (1..=most).rev() {
                let mut found = kind(self.x[0], self.x[1], most);
                let ends = |value, label: &String| {
                    let (at, half) = (self.at_x(value), 0.5 * font::width(label, TICK_SIZE));
                    (at - half, at + half)
                };
                keep(&mut found, |value, label| {
                    let (start, end) = ends(value, label);
                    start >= self.area.left - overhang && end <= self.area.right() + overhang
                });
                let places = found.values.iter().zip(&found.labels);
                let places: Vec<(f64, f64)> = places.map(|(v, label)| ends(*v, label)).collect();
                let fits = places.windows(2).all(|w| w[1].0 - w[0].1 >= APART);
                if fits && found.values.len() >= 2 {
                    return found;
                }
                if fits && found.values.len() > fallback.values.len() {
                    fallback = found;
                }
            }
        }
        fallback
    }

    /// Ticks along the vertical axis, up to `most`, whose labels reach at most `overhang` beyond
    /// the panel.
    pub(super) fn y_ticks(&self, most: usize, overhang: f64) -> Ticks {
        let room = (self.area.height / (1.7 * TICK_SIZE)) as usize;
        let half = 0.5 * TICK_SIZE * font::CAP_HEIGHT;
        let mut fallback = Ticks::default();
        // Ticks at the very ends may have no room, so more are tried than are wanted.
        for tried in (1..=most + 2).rev() {
            let mut found = ticks(self.y[0], self.y[1], tried);
            keep(&mut found, |value, _| {
                let at = self.at_y(value);
                at - half >= self.area.top - overhang && at + half <= self.area.bottom() + overhang
            });
            if (2..=most.min(room.max(2))).contains(&found.values.len()) {
                return found;
            }
            if found.values.len() == 1 {
                fallback = found;
            }
        }
        fallback
    }

    /// The horizontal axis: a line, ticks and, if wanted, their labels.
    pub(super) fn x_axis(&self, drawing: &mut Drawing, ticks: &Ticks, labelled: bool) {
        let (bottom, pen) = (self.area.bottom(), Pen::solid(Ink::Muted, AXIS));
        drawing.line((self.area.left, bottom), (self.area.right(), bottom), pen);
        for (value, label) in ticks.values.iter().zip(&ticks.labels) {
            let x = self.at_x(*value);
            drawing.line((x, bottom), (x, bottom + TICK_LENGTH), pen);
            if labelled {
                let style = TextStyle::new(TICK_SIZE, Ink::Muted).anchored(Anchor::Middle);
                let below = TICK_LENGTH + TICK_GAP + TICK_SIZE * font::CAP_HEIGHT;
                drawing.text((x, bottom + below), &Label::plain(label), style);
            }
        }
    }

    /// The vertical axis: a line, ticks and, if wanted, their labels.
    pub(super) fn y_axis(&self, drawing: &mut Drawing, ticks: &Ticks, labelled: bool) {
        let (left, pen) = (self.area.left, Pen::solid(Ink::Muted, AXIS));
        drawing.line((left, self.area.top), (left, self.area.bottom()), pen);
        for (value, label) in ticks.values.iter().zip(&ticks.labels) {
            let y = self.at_y(*value);
            drawing.line((left - TICK_LENGTH, y), (left, y), pen);
            if labelled {
                let style = TextStyle::new(TICK_SIZE, Ink::Muted).anchored(Anchor::End);
                let middle = y + 0.5 * TICK_SIZE * font::CAP_HEIGHT;
                let at = (left - TICK_LENGTH - TICK_GAP, middle);
                drawing.text(at, &Label::plain(label), style);
            }
        }
    }

    /// The label of the horizontal axis, `below` the panel, with what the tick labels leave out
    /// beside or below it.
    pub(super) fn x_label(
        &self,
        drawing: &mut Drawing,
        label: &Label,
        below: f64,
        note: Option<&str>,
    ) {
        let middle = self.area.left + 0.5 * self.area.width;
        let label = label.fit(self.area.width + 8.0, LABEL_SIZE);
        let baseline = self.area.bottom() + below + LABEL_SIZE * font::CAP_HEIGHT;
        let style = TextStyle::new(LABEL_SIZE, Ink::Text).anchored(Anchor::Middle);
        drawing.text((middle, baseline), &label, style);
        if let Some(note) = note {
            let style = TextStyle::new(NOTE_SIZE, Ink::Muted).anchored(Anchor::Middle);
            drawing.text((middle, baseline + NOTE_LINE), &Label::plain(note), style);
        }
    }

    /// The label of the vertical axis, running upwards with its baseline at `x`, and the note to
    /// its right.
    pub(super) fn y_label(&self, drawing: &mut Drawing, label: &Label, x: f64, note: Option<&str>) {
        let middle = self.area.top + 0.5 * self.area.height;
        let label = label.fit(self.area.height + 8.0, LABEL_SIZE);
        let style = TextStyle::new(LABEL_SIZE, Ink::Text)
            .anchored(Anchor::Middle)
            .upwards();
        drawing.text((x, middle), &label, style);
        if let Some(note) = note {
            let style = TextStyle::new(NOTE_SIZE, Ink::Muted)
                .anchored(Anchor::Middle)
                .upwards();
            drawing.text((x + NOTE_LINE, middle), &Label::plain(note), style);
        }
    }
}

/// Ticks of an axis from 0 to 1 whose labels are narrow enough for panels side by side.
pub(super) fn unit_ticks() -> Ticks {
    Ticks {
        values: vec![0.0, 0.5, 1.0],
        labels: ["0", "0.5", "1"].map(str::to_string).to_vec(),
        note: None,
    }
}

/// The distance between a label and its note.
pub(super) const NOTE_LINE: f64 = NOTE_SIZE + 3.2;

/// How far tick labels reach below the panel.
pub(super) const X_TICKS_HEIGHT: f64 = TICK_LENGTH + TICK_GAP + TICK_SIZE * font::CAP_HEIGHT;

/// How far tick labels reach to the left of the panel.
pub(super) fn y_ticks_width<'a>(labels: impl IntoIterator<Item = &'a String>) -> f64 {
    let widths = labels
        .into_iter()
        .map(|label| font::width(label, TICK_SIZE));
    TICK_LENGTH + TICK_GAP + widths.fold(0.0, f64::max)
}

fn keep(ticks: &mut Ticks, wanted: impl Fn(f64, &String) -> bool) {
    let pairs = ticks.values.iter().zip(&ticks.labels);
    let kept: Vec<bool> = pairs.map(|(value, label)| wanted(*value, label)).collect();
    let mut flags = kept.iter();
    ticks.values.retain(|_| *flags.next().unwrap_or(&false));
    let mut flags = kept.iter();
    ticks.labels.retain(|_| *flags.next().unwrap_or(&false));
}

/// A range made wider by a share of its length on both sides; a point becomes a short range.
pub(super) fn widened(range: [f64; 2], share: f64) -> [f64; 2] {
    let length = range[1] - range[0];
    let margin = if length > 0.0 {
        share * length
    } else {
        (0.05 * range[0].abs()).max(1e-3)
    };
    [range[0] - margin, range[1] + margin]
}

/// The smallest range that holds all finite values.
pub(super) fn range_of(values: impl IntoIterator<Item = f64>) -> Option<[f64; 2]> {
    let finite = values.into_iter().filter(|v| v.is_finite());
    finite.fold(None, |range, value| {
        let [low, high] = range.unwrap_or([value; 2]);
        Some([low.min(value), high.max(value)])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn panel(x: [f64; 2], width: f64) -> Panel {
        let area = Area {
            left: 10.0,
            top: 10.0,
            width,
            height: width,
        };
        Panel { area, x, y: x }
    }

    #[test]
    fn tick_labels_do_not_touch_or_leave_their_panel() {
        for width in [35.0, 55.0, 120.0, 400.0] {
            for x in [
                [0.0, 1.0],
                [-1e-7, 3.2e-7],
                [67.3600, 67.3604],
                [-12345.0, 99999.0],
            ] {
                let panel = panel(x, width);
                let ticks = panel.x_ticks(5, 2.0);
                assert!(!ticks.values.is_empty(), "{x:?} {width}");
                let mut end = 8.0;
                for (value, label) in ticks.values.iter().zip(&ticks.labels) {
                    let half = 0.5 * font::width(label, TICK_SIZE);
                    let at = panel.at_x(*value);
                    assert!(at - half >= end, "{x:?} {width} {ticks:?}");
                    end = at + half;
                }
                assert!(end <= 12.0 + width);
            }
        }
    }

    #[test]
    fn a_small_panel_from_zero_to_one_has_two_ticks() {
        let ticks = panel([0.0, 1.0], 57.0).x_ticks(3, 1.0);
        assert_eq!(ticks.labels, ["0.4", "0.8"]);
    }

    #[test]
    fn ranges_of_odd_data() {
        assert_eq!(
            range_of([f64::NAN, 2.0, -1.0, f64::INFINITY]),
            Some([-1.0, 2.0])
        );
        assert_eq!(range_of([f64::NAN]), None);
        let [low, high] = widened([3.0, 3.0], 0.1);
        assert!(low < 3.0 && high > 3.0);
    }
}
