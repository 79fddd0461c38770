//! A study that names several methods: one study for each, over the same simulations.

use schemars::JsonSchema;
use serde::de::value::StrDeserializer;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::config::StudyConfig;
use super::inference_section::InferenceSection;
use super::method::Method;
use super::read::list;
use super::resolved::{Study, default_simulations};
use super::source::Source;
use super::validate;
use crate::error::{Error, Result};

/// A method, or several of them to compare.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) enum MethodOrList {
    /// One method.
    One(Method),
    /// Several, the first of which the others are compared with unless there is a `reference`.
    Several(Vec<Method>),
}

/// The first of `method = "npe"` or `method = ["npe", "nle"]`.
pub(super) fn first<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Method, D::Error> {
    let all = all(deserializer)?;
    all.first()
        .copied()
        .ok_or_else(|| serde::de::Error::invalid_length(0, &"one method or more"))
}

fn all<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Vec<Method>, D::Error> {
    struct Methods;

    impl<'de> Visitor<'de> for Methods {
        type Value = Vec<Method>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a method, or a list of methods")
        }

        fn visit_str<E: serde::de::Error>(self, name: &str) -> std::result::Result<Vec<Method>, E> {
            Method::deserialize(StrDeserializer::new(name)).map(|method| vec![method])
        }

        fn visit_seq<A: SeqAccess<'de>>(
            self,
            mut names: A,
        ) -> std::result::Result<Vec<Method>, A::Error> {
            let mut methods = Vec::new();
            while let Some(method) = names.next_element()? {
                methods.push(method);
            }
            Ok(methods)
        }
    }

    deserializer.deserialize_any(Methods)
}

/// All methods that a text names; none if it names one or says nothing.
pub(super) fn methods(text: &str) -> Vec<Method> {
    #[derive(Deserialize, Default)]
    struct Peek {
        #[serde(default)]
        inference: Inference,
    }
    #[derive(Deserialize, Default)]
    struct Inference {
        #[serde(default, deserialize_with = "all")]
        method: Vec<Method>,
    }
    let peek: Peek = toml::from_str(text).unwrap_or_default();
    let methods = peek.inference.method;
    if methods.len() > 1 {
        methods
    } else {
        Vec::new()
    }
}

/// The study as a whole, with one study for each method.
pub(super) fn resolve(mut config: StudyConfig, source: Source) -> Result<Study> {
    config.methods = known(&config, &source)?;
    refuse_strange_sections(&config, &source)?;
    if config.simulator.data.is_none() {
        let most = config.methods.iter().map(|m| default_simulations(*m)).max();
        let inference = &mut config.inference;
        inference.simulations = inference.simulations.or(most);
    }
    let members = config.methods.iter().map(|&method| {
        let member = member(&config, method);
        Study::resolve(member, source.clone(), None)
    });
    let members = members.collect::<Result<Vec<_>>>()?;
    let mut study = Study::resolve(member(&config, config.methods[0]), source, None)?;
    let inference = merged(&config.inference, &members);
    study.compare(config.methods, inference, members);
    Ok(study)
}

/// The methods by their own names, each once.
fn known(config: &StudyConfig, source: &Source) -> Result<Vec<Method>> {
    let mut known = Vec::new();
    for &method in &config.methods {
        let alone = StudyConfig {
            inference: InferenceSection {
                method,
                ..config.inference.clone()
            },
            ..config.clone()
        };
        // One that does not exist yet is refused where the study is checked.
        let method = alone.method();
        if known.contains(&method) {
            return Err(source.error(
                "inference.method",
                format!("`{}` stands twice", method.name()),
                "Name each method once; `auto` is one of the others.",
            ));
        }
        known.push(method);
    }
    if let Some(reference) = config.inference.reference
        && !known.contains(&reference)
    {
        return Err(source.error(
            "inference.reference",
            format!("`{}` is not among the methods", reference.name()),
            "Name one of them, or leave it out: then they are compared with the first.",
        ));
    }
    Ok(known)
}

/// Settings that no method has would change nothing.
fn refuse_strange_sections(config: &StudyConfig, source: &Source) -> Result<()> {
    for (section, given, methods) in validate::own_sections(&config.inference) {
        if given && !methods.iter().any(|m| config.methods.contains(m)) {
            let names: Vec<_> = methods.iter().map(|method| method.name()).collect();
            return Err(source.error(
                &format!("inference.{section}"),
                "given, and none of the methods uses it",
                format!(
                    "Remove the section, or add {} to the methods.",
                    list(&names)
                ),
            ));
        }
    }
    Ok(())
}

