//! Data that are images: the observed one, the typical simulated one, and where they differ.

use crate::check::{FeaturePrediction, Predictive};
use crate::report::axes::{self, LABEL_SIZE, TICK_SIZE};
use crate::report::figure::{COLUMN, Figure};
use crate::report::label::Label;
use crate::report::palette::Ink;
use crate::report::svg::{Anchor, Area, Drawing, Fill, Pen, TextStyle};
use crate::report::ticks::significant;

const EDGE: f64 = 3.0;
const BETWEEN: f64 = 9.0;
/// The width of a picture, if it is not narrower than high.
const ROOM: f64 = (COLUMN - 2.0 * EDGE - 2.0 * BETWEEN) / 3.0;
/// Larger images are shown by the means of their blocks.
const MOST_CELLS: usize = 72;
/// Fewer pixels a side make a table and not a picture.
const FEWEST_PIXELS: usize = 4;
/// Differences are shown up to so many standard deviations.
const MOST_SDS: f64 = 3.0;
/// Steps of the scale below a picture.
const STEPS: usize = 24;
const SCALE_HEIGHT: f64 = 4.0;

/// Three pictures: the observation, the median of the simulated data, and the difference of the two in units of
/// half the central 68 % interval. None if the data are no image of one channel.
pub fn predictive_image(name: &str, posterior: &Predictive) -> Option<Figure> {
    let &[rows, columns] = posterior.shape.as_slice() else {
        return None;
    };
    if rows.min(columns) < FEWEST_PIXELS || rows * columns != posterior.features.len() {
        return None;
    }
    let picture = |value: fn(&FeaturePrediction) -> f64| {
        let values: Vec<f64> = posterior.features.iter().map(value).collect();
        Picture::new(&values, rows, columns)
    };
    let observed = picture(|f| f.observed);
    let typical = picture(|f| f.quantiles[2]);
    let difference = picture(standardised);
    let range = axes::range_of(observed.values().chain(typical.values()))?;
    let mut sheet = Sheet::new(name, &observed);
    sheet.picture(0, "observed", &observed, Scale::Sizes(range));
    sheet.picture(1, "median simulated", &typical, Scale::Sizes(range));
    sheet.picture(2, "difference / sd", &difference, Scale::Differences);
    let far = posterior
        .features
        .iter()
        .filter(|f| standardised(f).abs() > 2.0)
        .count();
    let alt = format!(
        "The observed image, the median of {} simulated ones, and their difference: {far} of {} pixels lie more \
         than two standard deviations apart.",
        posterior.n_rows,
        rows * columns
    );
    Some(Figure {
        name: name.to_string(),
        svg: sheet.drawing.finish(&alt),
        caption: format!(
            "The observation, the median of {} data sets simulated with parameters from the posterior, pixel by pixel, and \
             the difference between the two in units of half the central 68 % interval (orange: observed is \
             larger; blue: smaller). A shape that shows in the difference is one the simulator does not make.",
            posterior.n_rows
        ),
        alt,
    })
}

/// Zero where nothing varies and nothing differs.
fn standardised(f: &FeaturePrediction) -> f64 {
    let difference = f.observed - f.quantiles[2];
    let sd = 0.5 * (f.quantiles[3] - f.quantiles[1]);
    if difference == 0.0 {
        return 0.0;
    }
    difference / sd
}

/// Values in rows, as many as there are cells to show.
struct Picture {
    cells: Vec<Vec<f64>>,
}

impl Picture {
    fn new(values: &[f64], rows: usize, columns: usize) -> Self {
        let block = rows.max(columns).div_ceil(MOST_CELLS);
        let mean = |row: usize, column: usize| {
            let (bottom, right) = ((row + block).min(rows), (column + block).min(columns));
            let cells = (row..bottom).flat_map(|i| (column..right).map(move |j| i * columns + j));
            let (mut sum, mut n) = (0.0, 0);
            for i in cells {
                sum += values[i];
                n += 1;
            }
            sum / f64::from(n)
        };
        let row = |i: usize| (0..columns).step_by(block).map(|j| mean(i, j)).collect();
        Self {
            cells: (0..rows).step_by(block).map(row).collect(),
        }
    }

