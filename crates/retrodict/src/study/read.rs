//! From the text of a study file to its configuration, with mistakes said in a scientist's words.

use std::path::Path;

use toml::de::DeTable;

use super::config::StudyConfig;
use super::several;
use super::source::Source;
use crate::error::{Error, Result};

/// Reads and checks the form of a study file: TOML, keys and types. What the values mean together
/// is checked by [`super::Study`].
///
/// # Errors
/// [`Error::Study`] with the line, the dotted key and, for an unknown key, the nearest known one.
pub fn read(path: impl AsRef<Path>) -> Result<(StudyConfig, Source)> {
    let source = Source::read(path)?;
    let config = parse(&source)?;
    Ok((config, source))
}

/// As [`read`], from a text.
pub fn parse(source: &Source) -> Result<StudyConfig> {
    if source.text().trim().is_empty() {
        return Err(Error::file(
            source.path(),
            "is empty; expected a study",
            "`retrodict init DIR` writes a study that runs.",
        ));
    }
    if let Err(error) = DeTable::parse(source.text()) {
        return Err(syntax_error(source, &error));
    }
    let mut config: StudyConfig =
        toml::from_str(source.text()).map_err(|error| form_error(source, &error))?;
    config.methods = several::methods(source.text());
    Ok(config)
}

fn syntax_error(source: &Source, error: &toml::de::Error) -> Error {
    let (line, column) = source.position(error.span().map_or(0, |span| span.start));
    let message = error.message().lines().collect::<Vec<_>>().join("; ");
    let key = error.span().map(|span| repeated_key(source, &span));
    let advice = if message.contains("duplicate key") {
        "Keep one of the two.".to_string()
    } else {
        "Correct the line; text stands in quotes, and a key once in its section (see toml.io)."
            .to_string()
    };
    Error::Study {
        path: source.path().to_path_buf(),
        field: format!("line {line}, column {column}"),
        problem: match key {
            Some(key) if message.contains("duplicate key") => format!("`{key}` stands twice"),
            _ => format!("not TOML: {message}"),
        },
        advice,
    }
}

fn repeated_key(source: &Source, span: &std::ops::Range<usize>) -> String {
    source
        .text()
        .get(span.clone())
        .unwrap_or_default()
        .trim()
        .to_string()
}

/// Says in words what serde says in types.
fn form_error(source: &Source, error: &toml::de::Error) -> Error {
    let span = error.span().unwrap_or(0..0);
    let key = source.key_at(&span);
    let line = error.span().map(|span| source.position(span.start).0);
    let message = error.message();
    if let Some(rest) = message.strip_prefix("unknown field ") {
        return unknown_key(source, &key, rest);
    }
    if let Some(rest) = message.strip_prefix("missing field ") {
        let field = join(&key, &quoted(rest).join(""));
        return source.error(&field, "is missing", format!("Add `{}`.", last(&field)));
    }
    if let Some(rest) = message.strip_prefix("unknown variant ") {
        let mut names = quoted(rest);
        let given = names.remove(0);
        let problem = format!("`{given}` is not known; expected {}", list(&names));
        return source.error_at(&key, line, problem, did_you_mean(&given, &names));
    }
    let (problem, advice) = type_error(message);
    let field = if key.is_empty() {
        "the file".to_string()
    } else {
        key
    };
    source.error_at(&field, line, problem, advice)
}

fn unknown_key(source: &Source, key: &str, rest: &str) -> Error {
    let mut names = quoted(rest);
    let given = names.remove(0);
    // The span is the key's own, or that of a table around it when serde had to look ahead.
    let table = key
        .strip_suffix(&given)
        .map_or(key, |outer| outer.trim_end_matches('.'));
    let table = if source.offset_of(table, &given).is_some() {
        table
    } else {
        key
    };
    let field = join(table, &given);
    let problem = if names.is_empty() {
        "unknown key; nothing can be set here".to_string()
    } else {
        "unknown key".to_string()
    };
    let advice = if names.is_empty() {
        "Remove it.".to_string()
    } else {
        did_you_mean(&given, &names)
    };
    source.error(&field, problem, advice)
}

/// Suggests the nearest known name, or lists them all.
pub(super) fn did_you_mean(given: &str, names: &[impl AsRef<str>]) -> String {
    nearest(given, names).map_or_else(
        || format!("Known here: {}.", list(names)),
        |name| format!("Did you mean `{name}`?"),
    )
}

/// The known name that is nearest to what was given, if any is near enough to be meant.
pub fn nearest<'a>(given: &str, names: &'a [impl AsRef<str>]) -> Option<&'a str> {
    let given = given.to_lowercase();
    names
        .iter()
        .map(|name| {
            (
                strsim::damerau_levenshtein(&given, name.as_ref()),
                name.as_ref(),
            )
        })
        .filter(|(distance, name)| {
            *distance <= name.len().max(given.len()) / 3 || starts(name, &given)
        })
        .min()
        .map(|(_, name)| name)
}

fn starts(name: &str, given: &str) -> bool {
    given.len() >= 3 && (name.starts_with(given) || given.starts_with(name))
}

