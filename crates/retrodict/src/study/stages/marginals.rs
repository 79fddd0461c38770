//! What a run of marginals leaves, tests and says.

use crate::check::Check;
use crate::error::Result;
use crate::infer::{Posterior, TruncatedMarginals};
use crate::report::html::Fact;
use crate::seed::{Seed, Stream};
use crate::study::draws_file::write_table;
use crate::study::export::file_name;
use crate::study::{Method, Run};

impl Run<'_> {
    /// The marginals, if that is what the method learns.
    pub(super) fn marginals(&self) -> Result<Option<TruncatedMarginals>> {
        if self.study().config().inference.method != Method::Tmnre {
            return Ok(None);
        }
        TruncatedMarginals::load(self.folder().model(), self.study().prior()).map(Some)
    }

    /// Calibration on simulations within the bounds of the last round, where the marginals are amortised.
    pub(super) fn calibrate_within_bounds(&self, posterior: &dyn Posterior) -> Result<Vec<Check>> {
        let Some(marginals) = self.marginals()? else {
            return Ok(Vec::new());
        };
        let config = self.study().config();
        let seed = Seed(config.study.seed).derive(Stream::TestParameters, 0);
        let theta = marginals.sample_prior(config.check.test_simulations, seed);
        self.calibrate_with(posterior, &self.tests_at(&theta)?)
    }

    /// Whether draws are from the posterior of all parameters: what tests of all of them together take for granted.
    pub(super) fn is_joint(&self) -> Result<bool> {
        Ok(self.marginals()?.is_none_or(|found| found.is_joint()))
    }

    /// Draws of each pair that was learned, unless those of all parameters are such draws: `pair-K.csv`.
    pub(super) fn write_pairs(&self) -> Result<()> {
        let Some(found) = self.marginals()?.filter(|found| !found.is_joint()) else {
            return Ok(());
        };
        let first = self.study().prior().n_parameters();
        let (n, draws) = (
            self.study().n_posteriors(),
            self.study().config().posterior.draws,
        );
        let seed = Seed(self.study().config().study.seed);
        for i in 0..n {
            let own = seed.derive(Stream::Posterior, i as u64);
            for m in first..found.marginals().len() {
                let x = self.study().observed(i);
                let samples = found.sample_marginal(m, x, draws, own)?;
                let name = file_name(&format!("pair-{}", m - first), (n > 1).then_some(i), "csv");
                let path = self.folder().posterior().join(name);
                write_table(path, &samples.draws)?;
            }
        }
        Ok(())
    }

    /// What a reader has to know of draws that have no more than the marginals of the posterior.
    pub(super) fn about_marginals(&self) -> Result<Option<String>> {
        let Some(found) = self.marginals()?.filter(|found| !found.is_joint()) else {
            return Ok(None);
        };
        let names = self.study().prior().names();
        let kept: Vec<String> = found
            .tree_of_pairs()
            .map(|[a, b]| format!("{} and {}", names[a], names[b]))
            .collect();
        let dependence = if kept.is_empty() {
            "independent of each other".to_string()
        } else {
            format!(
                "that hang together by these pairs alone: {}",
                kept.join(", ")
            )
        };
        Ok(Some(format!(
            "The marginal posterior of each parameter was learned, not that of all together. The draws have these \
             marginals, with parameters {dependence}."
        )))
    }

    /// The bounds that the last round had, for the report.
    pub(super) fn bounds_facts(&self) -> Result<Vec<Fact>> {
        let Some(found) = self.marginals()? else {
            return Ok(Vec::new());
        };
        if !self.study().config().inference.is_sequential() {
            return Ok(Vec::new());
        }
        let names = self.study().prior().names();
        let bounds = found.bounds().into_iter().zip(names);
        let words = bounds.map(|([low, high], name)| format!("{name} from {low:.4} to {high:.4}"));
        let words = words.collect::<Vec<_>>().join(", ");
        let share = 100.0 * found.volume();
        Ok(vec![Fact::new(
            "bounds of the last round",
            format!("{words}; {share:.3} % of the prior"),
        )])
    }
}
