//! Options that make no sense.

use super::SamplerConfig;
use crate::error::{Error, Result};

impl SamplerConfig {
    /// Refuses numbers that make no sense.
    pub fn validate(&self) -> Result<()> {
        match self {
            Self::Slice(c) => counts(&[
                ("chains", c.chains),
                ("thin", c.thin),
                ("candidates", c.candidates),
                ("max_evaluations", c.max_evaluations),
            ]),
            Self::RandomWalk(c) => counts(&[
                ("chains", c.chains),
                ("thin", c.thin),
                ("candidates", c.candidates),
                ("max_evaluations", c.max_evaluations),
            ]),
            Self::Ensemble(c) => {
                counts(&[
                    ("walkers", c.walkers.unwrap_or(1)),
                    ("thin", c.thin),
                    ("candidates", c.candidates),
                    ("max_evaluations", c.max_evaluations),
                ])?;
                let share = c.differential_evolution;
                within("differential_evolution", share, 0.0, 1.0)
            }
            Self::Nuts(c) => {
                counts(&[
                    ("chains", c.chains),
                    ("max_depth", c.max_depth),
                    ("candidates", c.candidates),
                    ("max_evaluations", c.max_evaluations),
                ])?;
                if c.max_depth > MAX_DEPTH {
                    let expected = format!("at most {MAX_DEPTH}");
                    return refuse("max_depth", c.max_depth, &expected);
                }
                within("target_acceptance", c.target_acceptance, 0.3, 0.999)
            }
            Self::Smc(c) => {
                counts(&[
                    ("max_moves", c.max_moves),
                    ("max_stages", c.max_stages),
                    ("max_evaluations", c.max_evaluations),
                ])?;
                if c.particles < MIN_PARTICLES {
                    let expected = format!("at least {MIN_PARTICLES}");
                    return refuse("particles", c.particles, &expected);
                }
                within("effective_share", c.effective_share, 0.05, 0.95)?;
                within("correlation", c.correlation, 0.0, 1.0)
            }
            Self::Importance(c) => counts(&[
                ("oversampling", c.oversampling),
                ("max_evaluations", c.max_evaluations),
            ]),
            Self::Rejection(c) => {
                counts(&[
                    ("candidates", c.candidates),
                    ("max_evaluations", c.max_evaluations),
                ])?;
                within("margin", c.margin, 1.0, 1e6)
            }
            Self::Variational(c) => {
                counts(&[
                    ("transforms", c.transforms),
                    ("steps", c.steps),
                    ("particles", c.particles),
                    ("oversampling", c.oversampling),
                    ("candidates", c.candidates),
                    ("max_evaluations", c.max_evaluations),
                ])?;
                within("learning_rate", c.learning_rate, 1e-8, 1.0)
            }
        }
    }
}

/// Trajectories of more steps than two to this power would outlast any budget.
const MAX_DEPTH: usize = 20;
/// With fewer particles there is no covariance, and no estimate of an error.
const MIN_PARTICLES: usize = 20;

fn counts(counts: &[(&str, usize)]) -> Result<()> {
    match counts.iter().find(|(_, count)| *count == 0) {
        Some((field, _)) => refuse(field, 0, "at least 1"),
        None => Ok(()),
    }
}

fn within(field: &str, value: f64, low: f64, high: f64) -> Result<()> {
    if value >= low && value <= high {
        return Ok(());
    }
    refuse(field, value, &format!("from {low} to {high}"))
}

fn refuse<T>(field: &str, given: impl std::fmt::Display, expected: &str) -> Result<T> {
    Err(Error::invalid_option("sampler", field, given, expected))
}
