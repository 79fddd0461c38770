//! How well the true parameters of test simulations score, whether a learned ratio is one, and what so many test
//! simulations show.

use super::trained::Trained;
use crate::check::{Calibration, Check, LogProbability, Power, RatioIdentity};
use crate::error::Result;
use crate::estimator::RatioLoss;
use crate::report::html::NamedTable;
use crate::seed::Seed;
use crate::simulate::Simulations;
use crate::study::{Method, Run};

impl Run<'_> {
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
        let files = ["power", "local_power", "posterior_calibration_power"];
        let found = files.map(|file| self.kept::<Vec<Power>>(file));
        let found: Result<Vec<_>> = found.into_iter().collect();
        let found: Vec<Power> = found?.into_iter().flatten().flatten().collect();
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let rows = found.iter().map(|power| {
            vec![
                power.check.clone(),
                power.defect.clone(),
                power.n_test.to_string(),
                format!("{:.0} %", 100.0 * power.power),
                more_needed(power),
            ]
        });
        Ok(vec![NamedTable {
            title: "What the test simulations show".into(),
            note: "How often so many simulations would show a defect, each check at its own rate of false alarms, and how \
                   many more it takes to see it in nine cases of ten. The local tests are those of the first observation."
                .into(),
            heads: ["Check", "Defect", "simulations", "seen in", "more needed"]
                .map(String::from)
                .into(),
            rows: rows.collect(),
        }])
    }
}

/// How many more test simulations, in words; what is never seen takes at least what something rarely seen does.
fn more_needed(power: &Power) -> String {
    match power.needed.saturating_sub(power.n_test) {
        0 => "–".into(),
        more if power.power == 0.0 => format!("over {more}"),
        more => more.to_string(),
    }
}
