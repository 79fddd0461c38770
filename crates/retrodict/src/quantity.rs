//! Quantities as a person writes them: a number and a unit.

/// `text` in terms of the units' sizes: `"1.5 min"` with `("min", 60.0)` is 90. Nothing if it is not a
/// number with one of the units behind it; capitals count for nothing.
pub(crate) fn parse(text: &str, units: &[(&str, f64)]) -> Option<f64> {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_'))?;
    let number: f64 = text[..end].replace('_', "").parse().ok()?;
    let unit = text[end..].trim();
    let (_, size) = units
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(unit))?;
    Some(number * size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_needs_a_unit_that_exists() {
        let units = [("s", 1.0), ("min", 60.0)];
        for (text, value) in [("90 s", 90.0), (" 1.5min ", 90.0), ("1_000 S", 1000.0)] {
            assert_eq!(parse(text, &units), Some(value), "{text}");
        }
        for wrong in ["", "90", "min", "-1 s", "1 h", "1.2.3 s", "s 1"] {
            assert_eq!(parse(wrong, &units), None, "{wrong}");
        }
    }
}
