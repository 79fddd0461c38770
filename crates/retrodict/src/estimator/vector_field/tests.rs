//! The loss and the divergence of a vector field against their definitions.

use super::*;
use crate::estimator::Examples;
use crate::seed::{Seed, Stream};

const PATHS: [&str; 4] = [
    r#"{"kind":"flow_matching"}"#,
    r#"{"kind":"variance_exploding","weighting":"noise"}"#,
    r#"{"kind":"variance_preserving"}"#,
    r#"{"kind":"sub_variance_preserving","weighting":"likelihood"}"#,
];

fn field(path: &str, n_theta: usize, n_data: usize) -> (VectorField, Vec<f32>) {
    let json = format!(
        r#"{{"path":{path},"network":{{"hidden":[7,7],"activation":"silu","zero_last":false}}}}"#
    );
    let config: VectorFieldConfig = serde_json::from_str(&json).unwrap();
    let field = config.build(n_theta, n_data).unwrap();
    let mut weights = vec![0.0; field.n_weights()];
    let mut random = Seed(3).stream(Stream::Weights, 0);
    field.initialize(&mut weights, &mut random);
    // Blocks and skip start at almost nothing.
    for weight in &mut weights {
        *weight += 0.2 * random.normal() as f32;
    }
    (field, weights)
}

fn rows(field: &VectorField, n: usize) -> Examples {
    let mut random = Seed(4).stream(Stream::Test, 0);
    let mut examples = Examples::new(field.n_values(), field.n_data());
    for i in 0..n {
        let mut row: Vec<f32> = (0..field.n_values())
            .map(|_| random.normal() as f32)
            .collect();
        field.finish_row((i as f64 + 0.5) / n as f64, &mut row);
        let x: Vec<f32> = (0..field.n_data())
            .map(|_| random.normal() as f32)
            .collect();
        examples.push(&row, &x);
    }
    examples
}

#[test]
fn the_loss_is_the_weighted_square_and_its_gradient_the_difference_quotient() {
    for path in PATHS {
        let (field, weights) = field(path, 3, 2);
        let n = 21;
        let examples = rows(&field, n);
        let mut workspace = field.workspace(n, Purpose::Training);
        workspace.load(&examples, &(0..n).collect::<Vec<_>>());
        let mut gradient = vec![0.0; weights.len()];
        let loss = field.loss_and_gradient(&weights, &mut workspace, &mut gradient);
        let mut scores = field.workspace(n, Purpose::Inference);
        scores.load(&examples, &(0..n).collect::<Vec<_>>());
        field.log_scores(&weights, &mut scores);
        let mut total = 0.0;
        for i in 0..n {
            let (row, x) = (examples.value(i), examples.context(i));
            let t = field.path.time((i as f64 + 0.5) / n as f64);
            let [alpha, sigma] = field.path.scales(t);
            let (c, s) = (alpha / alpha.hypot(sigma), sigma / alpha.hypot(sigma));
            let number = |j: usize| f64::from(row[j]);
            let mut batch = field.batch(1);
            batch.fill_data(0, x);
            let mut points = vec![0.0; 3 * batch.stride()];
            for j in 0..3 {
                points[j * batch.stride()..(j + 1) * batch.stride()]
                    .fill((c * number(j) + s * number(3 + j)) as f32);
            }
            let members = std::slice::from_ref(&weights);
            field.velocity(members, s.atan2(c), &points, &mut batch);
            let error = (0..3).map(|j| {
                let target = c * number(3 + j) - s * number(j);
                (f64::from(batch.velocity()[j * batch.stride()]) - target).powi(2)
            });
            let own = field.path.weight(t) * error.sum::<f64>();
            let score = f64::from(scores.log_prob()[i]);
            assert!(
                (score + own).abs() < 1e-4 * own.max(1.0),
                "{path}: {score} {own}"
            );
            total += own / n as f64;
        }
        assert!(
            (loss - total).abs() < 1e-4 * total,
            "{path}: {loss} {total}"
        );
        let mut unused = vec![0.0; weights.len()];
        for k in (0..weights.len()).step_by(17) {
            let h = 1e-2;
            let mut at = |value: f32| {
                let mut moved = weights.clone();
                moved[k] = value;
                field.loss_and_gradient(&moved, &mut workspace, &mut unused)
            };
            let w = weights[k];
            // Richardson's combination of two central differences.
            let wide = (at(w + 2.0 * h) - at(w - 2.0 * h)) / f64::from(4.0 * h);
            let slope = (4.0 * (at(w + h) - at(w - h)) / f64::from(2.0 * h) - wide) / 3.0;
            let given = f64::from(gradient[k]);
            let scale = 2e-3 * (1.0 + total);
            assert!(
                (given - slope).abs() < scale,
                "{path}, {k}: {given} {slope}"
            );
        }
    }
}

