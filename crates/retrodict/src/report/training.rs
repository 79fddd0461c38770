//! The loss of every network while it was trained.

use crate::train::{MemberLog, TrainLog};

use super::axes::{self, LABEL_SIZE, Panel};
use super::figure::{COLUMN, Figure};
use super::font;
use super::label::Label;
use super::legend::{self, Entry, Key};
use super::palette::Ink;
use super::svg::{Area, Drawing, Fill, Pen};

/// The losses of one member of the ensemble.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LossCurve {
    /// The mean loss over the training rows, one value an epoch.
    pub training: Vec<f64>,
    /// The mean loss over the validation rows, first under the first weights and then one value an
    /// epoch.
    pub validation: Vec<f64>,
    /// The epoch whose weights were kept, counted from 1; 0 means the first weights.
    pub best_epoch: usize,
}

impl LossCurve {
    /// The losses of every member, from the record of a training.
    pub fn of(log: &TrainLog) -> Vec<Self> {
        let curve = |member: &MemberLog| Self {
            training: member.epochs.iter().map(|e| e.train_loss).collect(),
            validation: std::iter::once(member.initial_validation_loss)
                .chain(member.epochs.iter().map(|e| e.validation_loss))
                .collect(),
            best_epoch: member.best_epoch,
        };
        log.members.iter().map(curve).collect()
    }
}

const EDGE: f64 = 3.0;

/// Training and validation loss against the epoch, for every member of the ensemble, with the
/// epochs whose weights were kept. The axis fits the losses after the first epochs.
pub fn training(name: &str, members: &[LossCurve]) -> Figure {
    let entries = [
        Entry::new(Key::Line(training_pen()), "training"),
        Entry::new(Key::Line(validation_pen()), "validation"),
        Entry::new(Key::Dot(Ink::Text), "kept"),
    ];
    let n_epochs = members.iter().map(|m| m.training.len()).max();
    let n_epochs = n_epochs.unwrap_or(0).max(2) as f64;
    let mut panel = Panel {
        area: Area {
            left: 30.0,
            top: EDGE + legend::LINE + 3.0,
            width: 200.0,
            height: 112.0,
        },
        x: [-0.02 * n_epochs, 1.02 * n_epochs],
        y: loss_range(members),
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
    legend::row(
        &mut drawing,
        &entries,
        panel.area.left,
        EDGE,
        panel.area.width,
    );
    drawing.clipped(panel.area, |drawing| draw_curves(drawing, &panel, members));
    // No ticks between epochs.
    let most = (n_epochs as usize).min(6);
    panel.x_axis(&mut drawing, &panel.x_ticks(most, 5.0), true);
    panel.y_axis(&mut drawing, &y_ticks, true);
    let below = axes::X_TICKS_HEIGHT + 3.0;
    panel.x_label(&mut drawing, &Label::plain("epoch"), below, None);
    let x = EDGE + LABEL_SIZE * font::CAP_HEIGHT;
    panel.y_label(
        &mut drawing,
        &Label::plain("loss"),
        x,
        y_ticks.note.as_deref(),
    );
    let alt = alt(members);
    Figure {
        name: name.to_string(),
        svg: drawing.finish(&alt),
        caption: caption(members.len()),
        alt,
    }
}

fn training_pen() -> Pen {
    Pen::solid(Ink::Series(4), 0.9)
}

fn validation_pen() -> Pen {
    Pen::solid(Ink::Series(0), 0.9)
}

fn draw_curves(drawing: &mut Drawing, panel: &Panel, members: &[LossCurve]) {
    let faint = if members.len() > 2 { 0.7 } else { 1.0 };
    for member in members {
        for (losses, first, pen) in [
            (&member.training, 1.0, training_pen()),
            (&member.validation, 0.0, validation_pen()),
        ] {
            drawing.polyline(&points(panel, losses, first), pen.faint(faint));
        }
    }
    for member in members {
        let kept = points(panel, &member.validation, 0.0)
            .get(member.best_epoch)
            .copied();
        if let Some(at) = kept {
            let rim = Pen::solid(Ink::Paper, 0.6);
            drawing.dot(at, 2.2, Fill::of(Ink::Text, 1.0), Some(rim));
        }
    }
}

/// The losses from the epoch `first` on.
fn points(panel: &Panel, losses: &[f64], first: f64) -> Vec<(f64, f64)> {
    let point = |(i, loss): (usize, &f64)| panel.at((i as f64 + first, *loss));
    losses.iter().enumerate().map(point).collect()
}

/// From the smallest loss to the largest after the first tenth of the epochs, with a look at the
/// way down; a loss that jumps now and then does not stretch the axis.
fn loss_range(members: &[LossCurve]) -> [f64; 2] {
    let curves = || members.iter().flat_map(|m| [&m.training, &m.validation]);
    let mut late: Vec<f64> = curves()
        .flat_map(|losses| losses.iter().skip(losses.len() / 10))
        .copied()
        .filter(|loss| loss.is_finite())
        .collect();
    late.sort_by(f64::total_cmp);
    let Some((least, last)) = late.first().zip(late.len().checked_sub(1)) else {
        return [0.0, 1.0];
    };
    let typical = late[last - last / 50];
    let most = curves()
        .flatten()
        .copied()
        .filter(|v| v.is_finite())
        .fold(*least, f64::max);
    let high = most.min(typical + 0.25 * (typical - least));
    axes::widened([*least, high], 0.05)
}

fn caption(n_members: usize) -> String {
    let members = if n_members > 1 {
        format!(" for each of {n_members} networks")
    } else {
        String::new()
    };
    format!(
        "Loss on training and on validation simulations{members} (lower is better). Dots mark the epochs whose weights were kept; epoch 0 is before training. Where training finds nothing better for a while it goes back to its best weights and on with smaller steps, and the curve leaps. Losses of the first epochs may lie above the axis."
    )
}

fn alt(members: &[LossCurve]) -> String {
    let kept = members.iter().map(|member| {
        let epoch = member.best_epoch;
        let loss = member.validation.get(epoch);
        let loss = loss.map_or_else(String::new, |l| {
            format!(
                " with a validation loss of {}",
                super::ticks::significant(*l, 4)
            )
        });
        format!("epoch {epoch} of {}{loss}", member.training.len())
    });
    let kept: Vec<String> = kept.collect();
    format!("Training curves; kept: {}.", kept.join("; "))
}
