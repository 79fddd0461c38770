//! What is to be inferred in rounds, and what follows from it for each of them.

use super::{
    ProposalKind, RoundModel, RoundReport, SequentialConfig, SequentialMethod, TruncatedPrior,
};
use crate::error::{Error, Result};
use crate::prior::Prior;
use crate::seed::{Seed, Stream};
use crate::simulate::Simulations;

/// What is to be inferred, from how many simulations in how many rounds.
#[derive(Debug, Clone, Copy)]
pub struct SequentialTask<'a> {
    /// The prior.
    pub prior: &'a Prior,
    /// The observation; for a likelihood or a ratio, one trial or several in a row.
    pub x: &'a [f64],
    /// What each round fits.
    pub method: &'a SequentialMethod,
    /// What later rounds propose.
    pub config: &'a SequentialConfig,
    /// How many simulations all rounds make together.
    pub simulations: usize,
    /// How many rounds.
    pub rounds: usize,
    /// The seed of proposals and training.
    pub seed: Seed,
}

/// A round with fewer simulations teaches nothing.
const LEAST: usize = 50;

impl<'a> SequentialTask<'a> {
    pub(super) fn validate(&self) -> Result<()> {
        self.config.validate()?;
        self.config.check_method(self.method, self.prior)?;
        if self.rounds == 0 {
            return Err(Error::invalid(
                "rounds",
                0,
                "at least 1",
                "Give the number of rounds.",
            ));
        }
        let least = self.simulations / self.rounds;
        if least < LEAST {
            return Err(Error::invalid(
                "simulations",
                format!("{} in {} rounds", self.simulations, self.rounds),
                format!("at least {LEAST} a round"),
                "Give more simulations or fewer rounds.",
            ));
        }
        Ok(())
    }

    /// How many simulations a round makes: equally many, and the first what is left over.
    pub fn size(&self, round: usize) -> usize {
        let each = self.simulations / self.rounds;
        if round == 0 {
            self.simulations - each * (self.rounds - 1)
        } else {
            each
        }
    }

    /// What a round fits to the simulations it uses, or of `auto` the posterior to these and the likelihood to all.
    pub(super) fn method_of(
        &self,
        round: usize,
        [used, all]: [&Simulations; 2],
    ) -> SequentialMethod {
        let most = [used, all].map(|simulations| self.most_networks(round, simulations));
        self.method.with_at_most(most)
    }

    /// How many networks a round trains at most: as many as its method says if it is the last.
    pub(super) fn most_networks(&self, round: usize, simulations: &Simulations) -> Option<usize> {
        let aims = round + 1 < self.rounds;
        aims.then(|| self.config.most_networks(simulations.len()))
            .flatten()
    }

    pub(super) fn seed(&self, round: usize) -> Seed {
        self.seed.derive(Stream::Rounds, round as u64)
    }

    /// The truncated prior from which a round's θ come, counted from zero, if the method has one;
    /// `last` is the model of the round before, and `before` what is known of all rounds before.
    ///
    /// It is the whole prior while the posterior's region holds most of that, and no round before has cut it:
    /// simulations from the prior and from a part of it would not be in proportion to the prior together.
    ///
    /// # Errors
    /// If the posterior of the round before cannot be drawn from.
    pub fn region(
        &'a self,
        round: usize,
        last: Option<&'a RoundModel>,
        before: &[RoundReport],
    ) -> Result<Option<TruncatedPrior<'a>>> {
        let posterior = match last {
            Some(RoundModel::Posterior(posterior))
                if self.config.proposal == ProposalKind::Truncated =>
            {
                posterior
            }
            Some(RoundModel::Auto(model)) if !model.choice.amortised => match &model.posterior {
                Some(posterior) => posterior,
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        let seed = self.seed(round);
        let region = TruncatedPrior::new(self.prior, posterior, self.x, self.config, seed)?;
        if before.iter().any(|report| report.threshold.is_some()) {
            return Ok(Some(region));
        }
        region.unless_little().map(Some)
    }
}
