//! Checks of the numbers that a distribution is made from.

use crate::error::{Error, Result};

/// Refuses NaN and infinities.
pub(super) fn finite(argument: &str, value: f64) -> Result<()> {
    if value.is_finite() {
        return Ok(());
    }
    Err(Error::invalid(
        argument,
        value,
        "a finite number",
        "Write an ordinary number, such as 0.5.",
    ))
}

/// Refuses everything but positive finite numbers.
pub(super) fn positive(argument: &str, value: f64) -> Result<()> {
    if value.is_finite() && value > 0.0 {
        return Ok(());
    }
    Err(Error::invalid(
        argument,
        value,
        "a positive finite number",
        "Write a number above zero, such as 1.0.",
    ))
}

/// Refuses what is not from 0 to 1.
pub(super) fn probability(argument: &str, value: f64) -> Result<()> {
    if (0.0..=1.0).contains(&value) {
        return Ok(());
    }
    Err(Error::invalid(
        argument,
        value,
        "a probability from 0 to 1",
        "Write a number such as 0.5.",
    ))
}

/// Refuses ends that are not finite, not in order, or too far apart for a number to hold.
pub(super) fn bounds(low: f64, high: f64) -> Result<()> {
    finite("low", low)?;
    finite("high", high)?;
    if low >= high {
        return Err(Error::invalid(
            "high",
            high,
            format!("a number above `low`, which is {low}"),
            "Swap the two ends, or widen the interval.",
        ));
    }
    if !(high - low).is_finite() {
        return Err(Error::invalid(
            "high",
            high,
            format!("a number within 1.8e308 of `low`, which is {low}"),
            "Narrow the interval.",
        ));
    }
    Ok(())
}

/// Checks relative weights (positive or zero, at least one positive) and scales them to sum to one.
pub(super) fn weights(argument: &str, weights: &[f64]) -> Result<Vec<f64>> {
    let total: f64 = weights.iter().sum();
    if weights.iter().all(|w| *w >= 0.0) && total > 0.0 && total.is_finite() {
        return Ok(weights.iter().map(|w| w / total).collect());
    }
    Err(Error::invalid(
        argument,
        format!("{weights:?}"),
        "numbers that are not negative, with a positive finite sum",
        "Give one probability or relative weight for each.",
    ))
}

/// Refuses two lists of different lengths, and empty ones.
pub(super) fn same_length(
    argument: &str,
    given: usize,
    other: &str,
    expected: usize,
) -> Result<()> {
    if given == expected && given > 0 {
        return Ok(());
    }
    Err(Error::invalid(
        argument,
        format!("{given} entries"),
        format!("as many as `{other}` has, {expected}, and at least one"),
        "Make the two lists equally long.",
    ))
}
