//! The section that sets several methods side by side.

use crate::check::{CheckStatus, Word};
use crate::report::label::Label;
use crate::report::svg::escape;

use super::numbers::Precision;
use super::sections::{figures, section};
use super::tables::{cell, label, number, status, table};
use super::{ComparisonReport, ObservationComparison, ReportInput};

/// How the methods compare; absent if there is one.
pub(super) fn comparison(input: &ReportInput) -> String {
    let Some(comparison) = &input.comparison else {
        return String::new();
    };
    let observations = comparison.observations.iter().map(|observation| {
        let heading = if observation.name.is_empty() {
            String::new()
        } else {
            format!("<h3>{}</h3>\n", escape(&observation.name))
        };
        let table = posteriors(observation, input);
        format!("{heading}{}{table}", figures(&observation.figures))
    });
    let observations: String = observations.collect();
    section(
        "comparison",
        "The methods compared",
        &format!("{}{observations}", methods(comparison)),
    )
}

/// One row a method.
fn methods(comparison: &ComparisonReport) -> String {
    let rows = comparison.methods.iter().map(|method| {
        let word = match method.verdict {
            Word::Trusted => CheckStatus::Passed,
            Word::Caution => CheckStatus::Caution,
            Word::Failed => CheckStatus::Failed,
        };
        let cells = [
            format!("<th scope=\"row\">{}</th>", escape(&method.method)),
            cell("Its own checks", &status(word)),
            number("Simulations", &method.simulations.to_string()),
            number("Time", &format!("{:.1} s", method.seconds)),
            cell(
                "Its own report",
                &format!("<code>{}</code>", escape(&method.report)),
            ),
        ];
        format!("<tr>{}</tr>\n", cells.concat())
    });
    let heads = [
        "Method",
        "Its own checks",
        "Simulations",
        "Time",
        "Its own report",
    ];
    let note = "<p>Simulations from the prior are shared by all methods, and made once; the time is that of \
                fitting and drawing.</p>\n";
    format!(
        "{}{note}",
        table("methods", &heads, &rows.collect::<String>())
    )
}

/// One row for each parameter and method.
fn posteriors(observation: &ObservationComparison, input: &ReportInput) -> String {
    let reference = input
        .comparison
        .as_ref()
        .map_or("", |c| c.reference.as_str());
    let apart = format!("C2ST to {reference}");
    let heads = [
        "Parameter",
        "Method",
        "Mean",
        "Sd",
        "Median",
        "68 % interval",
        "95 % interval",
        &apart,
        "Largest shift",
    ];
    let mut rows = String::new();
    let n = observation
        .posteriors
        .first()
        .map_or(0, |p| p.summaries.len());
    for j in 0..n {
        for (k, posterior) in observation.posteriors.iter().enumerate() {
            let summary = &posterior.summaries[j];
            let known = input
                .parameters
                .iter()
                .find(|row| row.parameter.name == summary.name);
            let name = known.map_or_else(
                || Label::plain(&summary.name),
                |row| Label::with_unit(&row.parameter),
            );
            let name = if k == 0 { label(&name) } else { String::new() };
            let precision = Precision::of(summary.sd);
            let c2st = posterior
                .c2st
                .map_or_else(|| "–".to_string(), |c| format!("{c:.2}"));
            let shift = posterior
                .c2st
                .map_or_else(|| "–".to_string(), |_| format!("{:.2} sd", posterior.shift));
            let cells = [
                format!("<th scope=\"row\">{name}</th>"),
                cell("Method", &escape(&posterior.method)),
                number("Mean", &precision.write(summary.mean)),
                number("Sd", &precision.write(summary.sd)),
                number("Median", &precision.write(summary.median)),
                number("68 % interval", &precision.interval(summary.interval_68)),
                number("95 % interval", &precision.interval(summary.interval_95)),
                // It is about all parameters together.
                number(&apart, if j == 0 { &c2st } else { "" }),
                number("Largest shift", if j == 0 { &shift } else { "" }),
            ];
            rows.extend(["<tr>", &cells.concat(), "</tr>\n"]);
        }
    }
    let note = "<p>C2ST: the accuracy with which a classifier tells the draws of two methods apart, all parameters \
                together; 0.5 is by chance, 1 is perfect. Largest shift: the largest difference of \
                means, in units of the smaller sd.</p>\n";
    format!("{}{note}", table("numbers compared", &heads, &rows))
}
