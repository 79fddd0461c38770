//! With numbers set aside, networks are those that never saw them.

use std::ops::ControlFlow;

use crate::error::Result;
use crate::infer::{
    FieldConfig, LogLikelihood, NeuralLikelihood, NeuralPosterior, NeuralRatio, NleConfig,
    NpeConfig, NreConfig, Posterior, fmpe, nle, nle_continued, npe, npe_continued, nre,
    nre_continued,
};
use crate::prior::{DistributionConfig as D, Prior};
use crate::seed::{Seed, Stream};
use crate::simulate::{Simulations, Status};
use crate::table::Table;
use crate::train::EpochRecord;

const N: usize = 400;
/// Where the two that tell stand among twelve.
const TELLING: [usize; 2] = [3, 10];

fn silent(_: &EpochRecord) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn prior() -> Prior {
    Prior::new(["a", "b"].map(|name| (name, D::normal(0.0, 1.0)))).unwrap()
}

/// The same simulations with twelve numbers, and with the two of them that tell.
fn simulations() -> [Simulations; 2] {
    let theta = prior().sample_table(N, Seed(1), Stream::Parameters);
    let mut random = Seed(1).stream(Stream::Test, 0);
    let mut wide: Vec<f64> = (0..12 * N).map(|_| random.normal()).collect();
    for (x, theta) in wide.chunks_exact_mut(12).zip(theta.rows()) {
        for (column, theta) in TELLING.into_iter().zip(theta) {
            x[column] = theta + 0.5 * x[column];
        }
    }
    let wide = Table::numbered("x", 12, wide).unwrap();
    let narrow = wide.rows().flat_map(|x| TELLING.map(|j| x[j])).collect();
    [wide, Table::numbered("x", 2, narrow).unwrap()].map(|x| Simulations {
        theta: theta.clone(),
        x,
        status: vec![Status::Ok; N],
    })
}

/// Twelve numbers, and the two of them that tell.
fn observation() -> [Vec<f64>; 2] {
    let x: Vec<f64> = (0..12).map(|i| 0.1 * f64::from(i) - 0.7).collect();
    let telling = TELLING.map(|j| x[j]).to_vec();
    [x, telling]
}

fn some_theta() -> Table {
    Table::new(["a", "b"], vec![0.1, -0.2, 0.7, 0.4, -1.0, 0.3]).unwrap()
}

/// A small network of a method, trained for a moment.
fn config<C: serde::de::DeserializeOwned>(estimator: &str) -> C {
    let text =
        format!(r#"{{"estimator":{estimator},"train":{{"max_epochs":3,"ensemble_size":1}}}}"#);
    serde_json::from_str(&text).unwrap()
}

const FLOW: &str = r#"{"kind":"maf","transforms":2,"network":{"hidden":[10]}}"#;

/// Fits with and without the numbers that tell nothing, and compares what comes of it for the same observation.
fn are_the_same(values: impl Fn(&Simulations, &[f64]) -> Vec<f64>) {
    let ([wide, narrow], [x, x_telling]) = (simulations(), observation());
    let found = values(&wide, &x);
    assert_eq!(found, values(&narrow, &x_telling));
    assert!(found.iter().all(|v| v.is_finite()), "{found:?}");
}

fn log_likelihood(model: &dyn LogLikelihood, x: &[f64]) -> Result<Vec<f64>> {
    let theta = some_theta();
    let mut values = vec![0.0; theta.n_rows()];
    model.log_likelihood(theta.values(), x, &mut values)?;
    Ok(values)
}

#[test]
fn a_posterior_is_that_of_the_rest_and_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    are_the_same(|simulations, x| {
        let config: NpeConfig = config(FLOW);
        let (posterior, log) = npe(&prior(), simulations, &config, Seed(2), &silent).unwrap();
        let said = log
            .notes
            .iter()
            .any(|note| note.contains("10 of 12 numbers"));
        assert_eq!(said, x.len() == 12, "{:?}", log.notes);
        posterior.save(folder.path()).unwrap();
        let again = NeuralPosterior::load(folder.path(), &prior()).unwrap();
        let [own, again] = [&posterior, &again].map(|p| p.log_prob(&some_theta(), x).unwrap());
        assert_eq!(own, again);
        own
    });
}

