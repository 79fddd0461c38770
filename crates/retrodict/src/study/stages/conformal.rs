//! Credible regions of a run whose coverage is guaranteed.

use super::check::MOST_OBSERVATIONS;
use super::numbered::{numbered, of_observation};
use crate::check::{Calibration, Check, CheckStatus, Conformal, Region};
use crate::error::Result;
use crate::infer::Posterior;
use crate::report::html::NamedTable;
use crate::report::{Figure, conformal};
use crate::seed::Seed;
use crate::study::Run;

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
            self.keep(&numbered("conformal", i, n), &found)?;
            let mut own = vec![summary(&found)];
            of_observation(&mut own, i, n);
            checks.append(&mut own);
        }
        Ok(checks)
    }

    /// The regions of observation `i` of `n`, if they were found.
    pub(super) fn conformal_report(
        &self,
        i: usize,
        n: usize,
    ) -> Result<(Vec<Figure>, Vec<NamedTable>)> {
        let name = numbered("conformal", i, n);
        let Some(found) = self.kept::<Conformal>(&name)? else {
            return Ok(Default::default());
        };
        Ok((vec![conformal(&name, &found)], vec![table(&found)]))
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
    let percent = |mass: f64| format!("{:.1}\u{a0}%", 100.0 * mass);
    let cut = |region: &Region| {
        let density = region.log_density;
        density.map_or_else(|| "–".into(), |d| format!("{d:.2}").replace('-', "−"))
    };
    let rows = found.levels.iter().map(|level| {
        vec![
            percent(level.level),
            cut(&level.nominal),
            percent(level.conformal.mass),
            cut(&level.conformal),
            percent(level.local.mass),
            cut(&level.local),
        ]
    });
    let heads = [
        "Level",
        "posterior: log-density",
        "guaranteed: mass",
        "log-density",
        "locally: mass",
        "log-density",
    ];
    NamedTable {
        title: "Credible regions with guaranteed coverage".into(),
        note: format!(
            "Highest-density regions, the least log-density of their members, and the share of the posterior that they \
             hold: of the posterior as it is, which holds the level; with the mass that by {} test simulations holds \
             the truth at least as often as the level says; and the same by {} of them whose data are like the \
             observation's ({} groups).",
            found.n_test, found.n_local, found.n_leaves
        ),
        heads: heads.map(String::from).into(),
        rows: rows.collect(),
    }
}
