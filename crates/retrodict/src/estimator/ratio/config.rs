//! Which classifier is trained, and on which loss.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::network::{Activation, NetworkConfig};

/// A classifier whose logit is the logarithm of the ratio of likelihood to evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RatioConfig {
    /// The network of (θ, x): plain (`residual = false`) or residual.
    pub network: NetworkConfig,
    /// What it is trained on.
    pub loss: RatioLoss,
}

impl Default for RatioConfig {
    /// Two residual blocks of 50 units with a smooth activation: a posterior is sampled along the
    /// slope of the ratio, which a rectified unit would make jump.
    fn default() -> Self {
        Self {
            network: NetworkConfig {
                hidden: vec![50, 50],
                activation: Activation::Silu,
                ..NetworkConfig::default()
            },
            loss: RatioLoss::default(),
        }
    }
}

/// What a ratio is trained on. f is the network's output, (θᵢ, xᵢ) the rows of a batch of n, and θⱼ, j ≠ i, did
/// not make xᵢ.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RatioLoss {
    /// Is this θ the one? Two classes, one contrast for each row:
    /// −1/(2n) Σᵢ [ln σ(f(θᵢ, xᵢ)) + ln σ(−f(θⱼ, xᵢ))] (Hermans et al. 2020, arXiv:1903.04057).
    NreA(BinaryLoss),
    /// Which θ of K is the one? −1/n Σᵢ [f(θᵢ, xᵢ) − ln Σₖ exp f(θₖ, xᵢ)], the sum over θᵢ and K − 1
    /// contrasts (Durkan et al. 2020, arXiv:2002.03712). It leaves an unknown function of x in f.
    NreB(ContrastiveLoss),
    /// Which θ of K, or none? With Z(S) = γ Σ_{k in S} exp f(θₖ, xᵢ) + K,
    /// −1/n Σᵢ [1/(1+γ) ln K/Z(K contrasts) + γ/(1+γ) ln γ exp f(θᵢ, xᵢ)/Z(θᵢ and K − 1 of them)]
    /// (Miller et al. 2022, arXiv:2210.06170). f has no unknown function of x. Both terms share
    /// their contrasts, which halves the work and leaves the mean of the loss as it is.
    NreC(GeneralContrastiveLoss),
    /// As `nre_a`, plus λ (1/n Σᵢ [σ(f(θᵢ, xᵢ)) + σ(f(θⱼ, xᵢ))] − 1)²: a balanced classifier, whose
    /// posterior is rather too wide than too narrow (Delaunoy et al. 2022, arXiv:2208.13624). The mean is
    /// over the rows of a block (see [`super::RatioEstimator`]); fewer rows make it noisier, and the
    /// penalty larger by λ times its variance.
    Bnre(BalancedLoss),
}

impl Default for RatioLoss {
    fn default() -> Self {
        Self::NreC(GeneralContrastiveLoss::default())
    }
}

/// The binary loss has no options.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BinaryLoss {}

/// Options of the contrastive loss.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ContrastiveLoss {
    /// K: how many θ there are to choose from, the true one among them.
    pub classes: usize,
}

impl Default for ContrastiveLoss {
    fn default() -> Self {
        Self { classes: 10 }
    }
}

/// Options of the general contrastive loss.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GeneralContrastiveLoss {
    /// K: how many θ there are to choose from.
    pub classes: usize,
    /// γ: how much more probable it is that one of them made x than that none did.
    pub gamma: f64,
}

impl Default for GeneralContrastiveLoss {
    fn default() -> Self {
        Self {
            classes: 5,
            gamma: 1.0,
        }
    }
}

/// Options of the balanced loss.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BalancedLoss {
    /// λ.
    pub strength: f64,
}

impl Default for BalancedLoss {
    fn default() -> Self {
        Self { strength: 100.0 }
    }
}

/// More classes than this are a slip of the pen, or a damaged file.
const MAX_CLASSES: usize = 500;
const MAX_NUMBER: f64 = 1e6;

impl RatioConfig {
    /// Refuses settings that make no sense.
    pub fn validate(&self) -> Result<()> {
        self.network.validate()?;
        let classes = |classes: usize, least: usize| {
            let expected = format!("from {least} to {MAX_CLASSES}");
            let fits = (least..=MAX_CLASSES).contains(&classes);
            check(fits, "classes", classes as f64, &expected)
        };
        match &self.loss {
            RatioLoss::NreA(_) => Ok(()),
            RatioLoss::NreB(loss) => classes(loss.classes, 2),
            RatioLoss::NreC(loss) => {
                classes(loss.classes, 1)?;
                let gamma = loss.gamma;
                let fits = (1.0 / MAX_NUMBER..=MAX_NUMBER).contains(&gamma);
                check(fits, "gamma", gamma, "from 10⁻⁶ to 10⁶")
            }
            RatioLoss::Bnre(loss) => {
                let fits = (0.0..=MAX_NUMBER).contains(&loss.strength);
                check(fits, "strength", loss.strength, "from 0 to 10⁶")
            }
        }
    }
}

fn check(fits: bool, option: &str, given: f64, expected: &str) -> Result<()> {
    if fits {
        return Ok(());
    }
    Err(Error::invalid_option("ratio loss", option, given, expected))
}
