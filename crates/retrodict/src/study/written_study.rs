//! The resolved study as a study file.

use std::path::Path;

use super::inference_section::InferenceSection;
use super::resolved::Study;
use super::several;

impl Study {
    /// The text of the resolved study as it stands in a run's folder: every default written out,
    /// and paths that still lead to the study's files from there.
    pub fn to_toml(&self, run_folder: &Path) -> String {
        self.to_toml_with(&self.config().inference, run_folder)
    }

    /// As [`Study::to_toml`], with another inference in place of the study's own.
    pub(super) fn to_toml_with(&self, inference: &InferenceSection, run_folder: &Path) -> String {
        let mut config = self.config().clone();
        config.inference = inference.clone();
        let points_to_files = config.simulator.names_files()
            || config
                .observation
                .as_ref()
                .is_some_and(|o| o.file.is_some())
            || inference
                .given_rounds
                .as_ref()
                .is_some_and(|given| given.weights.is_some())
            || inference.continue_from.is_some();
        config.study.folder = points_to_files.then(|| way_back(run_folder, self.folder()));
        let mut text =
            toml::to_string_pretty(&config).expect("a study that was read can be written");
        if !config.methods.is_empty() {
            text = several::with_methods(&text, &config.methods);
        }
        format!("# Written by retrodict: the study with every default spelled out.\n\n{text}")
    }
}

/// The study's folder from a run's folder: relative if the run lies within it, so that both can be
/// moved together.
fn way_back(run_folder: &Path, folder: &Path) -> String {
    match run_folder.strip_prefix(folder) {
        Ok(inside) => vec![".."; inside.components().count()].join("/"),
        Err(_) => folder.to_string_lossy().into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::source::Source;

    const TOY: &str = "[study]\nname = \"toy\"\n[simulator]\nbuiltin = \"gaussian_toy\"\n";

    #[test]
    fn the_resolved_study_is_a_study_and_resolves_to_itself() {
        let study = Study::from_source(Source::new("study.toml", TOY), Some(7)).unwrap();
        let text = study.to_toml(Path::new("/run"));
        for words in [
            "seed = 7",
            "method = \"npe\"",
            "simulations = 10000",
            "[parameters.mu_1]",
        ] {
            assert!(text.contains(words), "{words} is missing in:\n{text}");
        }
        let again = Study::from_source(Source::new("study.toml", text.clone()), None).unwrap();
        assert_eq!(again.to_toml(Path::new("/run")), text);
        assert_eq!(again.facts(), study.facts());
    }

    #[test]
    fn the_way_back_is_relative_from_within_and_absolute_from_elsewhere() {
        let folder = Path::new("/home/me/study");
        assert_eq!(
            way_back(Path::new("/home/me/study/runs/a"), folder),
            "../.."
        );
        assert_eq!(way_back(Path::new("/scratch/a"), folder), "/home/me/study");
    }
}
