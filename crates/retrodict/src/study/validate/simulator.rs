//! What `[simulator]` may say.

use crate::error::Result;
use crate::study::read::list;
use crate::study::simulator_config::SimulatorConfig;
use crate::study::source::Source;

pub(super) fn simulator(config: &SimulatorConfig, source: &Source) -> Result<()> {
    let kinds = config.kinds();
    if kinds.len() != 1 {
        let given = if kinds.is_empty() {
            "given none".to_string()
        } else {
            format!("given {}", kinds.join(" and "))
        };
        return Err(source.error(
            "simulator",
            format!("{given}, expected exactly one kind of simulator"),
            format!("Give one of {}.", list(&SimulatorConfig::KINDS)),
        ));
    }
    let later = match kinds[0] {
        "library" => Some(
            "Wrap the library in a small program behind the worker protocol (`retrodict init DIR --simulator c` writes one) and use `worker`.",
        ),
        "um_bridge" => Some(
            "Call the server from a small program behind the worker protocol (`retrodict init DIR --simulator python` writes one) and use `worker`.",
        ),
        _ => None,
    };
    if let Some(advice) = later {
        let field = format!("simulator.{}", kinds[0]);
        return Err(source.error(&field, "not available in this version", advice));
    }
    let share = config.max_failed;
    if !(0.0..=1.0).contains(&share) {
        return Err(source.error(
            "simulator.max_failed",
            format!("given {share}, expected a share from 0 to 1"),
            "Give the largest share of simulations that may fail, for example 0.5.",
        ));
    }
    if let Some(worker) = &config.worker {
        worker
            .validate()
            .map_err(|error| source.restated(error, |what| format!("simulator.{what}")))?;
    }
    Ok(())
}