fn type_error(message: &str) -> (String, String) {
    let kinds = ["invalid type: ", "invalid value: ", "invalid length "];
    let parts = kinds
        .iter()
        .find_map(|kind| message.strip_prefix(kind))
        .and_then(|rest| {
            let (given, expected) = rest.rsplit_once(", expected ")?;
            Some((given_words(given), expected_words(expected)))
        });
    let Some((given, expected)) = parts else {
        let message = message.lines().collect::<Vec<_>>().join("; ");
        return (
            message,
            "`retrodict schema` prints what a study may say.".to_string(),
        );
    };
    let advice = if given.starts_with("the number") && expected.starts_with("a whole number") {
        "Write it without a point or an exponent, for example 10_000.".to_string()
    } else if expected == "a number" && given.starts_with("the text") {
        "Write the number without quotes.".to_string()
    } else {
        format!("Give {expected}.")
    };
    (format!("given {given}, expected {expected}"), advice)
}

fn given_words(given: &str) -> String {
    let (kind, value) = given.split_once(' ').unwrap_or((given, ""));
    let value = value.trim_matches('`');
    match kind {
        "string" => format!("the text {value}"),
        "integer" => format!("the whole number {value}"),
        "floating" => format!("the number {}", value.trim_start_matches("point `")),
        "boolean" => value.to_string(),
        "sequence" => "a list".to_string(),
        "map" => "a table".to_string(),
        _ => given.to_string(),
    }
}

fn expected_words(expected: &str) -> String {
    match expected {
        "f64" | "f32" | "floating point number" => "a number",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number that is not negative",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "a string" => "text in quotes",
        "a boolean" => "true or false",
        "a sequence" => "a list in brackets",
        "a map" => "a table of keys and values",
        other if other.starts_with("struct ") => "a table of keys and values",
        other => other,
    }
    .to_string()
}

/// The words between backticks.
fn quoted(text: &str) -> Vec<String> {
    text.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_string)
        .collect()
}

/// `a`, `b` or `c`.
pub(super) fn list(names: &[impl AsRef<str>]) -> String {
    let quoted: Vec<String> = names
        .iter()
        .map(|name| format!("`{}`", name.as_ref()))
        .collect();
    match quoted.as_slice() {
        [] => "nothing".to_string(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

fn join(table: &str, key: &str) -> String {
    if table.is_empty() {
        key.to_string()
    } else {
        format!("{table}.{key}")
    }
}

fn last(field: &str) -> &str {
    field.rsplit('.').next().unwrap_or(field)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> String {
        parse(&Source::new("study.toml", text))
            .unwrap_err()
            .to_string()
    }

    const MINIMAL: &str = "[study]\nname = \"a\"\n[simulator]\nbuiltin = \"gaussian_toy\"\n";

    #[test]
    fn the_smallest_study_has_every_default() {
        let config = parse(&Source::new("study.toml", MINIMAL)).unwrap();
        assert_eq!(config.inference.rounds(), 1);
        assert_eq!((config.study.seed, config.check.test_simulations), (1, 300));
        let text = toml::to_string_pretty(&config).unwrap();
        assert_eq!(parse(&Source::new("study.toml", text)).unwrap(), config);
    }

    #[test]
    fn mistakes_of_form_are_said_with_line_key_and_advice() {
        let table: [(&str, &[&str]); 14] = [
            ("", &["is empty"]),
            ("[study\nname = 1", &["line 1", "not TOML"]),
            (
                "[study]\nname = \"a\"\nname = \"b\"\n",
                &["line 3", "`name` stands twice"],
            ),
            (
                "[studdy]\nname = \"a\"\n",
                &["studdy", "line 1", "Did you mean `study`?"],
            ),
            ("[study]\nname = \"a\"\n", &["simulator", "is missing"]),
            (
                "[study]\nseed = 1\n[simulator]\nbuiltin = \"a\"\n",
                &["study.name", "line 1", "is missing"],
            ),
            (
                "[study]\nname = 3\n",
                &[
                    "study.name",
                    "line 2",
                    "given the whole number 3",
                    "text in quotes",
                ],
            ),
            (
                "[study]\nname = \"a\"\nseed = -4\n",
                &["study.seed", "line 3", "-4", "not negative"],
            ),
            (
                "[study]\nname = \"a\"\nseed = 1.5\n",
                &["study.seed", "the number 1.5", "without a point"],
            ),
            (
                "[inference]\nsimulatons = 10\n",
                &[
                    "inference.simulatons",
                    "line 2",
                    "Did you mean `simulations`?",
                ],
            ),
            (
                "[inference]\nmethod = \"npee\"\n",
                &["inference.method", "line 2", "Did you mean `npe`?"],
            ),
            (
                "[inference.sampler]\nkind = \"slice\"\nsteps = 10\n",
                &["inference.sampler", "steps"],
            ),
            (
                "[simulator]\nworker = { command = \"a\" }\n",
                &["simulator.worker.command", "a list in brackets"],
            ),
            (
                "[observation]\nvalues = [\"a\"]\n",
                &["observation.values", "line 2", "a list of numbers"],
            ),
        ];
        for (text, parts) in table {
            let message = message(text);
            for part in parts {
                assert!(
                    message.contains(part),
                    "{text:?} gave: {message}\nwithout: {part}"
                );
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "[\\[\\]a-z=\"{}., \n0-9\\-_#é]{0,80}") {
            let _ = parse(&Source::new("study.toml", text));
        }

        #[test]
        fn a_damaged_study_never_panics(at in 0_usize..60, byte in 0_u8..128) {
            let mut bytes = MINIMAL.as_bytes().to_vec();
            let at = at % bytes.len();
            bytes[at] = byte;
            let _ = parse(&Source::new("study.toml", String::from_utf8(bytes).unwrap()));
        }
    }
}
