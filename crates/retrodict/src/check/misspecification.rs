//! Is the observation typical of what was simulated? Otherwise the simulator is not that of the data.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::multiplicity::holm;
use super::predictive::varies;
use super::thresholds as limit;
use super::typicality::{Space, Typicality, TypicalityKind, typicality, typicality_of_trials};
use super::words::p_words;
use super::{Check, CheckStatus};
use crate::error::Result;
use crate::infer::SemiAutomatic;
use crate::prior::Prior;
use crate::simulate::{Simulations, Status};
use crate::table::Table;

/// How typical the observation is of the prior predictive distribution, all features together.
///
/// Two statistics, each in the space of the data and in that of their summaries:
///
/// - the maximum mean discrepancy of the observation and the simulations, with a Gaussian kernel as wide as
///   the median distance of the standardised data (Gretton et al. 2012). Of one row, it is a decreasing function of a
///   kernel estimate of its density, so wide that it sees what is far from everything;
/// - the distance from the fifth nearest simulation in whitened coordinates, which falls with the estimate of
///   density of Loftsgaarden and Quesenberry (1965). It sees what is far from its nearest simulations, also in holes
///   and beside thin curved sets, where the observation is not far from the middle.
///
/// A trained density of the data would be a third estimate. It costs a training, and where there are many data it
/// gives its largest values to rows that are far from all it was trained on (Nalisnick et al. 2019,
/// arXiv:1810.09136); distances do not.
///
/// The p-values come from simulated rows in the observation's place, with a generalised Pareto tail beyond them.
///
/// The summaries are the least-squares regression of θ on the data (Fearnhead and Prangle 2012), learned from the
/// rows that are the reference: an observation can look like simulations and still have summaries that no simulation has.
///
/// # Reference
/// Schmitt, Bürkner, Köthe and Radev 2021, "Detecting model misspecification in amortized Bayesian inference with
/// neural networks", arXiv:2112.08866; Gretton et al. 2012, "A kernel two-sample test", JMLR 13.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Misspecification {
    /// The tests.
    pub tests: Vec<Typicality>,
}

/// With more data than this the regression would take seconds.
const MOST_REGRESSED: usize = 200;

impl Misspecification {
    /// Compares the observation with simulations from the prior; rows with values that are not finite are left
    /// out. NaN in the observation is a number that is missing, and its column is left out.
    ///
    /// # Errors
    /// If a table cannot be made of the summaries.
    pub fn of(prior: &Prior, simulations: &Simulations, observed: &[f64]) -> Result<Self> {
        let finite = |row: &[f64]| row.iter().all(|v| v.is_finite());
        let rows: Vec<usize> = (0..simulations.len())
            .filter(|&i| finite(simulations.x.row(i)))
            .collect();
        let simulations = simulations.select(&rows);
        let columns = varying(&simulations.x, observed);
        let mut tests = typicality(Space::Data, &simulations.x, observed, &columns);
        let whole = columns.len() <= MOST_REGRESSED && finite(observed);
        if whole && let Some((summaries, own)) = summarized(prior, &simulations, observed)? {
            let columns = varying(&summaries, &own);
            tests.extend(typicality(Space::Summaries, &summaries, &own, &columns));
        }
        let p_values: Vec<f64> = tests.iter().map(|t| t.p_value).collect();
        for (test, adjusted) in tests.iter_mut().zip(holm(&p_values)) {
            test.adjusted_p_value = adjusted;
        }
        Ok(Self { tests })
    }

    /// Compares all trials of an observation together with replicates: as many trials, simulated at one draw from
    /// their posterior.
    pub fn of_trials(replicates: &[Vec<&[f64]>], observed: &[&[f64]]) -> Self {
        Self {
            tests: typicality_of_trials(replicates, observed)
                .into_iter()
                .collect(),
        }
    }

    /// The check, for the verdict; none if there were too few simulations.
    pub fn check(&self) -> Option<Check> {
        let smaller = |a: &&Typicality, b: &&Typicality| a.p_value.total_cmp(&b.p_value);
        let worst = self.tests.iter().min_by(smaller)?;
        let p = worst.adjusted_p_value;
        let status = if p < limit::PREDICTIVE_FAILED {
            CheckStatus::Failed
        } else if p < limit::PREDICTIVE_FALSE_ALARM {
            CheckStatus::Caution
        } else {
            CheckStatus::Passed
        };
        let explanation = if status == CheckStatus::Passed {
            format!(
                "The observation is as typical of the simulations as they are of each other, by kernel and by \
                 nearest neighbours ({} of {} tests).",
                p_words(p),
                self.tests.len()
            )
        } else {
            format!("{} {ADVICE}", worst.finding())
        };
        Some(Check {
            name: "misspecification".into(),
            statistic: worst.observed,
            interval: Some([0.0, worst.quantiles[5]]),
            p_value: Some(p),
            threshold: Some(limit::PREDICTIVE_FALSE_ALARM),
            status,
            explanation,
        })
    }
}

const ADVICE: &str = "The simulator does not make such data, and the network has to extrapolate. Look for what \
                      it leaves out (noise, outliers, drifts), mend it, or try `[inference.robust]`, which allows for \
                      an error of the simulator.";

