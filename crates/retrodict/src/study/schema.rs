//! The JSON schema of a study file, for editors and for other programs.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::config::StudyConfig;

/// The JSON schema (draft 2020-12) of `STUDY.toml`.
pub fn schema() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    generator.into_root_schema_for::<StudyConfig>().into()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_schema_knows_the_sections_and_refuses_others() {
        let schema = super::schema();
        for section in [
            "study",
            "parameters",
            "simulator",
            "observation",
            "inference",
            "check",
        ] {
            assert!(schema["properties"][section].is_object(), "{section}");
        }
        assert_eq!(schema["additionalProperties"], false);
        assert!(
            schema["description"]
                .as_str()
                .is_some_and(|text| !text.is_empty())
        );
    }
}
