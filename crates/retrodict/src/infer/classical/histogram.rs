//! A histogram of data for each bin of parameters.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::pairs::{Space, check_arguments};
use crate::error::{Error, Result};
use crate::infer::{LogLikelihood, SummariesConfig};
use crate::prior::Prior;
use crate::simulate::Simulations;

/// Where the edges of bins lie.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BinRule {
    /// As many simulations in each bin of a column.
    #[default]
    EqualProbability,
    /// All bins of a column have the same width.
    Regular,
}

/// A histogram. Every field has a default.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HistogramConfig {
    /// Bins of each parameter; n^(1/(d + 2)) if left out, d being the number of parameters and data
    /// together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameter_bins: Option<usize>,
    /// Bins of each datum; the same number if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_bins: Option<usize>,
    /// Where edges lie.
    pub rule: BinRule,
    /// How many simulations are added to each bin of the parameters, spread evenly over the bins of
    /// the data.
    pub pseudo_count: f64,
    /// What stands for the data; histograms need few.
    pub summaries: SummariesConfig,
}

impl Default for HistogramConfig {
    fn default() -> Self {
        Self {
            parameter_bins: None,
            data_bins: None,
            rule: BinRule::default(),
            pseudo_count: 1.0,
            summaries: SummariesConfig::default(),
        }
    }
}

impl HistogramConfig {
    /// Refuses options that make no sense.
    ///
    /// # Errors
    /// With the name of the option.
    pub fn validate(&self) -> Result<()> {
        let refuse = |option, given: f64, expected| {
            Err(Error::invalid_option("histogram", option, given, expected))
        };
        if self.parameter_bins == Some(0) {
            return refuse("parameter_bins", 0.0, "at least 1");
        }
        if self.data_bins == Some(0) {
            return refuse("data_bins", 0.0, "at least 1");
        }
        if self.pseudo_count < 0.0 || !self.pseudo_count.is_finite() {
            return refuse("pseudo_count", self.pseudo_count, "0 or more");
        }
        self.summaries.validate()
    }
}

/// p̂(x | θ) = (n(θ, x) + a / B) / (n(θ) + a) / volume(x): n(θ, x) simulations in the bins of θ and x,
/// n(θ) in that of θ, B bins of the data and the pseudo-count a.
///
/// The θ of the simulations may come from any proposal. Simulations that failed count in n(θ) alone:
/// they did not make the data. Data beyond the outermost edges count as in
/// the outermost bin. A bin of parameters without simulations says nothing: all data have the density
/// of the pseudo-counts there; without pseudo-counts, none.
#[derive(Debug, Clone)]
pub struct Histogram {
    space: Space,
    /// Edges of each coordinate of z, then of s.
    edges: [Vec<Vec<f64>>; 2],
    /// Simulations in each bin of θ, and in each bin of θ and x, where there are any.
    marginal: BTreeMap<u64, f64>,
    joint: BTreeMap<(u64, u64), f64>,
    n_data_bins: f64,
    pseudo_count: f64,
}

impl Histogram {
    /// Counts the simulations that gave data.
    ///
    /// # Errors
    /// If an option makes no sense, the simulations do not fit the prior, fewer than 20 gave data, a
    /// number is not finite or θ outside the prior's support, or a parameter is discrete.
    pub fn fit(prior: &Prior, simulations: &Simulations, config: &HistogramConfig) -> Result<Self> {
        config.validate()?;
        let (space, pairs) = Space::fit(prior, simulations, config.summaries)?;
        let (n_z, n_s) = (space.n_z(), space.n_s());
        let guess = (pairs.n as f64)
            .powf(1.0 / ((n_z + n_s) as f64 + 2.0))
            .round()
            .max(2.0) as usize;
        let bins = [config.parameter_bins, config.data_bins].map(|b| b.unwrap_or(guess));
        check_cells(bins, [n_z, n_s])?;
        let edges = [
            all_edges(&pairs.z, n_z, bins[0], config.rule),
            all_edges(&pairs.s, n_s, bins[1], config.rule),
        ];
        let n_data_bins = edges[1].iter().map(|e| (e.len() - 1) as f64).product();
        let mut histogram = Self {
            space,
            edges,
            marginal: BTreeMap::new(),
            joint: BTreeMap::new(),
            n_data_bins,
            pseudo_count: config.pseudo_count,
        };
        for (z, s) in pairs.z.chunks_exact(n_z).zip(pairs.s.chunks_exact(n_s)) {
            let cell = (cell(&histogram.edges[0], z), cell(&histogram.edges[1], s));
            *histogram.marginal.entry(cell.0).or_default() += 1.0;
            *histogram.joint.entry(cell).or_default() += 1.0;
        }
        for z in pairs.failed.chunks_exact(n_z) {
            *histogram
                .marginal
                .entry(cell(&histogram.edges[0], z))
                .or_default() += 1.0;
        }
        Ok(histogram)
    }

