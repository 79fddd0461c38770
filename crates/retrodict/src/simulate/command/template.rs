//! A command line with gaps.

use crate::error::{Error, Result};

/// A command line, split into words as a shell would, with gaps for what differs between runs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Template {
    words: Vec<Vec<Piece>>,
}

#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Text(String),
    Gap(Gap),
}

/// What stands in a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gap {
    /// `{parameters}`: the file of parameters.
    Parameters,
    /// `{data}`: the file of data.
    Data,
    /// `{seed}`: the seed.
    Seed,
    /// `{folder}`: the folder of this run, for the program's own files.
    Folder,
    /// `{NAME}`: the value of one parameter.
    Parameter(usize),
}

const FIELD: &str = "simulator.command.template";

impl Template {
    /// Reads a template for these parameters.
    ///
    /// # Errors
    /// If it is empty, a quote has no end, a gap is unknown, or no gap carries parameters.
    pub(crate) fn parse(text: &str, parameters: &[String]) -> Result<Self> {
        let invalid = |expected: &str, advice: String| {
            Error::invalid(FIELD, format!("`{text}`"), expected, advice)
        };
        let words = split(text)
            .ok_or_else(|| invalid("a command line", "Close the quote that is open.".into()))?;
        if words.is_empty() {
            let advice = "Write for example `./sim --in {parameters} --out {data} --seed {seed}`.";
            return Err(invalid("a program and its arguments", advice.into()));
        }
        let words: Result<Vec<_>, String> = words.iter().map(|w| pieces(w, parameters)).collect();
        let words = words.map_err(|gap| unknown(text, &gap, parameters))?;
        let template = Self { words };
        let carries = |gap: &Gap| matches!(gap, Gap::Parameters | Gap::Parameter(_));
        if !template.gaps().any(carries) {
            return Err(invalid(
                "`{parameters}`, or the names of parameters in braces",
                "Say where the program finds its parameters.".into(),
            ));
        }
        Ok(template)
    }

    fn gaps(&self) -> impl Iterator<Item = &Gap> {
        self.words.iter().flatten().filter_map(|piece| match piece {
            Piece::Gap(gap) => Some(gap),
            Piece::Text(_) => None,
        })
    }

    /// Whether the data come through a file, not the standard output.
    pub(crate) fn has_data_file(&self) -> bool {
        self.gaps().any(|gap| *gap == Gap::Data)
    }

    /// The command for one run.
    pub(crate) fn fill(&self, value: impl Fn(Gap) -> String) -> Vec<String> {
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Gap(gap) => value(*gap),
        };
        self.words
            .iter()
            .map(|word| word.iter().map(piece).collect())
            .collect()
    }
}

fn unknown(text: &str, gap: &str, parameters: &[String]) -> Error {
    let fixed = ["parameters", "data", "seed", "folder"].map(String::from);
    let known = || fixed.iter().chain(parameters);
    let nearest = known()
        .map(|name| (strsim::damerau_levenshtein(name, gap), name))
        .min()
        .filter(|(distance, _)| *distance <= 2);
    let advice = match nearest {
        Some((_, name)) => format!("Did you mean `{{{name}}}`?"),
        None => "Use one of these, or quote what is meant literally otherwise.".into(),
    };
    let all: Vec<String> = known().map(|name| format!("{{{name}}}")).collect();
    let expected = format!("only the gaps {}", all.join(" "));
    Error::invalid(FIELD, format!("`{{{gap}}}` in `{text}`"), expected, advice)
}

/// Splits at blanks outside of quotes; `None` if a quote has no end.
fn split(text: &str) -> Option<Vec<String>> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match (c, quote) {
            (c, Some(q)) if c == q => quote = None,
            ('\'' | '"', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            ('\\', None) => word.get_or_insert_default().push(characters.next()?),
            (c, None) if c.is_whitespace() => words.extend(word.take()),
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

/// The text and the gaps of a word; braces around anything but a name are text. The error is the
/// name of a gap that does not exist.
fn pieces(word: &str, parameters: &[String]) -> Result<Vec<Piece>, String> {
    let (mut pieces, mut rest) = (Vec::new(), word);
    while let Some((before, after)) = rest.split_once('{') {
        let end = after.find(|c: char| !c.is_alphanumeric() && c != '_');
        let name = end.filter(|&e| e > 0 && after[e..].starts_with('}'));
        let Some(end) = name else {
            pieces.push(Piece::Text(format!("{before}{{")));
            rest = after;
            continue;
        };
        let gap = match &after[..end] {
            "parameters" => Gap::Parameters,
            "data" => Gap::Data,
            "seed" => Gap::Seed,
            "folder" => Gap::Folder,
            name => {
                let position = parameters.iter().position(|p| p == name);
                Gap::Parameter(position.ok_or_else(|| name.to_string())?)
            }
        };
        pieces.extend([Piece::Text(before.to_string()), Piece::Gap(gap)]);
        rest = &after[end + 1..];
    }
    pieces.push(Piece::Text(rest.to_string()));
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(text: &str) -> Result<Vec<String>> {
        let names = ["mu".to_string(), "sigma".to_string()];
        let template = Template::parse(text, &names)?;
        Ok(template.fill(|gap| format!("<{gap:?}>")))
    }

    #[test]
    fn a_template_is_split_like_a_shell_would_and_filled() {
        assert_eq!(
            fill("./sim  --in={parameters} '--out {data}' {seed}").unwrap(),
            ["./sim", "--in=<Parameters>", "--out <Data>", "<Seed>"]
        );
        assert_eq!(
            fill(r#"awk "{print $1}" a\ b '' {mu}{sigma}"#).unwrap(),
            [
                "awk",
                "{print $1}",
                "a b",
                "",
                "<Parameter(0)><Parameter(1)>"
            ]
        );
    }

    #[test]
    fn wrong_templates_say_what_is_wrong() {
        for (text, part) in [
            ("", "a program"),
            ("./sim '{parameters}", "Close the quote"),
            ("./sim {parameter}", "Did you mean `{parameters}`?"),
            ("./sim {mu} {simga}", "Did you mean `{sigma}`?"),
            ("./sim {data}", "where the program finds its parameters"),
        ] {
            let message = fill(text).unwrap_err().to_string();
            assert!(message.contains(part), "{text}: {message}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_template_or_an_error(text in "[ -~é{}'\"]{0,30}") {
            let _ = fill(&text);
        }
    }
}
