//! `retrodict tasks`.

use retrodict::Result;
use retrodict::simulate::builtin;
use serde_json::{Map, Value, json};

use crate::console::Console;
use crate::exit::ExitCode;

/// Prints what the command is asked for.
pub(crate) fn run(console: Console) -> Result<ExitCode> {
    let tasks = builtin::all()?;
    let width = tasks.iter().map(|task| task.name.len()).max().unwrap_or(0);
    console.say("name, parameters → data, what it is:");
    for task in &tasks {
        console.say(&format!(
            "  {:width$}  {:>2} → {:<3}  {}",
            task.name,
            task.simulator.n_parameters(),
            task.observation.len(),
            task.description,
        ));
    }
    console.say("\nUse one in a study with `[simulator]` and `builtin = \"NAME\"`.");
    let mut fields = Map::new();
    fields.insert("tasks".into(), tasks.iter().map(describe).collect());
    console.result("tasks", ExitCode::Done, fields);
    Ok(ExitCode::Done)
}

fn describe(task: &builtin::Builtin) -> Value {
    json!({
        "name": task.name,
        "description": task.description,
        "parameters": task.simulator.n_parameters(),
        "data": task.simulator.data_shape(),
        "observation": task.observation,
    })
}
