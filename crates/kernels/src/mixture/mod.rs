//! A mixture of Gaussians with full covariances, from the raw outputs of a network.

mod backward;
mod forward;
mod shape;

pub use backward::MixtureBackward;
pub use forward::MixtureForward;
pub use shape::MixtureShape;

#[cfg(test)]
mod tests;
