//! Numbers and texts as they stand in SVG.

use std::fmt::Write;

/// Writing to a `String` cannot fail.
pub(super) fn write_to(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    let _ = text.write_fmt(arguments);
}

/// A number with at most two decimals (1/100 point is finer than any printer), never `-0`.
pub(in crate::report) fn number(value: f64) -> String {
    // Far outside any sheet, and within what every renderer's single precision can hold.
    const LARGEST: f64 = 1e6;
    let value = if value.is_nan() {
        0.0
    } else {
        value.clamp(-LARGEST, LARGEST)
    };
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" {
        "0".to_string()
    } else {
        text.to_string()
    }
}

/// Text made safe for SVG and HTML, as content and as an attribute; control characters, which XML
/// forbids, become spaces.
pub(in crate::report) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\n' | '\t' => safe.push(character),
            '\u{fffe}' | '\u{ffff}' => safe.push(' '),
            _ if character.is_control() => safe.push(' '),
            _ => safe.push(character),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_stable() {
        let written = [1.0, -0.001, 0.126, 12.5, f64::NAN, f64::INFINITY].map(number);
        assert_eq!(written, ["1", "0", "0.13", "12.5", "0", "1000000"]);
    }
}