impl Typicality {
    fn finding(&self) -> String {
        let what = match self.space {
            Space::Data => "The observation",
            Space::Summaries => "What the observation says about the parameters, by regression,",
            Space::Trials => "The distribution of the trials",
        };
        let usual = self.quantiles[5];
        let p = p_words(self.adjusted_p_value);
        match self.kind {
            TypicalityKind::Mmd => format!(
                "{what} is far from all simulations: a maximum mean discrepancy of {:.3} where 97.5 % of \
                 simulations have less than {usual:.3} ({p}).",
                self.observed
            ),
            TypicalityKind::Neighbours => format!(
                "{what} has no simulation near it: the fifth nearest is {:.2} away where for 97.5 % of simulations \
                 it is within {usual:.2} ({p}).",
                self.observed
            ),
        }
    }
}

/// The columns that vary and were observed.
fn varying(x: &Table, observed: &[f64]) -> Vec<usize> {
    let range = |j: usize| {
        let none = [f64::INFINITY, f64::NEG_INFINITY];
        x.rows()
            .fold(none, |[low, high], row| [low.min(row[j]), high.max(row[j])])
    };
    (0..x.n_columns())
        .filter(|&j| !observed[j].is_nan() && varies(range(j)))
        .collect()
}

/// The summaries of all simulations and of the observation; none if they cannot be learned.
fn summarized(
    prior: &Prior,
    simulations: &Simulations,
    observed: &[f64],
) -> Result<Option<(Table, Vec<f64>)>> {
    // Those that are the reference; see `typicality`.
    let reference: Vec<usize> = (0..simulations.len()).step_by(2).collect();
    let mut learned_from = simulations.select(&reference);
    learned_from.status.fill(Status::Ok);
    let Ok(summaries) = SemiAutomatic::fit(prior, &learned_from, 1) else {
        return Ok(None);
    };
    let x = &simulations.x;
    let each: Vec<Vec<f64>> = (0..x.n_rows())
        .into_par_iter()
        .map(|i| summaries.apply(x.row(i)))
        .collect();
    let table = Table::numbered("summary", summaries.n_summaries(), each.concat())?;
    Ok(Some((table, summaries.apply(observed))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prior::DistributionConfig as D;
    use crate::seed::{Random, Seed, Stream};

    const D: usize = 10;

    fn prior() -> Prior {
        Prior::new([("a", D::normal(0.0, 1.0)), ("b", D::uniform(-1.0, 1.0))]).unwrap()
    }

    /// Ten numbers about two parameters, some of them skewed.
    fn row(theta: &[f64], random: &mut Random) -> Vec<f64> {
        let at = |j: usize| theta[j % 2] + 0.5 * random.normal();
        (0..D)
            .map(at)
            .enumerate()
            .map(|(j, v)| if j % 5 == 4 { v.exp() } else { v })
            .collect()
    }

    fn simulations(n: usize, index: u64) -> Simulations {
        let seed = Seed(31).derive(Stream::Test, index);
        let theta = prior().sample_table(n, seed, Stream::Parameters);
        let mut random = seed.stream(Stream::Simulator, 0);
        let x = theta
            .rows()
            .flat_map(|theta| row(theta, &mut random))
            .collect();
        Simulations {
            x: Table::numbered("x", D, x).unwrap(),
            status: vec![Status::Ok; n],
            theta,
        }
    }

    fn status(n: usize, index: u64, observed: &[f64]) -> CheckStatus {
        let found = Misspecification::of(&prior(), &simulations(n, index), observed).unwrap();
        assert_eq!(found.tests.len(), 4);
        found.check().unwrap().status
    }

    #[test]
    fn an_observation_of_the_simulator_passes_at_the_stated_rate() {
        // 150 runs at 0.1 %: 0.15 expected; 3 or more have probability 5·10⁻⁴.
        let alarms = (0..150).filter(|&i| {
            let made = simulations(401, i);
            let observed = made.x.row(400).to_vec();
            let rest = made.select(&(0..400).collect::<Vec<_>>());
            let found = Misspecification::of(&prior(), &rest, &observed).unwrap();
            found.check().unwrap().status != CheckStatus::Passed
        });
        assert!(alarms.count() < 3);
    }

    #[test]
    fn six_sd_off_in_all_features_or_with_a_broken_pattern_fails() {
        let made = simulations(4000, 1000);
        let mut far = made.x.row(0).to_vec();
        for v in &mut far {
            *v += 6.0;
        }
        assert_eq!(status(4000, 1000, &far), CheckStatus::Failed);
        // Every feature within its range, but alternating where the simulator's agree.
        let broken: Vec<f64> = (0..D).map(|j| if j % 4 < 2 { 1.5 } else { -1.0 }).collect();
        assert_ne!(status(4000, 1000, &broken), CheckStatus::Passed);
    }

    #[test]
    fn missing_and_constant_columns_are_left_out() {
        let mut made = simulations(400, 2000);
        for i in 0..400 {
            made.x.values_mut()[i * D + 3] = 7.0;
        }
        made.x.values_mut()[5] = f64::NAN;
        let mut observed = made.x.row(7).to_vec();
        observed[2] = f64::NAN;
        let found = Misspecification::of(&prior(), &made, &observed).unwrap();
        // No regression without all data.
        assert_eq!(found.tests.len(), 2);
        assert!(found.tests.iter().all(|t| t.observed.is_finite()));
        let few = simulations(30, 2001);
        let none = Misspecification::of(&prior(), &few, few.x.row(0)).unwrap();
        assert!(none.check().is_none());
    }
}
