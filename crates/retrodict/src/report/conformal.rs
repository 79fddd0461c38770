//! The mass that a credible region needs for its coverage to be guaranteed.

use crate::check::Conformal;

use super::axes::{self, LABEL_SIZE, Panel};
use super::figure::{COLUMN, Figure};
use super::font;
use super::label::Label;
use super::legend::{self, Entry, Key};
use super::palette::Ink;
use super::svg::{Area, Drawing, Pen};

const EDGE: f64 = 3.0;

/// The mass to ask the posterior for, against the coverage that is guaranteed then: over all data, and over data
/// like the observation's.
pub fn conformal(name: &str, found: &Conformal) -> Figure {
    let all = Pen::solid(Ink::Series(0), 1.4);
    let local = Pen::solid(Ink::Series(1), 1.2).dashed(4.0, 2.0);
    let entries = [
        Entry::new(Key::Line(all), "over all data"),
        Entry::new(Key::Line(local), "over data like these"),
    ];
    let left = EDGE + LABEL_SIZE + 3.0 + axes::y_ticks_width(&["0.0".to_string()]);
    let width = COLUMN - left - EDGE - 5.0;
    let keys = legend::row_lines(&entries, width) as f64 * legend::LINE;
    let panel = Panel {
        area: Area {
            left,
            top: EDGE + keys + 4.0,
            width,
            height: 0.7 * width,
        },
        x: [0.0, 1.0],
        y: [0.0, 1.0],
    };
    let height = panel.area.bottom() + axes::X_TICKS_HEIGHT + 3.0 + LABEL_SIZE + EDGE;
    let mut drawing = Drawing::new(name, COLUMN, height);
    legend::row(&mut drawing, &entries, left, EDGE, width);
    let diagonal = Pen::solid(Ink::Muted, 0.6).dashed(2.0, 1.6);
    drawing.line(panel.at((0.0, 0.0)), panel.at((1.0, 1.0)), diagonal);
    for (curve, pen) in [(&found.curve, all), (&found.local_curve, local)] {
        let n = curve.len() as f64 + 1.0;
        let points = curve.iter().enumerate();
        let points: Vec<(f64, f64)> = points
            .map(|(k, mass)| ((k as f64 + 1.0) / n, mass.clamp(0.0, 1.0)))
            .collect();
        drawing.polyline(&panel.all(&points), pen);
    }
    panel.x_axis(&mut drawing, &panel.x_ticks(6, 5.0), true);
    panel.y_axis(&mut drawing, &panel.y_ticks(6, 3.0), true);
    let below = axes::X_TICKS_HEIGHT + 3.0;
    panel.x_label(
        &mut drawing,
        &Label::plain("guaranteed coverage"),
        below,
        None,
    );
    let x = EDGE + LABEL_SIZE * font::CAP_HEIGHT;
    panel.y_label(&mut drawing, &Label::plain("mass of the region"), x, None);
    let alt = alt(found);
    Figure {
        name: name.to_string(),
        svg: drawing.finish(&alt),
        caption: format!(
            "Conformal calibration: the mass of the highest-density region that holds the true value with at least the \
             probability on the horizontal axis, by {} test simulations, and by {} whose data are like the observation's. \
             Above the dotted diagonal the posterior's own regions are too small. At the right end, where the curve is \
             one, there are too few test simulations to guarantee less than everything.",
            found.n_test, found.n_local
        ),
        alt,
    }
}

fn alt(found: &Conformal) -> String {
    let at = found.levels.iter().map(|l| {
        format!(
            "{:.0} %: mass {:.2}, locally {:.2}",
            100.0 * l.level,
            l.conformal.mass,
            l.local.mass
        )
    });
    let at: Vec<String> = at.collect();
    format!("Regions with guaranteed coverage. {}.", at.join("; "))
}
