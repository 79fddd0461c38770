//! What figures are drawn of, hard cases included.

use crate::check::{
    Conformal, ConformalLevel, CoverageAt, CoverageCurve, EcdfBand, ExpectedCoverage,
    FeaturePrediction, LearningCurve, Misspecification, Predictive, PredictiveKind, QuantityKind,
    RankUniformity, Ranks, Recovered, Recovery, Region, Space, Typicality, TypicalityKind,
};
use crate::prior::Parameter;
use crate::report::*;
use crate::{Samples, Seed, Stream};

pub(super) const FREE: [f64; 2] = [f64::NEG_INFINITY, f64::INFINITY];

/// The kinds of column that have broken plots before.
pub(super) fn column(kind: usize, n: usize) -> Vec<f64> {
    let mut random = Seed(21).stream(Stream::Test, kind as u64);
    (0..n)
        .map(|i| match kind {
            0 => random.normal(),
            1 => 67.36 + 1e-5 * random.normal(),
            2 => 3.0,
            3 => random.below(4) as f64,
            4 => 1e-9 * random.exponential(),
            5 => random.normal() / random.normal(),
            6 => 1e12 * (random.normal() + 6.0 * (i % 2) as f64),
            _ => random.uniform(),
        })
        .collect()
}

pub(super) fn samples(kinds: &[usize], n: usize) -> Samples {
    let columns: Vec<Vec<f64>> = kinds.iter().map(|&kind| column(kind, n)).collect();
    let values = (0..n)
        .flat_map(|i| columns.iter().map(move |c| c[i]))
        .collect();
    Samples::from_rows((0..kinds.len()).map(|j| format!("p_{j}")), values).unwrap()
}

pub(super) fn parameters(kinds: &[usize]) -> Vec<Parameter> {
    let parameter = |(j, kind): (usize, &usize)| Parameter {
        name: format!("p_{j}"),
        label: (*kind == 1).then(|| "the fraction of <dark> matter & more, $H_0$".to_string()),
        unit: (*kind == 1).then(|| "km s$^{-1}$ Mpc$^{-1}$".to_string()),
    };
    kinds.iter().enumerate().map(parameter).collect()
}

pub(super) fn corner(kinds: &[usize], n: usize, truth: Option<&[f64]>) -> Figure {
    let draws = samples(kinds, n);
    let limits: Vec<[f64; 2]> = kinds
        .iter()
        .map(|kind| match kind {
            4 => [0.0, f64::INFINITY],
            7 => [0.0, 1.0],
            _ => FREE,
        })
        .collect();
    let overlay = |name| Overlay {
        name,
        samples: &draws,
    };
    Corner {
        name: "corner",
        parameters: &parameters(kinds),
        posteriors: &[
            overlay("one"),
            overlay("a posterior with quite a long name"),
        ][..=n % 2],
        limits: &limits,
        truth,
        prior: None,
    }
    .figure()
    .unwrap()
}

pub(super) fn rank_data(d: usize) -> RankUniformity {
    let points: Vec<f64> = (1..50).map(|k| f64::from(k) / 50.0).collect();
    let quantity = |j: usize| Ranks {
        name: format!("p_{j}"),
        kind: if j == d {
            QuantityKind::LogProb
        } else {
            QuantityKind::Parameter
        },
        histogram: vec![15 + j; 20],
        ecdf: points
            .iter()
            .map(|z| z.powf(1.0 + 0.1 * j as f64))
            .collect(),
        deviation: 0.6 * j as f64,
        p_value: 0.1,
        adjusted_p_value: 0.3 / (1.0 + j as f64).powi(5),
        bias: 0.0,
        spread: 1.0,
        distance: 0.05,
    };
    RankUniformity {
        n_test: 300,
        n_draws: 1000,
        family_level: 0.95,
        histogram_interval: [6.0, 26.0],
        quantities: (0..=d).map(quantity).collect(),
        band: EcdfBand {
            n: 300,
            level: 0.99,
            lower: points.iter().map(|z| (z - 0.08).max(0.0)).collect(),
            upper: points.iter().map(|z| (z + 0.08).min(1.0)).collect(),
            points: points.clone(),
        },
    }
}

