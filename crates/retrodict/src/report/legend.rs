//! Keys to the marks of a figure.

use super::axes::LABEL_SIZE;
use super::font;
use super::label::Label;
use super::palette::Ink;
use super::svg::{Area, Drawing, Fill, Pen, TextStyle};

/// What a key looks like.
#[derive(Debug, Clone, Copy)]
pub(super) enum Key {
    /// A filled area with a border.
    Area(Ink),
    /// A pale band.
    Band(Ink, f64),
    /// A line.
    Line(Pen),
    /// A dot.
    Dot(Ink),
}

/// One entry.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: Key,
    pub(super) label: Label,
}

/// The height of one entry.
pub(super) const LINE: f64 = 10.0;
const KEY_WIDTH: f64 = 13.0;
const KEY_GAP: f64 = 3.5;
const BETWEEN: f64 = 9.0;

impl Entry {
    pub(super) fn new(key: Key, label: &str) -> Self {
        Self {
            key,
            label: Label::plain(label),
        }
    }

    fn width(&self) -> f64 {
        KEY_WIDTH + KEY_GAP + self.label.width(LABEL_SIZE)
    }

    /// Draws the entry with its left end and the middle of its line at `at`.
    fn draw(&self, drawing: &mut Drawing, (x, y): (f64, f64), width: f64) {
        let swatch = |height: f64| Area {
            left: x,
            top: y - 0.5 * height,
            width: KEY_WIDTH,
            height,
        };
        match self.key {
            Key::Area(ink) => {
                drawing.rectangle(swatch(6.0), Fill::of(ink, 0.45));
                drawing.frame(swatch(6.0), Pen::solid(ink, 0.8));
            }
            Key::Band(ink, opacity) => drawing.rectangle(swatch(6.0), Fill::of(ink, opacity)),
            Key::Line(pen) => drawing.line((x, y), (x + KEY_WIDTH, y), pen),
            Key::Dot(ink) => {
                drawing.dot((x + 0.5 * KEY_WIDTH, y), 1.8, Fill::of(ink, 1.0), None);
            }
        }
        let baseline = y + 0.5 * font::CAP_HEIGHT * LABEL_SIZE;
        let label = self.label.fit(width - KEY_WIDTH - KEY_GAP, LABEL_SIZE);
        let style = TextStyle::new(LABEL_SIZE, Ink::Text);
        drawing.text((x + KEY_WIDTH + KEY_GAP, baseline), &label, style);
    }
}

/// Draws entries below each other, their common right end at `right`, within `width`.
pub(super) fn column(drawing: &mut Drawing, entries: &[Entry], right: f64, top: f64, width: f64) {
    let widest = entries
        .iter()
        .map(Entry::width)
        .fold(0.0, f64::max)
        .min(width);
    for (i, entry) in entries.iter().enumerate() {
        let middle = top + LINE * (i as f64 + 0.5);
        entry.draw(drawing, (right - widest, middle), widest);
    }
}

/// How many lines entries need side by side within `width`.
pub(super) fn row_lines(entries: &[Entry], width: f64) -> usize {
    places(entries, width).last().map_or(0, |place| place.1 + 1)
}

/// Draws entries side by side from `left`, on as many lines as needed.
pub(super) fn row(drawing: &mut Drawing, entries: &[Entry], left: f64, top: f64, width: f64) {
    for (entry, (x, line)) in entries.iter().zip(places(entries, width)) {
        let middle = top + LINE * (line as f64 + 0.5);
        entry.draw(drawing, (left + x, middle), (width - x).max(KEY_WIDTH));
    }
}

/// The horizontal offset and the line of each entry.
fn places(entries: &[Entry], width: f64) -> Vec<(f64, usize)> {
    let (mut x, mut line) = (0.0, 0);
    let place = |entry: &Entry| {
        if x > 0.0 && x + entry.width() > width {
            (x, line) = (0.0, line + 1);
        }
        let here = (x, line);
        x += entry.width() + BETWEEN;
        here
    };
    entries.iter().map(place).collect()
}
