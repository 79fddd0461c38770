//! `sbibm check-simulators`.

use std::process::ExitCode;

use retrodict::{Result, Seed};

use crate::arguments::{Arguments, CheckOptions};
use crate::invariance::drift;

/// A drift counts only beyond this many standard errors: over the about 1,300 functions of ten
/// tasks and five observations, a false alarm has a probability of 10⁻³.
const LARGEST_Z: f64 = 5.0;
/// Reference samples come from samplers with errors of their own; a shift below this share of a
/// standard deviation is taken to be theirs, and is printed.
const LARGEST_SHIFT: f64 = 0.05;

pub(crate) fn run(arguments: &Arguments, options: &CheckOptions) -> Result<ExitCode> {
    arguments.set_threads()?;
    let data = arguments.data();
    println!(
        "| task | observation | accepted | largest z | of | mean shift / sd | sd change | log density | |"
    );
    println!("|---|---:|---:|---:|---|---:|---:|---:|---|");
    let mut all_right = true;
    for task in options.selection.tasks()? {
        for number in options.selection.observations()? {
            let size = (options.samples, options.steps);
            let drift = drift(&data, task, number, size, Seed(options.seed))?;
            let moved = drift.mean_shift.max(drift.sd_change);
            let word = if drift.largest_z < LARGEST_Z {
                "same"
            } else if moved < LARGEST_SHIFT {
                "same within 5 %"
            } else {
                all_right = false;
                "DIFFERENT"
            };
            println!(
                "| {task} | {number} | {:.3} | {:.2} of {} | {} | {:.4} | {:+.4} | {:+.4} | {word} |",
                drift.acceptance,
                drift.largest_z,
                drift.n_functions,
                drift.where_largest,
                drift.mean_shift,
                drift.sd_change,
                drift.log_density_change,
            );
        }
    }
    Ok(if all_right {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(3)
    })
}
