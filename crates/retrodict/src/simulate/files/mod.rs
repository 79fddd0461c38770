//! Tables, simulations and observations that others wrote: CSV, `.npy` and `.npz`.

mod npz;
mod observations;
mod rows;
mod simulations;

pub use observations::{read_observations, read_observations_with_gaps};
pub use rows::read_rows;
pub use simulations::read_simulations;
