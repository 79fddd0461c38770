//! A few features: one row each.

use crate::check::{FeaturePrediction, Predictive};
use crate::report::axes::{self, LABEL_SIZE, Panel, TICK_SIZE};
use crate::report::figure::COLUMN;
use crate::report::font;
use crate::report::label::Label;
use crate::report::legend;
use crate::report::palette::Ink;
use crate::report::svg::{Anchor, Area, Drawing, Fill, Pen, TextStyle};
use crate::report::ticks::significant;

const EDGE: f64 = 3.0;
const ROW: f64 = 15.0;

/// The drawing, and what the caption has to say about units.
pub(super) fn draw(
    name: &str,
    posterior: &Predictive,
    prior: Option<&Predictive>,
) -> (Drawing, &'static str) {
    let features = &posterior.features;
    let standardised = needs_standardising(features);
    let names = features.iter().map(|f| font::width(&f.name, TICK_SIZE));
    let left = EDGE + names.fold(12.0, f64::max).min(70.0) + 6.0;
    let width = COLUMN - left - EDGE - 6.0;
    let entries = super::entries(prior.is_some());
    let keys = legend::row_lines(&entries, COLUMN - 2.0 * EDGE) as f64 * legend::LINE;
    let panel = Panel {
        area: Area {
            left,
            top: EDGE + keys + 3.0,
            width,
            height: ROW * features.len() as f64,
        },
        x: range(posterior, prior, standardised),
        y: [features.len() as f64, 0.0],
    };
    let ticks = panel.x_ticks(5, 6.0);
    let note = if ticks.note.is_some() {
        axes::NOTE_LINE
    } else {
        0.0
    };
    let height = panel.area.bottom() + axes::X_TICKS_HEIGHT + 3.0 + LABEL_SIZE + note + EDGE;
    let mut drawing = Drawing::new(name, COLUMN, height);
    legend::row(&mut drawing, &entries, EDGE, EDGE, COLUMN - 2.0 * EDGE);
    for (i, feature) in features.iter().enumerate() {
        let unit = Unit::of(feature, standardised);
        let prior = prior.map(|prior| &prior.features[i]);
        draw_row(&mut drawing, &panel, feature, prior, &unit, i as f64 + 0.5);
    }
    panel.x_axis(&mut drawing, &ticks, true);
    let label = match (standardised, features.len()) {
        (true, _) => "distance from the prediction / its spread".to_string(),
        (false, 1) => features[0].name.clone(),
        (false, _) => "value".to_string(),
    };
    let below = axes::X_TICKS_HEIGHT + 3.0;
    panel.x_label(
        &mut drawing,
        &Label::plain(&label),
        below,
        ticks.note.as_deref(),
    );
    let units = if standardised {
        " Each feature is shown as its distance from the predictive median, in units of half the predictive 68 % interval."
    } else {
        ""
    };
    (drawing, units)
}

/// How a feature is moved and stretched before it is drawn.
struct Unit {
    middle: f64,
    spread: f64,
}

impl Unit {
    fn of(feature: &FeaturePrediction, standardised: bool) -> Self {
        let [_, low, median, high, _] = feature.quantiles;
        if !standardised {
            return Self {
                middle: 0.0,
                spread: 1.0,
            };
        }
        let spread = [0.5 * (high - low), feature.range[1] - feature.range[0]]
            .into_iter()
            .find(|s| *s > 0.0);
        Self {
            middle: median,
            spread: spread.unwrap_or(1.0),
        }
    }

    fn apply(&self, value: f64) -> f64 {
        (value - self.middle) / self.spread
    }
}

/// Whether one axis would squeeze some feature into a point.
fn needs_standardising(features: &[FeaturePrediction]) -> bool {
    const LARGEST_RATIO: f64 = 12.0;
    let spreads = features.iter().map(|f| f.quantiles[4] - f.quantiles[0]);
    let smallest = spreads.fold(f64::INFINITY, f64::min);
    let values = features
        .iter()
        .flat_map(|f| f.quantiles.into_iter().chain([f.observed]));
    let all = axes::range_of(values).map_or(0.0, |[low, high]| high - low);
    features.len() > 1 && all > LARGEST_RATIO * smallest
}