#[test]
fn a_likelihood_is_that_of_the_rest_and_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    are_the_same(|simulations, x| {
        let config: NleConfig = config(FLOW);
        let (likelihood, _) = nle(&prior(), simulations, &config, Seed(2), &silent).unwrap();
        likelihood.save(folder.path()).unwrap();
        let again = NeuralLikelihood::load(folder.path(), &prior()).unwrap();
        let own = log_likelihood(&likelihood, x).unwrap();
        assert_eq!(own, log_likelihood(&again, x).unwrap());
        own
    });
}

#[test]
fn a_ratio_is_that_of_the_rest_and_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    are_the_same(|simulations, x| {
        let config: NreConfig = config(r#"{"network":{"hidden":[10]}}"#);
        let (ratio, _) = nre(&prior(), simulations, &config, Seed(2), &silent).unwrap();
        ratio.save(folder.path()).unwrap();
        let again = NeuralRatio::load(folder.path(), &prior()).unwrap();
        let own = log_likelihood(&ratio, x).unwrap();
        assert_eq!(own, log_likelihood(&again, x).unwrap());
        own
    });
}

#[test]
fn a_vector_field_is_that_of_the_rest() {
    are_the_same(|simulations, x| {
        let config: FieldConfig = config(r#"{"network":{"hidden":[10]}}"#);
        let (posterior, _) = fmpe(&prior(), simulations, &config, Seed(2), &silent).unwrap();
        posterior
            .sample(x, 20, Seed(3))
            .unwrap()
            .draws
            .values()
            .to_vec()
    });
}

/// What goes on learning sees what it saw, also where the study names a number that was set aside.
#[test]
fn networks_go_on_with_the_numbers_that_they_began_with() {
    let [mut wide, _] = simulations();
    for x in wide.x.values_mut().chunks_exact_mut(12) {
        x[0] = f64::from(u8::from(x[0] > 0.0));
    }
    let (x, theta) = (&observation()[0], some_theta());
    let npe_config: NpeConfig = config(FLOW);
    let (posterior, _) = npe(&prior(), &wide, &npe_config, Seed(2), &silent).unwrap();
    let again = (&posterior, &npe_config);
    let (posterior, _) = npe_continued(&prior(), &wide, again, Seed(3), &silent).unwrap();
    assert_eq!(posterior.config().x.n_seen(), 2);
    assert!(posterior.log_prob(&theta, x).unwrap()[0].is_finite());
    let nre_config: NreConfig = config(r#"{"network":{"hidden":[10]}}"#);
    let (ratio, _) = nre(&prior(), &wide, &nre_config, Seed(2), &silent).unwrap();
    let again = (&ratio, &nre_config);
    let (ratio, _) = nre_continued(&prior(), &wide, again, Seed(3), &silent).unwrap();
    assert_eq!(ratio.model().x.n_seen(), 2);
    assert!(log_likelihood(&ratio, x).unwrap()[0].is_finite());
    let nle_config = NleConfig {
        discrete_data: Some(vec![wide.x.names()[0].clone()]),
        ..config(FLOW)
    };
    let (likelihood, _) = nle(&prior(), &wide, &nle_config, Seed(2), &silent).unwrap();
    let model = serde_json::to_value(likelihood.model()).unwrap();
    assert!(model["x"]["discrete"].is_null(), "{model}");
    let again = (&likelihood, &nle_config);
    let (likelihood, _) = nle_continued(&prior(), &wide, again, Seed(3), &silent).unwrap();
    assert!(log_likelihood(&likelihood, x).unwrap()[0].is_finite());
}

#[test]
fn without_screening_all_numbers_are_seen() {
    let config = NpeConfig {
        screening: false,
        ..config(FLOW)
    };
    let [wide, _] = simulations();
    let (posterior, log) = npe(&prior(), &wide, &config, Seed(2), &silent).unwrap();
    assert_eq!(posterior.config().x.n_seen(), 12);
    assert!(!log.notes.iter().any(|note| note.contains("set aside")));
}