    fn log_density(&self, at: u64, (of, log_volume): (u64, f64)) -> f64 {
        let joint = self.joint.get(&(at, of)).copied().unwrap_or(0.0);
        let marginal = self.marginal.get(&at).copied().unwrap_or(0.0);
        let (top, bottom) = (
            joint + self.pseudo_count / self.n_data_bins,
            marginal + self.pseudo_count,
        );
        // 0 / 0 without pseudo-counts is no density, not an unknown one.
        if top > 0.0 {
            (top / bottom).ln() - log_volume
        } else {
            f64::NEG_INFINITY
        }
    }
}

impl LogLikelihood for Histogram {
    fn n_data(&self) -> usize {
        self.space.n_data()
    }

    fn log_likelihood(&self, theta: &[f64], x: &[f64], values: &mut [f64]) -> Result<()> {
        let d = self.space.n_parameters();
        check_arguments([d, self.n_data()], theta, x, values)?;
        let trials: Vec<(u64, f64)> = x
            .chunks_exact(self.n_data())
            .map(|x| self.space.summarize(x))
            .map(|s| (cell(&self.edges[1], &s), log_volume(&self.edges[1], &s)))
            .collect();
        for (value, theta) in values.iter_mut().zip(theta.chunks_exact(d)) {
            *value = if self.space.contains(theta) {
                let at = cell(&self.edges[0], &self.space.map_theta(theta));
                trials
                    .iter()
                    .map(|trial| self.log_density(at, *trial))
                    .sum()
            } else {
                f64::NEG_INFINITY
            };
        }
        Ok(())
    }
}

/// Refuses more bins than can be told apart.
fn check_cells(bins: [usize; 2], columns: [usize; 2]) -> Result<()> {
    for ((option, bins), columns) in ["parameter_bins", "data_bins"]
        .into_iter()
        .zip(bins)
        .zip(columns)
    {
        let cells = (bins as f64).powf(columns as f64);
        if cells > 1e18 {
            let expected = format!(
                "at most 10¹⁸ bins in all {columns} dimensions; semi-automatic summaries make them few"
            );
            return Err(Error::invalid_option("histogram", option, bins, expected));
        }
    }
    Ok(())
}

fn all_edges(rows: &[f64], columns: usize, bins: usize, rule: BinRule) -> Vec<Vec<f64>> {
    (0..columns)
        .map(|j| {
            let mut column: Vec<f64> = rows.iter().skip(j).step_by(columns).copied().collect();
            column.sort_unstable_by(f64::total_cmp);
            edges(&column, bins, rule)
        })
        .collect()
}

/// `bins` + 1 rising edges, the outermost at the smallest and largest value; fewer if values repeat.
fn edges(sorted: &[f64], bins: usize, rule: BinRule) -> Vec<f64> {
    let (low, high) = (sorted[0], sorted[sorted.len() - 1]);
    if low == high {
        return vec![low - 0.5, low + 0.5];
    }
    let n = sorted.len();
    let inner = (1..bins).map(|k| match rule {
        BinRule::Regular => low + (high - low) * k as f64 / bins as f64,
        BinRule::EqualProbability => {
            let at = (k * n).div_ceil(bins);
            0.5 * (sorted[at - 1] + sorted[at.min(n - 1)])
        }
    });
    let mut edges: Vec<f64> = std::iter::once(low).chain(inner).chain([high]).collect();
    edges.dedup();
    edges
}

/// The bin of a value: the outermost ones have no outer edge.
fn bin(edges: &[f64], value: f64) -> usize {
    edges[1..edges.len() - 1].partition_point(|edge| *edge <= value)
}

/// The number of a row's bin in all dimensions.
fn cell(edges: &[Vec<f64>], row: &[f64]) -> u64 {
    edges.iter().zip(row).fold(0, |cell, (edges, value)| {
        cell * (edges.len() as u64 - 1) + bin(edges, *value) as u64
    })
}