/// The axis shows all of the posterior predictive and the observation; of the prior predictive only
/// as much as leaves these readable.
fn range(posterior: &Predictive, prior: Option<&Predictive>, standardised: bool) -> [f64; 2] {
    const MOST_STEPS: f64 = 10.0;
    const MOST_PRIOR: f64 = 1.2;
    let units: Vec<Unit> = posterior
        .features
        .iter()
        .map(|f| Unit::of(f, standardised))
        .collect();
    let values = posterior
        .features
        .iter()
        .zip(&units)
        .flat_map(|(feature, unit)| {
            let limit = if standardised {
                MOST_STEPS
            } else {
                f64::INFINITY
            };
            let observed = unit.apply(feature.observed).clamp(-limit, limit);
            feature
                .quantiles
                .map(|q| unit.apply(q))
                .into_iter()
                .chain([observed])
        });
    let Some([low, high]) = axes::range_of(values) else {
        return [0.0, 1.0];
    };
    let priors = prior
        .iter()
        .flat_map(|prior| prior.features.iter().zip(&units));
    let priors =
        priors.flat_map(|(f, unit)| [f.quantiles[0], f.quantiles[4]].map(|q| unit.apply(q)));
    let [prior_low, prior_high] = axes::range_of(priors).unwrap_or([low, high]);
    let room = MOST_PRIOR * (high - low);
    let range = [
        low.min(prior_low.max(low - room)),
        high.max(prior_high.min(high + room)),
    ];
    axes::widened(range, 0.05)
}

fn draw_row(
    drawing: &mut Drawing,
    panel: &Panel,
    feature: &FeaturePrediction,
    prior: Option<&FeaturePrediction>,
    unit: &Unit,
    row: f64,
) {
    let y = panel.at_y(row);
    let area = panel.area;
    let place = |value: f64| panel.at_x(unit.apply(value)).clamp(area.left, area.right());
    let bar = |low: f64, high: f64, height: f64| Area {
        left: place(low),
        top: y - 0.5 * height,
        width: (place(high) - place(low)).max(0.8),
        height,
    };
    if let Some(prior) = prior {
        let wide = bar(prior.quantiles[0], prior.quantiles[4], 9.5);
        drawing.rectangle(wide, Fill::of(Ink::Quiet, 0.3));
    }
    let [low, lower, median, upper, high] = feature.quantiles;
    let ink = Ink::Series(0);
    drawing.rectangle(bar(low, high, 2.2), Fill::of(ink, 0.55));
    drawing.rectangle(bar(lower, upper, 5.6), Fill::of(ink, 0.85));
    let x = place(median);
    drawing.line((x, y - 2.8), (x, y + 2.8), Pen::solid(Ink::Paper, 0.9));
    let label = Label::plain(&feature.name).fit(area.left - EDGE - 5.0, TICK_SIZE);
    let style = TextStyle::new(TICK_SIZE, Ink::Text).anchored(Anchor::End);
    drawing.text(
        (area.left - 5.0, y + 0.5 * font::CAP_HEIGHT * TICK_SIZE),
        &label,
        style,
    );
    draw_observed(drawing, panel, unit.apply(feature.observed), y);
}

/// A dot; or, for a value beyond the axis, an arrow with the value.
fn draw_observed(drawing: &mut Drawing, panel: &Panel, value: f64, y: f64) {
    let area = panel.area;
    if (panel.x[0]..=panel.x[1]).contains(&value) {
        super::observed_dot(drawing, (panel.at_x(value), y), 2.1);
        return;
    }
    if !value.is_finite() {
        return;
    }
    let baseline = y + 0.5 * font::CAP_HEIGHT * TICK_SIZE;
    let style = TextStyle::new(TICK_SIZE, Ink::Text);
    let number = significant(value, 2);
    if value < panel.x[0] {
        drawing.text(
            (area.left + 1.0, baseline),
            &Label::plain(&format!("← {number}")),
            style,
        );
    } else {
        let style = style.anchored(Anchor::End);
        drawing.text(
            (area.right() + 5.0, baseline),
            &Label::plain(&format!("{number} →")),
            style,
        );
    }
}
