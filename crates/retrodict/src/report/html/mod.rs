//! The report: one page that works offline and that a reader without the program understands.

mod base64;
mod comparison;
mod glossary;
mod numbers;
mod sections;
mod tables;

use std::path::Path;

use crate::check::{Verdict, Word};
use crate::error::Result;
use crate::infer::SearchResult;
use crate::npy::write_atomically;
use crate::prior::Parameter;
use crate::samples::Summary;

use super::figure::Figure;
use super::font;
use super::palette;
use super::svg::escape;

pub(crate) use numbers::plain;

/// Everything the report says, as plain data. All text is escaped when it is written.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportInput {
    /// The name of the study.
    pub title: String,
    /// One or two sentences about the study, if there are any.
    pub description: Option<String>,
    /// The verdict, with its checks.
    pub verdict: Verdict,
    /// What else a reader has to know.
    pub warnings: Vec<String>,
    /// The parameters with their priors.
    pub parameters: Vec<ParameterRow>,
    /// The study: simulator, observation, number of simulations, failures by kind, method.
    pub study: Vec<Fact>,
    /// The posterior of each observation.
    pub observations: Vec<ObservationReport>,
    /// Several methods side by side, if there are several.
    pub comparison: Option<ComparisonReport>,
    /// Figures of the checks.
    pub check_figures: Vec<Figure>,
    /// What else there is to say about the checks.
    pub check_tables: Vec<NamedTable>,
    /// Numbers about the training; none for methods that train nothing.
    pub training: Vec<Fact>,
    /// Figures of the training.
    pub training_figures: Vec<Figure>,
    /// The search for settings that came before the training, if there was one.
    pub search: Option<SearchReport>,
    /// What it takes to make the same numbers again: version, seed, hashes, times.
    pub reproduce: Vec<Fact>,
    /// The command that makes them.
    pub command: String,
    /// How to cite the program and the method.
    pub citations: Vec<String>,
}

/// A parameter with its prior in words: `uniform on [−2, 2]`.
#[derive(Debug, Clone, PartialEq)]
pub struct ParameterRow {
    /// The parameter.
    pub parameter: Parameter,
    /// Its prior in words.
    pub prior: String,
}

/// A name and what stands beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// The name.
    pub name: String,
    /// What stands beside it.
    pub value: String,
}

/// A search for hyper-parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchReport {
    /// How it went.
    pub facts: Vec<Fact>,
    /// Its trials.
    pub result: SearchResult,
    /// The trials against what was searched.
    pub figures: Vec<Figure>,
}

/// The posterior of one observation.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservationReport {
    /// What it is called; shown if there are several.
    pub name: String,
    /// One row a parameter, in the order of [`ReportInput::parameters`].
    pub summaries: Vec<Summary>,
    /// The true values, if known.
    pub truth: Option<Vec<f64>>,
    /// The θ with the largest density, if it was searched.
    pub maximum: Option<Vec<f64>>,
    /// Numbers about the draws: how many, R-hat, effective sample size.
    pub facts: Vec<Fact>,
    /// What else was asked about the posterior.
    pub tables: Vec<NamedTable>,
    /// The corner plot, the predictive check.
    pub figures: Vec<Figure>,
}

/// A table with a title and a sentence about it; the first cell of each row is its head, and the names of
/// parameters are set as their labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedTable {
    /// Above the table.
    pub title: String,
    /// What it shows.
    pub note: String,
    /// The heads of the columns.
    pub heads: Vec<String>,
    /// One cell a column.
    pub rows: Vec<Vec<String>>,
}

/// Several methods side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct ComparisonReport {
    /// The method that the others are compared with.
    pub reference: String,
    /// The methods.
    pub methods: Vec<ComparedMethod>,
    /// What they found about each observation.
    pub observations: Vec<ObservationComparison>,
}

/// A method, whatever the observation.
#[derive(Debug, Clone, PartialEq)]
pub struct ComparedMethod {
    /// What it is called.
    pub method: String,
    /// The word about it alone.
    pub verdict: Word,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// How many simulations it used.
    pub simulations: usize,
    /// Where its own report is.
    pub report: String,
}

/// What the methods found about one observation.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservationComparison {
    /// What it is called; empty if there is only one.
    pub name: String,
    /// One posterior a method.
    pub posteriors: Vec<ComparedPosterior>,
    /// All of them in one corner plot, and their intervals.
    pub figures: Vec<Figure>,
}

/// One method's posterior.
#[derive(Debug, Clone, PartialEq)]
pub struct ComparedPosterior {
    /// The method.
    pub method: String,
    /// How well a classifier tells it from the reference; none for the reference.
    pub c2st: Option<f64>,
    /// The largest difference of its means from the reference's, in units of the smaller sd.
    pub shift: f64,
    /// One row a parameter.
    pub summaries: Vec<Summary>,
}

impl Fact {
    /// A fact from its two parts.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
        }
    }
}

impl ReportInput {
    /// The page. It loads nothing, runs nothing, and follows the reader's choice of light or dark.
    pub fn html(&self) -> String {
        let sections = [
            sections::verdict(self),
            sections::study(self),
            comparison::comparison(self),
            sections::posterior(self),
            sections::checks(self),
            sections::search(self),
            sections::training(self),
            sections::reproduce(self),
            glossary::section(),
        ];
        let (title, body) = (escape(&self.title), sections.concat());
        let description = match &self.description {
            Some(text) => format!("<p class=\"description\">{}</p>\n", escape(text)),
            None => String::new(),
        };
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
             <title>{title} · Retrodict report</title>\n<style>\n{}</style>\n</head>\n<body>\n\
             <header>\n<p class=\"kind\">Retrodict report</p>\n<h1>{title}</h1>\n{description}</header>\n\
             <main>\n{body}</main>\n</body>\n</html>\n",
            style()
        )
    }

    /// Writes the page to a file, whole or not at all.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<()> {
        write_atomically(path, self.html().as_bytes())
    }
}

/// Nothing may be loaded or run, so that not even a mistake in escaping could do harm.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; font-src data:; img-src data:";

/// The style of the page, the fonts of the figures and their colours in the light and the dark.
fn style() -> String {
    let face = |bytes: &[u8], kind: &str, family: &str| {
        let data = base64::encode(bytes);
        format!("@font-face{{font-family:'{family}';src:url(data:font/{kind};base64,{data})}}\n")
    };
    let text = face(font::TEXT_FONT, "otf", "Inter");
    let symbols = face(font::SYMBOL_FONT, "ttf", "DejaVu Sans");
    let (light, dark) = (palette::style_rules(false), palette::style_rules(true));
    format!(
        "{text}{symbols}{}{light}@media screen and (prefers-color-scheme:dark){{\n{dark}}}\n",
        include_str!("style.css")
    )
}
