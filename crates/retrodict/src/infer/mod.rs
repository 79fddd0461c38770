//! Inference methods. Each makes a [`Posterior`].

mod posterior;

pub use posterior::Posterior;
