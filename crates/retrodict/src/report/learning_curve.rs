//! How the posterior gets better with the number of simulations.

use crate::check::LearningCurve;

use super::axes::{self, LABEL_SIZE, Panel};
use super::figure::{COLUMN, Figure};
use super::font;
use super::label::Label;
use super::palette::Ink;
use super::svg::{Area, Drawing, Fill, Pen};
use super::ticks::{Ticks, significant};

const EDGE: f64 = 3.0;

/// The mean log-density of the truth against the number of simulations, on a logarithmic axis, with the
/// forecast for two and ten times as many.
pub fn learning_curve(name: &str, curve: &LearningCurve) -> Figure {
    let measured: Vec<(f64, [f64; 3])> = curve.points.iter().map(point).collect();
    let last = curve.points.last().map_or(1, |p| p.simulations) as f64;
    let forecast = curve.forecasts.iter().map(|f| {
        let [low, high] = f.interval;
        ((last * f.factor).log10(), [low, f.gain, high])
    });
    let forecast: Vec<(f64, [f64; 3])> = forecast.collect();
    let all = || measured.iter().chain(&forecast);
    let y = axes::range_of(all().flat_map(|(_, values)| *values)).unwrap_or([-1.0, 1.0]);
    let x = axes::range_of(all().map(|(x, _)| *x)).unwrap_or([2.0, 3.0]);
    let mut panel = Panel {
        area: Area {
            left: 0.0,
            top: EDGE + 4.0,
            width: COLUMN,
            height: 0.55 * COLUMN,
        },
        x: axes::widened(x, 0.06),
        y: axes::widened(y, 0.08),
    };
    let y_ticks = panel.y_ticks(5, 2.0);
    panel.area.left = EDGE + LABEL_SIZE + 3.0 + axes::y_ticks_width(&y_ticks.labels);
    panel.area.width = COLUMN - panel.area.left - EDGE - 6.0;
    let height = panel.area.bottom() + axes::X_TICKS_HEIGHT + 3.0 + LABEL_SIZE + EDGE;
    let mut drawing = Drawing::new(name, COLUMN, height);
    draw(&mut drawing, &panel, &measured, &forecast);
    panel.x_axis(&mut drawing, &x_ticks(&panel, all().map(|(x, _)| *x)), true);
    panel.y_axis(&mut drawing, &y_ticks, true);
    let below = axes::X_TICKS_HEIGHT + 3.0;
    panel.x_label(&mut drawing, &Label::plain("simulations"), below, None);
    let label = Label::plain("gain in log-density, nats");
    panel.y_label(
        &mut drawing,
        &label,
        EDGE + LABEL_SIZE * font::CAP_HEIGHT,
        None,
    );
    let alt = alt(curve);
    Figure {
        name: name.to_string(),
        svg: drawing.finish(&alt),
        caption: caption(curve),
        alt,
    }
}

/// log₁₀ n, and the gain with one standard error to each side.
fn point(point: &crate::check::LearningPoint) -> (f64, [f64; 3]) {
    let (gain, error) = (point.gain, point.standard_error);
    let x = (point.simulations as f64).log10();
    (x, [gain - error, gain, gain + error])
}

fn draw(
    drawing: &mut Drawing,
    panel: &Panel,
    measured: &[(f64, [f64; 3])],
    forecast: &[(f64, [f64; 3])],
) {
    let line = Pen::solid(Ink::Series(0), 1.2);
    let middle = |points: &[(f64, [f64; 3])]| -> Vec<(f64, f64)> {
        points.iter().map(|(x, values)| (*x, values[1])).collect()
    };
    drawing.polyline(&panel.all(&middle(measured)), line);
    let mut ahead = middle(&measured[measured.len().saturating_sub(1)..]);
    ahead.extend(middle(forecast));
    drawing.polyline(&panel.all(&ahead), line.dashed(3.0, 2.0));
    for (points, inside, rim) in [
        (measured, Ink::Series(0), Ink::Paper),
        (forecast, Ink::Paper, Ink::Series(0)),
    ] {
        for (x, [low, gain, high]) in points {
            let bar = Pen::solid(Ink::Series(0), 0.8);
            drawing.line(panel.at((*x, *low)), panel.at((*x, *high)), bar);
            let rim = Pen::solid(rim, 0.8);
            let at = panel.at((*x, *gain));
            drawing.dot(at, 2.0, Fill::of(inside, 1.0), Some(rim));
        }
    }
}

/// A tick at each point that has room for its label.
fn x_ticks(panel: &Panel, at: impl Iterator<Item = f64>) -> Ticks {
    let mut ticks = Ticks::default();
    let mut end = f64::NEG_INFINITY;
    for x in at {
        let label = significant(10_f64.powf(x), 3);
        let half = 0.5 * font::width(&label, axes::TICK_SIZE);
        let place = panel.at_x(x);
        if place - half > end + 4.0 && place + half < panel.area.right() + 6.0 {
            end = place + half;
            ticks.values.push(x);
            ticks.labels.push(label);
        }
    }
    ticks
}

fn caption(curve: &LearningCurve) -> String {
    format!(
        "Learning curve: the mean log-density of {} test simulations after training on parts of the simulations, less that of the whole, with standard errors; dashed and hollow, a power law's forecast for two and ten times as many simulations, with 90 % intervals. A gain of g nats shortens the error bars of {} parameters by a factor of about exp(−g/{}).",
        curve.n_test, curve.n_parameters, curve.n_parameters
    )
}

fn alt(curve: &LearningCurve) -> String {
    let [twice, ten] = curve.forecasts;
    format!(
        "The gain with twice as many simulations is forecast as {:.3} nats, with ten times as many as {:.3}.",
        twice.gain, ten.gain
    )
}
