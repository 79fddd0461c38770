//! How typical the observation is of what was simulated.

use crate::check::{Misspecification, Space, Typicality, TypicalityKind};

use super::axes::{self, LABEL_SIZE, NOTE_SIZE, Panel};
use super::figure::{COLUMN, Figure, PAGE};
use super::label::Label;
use super::palette::Ink;
use super::svg::{Anchor, Area, Drawing, Fill, Pen, TextStyle};

const EDGE: f64 = 3.0;
const GAP: f64 = 16.0;
const COLUMNS: usize = 4;
const TITLE: f64 = 20.0;
const HEIGHT: f64 = 58.0;

/// One panel a test: the statistic of simulated rows as a histogram, and that of the observation as a line.
pub fn misspecification(name: &str, found: &Misspecification) -> Figure {
    let shown = &found.tests[..found.tests.len().min(COLUMNS)];
    let columns = shown.len().max(1) as f64;
    // A narrower sheet would be shown enlarged.
    let width = if shown.len() < 3 { COLUMN } else { PAGE };
    let side = (width - 2.0 * EDGE + GAP) / columns - GAP;
    let height = EDGE + TITLE + HEIGHT + axes::X_TICKS_HEIGHT + LABEL_SIZE + axes::NOTE_LINE + EDGE;
    let mut drawing = Drawing::new(name, width, height);
    for (i, test) in shown.iter().enumerate() {
        let area = Area {
            left: EDGE + i as f64 * (side + GAP),
            top: EDGE + TITLE,
            width: side,
            height: HEIGHT,
        };
        draw(&mut drawing, area, test);
    }
    let alt = alt(shown);
    Figure {
        name: name.to_string(),
        svg: drawing.finish(&alt),
        caption: CAPTION.into(),
        alt,
    }
}

const CAPTION: &str = "Is the observation typical of the simulations? Grey: the statistic of simulated data in the observation's place; line: that of the observation, orange if no more than one simulation in a thousand would be expected to lie as far out. Maximum mean discrepancy: how far from all simulations together; neighbours: the distance from the fifth nearest simulation, in units of whitened data. In summary space the data are replaced by their regression on the parameters.";

fn draw(drawing: &mut Drawing, area: Area, test: &Typicality) {
    let [low, .., high] = test.quantiles;
    let ends = [low.min(test.observed), high.max(test.observed)];
    let most = test.histogram.iter().copied().max().unwrap_or(1).max(1) as f64;
    let panel = Panel {
        area,
        x: axes::widened(ends, 0.04),
        y: [0.0, 1.08 * most],
    };
    let middle = area.left + 0.5 * area.width;
    let heading = TextStyle::new(LABEL_SIZE, Ink::Text).anchored(Anchor::Middle);
    let title = Label::plain(space_words(test.space));
    drawing.text((middle, area.top - NOTE_SIZE - 6.0), &title, heading);
    let note = TextStyle::new(NOTE_SIZE, Ink::Muted).anchored(Anchor::Middle);
    let words = Label::plain(&p_words(test.adjusted_p_value));
    drawing.text((middle, area.top - 4.0), &words, note);
    let step = (high - low) / test.histogram.len() as f64;
    for (k, &count) in test.histogram.iter().enumerate() {
        let from = panel.at((low + k as f64 * step, count as f64));
        let to = panel.at((low + (k + 1) as f64 * step, 0.0));
        let bar = Area {
            left: from.0,
            top: from.1,
            width: (to.0 - from.0).max(0.3),
            height: to.1 - from.1,
        };
        drawing.rectangle(bar, Fill::of(Ink::Quiet, 0.8));
    }
    let pen = Pen::solid(ink(test), 1.4);
    let top = panel.at((test.observed, panel.y[1]));
    drawing.line(panel.at((test.observed, 0.0)), top, pen);
    let ticks = panel.x_ticks(3, EDGE);
    panel.x_axis(drawing, &ticks, true);
    let label = Label::plain(kind_words(test.kind));
    panel.x_label(
        drawing,
        &label,
        axes::X_TICKS_HEIGHT + 3.0,
        ticks.note.as_deref(),
    );
}

/// As in the other figures: blue is what is as it should be, orange what is not.
fn ink(test: &Typicality) -> Ink {
    let usual = test.adjusted_p_value >= crate::check::thresholds::PREDICTIVE_FALSE_ALARM;
    Ink::Series(usize::from(!usual))
}

fn space_words(space: Space) -> &'static str {
    match space {
        Space::Data => "data",
        Space::Summaries => "summaries",
        Space::Trials => "all trials together",
    }
}

fn kind_words(kind: TypicalityKind) -> &'static str {
    match kind {
        TypicalityKind::Mmd => "mean discrepancy",
        TypicalityKind::Neighbours => "neighbours",
    }
}

fn p_words(p: f64) -> String {
    if p < 1e-6 {
        "p < 10⁻⁶".into()
    } else if p < 0.01 {
        format!("p = {p:.1e}")
    } else {
        format!("p = {p:.2}")
    }
}

fn alt(tests: &[Typicality]) -> String {
    let each = tests.iter().map(|t| {
        let (space, kind) = (space_words(t.space), kind_words(t.kind));
        format!("{space}, {kind}: {}", p_words(t.adjusted_p_value))
    });
    let each: Vec<String> = each.collect();
    format!("Typicality of the observation. {}.", each.join("; "))
}
