//! Numbers as a reader wants them in a sentence.

/// `p = 0.03`, or `p < 10⁻⁶`.
pub(super) fn p_words(p: f64) -> String {
    if p < 1e-6 {
        "p < 10⁻⁶".into()
    } else if p < 0.01 {
        format!("p = {p:.1e}")
    } else {
        format!("p = {p:.2}")
    }
}

/// `a`, `a and b`, `a, b and c`, and at most four names.
pub(super) fn list(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).into(),
        [first @ .., last] if names.len() <= 4 => format!("{} and {last}", first.join(", ")),
        _ => format!("{} and {} more", names[..3].join(", "), names.len() - 3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_stay_short() {
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
        assert_eq!(list(&["a", "b", "c", "d", "e"]), "a, b, c and 2 more");
        assert_eq!(
            (p_words(0.3), p_words(1e-9)),
            ("p = 0.30".into(), "p < 10⁻⁶".into())
        );
    }
}
