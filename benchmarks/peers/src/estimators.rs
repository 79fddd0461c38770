//! The networks of the comparison, layer by layer those of the peers.

use retrodict::estimator::{EstimatorConfig, FlowConfig, MixtureConfig, SplineConfig};
use retrodict::network::{Activation, NetworkConfig};

use crate::arguments::Network;

const WIDTH: usize = 50;
const TRANSFORMS: usize = 5;

/// What `sbi` 0.27 builds under the same name (`posterior_nn`), without layers of our own.
pub(crate) fn equal_to_sbi(network: Network) -> EstimatorConfig {
    match network {
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
    }
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
        transforms: TRANSFORMS,
        network,
        bins: 10,
        bound: 3.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use retrodict::estimator::Estimator;

    /// Counted from the installed packages: `sum(p.numel() for p in network.parameters())`.
    #[test]
    fn the_networks_have_as_many_weights_as_those_of_the_peers() {
        // sbi's autoregressive networks have a second bias in their first layer, for the context:
        // 50 numbers in each of five transforms that change nothing.
        let second_bias = TRANSFORMS * WIDTH;
        // flowjax trains mean and scale of the base distribution too.
        let base = 10;
        for (network, peers) in [
            (Network::Maf, 31_050 - second_bias),
            (Network::Maf, 30_810 - base),
            (Network::MafRqs, 65_475 - second_bias),
            (Network::Nsf, 75_477),
            (Network::Mdn, 13_560),
        ] {
            let flow = equal_to_sbi(network).build(&[false; 5], 5).unwrap();
            let given = flow.n_weights();
            assert_eq!(given, peers, "{network:?}");
        }
    }
}
