//! Credible regions of a run whose coverage is guaranteed, and whether a learned ratio is one.

use super::check::{MOST_OBSERVATIONS, of_observation};
use super::trained::Trained;
use crate::check::{
    Calibration, Check, CheckStatus, Conformal, LogProbability, Power, RatioIdentity, Region,
};
use crate::error::Result;
use crate::estimator::RatioLoss;
use crate::infer::Posterior;
use crate::report::html::NamedTable;
use crate::report::{Figure, conformal};
use crate::seed::Seed;
use crate::simulate::Simulations;
use crate::study::{Method, Run};

impl Run<'_> {
    /// Conformal regions of each observation, if the study asks for them.
    pub(super) fn conformal(
        &self,
        calibration: &Calibration,
        posterior: &dyn Posterior,
    ) -> Result<Vec<Check>> {
        let config = self.study().config();
        let observations = self.study().observations();
        // Missing data make an observation unlike the test simulations.
        let whole = observations.values().iter().all(|v| v.is_finite());
        if !config.check.conformal || !whole {
            return Ok(Vec::new());
        }
        let all = self.samples()?;
        let n = all.len();
        let mut checks = Vec::new();
        for (i, samples) in all.iter().enumerate().take(MOST_OBSERVATIONS) {
            let at = (observations.row(i), samples);
            let found = Conformal::of(calibration, posterior, at, Seed(config.study.seed))?;
            self.keep(&file(i, n), &found)?;
            let mut check = summary(&found);
            if n > 1 {
                check.name = of_observation(&check.name, i);
            }
            checks.push(check);
        }
        Ok(checks)
    }

    /// Whether the mean of a learned ratio over the prior is one.
    pub(super) fn ratio_identity(
        &self,
        calibration: &Calibration,
        tests: &Simulations,
    ) -> Result<Option<Check>> {
        let inference = &self.study().config().inference;
        let plain = inference.restriction.is_none() && !inference.is_sequential();
        if inference.method != Method::Nre || !plain {
            return Ok(None);
        }
        let prior = self.study().prior();
        let trained = Trained::load(Method::Nre, &self.folder().model(), prior)?;
        let Some(ratio) = trained.ratio() else {
            return Ok(None);
        };
        let seed = Seed(self.study().config().study.seed);
        let loss = inference.classifier.clone().unwrap_or_default().loss;
        let free = matches!(loss, RatioLoss::NreB(_));
        let found = RatioIdentity::of(ratio, prior, (calibration, tests), free, seed)?;
        self.keep("expected_ratio", &found)?;
        Ok(found.check())
    }

    /// The average log-probability of the true parameters of the test simulations, where the posterior or the ratio is
    /// known directly.
    pub(super) fn log_probability(&self, tests: &Simulations) -> Result<Option<Check>> {
        let inference = &self.study().config().inference;
        let known = [Method::Npe, Method::Fmpe, Method::Npse, Method::Nre];
        let method = inference.method;
        let plain = !inference.is_sequential()
            && inference.restriction.is_none()
            && inference.correction.is_none();
        if !plain || !known.contains(&method) {
            return Ok(None);
        }
        let prior = self.study().prior();
        let trained = Trained::load(method, &self.folder().model(), prior)?;
        let tests = tests.valid();
        let scores = trained.scores(&tests)?;
        let found = if trained.ratio().is_some() {
            LogProbability::of(None, &scores)
        } else {
            let priors = tests.theta.rows().map(|row| prior.log_prob(row));
            let gains: Vec<f64> = scores.iter().zip(priors).map(|(q, p)| q - p).collect();
            LogProbability::of(Some(&scores), &gains)
        };
        self.keep("log_probability", &found)?;
        Ok(Some(found.check()))
    }

    /// What the test simulations show, for the report.
    pub(super) fn power_tables(&self) -> Result<Vec<NamedTable>> {
        let Some(found) = self.kept::<Vec<Power>>("power")? else {
            return Ok(Vec::new());
        };
        let rows = found.iter().map(|power| {
            let more = power.needed.saturating_sub(power.n_test);
            vec![
                power.check.clone(),
                power.defect.clone(),
                format!("{:.0} %", 100.0 * power.power),
                if more == 0 {
                    "–".into()
                } else {
                    more.to_string()
                },
            ]
        });
        let n = found.first().map_or(0, |power| power.n_test);
        Ok(vec![NamedTable {
            title: "What the test simulations show".into(),
            note: format!(
                "How often {n} test simulations would show a defect, each check at its own rate of false alarms, and how \
                 many more it takes to see it in nine cases of ten."
            ),
            heads: ["Check", "Defect", "seen in", "more needed"]
                .map(String::from)
                .into(),
            rows: rows.collect(),
        }])
    }

    /// The regions of observation `i` of `n`, if they were found.
    pub(super) fn conformal_report(
        &self,
        i: usize,
        n: usize,
    ) -> Result<(Vec<Figure>, Vec<NamedTable>)> {
        let name = file(i, n);
        let Some(found) = self.kept::<Conformal>(&name)? else {
            return Ok(Default::default());
        };
        Ok((vec![conformal(&name, &found)], vec![table(&found)]))
    }
}

fn file(i: usize, n: usize) -> String {
    if n == 1 {
        "conformal".into()
    } else {
        format!("conformal-{i:03}")
    }
}

/// What a region of 95 % takes. Nothing can be wrong about it.
fn summary(found: &Conformal) -> Check {
    let last = found.levels.last().expect("levels are reported");
    let words = |region: &Region| {
        if region.mass < 1.0 {
            format!("the densest {:.1} %", 100.0 * region.mass)
        } else {
            "all".into()
        }
    };
    Check {
        name: "conformal calibration".into(),
        statistic: last.conformal.mass,
        interval: None,
        p_value: None,
        threshold: None,
        status: CheckStatus::Passed,
        explanation: format!(
            "A region that is guaranteed to hold the truth with 95 % probability is {} of the posterior by {} test \
             simulations, and {} by the {} most like the observation.",
            words(&last.conformal),
            found.n_test,
            words(&last.local),
            found.n_local
        ),
    }
}

fn table(found: &Conformal) -> NamedTable {
    let percent = |mass: f64| format!("{:.1} %", 100.0 * mass);
    let cut = |region: &Region| {
        let density = region.log_density;
        density.map_or_else(|| "–".into(), |d| format!("{d:.2}").replace('-', "−"))
    };
    let rows = found.levels.iter().map(|level| {
        let mut row = vec![percent(level.level)];
        for region in [&level.nominal, &level.conformal, &level.local] {
            row.extend([
                percent(region.mass),
                cut(region),
                region.draws_within.to_string(),
            ]);
        }
        row
    });
    let heads = [
        "Level",
        "nominal: mass",
        "log-density at least",
        "draws",
        "guaranteed: mass",
        "log-density at least",
        "draws",
        "locally: mass",
        "log-density at least",
        "draws",
    ];
    NamedTable {
        title: "Credible regions with guaranteed coverage".into(),
        note: format!(
            "Highest-density regions: of the posterior as it is; with the mass that by {} test simulations holds the \
             truth at least as often as the level says; and the same by {} of them whose data are like the \
             observation's ({} groups). Draws are out of {}.",
            found.n_test, found.n_local, found.n_leaves, found.n_draws
        ),
        heads: heads.map(String::from).into(),
        rows: rows.collect(),
    }
}
