//! A posterior in the groups, dimensions and attributes that ArviZ knows.
//!
//! The layout is the `InferenceData` schema,
//! <https://python.arviz.org/en/stable/schema/schema.html>.

use serde_json::{Map, Value, json};

use super::PosteriorExport;
use super::zarr::{Array, Group, Values};
use crate::prior::Parameter;
use crate::table::Table;

/// The groups `posterior`, `sample_stats` (if draws carry numbers), `posterior_predictive` (if
/// there is any) and `observed_data`.
pub(super) fn groups(export: &PosteriorExport<'_>) -> Vec<Group> {
    let group = |name: &str, arrays| Group {
        name: name.to_string(),
        arrays,
        attributes: attributes(export),
    };
    let mut groups = vec![group("posterior", posterior(export))];
    let statistics = statistics(export);
    if !statistics.is_empty() {
        groups.push(group("sample_stats", with_coordinates(export, statistics)));
    }
    if let Some(predictive) = export.predictive {
        groups.push(group("posterior_predictive", simulated(export, predictive)));
    }
    groups.push(group("observed_data", vec![observed(export)]));
    groups
}

fn attributes(export: &PosteriorExport<'_>) -> Map<String, Value> {
    let mut attributes = Map::new();
    let mut set = |key: &str, value: &str| attributes.insert(key.to_string(), json!(value));
    if let Some(created_at) = export.created_at {
        set("created_at", created_at);
    }
    let version = env!("CARGO_PKG_VERSION");
    set("creation_library", "retrodict");
    set("creation_library_version", version);
    set("creation_library_language", "Rust");
    set("inference_library", "retrodict");
    set("inference_library_version", version);
    for (key, value) in &export.samples.provenance {
        set(key, value);
    }
    attributes
}

/// One array a parameter, chain × draw.
fn posterior(export: &PosteriorExport<'_>) -> Vec<Array> {
    let draws = &export.samples.draws;
    let mut taken = vec!["chain".to_string(), "draw".to_string()];
    let arrays = export.parameters.iter().enumerate().map(|(j, parameter)| {
        let name = node_name(&parameter.name, &taken);
        taken.push(name.clone());
        per_draw(export, name, draws.column(j), describe(parameter))
    });
    let arrays = arrays.collect();
    with_coordinates(export, arrays)
}

/// The label and unit, under the names that `xarray` uses, and the parameter's own name.
fn describe(parameter: &Parameter) -> Map<String, Value> {
    let mut attributes = Map::new();
    attributes.insert("parameter".to_string(), json!(parameter.name));
    if let Some(label) = &parameter.label {
        attributes.insert("long_name".to_string(), json!(label));
    }
    if let Some(unit) = &parameter.unit {
        attributes.insert("units".to_string(), json!(unit));
    }
    attributes
}

/// The numbers that belong to each draw: its log-weight, its log-density, ….
fn statistics(export: &PosteriorExport<'_>) -> Vec<Array> {
    let samples = export.samples;
    let weights = samples.log_weights.iter().map(|w| ("log_weight", w));
    let others = samples
        .statistics
        .iter()
        .map(|(name, v)| (name.as_str(), v));
    let mut taken = vec!["chain".to_string(), "draw".to_string()];
    weights
        .chain(others)
        .map(|(name, values)| {
            let name = node_name(name, &taken);
            taken.push(name.clone());
            per_draw(export, name, values.clone(), Map::new())
        })
        .collect()
}

fn per_draw(
    export: &PosteriorExport<'_>,
    name: String,
    values: Vec<f64>,
    attributes: Map<String, Value>,
) -> Array {
    let n_chains = export.samples.n_chains;
    Array {
        name,
        dimensions: vec!["chain".to_string(), "draw".to_string()],
        shape: vec![n_chains, values.len() / n_chains],
        values: Values::Float(values),
        attributes,
    }
}

fn with_coordinates(export: &PosteriorExport<'_>, mut arrays: Vec<Array>) -> Vec<Array> {
    let n_chains = export.samples.n_chains;
    arrays.push(coordinate("chain", n_chains));
    arrays.push(coordinate("draw", export.samples.draws.n_rows() / n_chains));
    arrays
}

fn coordinate(name: &str, n: usize) -> Array {
    Array {
        name: name.to_string(),
        dimensions: vec![name.to_string()],
        shape: vec![n],
        values: Values::Integer((0..n as i64).collect()),
        attributes: Map::new(),
    }
}

/// The observation, as one array `x`.
fn observed(export: &PosteriorExport<'_>) -> Array {
    Array {
        name: "x".to_string(),
        dimensions: data_dimensions(export),
        shape: export.observation_shape.to_vec(),
        values: Values::Float(export.observation.to_vec()),
        attributes: Map::new(),
    }
}

/// Simulated data, one chain of draws of the shape of the observation.
fn simulated(export: &PosteriorExport<'_>, predictive: &Table) -> Vec<Array> {
    let mut dimensions = vec!["chain".to_string(), "draw".to_string()];
    dimensions.extend(data_dimensions(export));
    let mut shape = vec![1, predictive.n_rows()];
    shape.extend(export.observation_shape);
    let x = Array {
        name: "x".to_string(),
        dimensions,
        shape,
        values: Values::Float(predictive.values().to_vec()),
        attributes: Map::new(),
    };
    let coordinates = [
        coordinate("chain", 1),
        coordinate("draw", predictive.n_rows()),
    ];
    [x].into_iter().chain(coordinates).collect()
}

fn data_dimensions(export: &PosteriorExport<'_>) -> Vec<String> {
    let axes = 0..export.observation_shape.len();
    axes.map(|axis| format!("x_dim_{axis}")).collect()
}

/// A name that can be a folder on every system, and is not taken: other characters than letters,
/// digits, `-`, `_` and `.` become `_`.
fn node_name(name: &str, taken: &[String]) -> String {
    let allowed = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    let replaced: String = name
        .chars()
        .map(|c| if allowed(c) { c } else { '_' })
        .collect();
    // Names of dots or with two leading underscores are reserved, and so is the metadata's own.
    let reserved = replaced.starts_with("__")
        || replaced.chars().all(|c| c == '.')
        || replaced.eq_ignore_ascii_case("zarr.json");
    let base = if reserved {
        format!("p{replaced}")
    } else {
        replaced
    };
    // Some file systems do not tell upper case from lower.
    let is_taken = |name: &str| {
        taken
            .iter()
            .any(|t| t.to_lowercase() == name.to_lowercase())
    };
    let mut candidate = base.clone();
    let mut n = 1;
    while is_taken(&candidate) {
        n += 1;
        candidate = format!("{base}_{n}");
    }
    candidate
}