#[test]
fn the_divergence_is_the_trace_of_difference_quotients_and_probes_agree_on_average() {
    for d in [1, 3, 24] {
        let (field, weights) = field(PATHS[0], d, 2);
        let members = [weights.clone(), weights.iter().map(|w| -0.5 * w).collect()];
        let n = 64;
        let mut batch = field.batch(n);
        batch.fill_data(0, &[0.4, -1.1]);
        let stride = batch.stride();
        let mut random = Seed(5).stream(Stream::Test, 1);
        // The same point in every lane.
        let point: Vec<f32> = (0..d).map(|_| random.normal() as f32).collect();
        let spread = |point: &[f32]| -> Vec<f32> {
            point
                .iter()
                .flat_map(|p| std::iter::repeat_n(*p, stride))
                .collect()
        };
        let angle = 0.6;
        let mut trace = 0.0;
        for j in 0..d {
            let h = 1e-2;
            let mut at = |shift: f32| {
                let mut moved = point.clone();
                moved[j] += shift;
                field.velocity(&members, angle, &spread(&moved), &mut batch);
                f64::from(batch.velocity()[j * stride])
            };
            trace += (at(h) - at(-h)) / f64::from(2.0 * h);
        }
        let probe: Vec<f32> = (0..d * stride)
            .map(|_| if random.uniform() < 0.5 { 1.0 } else { -1.0 })
            .collect();
        let mut divergence = vec![0.0; stride];
        let points = spread(&point);
        field.flow(
            &members,
            angle,
            &points,
            (&mut divergence, &probe),
            &mut batch,
        );
        if field.has_exact_divergence() {
            for value in &divergence {
                assert!(
                    (f64::from(*value) - trace).abs() < 2e-3,
                    "{d}: {value} {trace}"
                );
            }
        } else {
            let values: Vec<f64> = divergence.iter().map(|v| f64::from(*v)).collect();
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 63.0;
            // Five standard errors.
            let bound = 5.0 * (variance / values.len() as f64).sqrt() + 2e-3;
            assert!((mean - trace).abs() < bound, "{d}: {mean} {trace} {bound}");
        }
    }
}

#[test]
fn beyond_the_angles_of_the_path_the_field_is_that_at_the_nearest() {
    let (field, weights) = field(PATHS[1], 2, 1);
    let members = [weights];
    let mut batch = field.batch(1);
    batch.fill_data(0, &[0.3]);
    let points = vec![0.5; 2 * batch.stride()];
    let mut at = |angle: f64| {
        field.velocity(&members, angle, &points, &mut batch);
        batch.velocity().to_vec()
    };
    let [low, high] = field.angles();
    assert_eq!(at(0.0), at(low));
    assert_eq!(at(std::f64::consts::FRAC_PI_2), at(high));
    assert_ne!(at(low), at(0.5));
}

#[test]
fn settings_that_make_no_sense_are_refused_by_name() {
    for (json, field) in [
        (r#"{"passes":0}"#, "passes"),
        (r#"{"time_frequencies":0}"#, "time_frequencies"),
        (r#"{"network":{"hidden":[0]}}"#, "hidden"),
        (
            r#"{"path":{"kind":"variance_exploding","sigma_max":0.0}}"#,
            "sigma_max",
        ),
    ] {
        let config: VectorFieldConfig = serde_json::from_str(json).unwrap();
        let message = config.build(1, 1).unwrap_err().to_string();
        assert!(message.contains(field), "{message}");
    }
}
