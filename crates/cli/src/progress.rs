//! How far a run is: bars on a terminal, plain lines elsewhere.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use retrodict::study::{Event, Stage};

use crate::console::Console;

/// Without a terminal, a stage that takes long says so this often.
const LINE_EVERY: Duration = Duration::from_secs(20);

/// Shows the events of a run.
#[derive(Debug)]
pub(crate) struct Progress {
    console: Console,
    shown: Mutex<Shown>,
}

#[derive(Debug)]
struct Shown {
    bar: Option<ProgressBar>,
    total: usize,
    last_line: Instant,
}

impl Progress {
    pub(crate) fn new(console: Console) -> Self {
        let shown = Shown {
            bar: None,
            total: 0,
            last_line: Instant::now(),
        };
        Self {
            console,
            shown: Mutex::new(shown),
        }
    }

    /// Shows one event, from any thread.
    pub(crate) fn show(&self, event: &Event) {
        if !self.console.speaks() {
            return;
        }
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Started { stage, total } => self.start(&mut shown, *stage, *total),
            Event::Progress {
                stage,
                done,
                message,
            } => self.step(&mut shown, *stage, *done, message),
            Event::Finished {
                stage,
                seconds,
                message,
            } => {
                clear(&mut shown);
                self.console.say(&format!(
                    "{:<16} {message} ({})",
                    title(*stage),
                    duration(*seconds)
                ));
            }
            Event::Kept { stage } => {
                self.console
                    .say(&format!("{:<16} there already", title(*stage)));
            }
            Event::Note { message } => {
                if let Some(bar) = &shown.bar {
                    bar.suspend(|| self.console.say(&format!("note: {message}")));
                } else {
                    self.console.say(&format!("note: {message}"));
                }
            }
            _ => {}
        }
    }

    fn start(&self, shown: &mut Shown, stage: Stage, total: usize) {
        clear(shown);
        shown.total = total;
        shown.last_line = Instant::now();
        if !self.console.draws_bars() {
            return;
        }
        let bar = if total > 0 {
            ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::stderr())
                .with_style(style("{prefix:<16} {bar:30} {pos}/{len} {msg}"))
        } else {
            ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr())
                .with_style(style("{prefix:<16} {spinner} {msg}"))
        };
        shown.bar = Some(bar.with_prefix(title(stage)));
    }

    fn step(&self, shown: &mut Shown, stage: Stage, done: usize, message: &str) {
        // Training may take more epochs than it set out to.
        let done = if shown.total > 0 {
            done.min(shown.total)
        } else {
            done
        };
        if let Some(bar) = &shown.bar {
            bar.set_position(done as u64);
            bar.set_message(message.to_string());
        } else if shown.last_line.elapsed() > LINE_EVERY {
            shown.last_line = Instant::now();
            let of = if shown.total > 0 {
                format!(" of {}", shown.total)
            } else {
                String::new()
            };
            let line = format!("{:<16} {done}{of} {message}", title(stage));
            self.console.say(line.trim_end());
        }
    }
}

fn clear(shown: &mut Shown) {
    if let Some(bar) = shown.bar.take() {
        bar.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .expect("the templates are fixed")
        .progress_chars("━━ ")
}

fn title(stage: Stage) -> &'static str {
    match stage {
        Stage::Simulate => "simulate",
        Stage::SimulateTests => "simulate tests",
        Stage::Fit => "fit",
        Stage::Sample => "sample",
        Stage::Explore => "explore",
        Stage::Check => "check",
        Stage::Report => "report",
    }
}

/// `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`.
pub(crate) fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    if seconds < 9.95 {
        format!("{seconds:.1} s")
    } else if whole < 120 {
        format!("{whole} s")
    } else if whole < 7200 {
        format!("{} min {} s", whole / 60, whole % 60)
    } else {
        format!("{} h {} min", whole / 3600, whole / 60 % 60)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn durations_read_well() {
        for (seconds, text) in [
            (0.42, "0.4 s"),
            (12.3, "12 s"),
            (200.0, "3 min 20 s"),
            (7500.0, "2 h 5 min"),
        ] {
            assert_eq!(super::duration(seconds), text);
        }
    }
}
