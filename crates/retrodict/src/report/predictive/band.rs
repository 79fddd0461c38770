//! Many features: bands along the index.

use crate::check::{FeaturePrediction, Predictive};
use crate::report::axes::{self, LABEL_SIZE, Panel};
use crate::report::contour::simplify;
use crate::report::figure::COLUMN;
use crate::report::font;
use crate::report::label::Label;
use crate::report::legend;
use crate::report::palette::Ink;
use crate::report::svg::{Area, Drawing, Fill, Pen};

const EDGE: f64 = 3.0;
/// More points than this are drawn as a line.
const MOST_DOTS: usize = 120;

/// The drawing.
pub(super) fn draw(name: &str, posterior: &Predictive, prior: Option<&Predictive>) -> Drawing {
    let features = &posterior.features;
    let entries = super::entries(prior.is_some());
    let keys = legend::row_lines(&entries, COLUMN - 2.0 * EDGE) as f64 * legend::LINE;
    let mut panel = Panel {
        area: Area {
            left: 30.0,
            top: EDGE + keys + 3.0,
            width: 200.0,
            height: 118.0,
        },
        x: [0.5, features.len() as f64 + 0.5],
        y: range(posterior, prior),
    };
    let y_ticks = panel.y_ticks(5, 2.0);
    let note = if y_ticks.note.is_some() {
        axes::NOTE_LINE
    } else {
        0.0
    };
    let labels = axes::y_ticks_width(&y_ticks.labels);
    panel.area.left = EDGE + LABEL_SIZE + note + 3.0 + labels;
    panel.area.width = COLUMN - panel.area.left - EDGE - 5.0;
    let height = panel.area.bottom() + axes::X_TICKS_HEIGHT + 3.0 + LABEL_SIZE + EDGE;
    let mut drawing = Drawing::new(name, COLUMN, height);
    legend::row(&mut drawing, &entries, EDGE, EDGE, COLUMN - 2.0 * EDGE);
    drawing.clipped(panel.area, |drawing| {
        draw_data(drawing, &panel, posterior, prior);
    });
    panel.x_axis(&mut drawing, &panel.x_ticks(6, 5.0), true);
    panel.y_axis(&mut drawing, &y_ticks, true);
    let below = axes::X_TICKS_HEIGHT + 3.0;
    panel.x_label(
        &mut drawing,
        &Label::plain("index of the feature"),
        below,
        None,
    );
    let x = EDGE + LABEL_SIZE * font::CAP_HEIGHT;
    panel.y_label(
        &mut drawing,
        &Label::plain("value"),
        x,
        y_ticks.note.as_deref(),
    );
    drawing
}

fn draw_data(
    drawing: &mut Drawing,
    panel: &Panel,
    posterior: &Predictive,
    prior: Option<&Predictive>,
) {
    let ink = Ink::Series(0);
    if let Some(prior) = prior {
        band(
            drawing,
            panel,
            &prior.features,
            [0, 4],
            Fill::of(Ink::Quiet, 0.25),
        );
    }
    let features = &posterior.features;
    band(drawing, panel, features, [0, 4], Fill::of(ink, 0.25));
    band(drawing, panel, features, [1, 3], Fill::of(ink, 0.4));
    line(
        drawing,
        panel,
        features,
        |f| f.quantiles[2],
        Pen::solid(ink, 1.0),
    );
    if features.len() > MOST_DOTS {
        line(
            drawing,
            panel,
            features,
            |f| f.observed,
            Pen::solid(Ink::Text, 0.7),
        );
        return;
    }
    let radius = if features.len() > 50 { 1.0 } else { 1.5 };
    for (i, feature) in features
        .iter()
        .enumerate()
        .filter(|(_, f)| f.observed.is_finite())
    {
        super::observed_dot(
            drawing,
            panel.at((i as f64 + 1.0, feature.observed)),
            radius,
        );
    }
}

/// All of the posterior predictive and the observation, and of the prior predictive as much as
/// leaves these readable.
fn range(posterior: &Predictive, prior: Option<&Predictive>) -> [f64; 2] {
    const MOST_PRIOR: f64 = 0.6;
    let values = posterior.features.iter();
    let values = values.flat_map(|f| [f.observed, f.quantiles[0], f.quantiles[4]]);
    let [low, high] = axes::range_of(values).unwrap_or([0.0, 1.0]);
    let priors = prior.iter().flat_map(|prior| &prior.features);
    let priors = priors.flat_map(|f| [f.quantiles[0], f.quantiles[4]]);
    let [prior_low, prior_high] = axes::range_of(priors).unwrap_or([low, high]);
    let room = MOST_PRIOR * (high - low);
    let range = [
        low.min(prior_low.max(low - room)),
        high.max(prior_high.min(high + room)),
    ];
    axes::widened(range, 0.04)
}

fn band(
    drawing: &mut Drawing,
    panel: &Panel,
    features: &[FeaturePrediction],
    [low, high]: [usize; 2],
    fill: Fill,
) {
    let edge = |q: usize| -> Vec<(f64, f64)> {
        let points = features.iter().enumerate();
        points
            .map(|(i, f)| panel.at((i as f64 + 1.0, f.quantiles[q])))
            .collect()
    };
    let mut outline = simplify(&edge(high), 0.05);
    outline.extend(simplify(&edge(low), 0.05).into_iter().rev());
    drawing.loops(&[outline], Some(fill), None);
}

fn line(
    drawing: &mut Drawing,
    panel: &Panel,
    features: &[FeaturePrediction],
    value: impl Fn(&FeaturePrediction) -> f64,
    pen: Pen,
) {
    let points = features.iter().enumerate();
    let points: Vec<_> = points
        .map(|(i, f)| panel.at((i as f64 + 1.0, value(f))))
        .collect();
    drawing.polyline(&points, pen);
}