    fn values(&self) -> impl Iterator<Item = f64> + '_ {
        self.cells.iter().flatten().copied()
    }
}

/// What a value's colour says.
#[derive(Clone, Copy)]
enum Scale {
    /// From the least to the largest value: the larger, the darker.
    Sizes([f64; 2]),
    /// From below to above zero, in standard deviations.
    Differences,
}

impl Scale {
    fn range(self) -> [f64; 2] {
        match self {
            Self::Sizes(range) => range,
            Self::Differences => [-MOST_SDS, MOST_SDS],
        }
    }

    fn fill(self, value: f64) -> Fill {
        match self {
            Self::Sizes([low, high]) => {
                let share = if high > low {
                    (value - low) / (high - low)
                } else {
                    0.5
                };
                Fill::of(Ink::Text, share.clamp(0.0, 1.0))
            }
            Self::Differences => {
                let ink = Ink::Series(usize::from(value > 0.0));
                Fill::of(ink, (value.abs() / MOST_SDS).min(1.0))
            }
        }
    }
}

/// Three pictures beside each other.
struct Sheet {
    drawing: Drawing,
    cell: f64,
    width: f64,
    height: f64,
}

impl Sheet {
    fn new(name: &str, picture: &Picture) -> Self {
        let (rows, columns) = (picture.cells.len(), picture.cells[0].len());
        let cell = ROOM / rows.max(columns) as f64;
        let (width, height) = (cell * columns as f64, cell * rows as f64);
        let total = EDGE + LABEL_SIZE + 4.0 + height + 5.0 + SCALE_HEIGHT + 2.0 + TICK_SIZE + EDGE;
        Self {
            drawing: Drawing::new(name, COLUMN, total),
            cell,
            width,
            height,
        }
    }

    fn picture(&mut self, place: usize, title: &str, picture: &Picture, scale: Scale) {
        let left = EDGE + place as f64 * (ROOM + BETWEEN) + 0.5 * (ROOM - self.width);
        let area = Area {
            left,
            top: EDGE + LABEL_SIZE + 4.0,
            width: self.width,
            height: self.height,
        };
        let style = TextStyle::new(LABEL_SIZE, Ink::Text).anchored(Anchor::Middle);
        let middle = area.left + 0.5 * area.width;
        let title = Label::plain(title);
        self.drawing
            .text((middle, EDGE + LABEL_SIZE), &title, style);
        let size = self.cell;
        self.drawing.crisp(|drawing| {
            for (i, row) in picture.cells.iter().enumerate() {
                for (j, value) in row.iter().enumerate().filter(|(_, v)| v.is_finite()) {
                    let cell = Area {
                        left: area.left + j as f64 * size,
                        top: area.top + i as f64 * size,
                        width: size,
                        height: size,
                    };
                    drawing.rectangle(cell, scale.fill(*value));
                }
            }
        });
        self.drawing.frame(area, Pen::solid(Ink::Muted, 0.5));
        self.scale(scale, area);
    }

    /// The colours from the least to the largest value, and these two.
    fn scale(&mut self, scale: Scale, above: Area) {
        let [low, high] = scale.range();
        let left = above.left + 0.5 * (above.width - ROOM);
        let area = Area {
            left,
            top: above.bottom() + 5.0,
            width: ROOM,
            height: SCALE_HEIGHT,
        };
        let step = ROOM / STEPS as f64;
        self.drawing.crisp(|drawing| {
            for i in 0..STEPS {
                let value = low + (high - low) * (i as f64 + 0.5) / STEPS as f64;
                let part = Area {
                    left: left + i as f64 * step,
                    width: step,
                    ..area
                };
                drawing.rectangle(part, scale.fill(value));
            }
        });
        self.drawing.frame(area, Pen::solid(Ink::Muted, 0.5));
        let y = area.bottom() + 2.0 + TICK_SIZE;
        let style = TextStyle::new(TICK_SIZE, Ink::Muted);
        let ends = [(left, low, Anchor::Start), (left + ROOM, high, Anchor::End)];
        for (x, value, anchor) in ends {
            let text = Label::plain(&significant(value, 2));
            self.drawing.text((x, y), &text, style.anchored(anchor));
        }
    }
}
