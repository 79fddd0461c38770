//! The text of a study file, and where in it something stands.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::{Error, Result};
use crate::prior::PriorFunctions;

/// Study files are written by hand: a larger one is something else by mistake.
const LARGEST_FILE: u64 = 4 << 20;

/// A study file's path and text, to say where a mistake is.
#[derive(Debug, Clone)]
pub struct Source {
    path: PathBuf,
    text: String,
    functions: PriorFunctions,
}

impl Source {
    /// Reads the file.
    ///
    /// # Errors
    /// If there is no such file, it is a folder, is not UTF-8 text, or is far too large.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let metadata = fs::metadata(path).map_err(|source| missing(path, source))?;
        if metadata.is_dir() {
            return Err(Error::file(
                path,
                "is a folder; expected a study file",
                format!(
                    "Give the file itself, for example {}.",
                    path.join("study.toml").display()
                ),
            ));
        }
        if metadata.len() > LARGEST_FILE {
            return Err(Error::file(
                path,
                format!(
                    "{} bytes; a study file has at most {LARGEST_FILE}",
                    metadata.len()
                ),
                "Give a study file; keep data in files of their own and name them in it.",
            ));
        }
        let bytes = fs::read(path).map_err(Error::io(path, "read"))?;
        let text = String::from_utf8(bytes).map_err(|error| {
            Error::file(
                path,
                format!(
                    "not UTF-8 text from byte {} on",
                    error.utf8_error().valid_up_to()
                ),
                "Give a TOML file saved as UTF-8.",
            )
        })?;
        Ok(Self::new(path, text))
    }

    /// A text that stands, or will stand, at `path`.
    pub fn new(path: impl AsRef<Path>, text: impl Into<String>) -> Self {
        Self {
            path: path.as_ref().to_path_buf(),
            text: text.into(),
            functions: PriorFunctions::default(),
        }
    }

    /// The same for a program that has priors which the text can only name.
    #[must_use]
    pub fn with_functions(mut self, functions: PriorFunctions) -> Self {
        self.functions = functions;
        self
    }

    /// The priors that the text names and the program has.
    pub(super) fn functions(&self) -> &PriorFunctions {
        &self.functions
    }

    /// Where the text stands.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The text itself.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// An [`Error::Study`] about a dotted key, with the line on which it stands if it is there.
    pub fn error(&self, field: &str, problem: impl AsRef<str>, advice: impl Into<String>) -> Error {
        self.error_at(field, self.line_of(field), problem, advice)
    }

    /// A mistake in a value, said again with the dotted key that the study gives it under; `field` makes
    /// that of the value's own name. Other errors stay as they are.
    pub(super) fn restated(&self, error: Error, field: impl FnOnce(&str) -> String) -> Error {
        match error {
            Error::Invalid {
                what,
                given,
                expected,
                advice,
            } => {
                let problem = format!("given {given}, expected {expected}");
                self.error(&field(&what), problem, advice)
            }
            other => other,
        }
    }

    /// The same of a value whose name is a key below `section`, or else stands for the section itself.
    pub(super) fn restated_at(&self, section: &str, error: Error) -> Error {
        self.restated(error, |what| {
            let field = if what.starts_with(section) {
                what
            } else {
                section
            };
            field.to_string()
        })
    }

    /// The same of an option, whose name stands in backticks: a key of `section`.
    pub(super) fn restated_option(&self, section: &str, error: Error) -> Error {
        self.restated(error, |what| match what.split('`').nth(1) {
            Some(option) if !option.is_empty() => format!("{section}.{option}"),
            _ => section.to_string(),
        })
    }

    /// An [`Error::Study`] about a range of the text.
    pub(super) fn error_at(
        &self,
        field: &str,
        line: Option<usize>,
        problem: impl AsRef<str>,
        advice: impl Into<String>,
    ) -> Error {
        let problem = problem.as_ref();
        Error::Study {
            path: self.path.clone(),
            field: field.to_string(),
            problem: line.map_or_else(|| problem.to_string(), |n| format!("line {n}: {problem}")),
            advice: advice.into(),
        }
    }

    /// The line, counted from one, and the column in characters, counted from one.
    pub(super) fn position(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..offset).unwrap_or(&self.text);
        let line = before.matches('\n').count() + 1;
        let column = before
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .chars()
            .count()
            + 1;
        (line, column)
    }

    /// The line of the longest leading part of a dotted key that the text has.
    pub(super) fn line_of(&self, field: &str) -> Option<usize> {
        let root = DeTable::parse(&self.text).ok()?;
        let mut table = root.get_ref();
        let mut found = None;
        for part in field.split('.') {
            let Some((key, value)) = entry(table, part) else {
                break;
            };
            found = Some(key.span().start);
            match value.get_ref() {
                DeValue::Table(inner) => table = inner,
                _ => break,
            }
        }
        found.map(|offset| self.position(offset).0)
    }

    /// The dotted key of the innermost entry that covers the range.
    pub(super) fn key_at(&self, span: &Range<usize>) -> String {
        let Ok(root) = DeTable::parse(&self.text) else {
            return String::new();
        };
        let mut path = Vec::new();
        descend(root.get_ref(), span, &mut path);
        path.join(".")
    }

    /// The offset of an entry `name` of the table at a dotted key.
    pub(super) fn offset_of(&self, table: &str, name: &str) -> Option<usize> {
        let root = DeTable::parse(&self.text).ok()?;
        let mut inner = root.get_ref();
        for part in table.split('.').filter(|part| !part.is_empty()) {
            inner = entry(inner, part)?.1.get_ref().as_table()?;
        }
        Some(entry(inner, name)?.0.span().start)
    }
}

