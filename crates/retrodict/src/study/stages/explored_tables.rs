//! What was found about a posterior beside its draws, as tables for the report.

use super::explore::{Correlations, share};
use crate::infer::ActiveSubspace;
use crate::report::html::NamedTable;

/// Conditional correlations.
pub(super) fn correlation_table(found: &Correlations) -> NamedTable {
    let rows = found.parameters.iter().zip(&found.correlation);
    let rows = rows.map(|(name, row)| {
        let cells = row.iter().map(|r| two_digits(*r));
        std::iter::once(name.clone()).chain(cells).collect()
    });
    let point = found.at.iter();
    let point: Vec<String> = point
        .map(|(name, value)| format!("{name} = {}", short(*value)))
        .collect();
    let heads = std::iter::once("Parameter".to_string());
    NamedTable {
        title: "Conditional correlations".into(),
        note: format!(
            "The correlation of each pair of parameters while all others are held at {}. Strong ones mean \
             that the two compensate each other.",
            point.join(", ")
        ),
        heads: heads.chain(found.parameters.iter().cloned()).collect(),
        rows: rows.collect(),
    }
}

/// The directions of an active subspace.
pub(super) fn direction_table(found: &ActiveSubspace) -> NamedTable {
    let rows = (0..found.eigenvalues.len()).map(|k| {
        let head = [
            (k + 1).to_string(),
            short(found.eigenvalues[k]),
            format!("{:.1} %", 100.0 * share(found, k)),
        ];
        let entries = found.directions[k].iter().map(|v| two_digits(*v));
        head.into_iter().chain(entries).collect()
    });
    let heads = ["Direction", "Eigenvalue", "Share"].map(String::from);
    NamedTable {
        title: "Sensitivity".into(),
        note: format!(
            "Directions of parameter space, in units of the prior's standard deviations, by how much the \
             posterior changes along them: the first are decided by the data, about the last they say \
             least (active subspaces, from {} draws).",
            found.n_draws
        ),
        heads: heads
            .into_iter()
            .chain(found.parameters.iter().cloned())
            .collect(),
        rows: rows.collect(),
    }
}

fn two_digits(value: f64) -> String {
    format!("{value:.2}").replace('-', "−")
}

/// Three digits.
fn short(value: f64) -> String {
    let text = if value != 0.0 && !(1e-3..1e5).contains(&value.abs()) {
        format!("{value:.2e}")
    } else {
        let digits = 2 - value.abs().max(1e-3).log10().floor() as i32;
        format!("{value:.*}", digits.max(0) as usize)
    };
    text.replace('-', "−")
}
