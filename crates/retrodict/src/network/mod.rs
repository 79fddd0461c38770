//! Plain, residual and masked multilayer perceptrons.
