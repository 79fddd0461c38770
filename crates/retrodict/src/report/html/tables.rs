//! Tables of the report.

use crate::check::{Check, CheckStatus};
use crate::infer::{SearchResult, Trial};
use crate::report::label::{Label, Script};
use crate::report::svg::escape;

use super::numbers::{self, Precision};
use super::{Fact, NamedTable, ObservationReport, ParameterRow};

/// Names and values, side by side.
pub(super) fn facts(facts: &[Fact]) -> String {
    if facts.is_empty() {
        return String::new();
    }
    let rows = facts.iter().map(|fact| {
        format!(
            "<dt>{}</dt><dd>{}</dd>\n",
            escape(&fact.name),
            escape(&fact.value)
        )
    });
    format!("<dl class=\"facts\">\n{}</dl>\n", rows.collect::<String>())
}

/// The parameters and their priors.
pub(super) fn parameters(parameters: &[ParameterRow]) -> String {
    let rows = parameters.iter().map(|row| {
        let parameter = &row.parameter;
        let unit = parameter
            .unit
            .as_deref()
            .map_or_else(String::new, |u| label(&Label::parse(u)));
        let cells = [
            cell("Symbol", &label(&Label::of(parameter))),
            cell("Name", &format!("<code>{}</code>", escape(&parameter.name))),
            cell("Unit", if unit.is_empty() { "–" } else { &unit }),
            cell("Prior", &escape(&row.prior)),
        ];
        format!("<tr>{}</tr>\n", cells.concat())
    });
    table(
        "",
        &["Symbol", "Name", "Unit", "Prior"],
        &rows.collect::<String>(),
    )
}

/// The posterior in numbers.
pub(super) fn posterior(observation: &ObservationReport, parameters: &[ParameterRow]) -> String {
    let mut heads = vec![
        "Parameter",
        "Mean",
        "Sd",
        "Median",
        "68 % interval",
        "95 % interval",
    ];
    if observation.maximum.is_some() {
        heads.push("Maximum");
    }
    if observation.truth.is_some() {
        heads.push("Reference");
    }
    let rows = observation
        .summaries
        .iter()
        .enumerate()
        .map(|(j, summary)| {
            let parameter = parameters
                .iter()
                .find(|row| row.parameter.name == summary.name);
            let name = parameter.map_or_else(
                || Label::plain(&summary.name),
                |row| Label::with_unit(&row.parameter),
            );
            let precision = Precision::of(summary.sd);
            let mut cells = vec![
                format!("<th scope=\"row\">{}</th>", label(&name)),
                number("Mean", &precision.write(summary.mean)),
                number("Sd", &precision.write(summary.sd)),
                number("Median", &precision.write(summary.median)),
                number("68 % interval", &precision.interval(summary.interval_68)),
                number("95 % interval", &precision.interval(summary.interval_95)),
            ];
            let others = [
                ("Maximum", &observation.maximum),
                ("Reference", &observation.truth),
            ];
            for (head, values) in others {
                if let Some(values) = values {
                    let value = values
                        .get(j)
                        .map_or_else(|| "–".to_string(), |t| precision.write(*t));
                    cells.push(number(head, &value));
                }
            }
            format!("<tr>{}</tr>\n", cells.concat())
        });
    table("numbers", &heads, &rows.collect::<String>())
}

/// A table of its own, under its title.
pub(super) fn named(named: &NamedTable, parameters: &[ParameterRow]) -> String {
    let set = |text: &str| {
        let parameter = parameters.iter().find(|row| row.parameter.name == text);
        parameter.map_or_else(|| escape(text), |row| label(&Label::of(&row.parameter)))
    };
    let rows = named.rows.iter().map(|row| {
        let cells = row.iter().zip(&named.heads).enumerate();
        let cells = cells.map(|(k, (text, head))| {
            if k == 0 {
                format!("<th scope=\"row\">{}</th>", set(text))
            } else {
                number(head, &escape(text))
            }
        });
        format!("<tr>{}</tr>\n", cells.collect::<String>())
    });
    let heads: Vec<String> = named.heads.iter().map(|head| set(head)).collect();
    format!(
        "<h3>{}</h3>\n<p>{}</p>\n{}",
        escape(&named.title),
        escape(&named.note),
        table_of("numbers", &heads, &rows.collect::<String>())
    )
}

