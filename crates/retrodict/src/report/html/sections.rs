//! The sections of the report.

use crate::check::Word;
use crate::report::figure::Figure;
use crate::report::svg::escape;

use super::{ObservationReport, ReportInput, tables};

/// The one word, and why.
pub(super) fn verdict(input: &ReportInput) -> String {
    let (class, sign, word, meaning) = match input.verdict.verdict {
        Word::Trusted => (
            "trusted",
            "✓",
            "Trusted",
            "Every check passed: nothing speaks against these results.",
        ),
        Word::Caution => (
            "caution",
            "!",
            "Caution",
            "Read the reasons below before you rely on these results.",
        ),
        Word::Failed => (
            "failed",
            "✗",
            "Failed",
            "Do not use these results: a check found them wrong in a way that matters.",
        ),
    };
    let reasons = list("reasons", &input.verdict.reasons);
    let warnings = if input.warnings.is_empty() {
        String::new()
    } else {
        format!("<h3>Also note</h3>\n{}", list("warnings", &input.warnings))
    };
    format!(
        "<section class=\"verdict {class}\" aria-labelledby=\"verdict\">\n\
         <h2 id=\"verdict\"><span class=\"small\">Verdict</span>\
         <span class=\"word\"><span class=\"sign\" aria-hidden=\"true\">{sign}</span>{word}</span></h2>\n\
         <p class=\"meaning\">{meaning}</p>\n{reasons}{warnings}</section>\n"
    )
}

/// What was studied.
pub(super) fn study(input: &ReportInput) -> String {
    let parameters = tables::parameters(&input.parameters);
    let facts = tables::facts(&input.study);
    section(
        "study",
        "The study",
        &format!("{facts}<h3>Parameters and their priors</h3>\n{parameters}"),
    )
}

/// What was found; absent where only a comparison was.
pub(super) fn posterior(input: &ReportInput) -> String {
    if input.observations.is_empty() {
        return String::new();
    }
    let warning = match input.verdict.verdict {
        Word::Trusted => "",
        Word::Caution => {
            "<p class=\"banner caution\">Read the verdict before you use these numbers.</p>\n"
        }
        Word::Failed => {
            "<p class=\"banner failed\">The verdict is <strong>failed</strong>: do not use these numbers.</p>\n"
        }
    };
    let several = input.observations.len() > 1;
    let parts = input.observations.iter().map(|observation| {
        let heading = if several {
            format!("<h3>{}</h3>\n", escape(&observation.name))
        } else {
            String::new()
        };
        heading + &one_posterior(observation, input)
    });
    let parts: String = parts.collect();
    section("posterior", "The posterior", &format!("{warning}{parts}"))
}

fn one_posterior(observation: &ObservationReport, input: &ReportInput) -> String {
    let table = tables::posterior(observation, &input.parameters);
    let facts = tables::facts(&observation.facts);
    let others = observation.tables.iter();
    let others: String = others
        .map(|t| tables::named(t, &input.parameters))
        .collect();
    format!("{table}{facts}{}{others}", figures(&observation.figures))
}

/// Whether to believe it.
pub(super) fn checks(input: &ReportInput) -> String {
    let table = tables::checks(&input.verdict.checks);
    let others = input.check_tables.iter();
    let others: String = others
        .map(|t| tables::named(t, &input.parameters))
        .collect();
    section(
        "checks",
        "The checks",
        &format!("{}{table}{others}", figures(&input.check_figures)),
    )
}

/// Which settings were tried; absent if none were searched.
pub(super) fn search(input: &ReportInput) -> String {
    let Some(search) = &input.search else {
        return String::new();
    };
    let (facts, table) = (tables::facts(&search.facts), tables::trials(&search.result));
    section(
        "search",
        "The search for settings",
        &format!("{facts}{}{table}", figures(&search.figures)),
    )
}

/// How the networks learned; absent if none did.
pub(super) fn training(input: &ReportInput) -> String {
    if input.training.is_empty() && input.training_figures.is_empty() {
        return String::new();
    }
    let facts = tables::facts(&input.training);
    section(
        "training",
        "The training",
        &format!("{facts}{}", figures(&input.training_figures)),
    )
}

/// How to get the same numbers, and whom to cite.
pub(super) fn reproduce(input: &ReportInput) -> String {
    let facts = tables::facts(&input.reproduce);
    let command = if input.command.is_empty() {
        String::new()
    } else {
        format!(
            "<p>This command makes the same numbers again:</p>\n<pre><code>{}</code></pre>\n",
            escape(&input.command)
        )
    };
    let citations = if input.citations.is_empty() {
        String::new()
    } else {
        format!("<h3>Cite</h3>\n{}", list("citations", &input.citations))
    };
    section(
        "reproduce",
        "Reproduce and cite",
        &format!("{command}{facts}{citations}"),
    )
}

pub(super) fn section(id: &str, title: &str, content: &str) -> String {
    format!(
        "<section aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">{title}</h2>\n{content}</section>\n"
    )
}

fn list(class: &str, items: &[String]) -> String {
    if items.is_empty() {
        return String::new();
    }
    let items: Vec<String> = items
        .iter()
        .map(|item| format!("<li>{}</li>\n", escape(item)))
        .collect();
    let items = items.concat();
    format!("<ul class=\"{class}\">\n{items}</ul>\n")
}

/// Narrow figures stand side by side where there is room.
pub(super) fn figures(figures: &[Figure]) -> String {
    if figures.is_empty() {
        return String::new();
    }
    let figures: String = figures.iter().map(figure).collect();
    format!("<div class=\"figures\">\n{figures}</div>\n")
}

fn figure(figure: &Figure) -> String {
    let width = figure
        .svg
        .split_once("viewBox=\"0 0 ")
        .and_then(|(_, rest)| rest.split(' ').next()?.parse::<f64>().ok())
        .unwrap_or(super::super::figure::COLUMN);
    let class = if width > super::super::figure::COLUMN + 1.0 {
        "wide"
    } else {
        "narrow"
    };
    format!(
        "<figure class=\"{class}\" id=\"figure-{}\" style=\"--width:{width:.0}\">\n\
         <div class=\"scroll\">{}</div>\n<figcaption>{}</figcaption>\n</figure>\n",
        escape(&figure.name),
        figure.svg,
        escape(&figure.caption)
    )
}
