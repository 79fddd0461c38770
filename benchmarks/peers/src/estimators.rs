//! The networks of the comparison, layer by layer those of the peers.

use retrodict::Result;
use retrodict::estimator::{
    ContrastiveLoss, Estimator, EstimatorConfig, FlowConfig, MixtureConfig, RatioConfig, RatioLoss,
    SplineConfig, VectorField, VectorFieldConfig,
};
use retrodict::network::{Activation, NetworkConfig};

use crate::arguments::Network;

const WIDTH: usize = 50;
const TRANSFORMS: usize = 5;

/// The multilayer perceptron of `sbi`'s `FMPE`: 76,605 weights. It merges inputs in a layer of their own, adds the time in
/// every layer and normalises these; ours has plain layers, as many as make the same number of products.
pub(crate) fn field(n_theta: usize, n_data: usize) -> Result<VectorField> {
    let config = VectorFieldConfig {
        network: NetworkConfig {
            hidden: vec![2 * WIDTH; 8],
            ..plain(0, Activation::Gelu)
        },
        time_frequencies: 16,
        ..VectorFieldConfig::default()
    };
    config.build(n_theta, n_data)
}

/// What `sbi` 0.27 builds under the same name, for so many parameters and data.
pub(crate) fn build(network: Network, n_theta: usize, n_data: usize) -> Result<Box<dyn Estimator>> {
    if network == Network::Field {
        return Ok(Box::new(field(n_theta, n_data)?));
    }
    Ok(match equal_to_sbi(network) {
        Some(density) => Box::new(density.build(&vec![false; n_theta], n_data)?),
        None => Box::new(classifier().build(n_theta, n_data)?),
    })
}

/// Two residual blocks of two layers, told from nine contrasts (`NRE_B`). Ours has gates that x opens.
fn classifier() -> RatioConfig {
    RatioConfig {
        network: NetworkConfig {
            residual: true,
            ..plain(2, Activation::Relu)
        },
        loss: RatioLoss::NreB(ContrastiveLoss { classes: 10 }),
    }
}

/// The density that `posterior_nn` builds, without layers of our own; none for what is no density.
pub(crate) fn equal_to_sbi(network: Network) -> Option<EstimatorConfig> {
    Some(match network {
        Network::Ratio | Network::Field => return None,
        Network::Maf => EstimatorConfig::Maf(FlowConfig {
            transforms: TRANSFORMS,
            network: plain_tanh(),
        }),
        Network::MafRqs => EstimatorConfig::MafRqs(splines(plain_tanh())),
        Network::Nsf => EstimatorConfig::Nsf(splines(NetworkConfig {
            residual: true,
            ..plain(2, Activation::Relu)
        })),
        Network::Mdn => EstimatorConfig::Mdn(MixtureConfig {
            components: 10,
            network: plain(2, Activation::Relu),
        }),
    })
}

/// An input layer and two blocks of one layer each make three hidden layers.
fn plain_tanh() -> NetworkConfig {
    plain(3, Activation::Tanh)
}

fn plain(n_layers: usize, activation: Activation) -> NetworkConfig {
    NetworkConfig {
        hidden: vec![WIDTH; n_layers],
        residual: false,
        activation,
        linear_skip: false,
        zero_last: true,
    }
}

fn splines(network: NetworkConfig) -> SplineConfig {
    SplineConfig {
        transforms: Some(TRANSFORMS),
        network,
        bins: 10,
        bound: 3.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const N: usize = 5;

    /// Counted from the installed packages: `sum(p.numel() for p in network.parameters())`.
    #[test]
    fn the_networks_have_as_many_weights_as_those_of_the_peers() {
        // sbi's autoregressive networks have a second bias in their first layer, for the context:
        // 50 numbers in each of five transforms that change nothing.
        let second_bias = TRANSFORMS * WIDTH;
        // flowjax trains mean and scale of the base distribution too.
        let base = 10;
        // Weights and biases of the gates of two residual blocks.
        let gates = 2 * (N * WIDTH + WIDTH);
        for (network, peers) in [
            (Network::Maf, 31_050 - second_bias),
            (Network::Maf, 30_810 - base),
            (Network::MafRqs, 65_475 - second_bias),
            (Network::Nsf, 75_477),
            (Network::Mdn, 13_560),
            (Network::Ratio, 10_801 + gates),
            // Without the layers that only sbi has: a percent less.
            (Network::Field, 75_505),
        ] {
            let given = build(network, N, N).unwrap().n_weights();
            assert_eq!(given, peers, "{network:?}");
        }
    }
}