/// The checks: what did not pass comes first.
pub(super) fn checks(checks: &[Check]) -> String {
    if checks.is_empty() {
        return "<p>No check was made.</p>\n".to_string();
    }
    let mut sorted: Vec<&Check> = checks.iter().collect();
    sorted.sort_by_key(|check| std::cmp::Reverse(check.status));
    let rows = sorted.into_iter().map(|check| {
        let p_value = check
            .p_value
            .map_or_else(|| "–".to_string(), numbers::p_value);
        let cells = [
            format!("<th scope=\"row\">{}</th>", escape(&check.name)),
            cell("Result", &status(check.status)),
            number("Measured", &escape(&numbers::plain(check.statistic))),
            number("Interval", &interval(check)),
            number(
                "Limit",
                &check
                    .threshold
                    .map_or_else(|| "–".to_string(), numbers::plain),
            ),
            number("p-value", &escape(&p_value)),
            format!("<td class=\"words\">{}</td>", escape(&check.explanation)),
        ];
        format!("<tr>{}</tr>\n", cells.concat())
    });
    let heads = [
        "Check",
        "Result",
        "Measured",
        "Interval",
        "Limit",
        "p-value",
        "What it means",
    ];
    table("checks", &heads, &rows.collect::<String>())
}

/// More trials than this are in the run's `search.csv` alone.
const SHOWN_TRIALS: usize = 12;

/// The best trials of a search, those that were trained longest first.
pub(super) fn trials(result: &SearchResult) -> String {
    let mut sorted: Vec<&Trial> = result.trials.iter().collect();
    let loss = |trial: &Trial| trial.loss.unwrap_or(f64::INFINITY);
    sorted.sort_by(|a, b| b.rung.cmp(&a.rung).then(loss(a).total_cmp(&loss(b))));
    let dash = || "–".to_string();
    let rows = sorted.iter().take(SHOWN_TRIALS).map(|trial| {
        let settings = &trial.settings;
        let widths: Vec<String> = settings.hidden.iter().map(ToString::to_string).collect();
        let cells = [
            number("Trial", &trial.index.to_string()),
            number("Steps at most", &trial.max_steps.to_string()),
            number("Hidden", &widths.join(", ")),
            number(
                "Transforms",
                &settings.transforms.map_or_else(dash, |n| n.to_string()),
            ),
            number("Learning rate", &settings.learning_rate.to_string()),
            number("Batch", &settings.batch_size.to_string()),
            number(
                "Loss",
                &trial
                    .loss
                    .map_or_else(|| "failed".into(), |l| format!("{l:.4}")),
            ),
            number("Seconds", &format!("{:.1}", trial.seconds)),
        ];
        format!("<tr>{}</tr>\n", cells.concat())
    });
    let heads = [
        "Trial",
        "Steps at most",
        "Hidden",
        "Transforms",
        "Learning rate",
        "Batch",
        "Loss",
        "Seconds",
    ];
    table("numbers", &heads, &rows.collect::<String>())
}

fn interval(check: &Check) -> String {
    let Some([low, high]) = check.interval else {
        return "–".to_string();
    };
    format!("[{}, {}]", numbers::plain(low), numbers::plain(high))
}

pub(super) fn status(status: CheckStatus) -> String {
    let (class, sign, word) = match status {
        CheckStatus::Passed => ("trusted", "✓", "passed"),
        CheckStatus::Caution => ("caution", "!", "caution"),
        CheckStatus::Failed => ("failed", "✗", "failed"),
    };
    format!("<span class=\"status {class}\"><span aria-hidden=\"true\">{sign}</span> {word}</span>")
}

pub(super) fn table(class: &str, heads: &[&str], rows: &str) -> String {
    let heads: Vec<String> = heads.iter().map(|head| escape(head)).collect();
    table_of(class, &heads, rows)
}

/// A table whose heads are HTML.
fn table_of(class: &str, heads: &[String], rows: &str) -> String {
    let heads = heads
        .iter()
        .map(|head| format!("<th scope=\"col\">{head}</th>"));
    let heads: String = heads.collect();
    format!(
        "<div class=\"table\"><table class=\"{class}\">\n<thead><tr>{heads}</tr></thead>\n\
         <tbody>\n{rows}</tbody>\n</table></div>\n"
    )
}

/// A cell of HTML that knows its column's name, for screens too narrow for columns.
pub(super) fn cell(head: &str, content: &str) -> String {
    format!("<td data-head=\"{}\">{content}</td>", escape(head))
}

pub(super) fn number(head: &str, content: &str) -> String {
    format!(
        "<td class=\"number\" data-head=\"{}\">{content}</td>",
        escape(head)
    )
}

/// A label with its subscripts and superscripts.
pub(super) fn label(label: &Label) -> String {
    let run = |(script, text): &(Script, String)| {
        let text = escape(text);
        match script {
            Script::Normal => text,
            Script::Sub => format!("<sub>{text}</sub>"),
            Script::Super => format!("<sup>{text}</sup>"),
        }
    };
    label.runs.iter().map(run).collect()
}