/// The study of one of the methods: without the settings of the others.
fn member(config: &StudyConfig, method: Method) -> StudyConfig {
    let own = validate::own_sections(&config.inference);
    let mut value = to_value(&config.inference);
    for (section, _, methods) in own {
        if !methods.contains(&method)
            && let Some(fields) = value.as_object_mut()
        {
            fields.remove(section);
        }
    }
    let mut member = config.clone();
    member.methods.clear();
    member.inference = from_value(value);
    (member.inference.method, member.inference.reference) = (method, None);
    member
}

/// The settings of all methods together.
fn merged(given: &InferenceSection, members: &[Study]) -> InferenceSection {
    let mut value = to_value(&members[0].config().inference);
    let Some(fields) = value.as_object_mut() else {
        return given.clone();
    };
    for member in members {
        if let Value::Object(own) = to_value(&member.config().inference) {
            for (key, value) in own {
                fields.entry(key).or_insert(value);
            }
        }
    }
    let mut all = from_value(value);
    // Unless it was given, each method has a sampler of its own.
    all.sampler.clone_from(&given.sampler);
    // One without rounds has one.
    all.rounds = given.rounds.or(all.rounds);
    all.reference = given.reference;
    all
}

fn to_value(inference: &InferenceSection) -> Value {
    serde_json::to_value(inference).expect("a study can be written as JSON")
}

fn from_value(value: Value) -> InferenceSection {
    serde_json::from_value(value).expect("what was a section is one without some of its parts")
}

/// The text of a resolved study with all its methods in place of the first.
pub(super) fn with_methods(text: &str, methods: &[Method]) -> String {
    let names: Vec<String> = methods
        .iter()
        .map(|m| format!("\"{}\"", m.name()))
        .collect();
    let one = format!("[inference]\nmethod = {}\n", names[0]);
    assert!(
        text.contains(&one),
        "the method is the first key of its section"
    );
    text.replacen(
        &one,
        &format!("[inference]\nmethod = [{}]\n", names.join(", ")),
        1,
    )
}

/// A reference among one method.
pub(super) fn refuse_reference(config: &StudyConfig, source: &Source) -> Result<()> {
    if config.inference.reference.is_none() {
        return Ok(());
    }
    let error: Error = source.error(
        "inference.reference",
        "given with one method",
        "Leave it out, or name several methods: `method = [\"npe\", \"likelihood\"]`.",
    );
    Err(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn study(inference: &str) -> Result<Study> {
        let head = "[study]\nname = \"a\"\n[simulator]\nbuiltin = \"linear_gaussian\"\n";
        Study::from_source(
            Source::new("study.toml", format!("{head}{inference}")),
            None,
        )
    }

    #[test]
    fn each_method_has_a_study_of_its_own_and_the_whole_resolves_to_itself() {
        let whole = study(
            "[inference]\nmethod = [\"auto\", \"nre\", \"abc_smc\"]\nreference = \"nre\"\n\
             [inference.classifier.network]\nhidden = [8]\n",
        );
        let whole = whole.unwrap();
        let methods: Vec<Method> = whole
            .members()
            .iter()
            .map(|m| m.config().inference.method)
            .collect();
        assert_eq!(methods, [Method::Npe, Method::Nre, Method::AbcSmc]);
        let alone = |text: &str| study(text).unwrap();
        let nre =
            alone("[inference]\nmethod = \"nre\"\n[inference.classifier.network]\nhidden = [8]\n");
        assert_eq!(whole.members()[1].config(), nre.config());
        let npe = alone("[inference]\nmethod = \"npe\"\n");
        assert_eq!(whole.members()[0].config(), npe.config());
        let text = whole.to_toml(Path::new("/run"));
        assert!(
            text.contains("method = [\"npe\", \"nre\", \"abc_smc\"]"),
            "{text}"
        );
        let again = Study::from_source(Source::new("study.toml", text.clone()), None).unwrap();
        assert_eq!(again.to_toml(Path::new("/run")), text);
        for (a, b) in whole.members().iter().zip(again.members()) {
            assert_eq!(a.config().inference, b.config().inference);
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (inference, says) in [
            ("method = []", "one method or more"),
            ("method = [\"npe\", \"npe\"]", "`npe` stands twice"),
            ("method = [\"auto\", \"npe\"]", "`npe` stands twice"),
            ("method = [\"npe\", \"mcmc\"]", "`mcmc` is not known"),
            ("method = 3", "a method, or a list of methods"),
            (
                "method = \"npe\"\nreference = \"npe\"",
                "given with one method",
            ),
            (
                "method = [\"npe\", \"nle\"]\nreference = \"nre\"",
                "`nre` is not among the methods",
            ),
            (
                "method = [\"npe\", \"nle\"]\nabc = { quantile = 0.1 }",
                "none of the methods uses it",
            ),
        ] {
            let message = study(&format!("[inference]\n{inference}\n"))
                .unwrap_err()
                .to_string();
            assert!(message.contains(says), "{inference}: {message}");
        }
    }
}
