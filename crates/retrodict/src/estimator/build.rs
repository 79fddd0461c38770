//! From a configuration to an estimator.

use super::base::Base;
use super::config::{EstimatorConfig, FlowConfig, MixtureConfig, SplineConfig};
use super::flow::Flow;
use super::mixture::MixtureNetwork;
use crate::error::{Error, Result};
use crate::transform::{
    AutoregressiveAffine, AutoregressiveSpline, CouplingSpline, LuLinear, Permutation, SplineShape,
    Tail, Transform,
};

type Transforms = Vec<Box<dyn Transform>>;

impl EstimatorConfig {
    /// Builds q(z | context). Where `bounded` says so, a feature lives on [−bound, bound] with the
    /// configuration's `bound`, starts as uniform there, and no draw leaves it.
    ///
    /// # Errors
    /// As [`EstimatorConfig::validate`], and if a feature is bounded but the transforms are not
    /// splines.
    pub fn build(&self, bounded: &[bool], n_context: usize) -> Result<Flow> {
        self.validate()?;
        assert!(!bounded.is_empty(), "a density needs a feature");
        if bounded.contains(&true) && self.bound().is_none() {
            return Err(Error::invalid(
                "inference option `support`",
                "`box` without `linear_guess`, and an estimator of unbounded transforms",
                "a spline flow (`maf_rqs` or `nsf`), or another `support`",
                "Set `linear_guess = true`, choose `logit` or `probit`, or a spline flow.",
            ));
        }
        let shape = [bounded.len(), n_context];
        let mut transforms: Transforms = Vec::new();
        let base = match self {
            Self::Maf(config) => affine(config, shape, &mut transforms)?,
            Self::MafRqs(config) => autoregressive(config, bounded, n_context, &mut transforms)?,
            Self::Nsf(config) => coupling(config, bounded, n_context, &mut transforms)?,
            Self::Mdn(config) => mixture(config, shape)?,
        };
        Ok(Flow::new(shape, transforms, base))
    }
}

fn affine(config: &FlowConfig, shape: [usize; 2], out: &mut Transforms) -> Result<Base> {
    let [n_features, n_context] = shape;
    for layer in 0..config.transforms {
        if layer > 0 && n_features > 1 {
            out.push(Box::new(Permutation::reverse(n_features)));
        }
        let transform = AutoregressiveAffine::new(&config.network, n_context, n_features)?;
        out.push(Box::new(transform));
    }
    Ok(Base::Independent {
        bounds: vec![None; n_features],
    })
}

fn autoregressive(
    config: &SplineConfig,
    bounded: &[bool],
    n_context: usize,
    out: &mut Transforms,
) -> Result<Base> {
    let mut bounded = bounded.to_vec();
    for layer in 0..config.n_transforms() {
        if layer > 0 && bounded.len() > 1 {
            out.push(Box::new(Permutation::reverse(bounded.len())));
            bounded.reverse();
        }
        let shape = spline_shape(config, &bounded);
        let transform = AutoregressiveSpline::new(&config.network, n_context, shape)?;
        out.push(Box::new(transform));
    }
    Ok(independent(config, &bounded))
}

fn coupling(
    config: &SplineConfig,
    bounded: &[bool],
    n_context: usize,
    out: &mut Transforms,
) -> Result<Base> {
    let linear = bounded.len() > 1 && !bounded.contains(&true);
    for layer in 0..config.n_transforms() {
        let shape = spline_shape(config, bounded);
        let transform = CouplingSpline::alternating(&config.network, n_context, &shape, layer)?;
        out.push(Box::new(transform));
        if linear {
            out.push(Box::new(LuLinear::new(bounded.len())));
        }
    }
    Ok(independent(config, bounded))
}

fn mixture(config: &MixtureConfig, shape: [usize; 2]) -> Result<Base> {
    let network = MixtureNetwork::new(&config.network, shape, config.components)?;
    Ok(Base::Mixture(Box::new(network)))
}

fn spline_shape(config: &SplineConfig, bounded: &[bool]) -> SplineShape {
    let tail = |bounded: &bool| match bounded {
        true => Tail::Bounded,
        false => Tail::Linear,
    };
    let tails = bounded.iter().map(tail).collect();
    SplineShape::new(config.bins, config.bound, tails)
}

fn independent(config: &SplineConfig, bounded: &[bool]) -> Base {
    let bound = |bounded: &bool| bounded.then_some(config.bound);
    Base::Independent {
        bounds: bounded.iter().map(bound).collect(),
    }
}
