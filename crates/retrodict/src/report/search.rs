//! The trials of a search for hyper-parameters.

use crate::infer::{SearchResult, Trial};

use super::axes::{self, LABEL_SIZE, Panel};
use super::figure::{Figure, PAGE};
use super::font;
use super::label::Label;
use super::legend::{self, Entry, Key};
use super::palette::Ink;
use super::svg::{Area, Drawing, Fill, Pen};
use super::ticks::{Ticks, significant};

const EDGE: f64 = 3.0;
const GAP: f64 = 9.0;
const HEIGHT: f64 = 92.0;

/// A setting that was searched: its name, and its value in a trial.
type Setting = (&'static str, fn(&Trial) -> Option<f64>);

const SETTINGS: [Setting; 5] = [
    ("width", |t| t.settings.hidden.first().map(|&n| n as f64)),
    ("depth", |t| Some(t.settings.hidden.len() as f64)),
    ("transforms", |t| t.settings.transforms.map(|n| n as f64)),
    ("learning rate", |t| Some(t.settings.learning_rate)),
    ("batch size", |t| Some(t.settings.batch_size as f64)),
];

/// The loss of every trial against each setting, on logarithmic axes; the colour says how long it
/// was trained, and the best has a ring.
pub fn search(name: &str, result: &SearchResult) -> Figure {
    let settings: Vec<Setting> = SETTINGS
        .into_iter()
        .filter(|(_, value)| result.trials.iter().all(|trial| value(trial).is_some()))
        .collect();
    let y = loss_range(&result.trials);
    let top = EDGE + legend::LINE + 4.0;
    let mut first = Panel {
        area: Area {
            left: 0.0,
            top,
            width: 80.0,
            height: HEIGHT,
        },
        x: [0.0, 1.0],
        y,
    };
    let y_ticks = first.y_ticks(5, 2.0);
    let note = if y_ticks.note.is_some() {
        axes::NOTE_LINE
    } else {
        0.0
    };
    let left = EDGE + LABEL_SIZE + note + 3.0 + axes::y_ticks_width(&y_ticks.labels);
    let n = settings.len() as f64;
    let width = (PAGE - left - EDGE - 5.0 - GAP * (n - 1.0)) / n;
    let height = first.area.bottom() + axes::X_TICKS_HEIGHT + 3.0 + LABEL_SIZE + EDGE;
    let mut drawing = Drawing::new(name, PAGE, height);
    legend::row(&mut drawing, &entries(result), left, EDGE, PAGE - left);
    for (i, setting) in settings.iter().enumerate() {
        first.area.width = width;
        first.area.left = left + i as f64 * (width + GAP);
        first.x = log_range(result, *setting);
        draw(&mut drawing, &first, result, *setting);
        first.y_axis(&mut drawing, &y_ticks, i == 0);
        if i == 0 {
            let x = EDGE + LABEL_SIZE * font::CAP_HEIGHT;
            let label = Label::plain("validation loss");
            first.y_label(&mut drawing, &label, x, y_ticks.note.as_deref());
        }
    }
    let alt = alt(result);
    Figure {
        name: name.to_string(),
        svg: drawing.finish(&alt),
        caption: caption(result, y[1]),
        alt,
    }
}

fn last_rung(result: &SearchResult) -> usize {
    result.trials.iter().map(|t| t.rung).max().unwrap_or(0)
}

fn entries(result: &SearchResult) -> Vec<Entry> {
    let last = last_rung(result);
    let mut entries = Vec::new();
    for rung in 0..=last {
        let steps = result.trials.iter().find(|t| t.rung == rung);
        let steps = steps.map_or(0, |trial| trial.max_steps);
        let label = format!("up to {steps} steps");
        entries.push(Entry::new(Key::Dot(ink(last - rung)), &label));
    }
    entries
}

/// The colour of trials that ended so many rungs before the last.
fn ink(before_last: usize) -> Ink {
    [Ink::Series(0), Ink::Series(1), Ink::Muted][before_last.min(2)]
}

fn draw(drawing: &mut Drawing, panel: &Panel, result: &SearchResult, (name, value): Setting) {
    let last = last_rung(result);
    let place = |trial: &Trial| {
        let at = (value(trial)?.log10(), trial.loss?);
        (at.1 <= panel.y[1]).then(|| panel.at(at))
    };
    let rim = Some(Pen::solid(Ink::Paper, 0.4));
    for trial in &result.trials {
        if let Some(at) = place(trial) {
            drawing.dot(at, 1.9, Fill::of(ink(last - trial.rung), 0.9), rim);
        }
    }
    if let Some(at) = place(&result.best) {
        let ring = Pen::solid(Ink::Text, 1.1);
        let fill = Fill::of(ink(last - result.best.rung), 1.0);
        drawing.dot(at, 2.8, fill, Some(ring));
    }
    panel.x_axis(drawing, &log_ticks(panel), true);
    let below = axes::X_TICKS_HEIGHT + 3.0;
    panel.x_label(drawing, &Label::plain(name), below, None);
}

fn log_range(result: &SearchResult, (_, value): Setting) -> [f64; 2] {
    let values = result.trials.iter().filter_map(value).map(f64::log10);
    let [low, high] = axes::range_of(values).unwrap_or([0.0, 1.0]);
    if high - low < 0.1 {
        return [low - 0.2, high + 0.2];
    }
    axes::widened([low, high], 0.08)
}

/// Ticks at round numbers on a logarithmic axis: as round as they may be for there to be two.
fn log_ticks(panel: &Panel) -> Ticks {
    let sets: [&[f64]; 3] = [
        &[1.0, 3.0],
        &[1.0, 2.0, 3.0, 5.0, 7.0],
        &[1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0],
    ];
    let mut found = sets.into_iter().map(|digits| ticks_at(panel, digits));
    let enough = found.find(|ticks| ticks.values.len() >= 2);
    enough.unwrap_or_else(|| ticks_at(panel, sets[2]))
}

fn ticks_at(panel: &Panel, digits: &[f64]) -> Ticks {
    const APART: f64 = 3.0;
    let [low, high] = panel.x;
    let all: Vec<f64> = (low.floor() as i32..=high.ceil() as i32)
        .flat_map(|power| digits.iter().map(move |digit| digit * 10_f64.powi(power)))
        .filter(|value| (low..=high).contains(&value.log10()))
        .collect();
    let mut ticks = Ticks::default();
    let mut end = f64::NEG_INFINITY;
    for value in all {
        let digits = significant(value, 2);
        let label = if digits.contains('.') {
            let short = digits.trim_end_matches('0');
            short.trim_end_matches('.').to_string()
        } else {
            digits
        };
        let (at, half) = (
            panel.at_x(value.log10()),
            0.5 * font::width(&label, axes::TICK_SIZE),
        );
        let inside = at - half >= panel.area.left - 4.0 && at + half <= panel.area.right() + 4.0;
        if inside && at - half >= end + APART {
            end = at + half;
            ticks.values.push(value.log10());
            ticks.labels.push(label);
        }
    }
    ticks
}

/// From the smallest loss to a little above that of most trials.
fn loss_range(trials: &[Trial]) -> [f64; 2] {
    let mut losses: Vec<f64> = trials.iter().filter_map(|t| t.loss).collect();
    losses.sort_by(f64::total_cmp);
    let Some((&least, last)) = losses.first().zip(losses.len().checked_sub(1)) else {
        return [0.0, 1.0];
    };
    let typical = losses[last * 3 / 4];
    let high = losses[last].min(typical + (typical - least));
    axes::widened([least, high], 0.06)
}

fn caption(result: &SearchResult, top: f64) -> String {
    let above = result.trials.iter().filter_map(|t| t.loss);
    let above = above.filter(|loss| *loss > top).count();
    let counted = |words: &str, n: usize| match n {
        0 => String::new(),
        n => format!(" {words}: {n}."),
    };
    format!(
        "The loss on held-out simulations (lower is better) of every trial, against each setting that was searched, on logarithmic axes. The best has a dark ring.{}{}",
        counted("Trials above the axis", above),
        counted("Trials that failed", result.n_failed)
    )
}

fn alt(result: &SearchResult) -> String {
    let loss = result.best.loss.unwrap_or(f64::NAN);
    format!(
        "{} trials against the settings that were searched; the best has a validation loss of {}.",
        result.trials.len(),
        significant(loss, 4)
    )
}
