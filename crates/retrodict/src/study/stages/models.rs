//! How probable the models of other studies are beside this one's.

use crate::error::Result;
use crate::infer::abc::{AbcModel, ModelProbability, abc_model_choice};
use crate::prior::Prior;
use crate::report::html::NamedTable;
use crate::simulate::Simulations;
use crate::study::{Event, Run, Stage, Study, model_choice};

/// The simulations of another model.
pub(super) struct Model {
    name: String,
    prior: Prior,
    simulations: Simulations,
    weight: f64,
}

impl Run<'_> {
    /// Simulates the other models, each in a folder of its own, from which it goes on.
    pub(super) fn other_models(&self) -> Result<Vec<Model>> {
        let Some(section) = &self.study().config().inference.model_choice else {
            return Ok(Vec::new());
        };
        let studies = self.study().other_models()?;
        let models = section.models.iter().zip(studies);
        models
            .map(|(model, study)| self.other_model(study, model.weight))
            .collect()
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
        let expected = self.study().observations().n_columns();
        model_choice::check_length(&name, simulations.x.n_columns(), expected)?;
        Ok(Model {
            prior: run.study().prior().clone(),
            name,
            simulations,
            weight,
        })
    }

    /// The probability of this study's model and of each other, given observation `i`.
    pub(super) fn choose_model(&self, others: &[Model], i: usize) -> Result<Vec<ModelProbability>> {
        let config = self.study().config();
        let Some(section) = &config.inference.model_choice else {
            return Ok(Vec::new());
        };
        let own = self.load(Stage::Simulate)?;
        let mut models = vec![AbcModel {
            name: &config.study.name,
            prior: self.study().prior(),
            simulations: &own,
            prior_weight: section.weight,
        }];
        models.extend(others.iter().map(|other| AbcModel {
            name: &other.name,
            prior: &other.prior,
            simulations: &other.simulations,
            prior_weight: other.weight,
        }));
        let compared = model_choice::comparison(&config.inference);
        abc_model_choice(&models, self.study().observed(i), &compared, None)
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
