//! The defaults of samplers.

use super::{
    EnsembleConfig, ImportanceConfig, NutsConfig, RandomWalkConfig, RejectionConfig, SliceConfig,
    SmcConfig, VariationalConfig,
};

const CHAINS: usize = 20;
const CANDIDATES: usize = 10_000;
/// About fifty times what 10,000 draws in ten dimensions take.
const MAX_EVALUATIONS: usize = 50_000_000;

impl Default for SliceConfig {
    fn default() -> Self {
        Self {
            chains: CHAINS,
            warmup: 200,
            thin: 1,
            candidates: CANDIDATES,
            hand_over: true,
            max_evaluations: MAX_EVALUATIONS,
        }
    }
}

impl Default for RandomWalkConfig {
    fn default() -> Self {
        Self {
            chains: CHAINS,
            warmup: 2000,
            thin: 20,
            candidates: CANDIDATES,
            max_evaluations: MAX_EVALUATIONS,
        }
    }
}

impl Default for EnsembleConfig {
    fn default() -> Self {
        Self {
            walkers: None,
            warmup: 1000,
            thin: 20,
            differential_evolution: 0.5,
            candidates: CANDIDATES,
            max_evaluations: MAX_EVALUATIONS,
        }
    }
}

impl Default for NutsConfig {
    fn default() -> Self {
        Self {
            chains: 4,
            warmup: 500,
            target_acceptance: 0.8,
            max_depth: 10,
            candidates: 1000,
            max_evaluations: MAX_EVALUATIONS,
        }
    }
}

impl Default for SmcConfig {
    fn default() -> Self {
        Self {
            particles: 2000,
            effective_share: 0.5,
            correlation: 0.2,
            max_moves: 100,
            max_stages: 500,
            max_evaluations: MAX_EVALUATIONS,
        }
    }
}

impl Default for ImportanceConfig {
    fn default() -> Self {
        Self {
            oversampling: 32,
            resample: true,
            max_evaluations: MAX_EVALUATIONS,
        }
    }
}

impl Default for RejectionConfig {
    fn default() -> Self {
        Self {
            candidates: CANDIDATES,
            margin: 1.2,
            max_evaluations: MAX_EVALUATIONS,
        }
    }
}

impl Default for VariationalConfig {
    fn default() -> Self {
        Self {
            transforms: 3,
            hidden: vec![32],
            steps: 1000,
            particles: 256,
            learning_rate: 5e-3,
            oversampling: 8,
            candidates: CANDIDATES,
            max_evaluations: MAX_EVALUATIONS,
        }
    }
}