fn log_volume(edges: &[Vec<f64>], row: &[f64]) -> f64 {
    let width = |(edges, value): (&Vec<f64>, &f64)| {
        let k = bin(edges, *value);
        (edges[k + 1] - edges[k]).ln()
    };
    edges.iter().zip(row).map(width).sum()
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use crate::infer::classical::weigh_prior_draws;
    use crate::seed::Seed;

    #[test]
    fn bins_of_known_values() {
        let values: Vec<f64> = (0..10).map(f64::from).collect();
        assert_eq!(
            edges(&values, 5, BinRule::EqualProbability),
            [0.0, 1.5, 3.5, 5.5, 7.5, 9.0]
        );
        assert_eq!(edges(&values, 3, BinRule::Regular), [0.0, 3.0, 6.0, 9.0]);
        assert_eq!(edges(&[2.0; 9], 4, BinRule::EqualProbability), [1.5, 2.5]);
        let edges = [0.0, 3.0, 6.0, 9.0];
        let found: Vec<usize> = [-5.0, 0.0, 3.0, 5.9, 9.0, 50.0]
            .map(|v| bin(&edges, v))
            .to_vec();
        assert_eq!(found, [0, 0, 1, 1, 2, 2]);
    }

    #[test]
    fn it_is_the_exact_conditional_and_integrates_to_one() {
        for rule in [BinRule::EqualProbability, BinRule::Regular] {
            let config = HistogramConfig {
                rule,
                ..HistogramConfig::default()
            };
            let histogram = Histogram::fit(&prior(), &simulations(40_000, 1), &config).unwrap();
            for theta in [0.2, 0.5, 0.8] {
                let [mass, distance] = compare(&histogram, theta);
                println!("{rule:?}, θ = {theta}: mass {mass:.4}, total variation {distance:.3}");
                // Outermost bins have a density beyond the last simulation as well; the grid ends.
                assert!((mass - 1.0).abs() < 0.05, "{mass}");
                assert!(distance < 0.15, "{rule:?}, {theta}: {distance}");
            }
        }
    }

    #[test]
    fn the_posterior_is_that_of_the_likelihood() {
        let histogram =
            Histogram::fit(&prior(), &skewed(60_000, 2), &HistogramConfig::default()).unwrap();
        for x in [vec![0.3], vec![0.3, 0.5, 0.4]] {
            let samples = weigh_prior_draws(&histogram, &prior(), &x, 10_000, Seed(3)).unwrap();
            let (exact, summary) = (posterior(&x), &samples.summary()[0]);
            println!(
                "{:.4} ± {:.4}, exactly {exact:.4?}",
                summary.mean, summary.sd
            );
            assert!((summary.mean - exact[0]).abs() < 0.2 * exact[1], "{x:?}");
            assert!((summary.sd / exact[1] - 1.0).abs() < 0.2, "{x:?}");
        }
    }

    #[test]
    fn counts_are_exact_by_hand_and_pseudo_counts_fill_empty_bins() {
        // Bins of θ: [0, ½), [½, 1]; of x: [0, 1), [1, 2]. 15 pairs low/low, 5 low/high, 20 high/high.
        let mut theta = vec![0.0, 1.0];
        let mut x = vec![0.0, 2.0];
        for i in 1..20 {
            theta.extend([0.25, 0.75]);
            x.extend([if i < 15 { 0.5 } else { 1.5 }, 1.5]);
        }
        theta[0] = 1e-9;
        theta[1] = 1.0 - 1e-9;
        let simulations = crate::simulate::Simulations {
            theta: crate::Table::new(["a"], theta).unwrap(),
            x: crate::Table::numbered("x", 1, x).unwrap(),
            status: vec![crate::simulate::Status::Ok; 40],
        };
        let json = |pseudo: f64| {
            format!(
                r#"{{"parameter_bins":2,"data_bins":2,"rule":"regular","pseudo_count":{pseudo}}}"#
            )
        };
        let value = |pseudo: f64, theta: f64, x: f64| {
            let config: HistogramConfig = serde_json::from_str(&json(pseudo)).unwrap();
            let histogram = Histogram::fit(&prior(), &simulations, &config).unwrap();
            let mut value = [0.0];
            histogram
                .log_likelihood(&[theta], &[x], &mut value)
                .unwrap();
            value[0].exp()
        };
        assert!((value(0.0, 0.3, 0.2) - 15.0 / 20.0).abs() < 1e-12);
        assert!((value(0.0, 0.3, 1.2) - 5.0 / 20.0).abs() < 1e-12);
        assert_eq!(value(0.0, 0.8, 0.2), 0.0);
        assert!((value(2.0, 0.8, 0.2) - 1.0 / 22.0).abs() < 1e-12);
        assert!((value(2.0, 0.8, 7.0) - 21.0 / 22.0).abs() < 1e-12);
    }

    #[test]
    fn failed_simulations_count_against_theta() {
        let histogram = Histogram::fit(
            &prior(),
            &half_failed(40_000, 5),
            &HistogramConfig::default(),
        )
        .unwrap();
        let ratio = compare(&histogram, 0.8)[0] / compare(&histogram, 0.2)[0];
        assert!((ratio - 0.5).abs() < 0.06, "{ratio}");
    }

    #[test]
    fn options_that_make_no_sense_are_refused_by_name() {
        let simulations = simulations(100, 4);
        for (json, field) in [
            (r#"{"parameter_bins":0}"#, "`parameter_bins`"),
            (r#"{"data_bins":2000000000000000000}"#, "`data_bins`"),
            (r#"{"pseudo_count":-1.0}"#, "`pseudo_count`"),
        ] {
            let config: HistogramConfig = serde_json::from_str(json).unwrap();
            let message = Histogram::fit(&prior(), &simulations, &config)
                .unwrap_err()
                .to_string();
            assert!(message.contains(field), "{message}");
        }
    }
}
