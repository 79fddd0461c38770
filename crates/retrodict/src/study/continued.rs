//! Networks of another run, with which training begins.

use std::fs;
use std::path::{Path, PathBuf};

use super::hash;
use super::source::Source;
use crate::error::{Error, Result};

const FIELD: &str = "inference.continue_from";
/// Under this name the networks are a fact on which the fit depends.
pub(super) const FACT: &str = "inference.continue_from.sha256";

/// Where the model is: in `name` itself, or in its folder `model`.
pub(super) fn model_folder(folder: &Path, name: &str) -> PathBuf {
    let given = folder.join(name);
    let model = given.join("model");
    if model.join("config.json").is_file() {
        model
    } else {
        given
    }
}

/// The kind of networks that the model is made of, as its configuration says; none if there is none to read.
pub(super) fn model_method(folder: &Path, name: &str) -> Option<String> {
    let bytes = fs::read(model_folder(folder, name).join("config.json")).ok()?;
    let config: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
    config["method"].as_str().map(str::to_owned)
}

/// The SHA-256 of everything in the model's folder that its networks consist of.
pub(super) fn fact(source: &Source, folder: &Path, name: &str) -> Result<String> {
    let model = model_folder(folder, name);
    if !model.join("config.json").is_file() {
        return Err(source.error(
            FIELD,
            format!("there is no model in {}", model.display()),
            "Name the folder of a run that was fitted; relative paths are meant from the study's folder.",
        ));
    }
    let entries = fs::read_dir(&model).map_err(Error::io(&model, "read"))?;
    let paths: std::io::Result<Vec<PathBuf>> = entries.map(|entry| Ok(entry?.path())).collect();
    let mut paths = paths.map_err(Error::io(&model, "read"))?;
    paths.retain(|path| path.extension().is_some_and(|end| end == "safetensors"));
    paths.push(model.join("config.json"));
    paths.sort();
    let each: Result<Vec<String>> = paths.iter().map(|path| hash::of_file(path)).collect();
    Ok(hash::of_bytes(each?.concat().as_bytes()))
}

/// Refuses a run that would go on with the model in whose place it writes its own.
pub(super) fn check_is_another(own: &Path, given: &Path) -> Result<()> {
    let real = |path: &Path| fs::canonicalize(path).ok();
    if real(own).is_none() || real(own) != real(given) {
        return Ok(());
    }
    Err(Error::invalid(
        format!("`{FIELD}`"),
        given.display(),
        "the folder of another run: this one's model is written there",
        "Run into another folder with `--out`.",
    ))
}
