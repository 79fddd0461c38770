//! What `[inference]` may say.

use super::together::not_together;
use crate::error::Result;
use crate::estimator::{RatioConfig, VectorFieldConfig};
use crate::infer::sequential::SequentialConfig;
use crate::infer::{
    AbcRejectionConfig, CompositionConfig, CorrectionConfig, ErrorsAt, FieldSamplerConfig,
    HistogramConfig, Missing, RobustConfig, SearchConfig,
};
use crate::prior::SupportKind;
use crate::sample::SamplerConfig;
use crate::study::config::StudyConfig;
use crate::study::inference_section::InferenceSection;
use crate::study::method::Method;
use crate::study::online;
use crate::study::read::list;
use crate::study::source::Source;

/// The methods that train a vector field.
const FIELDS: &[Method] = &[Method::Fmpe, Method::Npse];
/// The methods that train networks of one kind.
const TRAINED: &[Method] = &[
    Method::Npe,
    Method::Nle,
    Method::Nre,
    Method::Fmpe,
    Method::Npse,
];

pub(super) fn inference(config: &StudyConfig, source: &Source) -> Result<()> {
    let inference = &config.inference;
    let method = config.method();
    sections(inference, method, source)?;
    summaries(inference, source)?;
    missing(inference, method, source)?;
    trials(config, method, source)?;
    online::validate(config, method, source)?;
    let named = |field: &str, result: Result<()>| {
        result.map_err(|error| source.restated_option(field, error))
    };
    named("inference.estimator", inference.estimator.validate())?;
    named("inference.train", inference.train.validate())?;
    let sampler = inference.sampler.as_ref();
    named(
        "inference.sampler",
        sampler.map_or(Ok(()), SamplerConfig::validate),
    )?;
    if let Some(SamplerConfig::Importance(config)) = sampler
        && !config.resample
    {
        return Err(source.error(
            "inference.sampler.resample",
            "given false, expected true: the files of a run have no column for weights",
            "Leave it out, or draw weighted samples with the library.",
        ));
    }
    let classifier = inference.classifier.as_ref();
    named(
        "inference.classifier",
        classifier.map_or(Ok(()), RatioConfig::validate),
    )?;
    let field = inference.vector_field.as_ref();
    named(
        "inference.vector_field",
        field.map_or(Ok(()), VectorFieldConfig::validate),
    )?;
    let field_sampler = inference.field_sampler.as_ref();
    named(
        "inference.field_sampler",
        field_sampler.map_or(Ok(()), FieldSamplerConfig::validate),
    )?;
    let correction = inference.correction.as_ref();
    named(
        "inference.correction",
        correction.map_or(Ok(()), CorrectionConfig::validate),
    )?;
    let robust = inference.robust.as_ref();
    named(
        "inference.robust",
        robust.map_or(Ok(()), RobustConfig::validate),
    )?;
    self::robust(inference, method, source)?;
    conservative(inference, method, source)?;
    let composition = inference.composition.as_ref();
    named(
        "inference.composition",
        composition.map_or(Ok(()), CompositionConfig::validate),
    )?;
    let abc = inference.abc.as_ref();
    named(
        "inference.abc",
        abc.map_or(Ok(()), AbcRejectionConfig::validate),
    )?;
    let histogram = inference.histogram.as_ref();
    named(
        "inference.histogram",
        histogram.map_or(Ok(()), HistogramConfig::validate),
    )?;
    let sequential = inference.sequential.as_ref();
    named(
        "inference.sequential",
        sequential.map_or(Ok(()), SequentialConfig::validate),
    )?;
    let search = inference.search.as_ref();
    named(
        "inference.search",
        search.map_or(Ok(()), SearchConfig::validate),
    )
}

/// Summaries may be asked for in several places.
fn summaries(inference: &InferenceSection, source: &Source) -> Result<()> {
    for (_, section, summaries) in inference.summaries_of_methods() {
        let field = format!("inference.{section}summaries");
        let checked = summaries.validate();
        checked.map_err(|error| source.restated_option(&field, error))?;
    }
    Ok(())
}

/// The sections that some methods have, whether they are given, and which methods those are.
pub(in crate::study) fn own_sections(
    inference: &InferenceSection,
) -> Vec<(&'static str, bool, Vec<Method>)> {
    let sampled: Vec<Method> = Method::all().filter(|m| m.needs_sampler()).collect();
    let in_rounds: Vec<Method> = Method::all().filter(|m| m.knows_rounds()).collect();
    let own = [
        (
            "classifier",
            inference.classifier.is_some(),
            &[Method::Nre, Method::Tmnre][..],
        ),
        ("tmnre", inference.tmnre.is_some(), &[Method::Tmnre]),
        ("rounds", inference.is_sequential(), &in_rounds[..]),
        ("sequential", inference.sequential.is_some(), &in_rounds[..]),
        ("vector_field", inference.vector_field.is_some(), FIELDS),
        ("field_sampler", inference.field_sampler.is_some(), FIELDS),
        ("composition", inference.composition.is_some(), FIELDS),
        ("restriction", inference.restriction.is_some(), TRAINED),
        (
            "correction",
            inference.correction.is_some(),
            &[Method::Npe, Method::Fmpe, Method::Npse],
        ),
        (
            "robust",
            inference.robust.is_some(),
            &[Method::Npe, Method::Nle, Method::Nre],
        ),
        ("abc", inference.abc.is_some(), &[Method::AbcRejection]),
        (
            "model_choice",
            inference.model_choice.is_some(),
            &[Method::AbcRejection],
        ),
        ("abc_smc", inference.abc_smc.is_some(), &[Method::AbcSmc]),
        (
            "synthetic_likelihood",
            inference.synthetic_likelihood.is_some(),
            &[Method::SyntheticLikelihood],
        ),
        (
            "kernel_density",
            inference.kernel_density.is_some(),
            &[Method::ClassicalKde],
        ),
        (
            "histogram",
            inference.histogram.is_some(),
            &[Method::ClassicalHistogram],
        ),
        ("search", inference.search.is_some(), &[Method::Npe]),
        (
            "given_rounds",
            inference.given_rounds.is_some(),
            &[Method::Npe],
        ),
        ("continue_from", inference.continue_from.is_some(), TRAINED),
        (
            "discrete_data",
            inference.discrete_data.is_some(),
            &[Method::Nle],
        ),
        ("summaries", !inference.summaries.is_none(), &[Method::Nle]),
        ("sampler", inference.sampler.is_some(), &sampled[..]),
    ];
    own.map(|(section, given, methods)| (section, given, methods.to_vec()))
        .into()
}

