//! A module uses only the modules below it: reads the `crate::` paths of every source file.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops at what it does not expect"
)]

use std::fs;
use std::path::{Path, PathBuf};

/// From the top of the picture in ARCHITECTURE.md to its bottom.
const LAYERS: [&str; 12] = [
    "study",
    "report",
    "check",
    "infer",
    "sample",
    "train",
    "estimator",
    "transform",
    "network",
    "embed",
    "simulate",
    "prior",
];
/// The root files: anyone may use them, and they use only each other.
const ROOT: [&str; 6] = ["seed", "table", "npy", "samples", "quantity", "error"];

#[test]
fn no_module_uses_one_above_it() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut upward = Vec::new();
    for file in rust_files(&source) {
        let module = module_of(&source, &file);
        if module == "lib" {
            continue;
        }
        for used in used_modules(&fs::read_to_string(&file).unwrap()) {
            if used != module && rank(&used) <= rank(&module) && !both_root(&used, &module) {
                upward.push(format!("{}: `{module}` uses `{used}`", file.display()));
            }
        }
    }
    assert!(upward.is_empty(), "upward imports:\n{}", upward.join("\n"));
}

#[test]
fn every_module_has_its_place() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for file in rust_files(&source) {
        let module = module_of(&source, &file);
        let known = module == "lib" || LAYERS.contains(&&*module) || ROOT.contains(&&*module);
        assert!(
            known,
            "`{module}` is in no layer: give it one here and in ARCHITECTURE.md"
        );
    }
}

fn rank(module: &str) -> usize {
    LAYERS
        .iter()
        .position(|layer| *layer == module)
        .unwrap_or(LAYERS.len())
}

fn both_root(a: &str, b: &str) -> bool {
    ROOT.contains(&a) && ROOT.contains(&b)
}

/// The modules named after `crate::` in code; comments and doc links do not count.
fn used_modules(text: &str) -> Vec<String> {
    let code = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default());
    let text = code.collect::<Vec<_>>().join("\n");
    let mut used = Vec::new();
    for part in text.split("crate::").skip(1) {
        if let Some(group) = part.strip_prefix('{') {
            let inside = group.split('}').next().unwrap_or_default();
            used.extend(inside.split(',').map(first_word));
        } else {
            used.push(first_word(part));
        }
    }
    used.retain(|word| rank(word) < LAYERS.len() || ROOT.contains(&&**word));
    used
}

fn first_word(text: &str) -> String {
    text.trim()
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

fn module_of(source: &Path, file: &Path) -> String {
    let inside = file.strip_prefix(source).unwrap();
    let first = inside
        .components()
        .next()
        .unwrap()
        .as_os_str()
        .to_string_lossy();
    first.trim_end_matches(".rs").to_string()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files
}
