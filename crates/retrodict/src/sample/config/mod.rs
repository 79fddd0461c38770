//! Which sampler draws, and how long.

mod defaults;
mod validate;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which sampler draws from a density that is known up to a factor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SamplerConfig {
    /// Slice sampling, coordinate by coordinate (Neal 2003): needs no tuning and no gradient, and
    /// takes any scale. The default.
    Slice(SliceConfig),
    /// Adaptive random-walk Metropolis (Haario et al. 2001): one evaluation a step.
    RandomWalk(RandomWalkConfig),
    /// An ensemble of walkers that propose along the lines between them (Goodman and Weare 2010):
    /// does not mind correlations, in up to some twenty dimensions.
    Ensemble(EnsembleConfig),
    /// The no-U-turn sampler (Hoffman and Gelman 2014, arXiv:1111.4246), for many dimensions; needs
    /// gradients.
    Nuts(NutsConfig),
    /// Tempered sequential Monte Carlo (Del Moral et al. 2006): several modes, and the evidence.
    Smc(SmcConfig),
    /// Importance sampling with Pareto-smoothed weights (Vehtari et al. 2024, arXiv:1507.02646).
    Importance(ImportanceConfig),
    /// Rejection sampling: exactly independent draws, where many proposals are accepted.
    Rejection(RejectionConfig),
    /// Variational inference with a flow, corrected by importance weights (Rezende and Mohamed 2015,
    /// arXiv:1505.05770); needs gradients, and finds one mode.
    Variational(VariationalConfig),
}

impl Default for SamplerConfig {
    fn default() -> Self {
        Self::Slice(SliceConfig::default())
    }
}

/// How slice sampling runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SliceConfig {
    /// How many chains run side by side.
    pub chains: usize,
    /// Sweeps over all coordinates before the first draw is kept, at most: fewer if the chains agree
    /// sooner. The widths are tuned in them.
    pub warmup: usize,
    /// One draw is kept of so many sweeps.
    pub thin: usize,
    /// Draws from the reference among which the chains' starts are chosen, by their density, at most:
    /// fewer if those are worth ten draws a chain.
    pub candidates: usize,
    /// Whether tempered sequential Monte Carlo draws instead where the candidates are worth fewer draws than there are
    /// chains, or the chains do not agree when the warm-up is over: there are several modes then, which each
    /// chain stays in, or correlations that no coordinate follows.
    pub hand_over: bool,
    /// The density is never evaluated more often than this.
    pub max_evaluations: usize,
}

/// How the adaptive random walk runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RandomWalkConfig {
    /// How many chains run side by side; all learn one covariance of proposals.
    pub chains: usize,
    /// Steps before the first draw is kept; proposals are adapted in them, and never after.
    pub warmup: usize,
    /// One draw is kept of so many steps.
    pub thin: usize,
    /// Draws from the reference among which the chains' starts are chosen, by their density.
    pub candidates: usize,
    /// The density is never evaluated more often than this.
    pub max_evaluations: usize,
}

/// How the ensemble runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EnsembleConfig {
    /// How many walkers there are: even, and at least two more than twice the dimension. Left out,
    /// 40, or four times the dimension if that is more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub walkers: Option<usize>,
    /// Steps of all walkers before the first draw is kept.
    pub warmup: usize,
    /// One draw a walker is kept of so many steps.
    pub thin: usize,
    /// The share of moves by differential evolution (ter Braak 2006); the others stretch.
    pub differential_evolution: f64,
    /// Draws from the reference among which the walkers' starts are chosen, by their density.
    pub candidates: usize,
    /// The density is never evaluated more often than this.
    pub max_evaluations: usize,
}

/// How the no-U-turn sampler runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NutsConfig {
    /// How many chains run side by side.
    pub chains: usize,
    /// Draws before the first that is kept; step size and mass matrix are adapted in them.
    pub warmup: usize,
    /// The acceptance that the step size aims at.
    pub target_acceptance: f64,
    /// A trajectory has fewer than two to this power steps.
    pub max_depth: usize,
    /// Draws from the reference among which the chains' starts are chosen, by their density.
    pub candidates: usize,
    /// The density is never evaluated more often than this; each chain has its equal share.
    pub max_evaluations: usize,
}

/// How tempered sequential Monte Carlo runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SmcConfig {
    /// How many particles there are; as many as draws are asked for, if that is more.
    pub particles: usize,
    /// The next temperature keeps the effective number of particles at this share.
    pub effective_share: f64,
    /// Particles are moved until, on average, this correlation with where they started is left.
    pub correlation: f64,
    /// But never more often than this at one temperature.
    pub max_moves: usize,
    /// There are never more temperatures than this.
    pub max_stages: usize,
    /// The density is never evaluated more often than this.
    pub max_evaluations: usize,
}

/// How importance sampling runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ImportanceConfig {
    /// Proposals for each draw.
    pub oversampling: usize,
    /// Whether draws are chosen from the proposals by their weights, so that all count the same;
    /// otherwise the proposals themselves are returned, one for each draw, with their weights.
    pub resample: bool,
    /// The density is never evaluated more often than this.
    pub max_evaluations: usize,
}

/// How rejection sampling runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RejectionConfig {
    /// Proposals from which the search for the bound starts.
    pub candidates: usize,
    /// The bound is this times the largest ratio of densities that the search finds.
    pub margin: f64,
    /// The density is never evaluated more often than this.
    pub max_evaluations: usize,
}

/// How variational inference runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct VariationalConfig {
    /// How many splines, each followed by a linear layer, the flow has.
    pub transforms: usize,
    /// The widths of the residual blocks of each spline's network.
    pub hidden: Vec<usize>,
    /// Steps of training.
    pub steps: usize,
    /// Draws in which each step's gradient is estimated.
    pub particles: usize,
    /// The height of the learning rate of Adam.
    pub learning_rate: f64,
    /// Draws from the flow for each draw that is returned.
    pub oversampling: usize,
    /// Draws from the reference that say where the flow starts.
    pub candidates: usize,
    /// The density is never evaluated more often than this.
    pub max_evaluations: usize,
}

impl SamplerConfig {
    /// The kind, as it stands in a configuration.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Slice(_) => "slice",
            Self::RandomWalk(_) => "random_walk",
            Self::Ensemble(_) => "ensemble",
            Self::Nuts(_) => "nuts",
            Self::Smc(_) => "smc",
            Self::Importance(_) => "importance",
            Self::Rejection(_) => "rejection",
            Self::Variational(_) => "variational",
        }
    }
}