fn missing(path: &Path, source: std::io::Error) -> Error {
    if source.kind() == std::io::ErrorKind::NotFound {
        return Error::file(
            path,
            "there is no such file",
            "Give the path of a study file; `retrodict init DIR` writes one that runs.",
        );
    }
    Error::io(path, "read")(source)
}

type Entry<'t, 'i> = (
    &'t Spanned<std::borrow::Cow<'i, str>>,
    &'t Spanned<DeValue<'i>>,
);

fn entry<'t, 'i>(table: &'t DeTable<'i>, name: &str) -> Option<Entry<'t, 'i>> {
    table.iter().find(|(key, _)| key.get_ref() == name)
}

fn descend(table: &DeTable<'_>, span: &Range<usize>, path: &mut Vec<String>) {
    for (key, value) in table {
        let covers = |outer: Range<usize>| outer.start <= span.start && span.end <= outer.end;
        let inside = contains_entry(value.get_ref(), span);
        if covers(key.span()) || covers(value.span()) || inside {
            path.push(key.get_ref().to_string());
            if let DeValue::Table(inner) = value.get_ref() {
                descend(inner, span, path);
            }
            return;
        }
    }
}

/// Whether an entry anywhere below covers the range: a table's own span is only its header.
fn contains_entry(value: &DeValue<'_>, span: &Range<usize>) -> bool {
    let DeValue::Table(table) = value else {
        return false;
    };
    table.iter().any(|(key, value)| {
        let covers = |outer: Range<usize>| outer.start <= span.start && span.end <= outer.end;
        covers(key.span()) || covers(value.span()) || contains_entry(value.get_ref(), span)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "[study]\nname = \"a\"\n\n[inference.train]\nepochs = 3\n[parameters]\nmu = { low = 1, high = 2 }\n";

    #[test]
    fn a_dotted_key_has_a_line() {
        let source = Source::new("s.toml", TEXT);
        for (key, line) in [
            ("study", Some(1)),
            ("study.name", Some(2)),
            ("inference.train.epochs", Some(5)),
            ("parameters.mu.high", Some(7)),
            ("parameters.nu", Some(6)),
            ("check", None),
        ] {
            assert_eq!(source.line_of(key), line, "{key}");
        }
    }

    #[test]
    fn a_range_has_a_dotted_key() {
        let source = Source::new("s.toml", TEXT);
        for (text, key) in [
            ("\"a\"", "study.name"),
            ("3", "inference.train.epochs"),
            ("2 }", "parameters.mu"),
            ("1,", "parameters.mu"),
            ("high", "parameters.mu.high"),
        ] {
            let start = TEXT.find(text).unwrap();
            assert_eq!(source.key_at(&(start..start + text.len())), key, "{text}");
        }
    }
}