/// Refuses the settings of another method than the study's: they would change nothing.
fn sections(inference: &InferenceSection, method: Method, source: &Source) -> Result<()> {
    for (section, given, methods) in own_sections(inference) {
        if given && !methods.contains(&method) {
            let names: Vec<_> = methods.iter().map(|method| method.name()).collect();
            return Err(source.error(
                &format!("inference.{section}"),
                format!(
                    "given with `method = \"{}\"`, which does not use it",
                    method.name()
                ),
                format!("Remove it, or choose {} as the method.", list(&names)),
            ));
        }
    }
    Ok(())
}

/// Penalties for caution are those of one method.
fn conservative(inference: &InferenceSection, method: Method, source: &Source) -> Result<()> {
    let train = &inference.train;
    let given = [
        ("coverage_penalty", train.coverage_penalty),
        ("balance", train.balance),
    ];
    for (key, value) in given {
        if value.is_none() || (method == Method::Npe && !inference.is_sequential()) {
            continue;
        }
        let rounds = inference.rounds();
        return Err(source.error(
            &format!("inference.train.{key}"),
            format!(
                "given with `method = \"{}\"` and {rounds} rounds, which do not use it",
                method.name()
            ),
            "Remove it, or use `npe` in one round; `nre` has the loss `bnre`.",
        ));
    }
    Ok(())
}

/// What errors of the data do not go with.
fn robust(inference: &InferenceSection, method: Method, source: &Source) -> Result<()> {
    let Some(robust) = &inference.robust else {
        return Ok(());
    };
    if robust.at == ErrorsAt::Observation && method != Method::Npe {
        let problem = format!(
            "given `observation` with `method = \"{}\"`, expected `training`",
            method.name()
        );
        let advice = "Use `npe`, or `at = \"training\"`.";
        return Err(source.error("inference.robust.at", problem, advice));
    }
    let others = ["rounds", "search", "correction", "restriction", "missing"];
    not_together(
        inference,
        source,
        "robust",
        &others,
        "knows nothing of errors",
    )
}

/// Each way of dealing with missing data belongs to a method.
fn missing(inference: &InferenceSection, method: Method, source: &Source) -> Result<()> {
    let needed = match inference.missing {
        Missing::Refuse => return Ok(()),
        Missing::Mask => ("mask", Method::Npe),
        Missing::Marginalize => ("marginalize", Method::Nle),
    };
    if inference.is_sequential() {
        return Err(source.error(
            "inference.missing",
            format!("given with {} rounds, expected 1", inference.rounds()),
            "Leave `rounds` out, and give more `simulations` instead.",
        ));
    }
    if method == needed.1 {
        let others = ["summaries"];
        return not_together(
            inference,
            source,
            "missing",
            &others,
            "need all of the data",
        );
    }
    Err(source.error(
        "inference.missing",
        format!(
            "given `{}` with `method = \"{}\"`, which does not use it",
            needed.0,
            method.name()
        ),
        "Use `mask` with `npe`, or `marginalize` with `nle` and the estimator `mdn`.",
    ))
}

/// Trials need a likelihood that can be multiplied, or scores that can be composed.
fn trials(config: &StudyConfig, method: Method, source: &Source) -> Result<()> {
    if !config.trials() && config.inference.composition.is_some() {
        return Err(source.error(
            "inference.composition",
            "given without `trials = true` in `[observation]`: there is nothing to compose",
            "Remove the section.",
        ));
    }
    if !config.trials() || method.needs_sampler() {
        return Ok(());
    }
    if FIELDS.contains(&method) {
        if config.inference.support == SupportKind::Logit {
            return Err(source.error(
                "inference.support",
                "given `logit`, expected `probit`: scores are composed where the prior is normal",
                "Leave it out.",
            ));
        }
        return Ok(());
    }
    Err(source.error(
        "observation.trials",
        format!("given with `method = \"{}\"`, which learns the posterior of one trial", method.name()),
        "Use `nle`, `nre`, `fmpe`, `npse`, `auto` or a classical method, or give each row as an observation of its own without `trials`.",
    ))
}
