//! The first line of a worker: what it takes and what it gives.

use serde::Deserialize;

/// The longest hello line that is read.
pub(crate) const LONGEST_HELLO: usize = 64 * 1024;
/// The most values in one row of data (8 GiB).
const LARGEST_ROW: usize = 1 << 30;

/// What a worker says about itself; keys it has beside these belong to later versions.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Hello {
    retrodict: u64,
    /// How many parameters it takes.
    pub(crate) parameters: usize,
    /// The shape of one simulation's data.
    pub(crate) data: Vec<usize>,
    /// Whether it answers requests for log-likelihoods, too.
    #[serde(default)]
    pub(crate) log_likelihood: bool,
}

const EXPECTED: &str = r#"one line such as {"retrodict": 1, "parameters": 2, "data": [100]}"#;

impl Hello {
    /// Reads a hello line; the error says what is wrong with it.
    pub(crate) fn parse(line: &[u8]) -> Result<Self, String> {
        let hello: Self = serde_json::from_slice(line).map_err(|error| {
            format!(
                "its first line is `{}`, expected {EXPECTED} ({error})",
                quote(line)
            )
        })?;
        if hello.retrodict != 1 {
            return Err(format!(
                "it speaks version {} of the protocol, expected version 1",
                hello.retrodict
            ));
        }
        let length = hello
            .data
            .iter()
            .try_fold(1_usize, |n, &axis| n.checked_mul(axis));
        let sensible = length.is_some_and(|n| (1..=LARGEST_ROW).contains(&n));
        if hello.data.is_empty() || !sensible {
            return Err(format!(
                "it gives data of shape {:?}, expected one or more axes and 1 to 2³⁰ values",
                hello.data
            ));
        }
        Ok(hello)
    }
}

/// The start of some bytes, fit for a message.
pub(crate) fn quote(bytes: &[u8]) -> String {
    const LONGEST: usize = 80;
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(4 * LONGEST)]);
    let mut quoted: String = text
        .trim_end()
        .chars()
        .map(|c| if c.is_control() { '·' } else { c })
        .take(LONGEST)
        .collect();
    if text.trim_end().chars().count() > LONGEST {
        quoted.push('…');
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hello_is_read_and_unknown_keys_are_left_to_later_versions() {
        let hello =
            Hello::parse(br#"{"retrodict": 1, "parameters": 2, "data": [10, 3], "gold": true}"#);
        let hello = hello.unwrap();
        assert_eq!((hello.parameters, hello.data), (2, vec![10, 3]));
    }

    #[test]
    fn every_wrong_hello_says_what_is_wrong() {
        for (line, part) in [
            ("Loading model ...", "first line is `Loading model ...`"),
            (
                r#"{"retrodict": 2, "parameters": 2, "data": [1]}"#,
                "version 2",
            ),
            (
                r#"{"retrodict": 1, "parameters": 2, "data": []}"#,
                "shape []",
            ),
            (
                r#"{"retrodict": 1, "parameters": 2, "data": [0]}"#,
                "shape [0]",
            ),
            (
                r#"{"retrodict": 1, "parameters": 2, "data": [4294967296, 4294967296, 4294967296]}"#,
                "shape",
            ),
            (
                r#"{"retrodict": 1, "data": [1]}"#,
                "missing field `parameters`",
            ),
            (
                r#"{"retrodict": 1, "parameters": -2, "data": [1]}"#,
                "expected usize",
            ),
            ("", "first line is ``"),
        ] {
            let problem = Hello::parse(line.as_bytes()).unwrap_err();
            assert!(problem.contains(part), "{line}: {problem}");
        }
    }

    #[test]
    fn quotes_are_short_and_printable() {
        assert_eq!(quote(b"a\tb\n"), "a·b");
        assert_eq!(quote(&[b'x'; 500]).chars().count(), 81);
        quote(&[0xff; 500]);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_a_hello_or_an_error(bytes: Vec<u8>) {
            let _ = Hello::parse(&bytes);
        }
    }
}
