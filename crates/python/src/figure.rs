//! Figures.

use numpy::{PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use retrodict::Samples;
use retrodict::prior::Parameter;
use retrodict::report::{Corner, Figure, Overlay};

use crate::arrays;
use crate::error::to_python;

type Named = (String, Option<String>, Option<String>);
type Draws<'py> = (
    String,
    PyReadonlyArray2<'py, f64>,
    Option<PyReadonlyArray1<'py, f64>>,
);

/// A corner plot of posteriors (a name, draws, log-weights): its SVG, caption and description.
#[pyfunction]
#[pyo3(signature = (parameters, posteriors, limits, truth=None, prior=None))]
pub(crate) fn corner(
    py: Python<'_>,
    parameters: Vec<Named>,
    posteriors: Vec<Draws<'_>>,
    limits: Vec<(f64, f64)>,
    truth: Option<Vec<f64>>,
    prior: Option<PyReadonlyArray2<'_, f64>>,
) -> PyResult<(String, String, String)> {
    let parameters: Vec<Parameter> = parameters
        .into_iter()
        .map(|(name, label, unit)| Parameter { name, label, unit })
        .collect();
    let named = |array: &PyReadonlyArray2<'_, f64>| {
        let names = parameters.iter().map(|p| p.name.clone()).collect();
        arrays::table(names, array).map(Samples::independent)
    };
    let mut samples = Vec::new();
    for (name, draws, log_weights) in &posteriors {
        let mut found = named(draws)?;
        found.log_weights = log_weights
            .as_ref()
            .map(|weights| weights.as_array().iter().copied().collect());
        samples.push((name.as_str(), found));
    }
    let prior = prior.as_ref().map(named).transpose()?;
    let limits: Vec<[f64; 2]> = limits.into_iter().map(|(low, high)| [low, high]).collect();
    let figure = py.detach(|| {
        let overlays: Vec<Overlay<'_>> = samples
            .iter()
            .map(|(name, samples)| Overlay { name, samples })
            .collect();
        Corner {
            name: "corner",
            parameters: &parameters,
            posteriors: &overlays,
            limits: &limits,
            truth: truth.as_deref(),
            prior: prior.as_ref(),
        }
        .figure()
    });
    let Figure {
        svg, caption, alt, ..
    } = figure.map_err(|error| to_python(&error))?;
    Ok((svg, caption, alt))
}

/// An SVG of Retrodict as a PNG of 300 dots an inch.
#[pyfunction]
pub(crate) fn png(py: Python<'_>, svg: String) -> PyResult<Bound<'_, PyBytes>> {
    let figure = Figure {
        name: "figure".into(),
        svg,
        caption: String::new(),
        alt: String::new(),
    };
    let bytes = py
        .detach(|| figure.png())
        .map_err(|error| to_python(&error))?;
    Ok(PyBytes::new(py, &bytes))
}