pub(super) fn coverage_data(d: usize) -> ExpectedCoverage {
    let levels: Vec<f64> = (1..50).map(|k| f64::from(k) / 50.0).collect();
    let curve = |name: String| CoverageCurve {
        name,
        coverage: levels.iter().map(|z| z * z).collect(),
        at: vec![CoverageAt {
            level: 0.95,
            coverage: 0.9,
            interval: [0.85, 0.94],
        }],
    };
    ExpectedCoverage {
        n_test: 300,
        band_level: 0.95,
        lower: levels.iter().map(|z| (z - 0.08).max(0.0)).collect(),
        upper: levels.iter().map(|z| (z + 0.08).min(1.0)).collect(),
        joint: curve("highest density".to_string()),
        reference_points: curve("reference points".to_string()),
        adjusted_p_value: 0.5,
        marginals: (0..d).map(|j| curve(format!("p_{j}"))).collect(),
        levels: levels.clone(),
    }
}

pub(super) fn predictive_data(n: usize, kind: PredictiveKind) -> Predictive {
    let spread = if kind == PredictiveKind::Prior {
        8.0
    } else {
        1.0
    };
    let feature = |i: usize| {
        let unit = 10_f64.powi((i % 3) as i32 * 3);
        let at = |z: f64| unit * (z * spread + (i as f64).sin());
        FeaturePrediction {
            name: if i == 2 {
                "a feature with a very long name".to_string()
            } else {
                format!("x_{i}")
            },
            observed: if i == 3 {
                f64::NAN
            } else {
                unit * if i == 4 { 400.0 } else { 0.4 }
            },
            quantiles: [-1.96, -1.0, 0.0, 1.0, 1.96].map(at),
            range: [-3.5, 3.5].map(at),
            p_value: 0.5,
            adjusted_p_value: 1.0,
            deviation: 0.0,
            outside: 0.0,
            varies: true,
        }
    };
    Predictive {
        kind,
        n_rows: 1000,
        n_dropped: 3,
        features: (0..n).map(feature).collect(),
        shape: Vec::new(),
        joint: None,
    }
}

pub(super) fn recovery_data(kinds: &[usize]) -> Recovery {
    let recovered = |(j, parameter): (usize, Parameter)| Recovered {
        name: parameter.name,
        truth: column(kinds[j], 400),
        mean: column(kinds[j], 400).into_iter().rev().collect(),
        sd: vec![0.5; 400],
        correlation: 0.9,
        contraction: 0.75,
        z_mean: 0.0,
        z_sd: 1.0,
    };
    Recovery {
        parameters: parameters(kinds)
            .into_iter()
            .enumerate()
            .map(recovered)
            .collect(),
    }
}

pub(super) fn conformal_data(mass: f64) -> Conformal {
    let region = Region {
        mass,
        log_density: (mass < 1.0).then_some(-3.0),
        draws_within: 100,
    };
    let level = ConformalLevel {
        level: 0.95,
        nominal: region,
        conformal: region,
        local: region,
    };
    Conformal {
        n_test: 300,
        n_local: 70,
        n_leaves: 2,
        n_draws: 4000,
        levels: vec![level],
        curve: (1..100).map(|k| mass * f64::from(k) / 100.0).collect(),
        local_curve: vec![mass; 99],
    }
}

pub(super) fn misspecification_data(n: usize, observed: f64) -> Misspecification {
    let test = |i: usize| Typicality {
        space: [Space::Data, Space::Summaries, Space::Trials][i % 3],
        kind: TypicalityKind::Neighbours,
        observed,
        quantiles: [0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0],
        histogram: (0..30).map(|k| k * (30 - k)).collect(),
        p_value: 0.2,
        adjusted_p_value: if observed > 1.0 { 1e-9 } else { 0.4 },
    };
    Misspecification {
        tests: (0..n).map(test).collect(),
    }
}

pub(super) fn learning_data(loss: f64) -> LearningCurve {
    let sizes = [1250, 2500, 5000, 10_000];
    let scores = sizes.map(|n| {
        let mut random = Seed(22).stream(Stream::Test, n as u64);
        let mean = -loss * 1250.0 / n as f64;
        (0..100)
            .map(|_| mean + 0.1 * loss * random.normal())
            .collect()
    });
    LearningCurve::of(&sizes, &scores, 2, Seed(1))
}

pub(super) fn loss_curve(n: usize) -> LossCurve {
    let training: Vec<f64> = (0..n).map(|i| 1e5 * (-(i as f64)).exp() - 2.0).collect();
    let first = training.first().copied().unwrap_or(0.0);
    let validation = std::iter::once(first).chain(training.iter().copied());
    let validation = validation.map(|loss| loss + 0.1).collect();
    LossCurve {
        training,
        validation,
        best_epoch: n,
    }
}
