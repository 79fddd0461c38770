//! The report is whole, and safe whatever names say.

use resvg::usvg;

use super::data::{corner, coverage_data, samples};
use crate::check::{Check, CheckStatus, Verdict, Word};
use crate::prior::Parameter;
use crate::report::html::{
    ComparedMethod, ComparedPosterior, ComparisonReport, Fact, ObservationComparison,
    ObservationReport, ParameterRow, ReportInput,
};
use crate::report::*;

fn compared(hostile: &str) -> ComparisonReport {
    let draws = samples(&[0], 500);
    ComparisonReport {
        reference: hostile.to_string(),
        methods: vec![ComparedMethod {
            method: hostile.to_string(),
            verdict: Word::Caution,
            seconds: 1.0,
            simulations: 7,
            report: hostile.to_string(),
        }],
        observations: vec![ObservationComparison {
            name: hostile.to_string(),
            posteriors: vec![ComparedPosterior {
                method: hostile.to_string(),
                c2st: Some(0.5),
                shift: 0.1,
                summaries: draws.summary(),
            }],
            figures: vec![intervals(
                "comparison-intervals",
                &[Parameter::named("p_0")],
                &[Compared {
                    name: hostile,
                    summaries: &draws.summary(),
                }],
            )],
        }],
    }
}

fn report() -> ReportInput {
    let hostile = "</p><script>alert('x')</script>\"&";
    let draws = samples(&[0, 7], 500);
    let check = |status| Check {
        name: hostile.to_string(),
        statistic: f64::NAN,
        interval: Some([0.0, f64::INFINITY]),
        p_value: None,
        threshold: None,
        status,
        explanation: hostile.to_string(),
    };
    ReportInput {
        title: hostile.to_string(),
        description: Some(hostile.to_string()),
        verdict: Verdict {
            verdict: Word::Failed,
            reasons: vec![hostile.to_string()],
            checks: vec![check(CheckStatus::Passed), check(CheckStatus::Failed)],
        },
        warnings: vec![hostile.to_string()],
        parameters: vec![ParameterRow {
            parameter: Parameter {
                name: "p_0".to_string(),
                label: Some(hostile.to_string()),
                unit: Some(hostile.to_string()),
            },
            prior: hostile.to_string(),
        }],
        study: vec![Fact::new(hostile, hostile)],
        observations: vec![ObservationReport {
            name: hostile.to_string(),
            summaries: draws.summary(),
            truth: Some(vec![0.0]),
            maximum: None,
            tables: Vec::new(),
            facts: vec![Fact::new(hostile, hostile)],
            figures: vec![corner(&[0, 7], 500, None)],
        }],
        comparison: Some(compared(hostile)),
        check_figures: vec![coverage("coverage", &coverage_data(2), &[])],
        check_tables: Vec::new(),
        training: Vec::new(),
        training_figures: Vec::new(),
        search: None,
        reproduce: vec![Fact::new(hostile, hostile)],
        command: hostile.to_string(),
        citations: vec![hostile.to_string()],
    }
}

#[test]
fn the_report_is_one_safe_file_that_loads_nothing() {
    let html = report().html();
    assert!(!html.contains("<script") && !html.contains("alert('x')"));
    let outside = [
        "<link", "<img", "<iframe", "@import", "src=", "href=", "url(http",
    ];
    for forbidden in outside {
        assert!(!html.contains(forbidden), "{forbidden}");
    }
    let mut addresses: Vec<&str> = html.split("http").skip(1).map(|rest| &rest[..20]).collect();
    addresses.dedup();
    assert!(
        addresses
            .iter()
            .all(|a| a.starts_with("://www.w3.org/2000/") || a.starts_with("-equiv"))
    );
    assert!(html.contains("<span class=\"sign\" aria-hidden=\"true\">✗</span>Failed"));
    assert!(!html.contains("id=\"training\""), "nothing was trained");
}

#[test]
fn every_element_of_the_report_is_closed() {
    // The page is written as XML apart from the document type and the `meta` elements.
    let html = report().html();
    let body = html
        .split_once("<body>")
        .unwrap()
        .1
        .split_once("</body>")
        .unwrap()
        .0;
    let document = format!("<body>{body}</body>");
    let document = usvg::roxmltree::Document::parse(&document).unwrap();
    let mut ids: Vec<&str> = document
        .descendants()
        .filter_map(|n| n.attribute("id"))
        .collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all, "identifiers are unique");
    for section in document.descendants().filter(|n| n.has_tag_name("section")) {
        assert!(ids.contains(&section.attribute("aria-labelledby").unwrap()));
    }
    let pictures = document
        .descendants()
        .filter(|n| n.attribute("role") == Some("img"));
    assert!(
        pictures
            .filter(|n| n.attribute("aria-label").is_some())
            .count()
            == 3
    );
    let first = document
        .descendants()
        .find(|n| n.attribute("class") == Some("status failed"));
    let passed = document
        .descendants()
        .find(|n| n.attribute("class") == Some("status trusted"));
    assert!(
        first.unwrap().range().start < passed.unwrap().range().start,
        "failures come first"
    );
}

#[test]
fn the_report_is_written_to_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.html");
    report().write(&path).unwrap();
    assert_eq!(std::fs::read_to_string(path).unwrap(), report().html());
}
