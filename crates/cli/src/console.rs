//! What is printed, where: results on standard output, errors on standard error, progress on a
//! terminal as bars and elsewhere as lines.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};

use serde_json::{Map, Value, json};

use crate::arguments::Global;
use crate::exit::ExitCode;

/// Where the words of a command go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Console {
    quiet: bool,
    json: bool,
}

impl Console {
    pub(crate) fn new(global: &Global) -> Self {
        Self {
            quiet: global.quiet,
            json: global.json,
        }
    }

    /// Whether words for a reader are wanted.
    pub(crate) fn speaks(self) -> bool {
        !self.quiet && !self.json
    }

    /// Whether programs read along.
    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// Whether progress is drawn as bars.
    pub(crate) fn draws_bars(self) -> bool {
        self.speaks() && io::stderr().is_terminal()
    }

    /// Prints words for a reader.
    pub(crate) fn say(self, text: &str) {
        if self.speaks() {
            print(text);
        }
    }

    /// Prints the one JSON object of a command that ended well.
    pub(crate) fn result(self, command: &str, code: ExitCode, fields: Map<String, Value>) {
        if !self.json {
            return;
        }
        let mut object = Map::new();
        object.insert("command".into(), json!(command));
        object.insert("exit_code".into(), json!(code as u8));
        object.extend(fields);
        print(&Value::Object(object).to_string());
    }

    /// Prints an error: one message.
    pub(crate) fn error(self, command: &str, message: &str, kind: &str, code: ExitCode) {
        if self.json {
            let object = json!({
                "command": command,
                "exit_code": code as u8,
                "error": { "kind": kind, "message": message },
            });
            print(&object.to_string());
        }
        print_error(message);
    }
}

/// Says what is wrong with the command line, or prints the help that was asked for.
pub(crate) fn usage(error: &clap::Error, given: &[OsString]) -> u8 {
    let wrong = error.use_stderr();
    // The arguments could not be read, so `--json` has to be looked for by hand.
    if wrong && given.iter().any(|argument| argument == "--json") {
        let text = error.to_string();
        let message = text
            .lines()
            .next()
            .unwrap_or_default()
            .trim_start_matches("error: ");
        let object = json!({
            "command": Value::Null,
            "exit_code": ExitCode::Wrong as u8,
            "error": { "kind": "usage", "message": message },
        });
        print(&object.to_string());
    }
    let _ = error.print();
    if wrong {
        ExitCode::Wrong as u8
    } else {
        ExitCode::Done as u8
    }
}

/// Prints what was asked for itself, such as a schema: also when quiet.
pub(crate) fn answer(text: &str) {
    print(text);
}

/// Writes a line to standard output. A reader that went away, as `head` does, is no error.
fn print(text: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{}", text.trim_end_matches('\n')).and_then(|()| out.flush());
}

fn print_error(message: &str) {
    let mut text = format!("error: {message}");
    if io::stderr().is_terminal() {
        text = wrap(&text, 80);
    }
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Breaks lines between words; what has no space, such as a path, stays whole.
pub(crate) fn wrap(text: &str, width: usize) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is always a line");
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_string());
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn lines_break_between_words_only() {
        assert_eq!(wrap("one two three", 7), "one two\nthree");
        assert_eq!(wrap("averyverylongword a", 5), "averyverylongword\na");
        assert_eq!(wrap("", 5), "");
    }
}
