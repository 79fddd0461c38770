//! How probable the models of other studies are beside this one's.

use crate::error::Result;
use crate::infer::abc::{AbcModel, ModelProbability, abc_model_choice};
use crate::prior::Prior;
use crate::report::html::NamedTable;
use crate::simulate::Simulations;
use crate::study::{Event, Run, Stage, Study, model_choice};

/// The simulations of a model.
pub(super) struct Model {
    name: String,
    prior: Prior,
    simulations: Simulations,
    weight: f64,
}

impl Run<'_> {
    /// This study's model, and the others it is compared with, each simulated in a folder of its own, from which it
    /// goes on; none unless that is asked for.
    pub(super) fn models(&self) -> Result<Vec<Model>> {
        let config = self.study().config();
        let Some(section) = &config.inference.model_choice else {
            return Ok(Vec::new());
        };
        let mut models = vec![Model {
            name: config.study.name.clone(),
            prior: self.study().prior().clone(),
            simulations: self.load(Stage::Simulate)?,
            weight: section.weight,
        }];
        for (other, study) in section.models.iter().zip(self.study().other_models()?) {
            models.push(self.other_model(study, other.weight)?);
        }
        Ok(models)
    }

    fn other_model(&self, study: Study, weight: f64) -> Result<Model> {
        let name = study.config().study.name.clone();
        self.note(format!("simulations of the model `{name}`"));
        let out = self.folder().model_of(&name);
        let forward = |event: &Event| {
            if let Event::Note { message } = event {
                self.note(format!("{name}: {message}"));
            }
        };
        let mut run = Run::open(study, out, &forward, self.stop().clone())?;
        run.simulate()?;
        let simulations = run.load(Stage::Simulate)?;
        Ok(Model {
            prior: run.study().prior().clone(),
            name,
            simulations,
            weight,
        })
    }

    /// The probability of each model given observation `i`.
    pub(super) fn choose_model(&self, models: &[Model], i: usize) -> Result<Vec<ModelProbability>> {
        if models.is_empty() {
            return Ok(Vec::new());
        }
        let each = models.iter().map(|model| AbcModel {
            name: &model.name,
            prior: &model.prior,
            simulations: &model.simulations,
            prior_weight: model.weight,
        });
        let compared = model_choice::comparison(&self.study().config().inference);
        let observed = self.study().observed(i);
        abc_model_choice(&each.collect::<Vec<_>>(), observed, &compared, None)
    }
}

/// `narrow 0.623 ± 0.008, wide 0.377 ± 0.008`.
pub(super) fn words(models: &[ModelProbability]) -> String {
    let one = |m: &ModelProbability| format!("{} {}", m.name, with_error(m));
    models.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn with_error(model: &ModelProbability) -> String {
    format!("{:.3} ± {:.3}", model.probability, model.standard_error)
}

/// The models, for the report.
pub(super) fn model_table(models: &[ModelProbability]) -> NamedTable {
    let rows = models.iter().map(|model| {
        let accepted = model.n_accepted.to_string();
        vec![model.name.clone(), with_error(model), accepted]
    });
    NamedTable {
        title: "Which model".into(),
        note: "The probability of each model given data as near to the observation as the accepted simulations, with its \
               standard error. Data that do not tell all that differs between models, such as summaries, may favour \
               the wrong one."
            .into(),
        heads: ["Model", "Probability", "accepted"].map(String::from).into(),
        rows: rows.collect(),
    }
}
