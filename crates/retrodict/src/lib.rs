//! Retrodict: simulation-based inference.
//!
//! A *simulator* turns parameters θ into data x, with randomness inside and no likelihood to write
//! down. Given a [`prior::Prior`] over θ and an observation, Retrodict tells which θ could have
//! made it, with honest error bars, and whether to believe the answer. Everything is five calls:
//!
//! ```text
//! simulate → fit → sample → check → report
//! ```
//!
//! A module uses only the modules below it in this list; `tests/layering.rs` holds it to that.
//!
//! | module | what it is |
//! |---|---|
//! | [`study`] | a study file, the folder a run leaves, and its stages |
//! | [`report`] | figures (SVG, PNG) and the HTML report |
//! | [`check`] | calibration, coverage, predictive checks and the verdict |
//! | [`infer`] | inference methods; each makes a [`infer::Posterior`] |
//! | [`sample`] | samplers: draws from a density known up to a factor, and their diagnostics |
//! | [`train`] | fitting an estimator: batches, optimiser, early stopping, ensembles |
//! | [`estimator`] | conditional densities: normalizing flows and mixtures |
//! | [`transform`] | bijections with log-determinants, and their gradients |
//! | [`network`] | plain, residual and masked multilayer perceptrons |
//! | [`embed`] | what happens to the data before a network sees them |
//! | [`simulate`] | simulators, worker processes, and the store of simulations |
//! | [`prior`] | distributions, and the maps from their support to real space |
//! | [`seed`], [`table`], [`npy`], [`samples`], [`error`](mod@error) | what everything rests on |

pub mod check;
pub mod embed;
pub mod error;
pub mod estimator;
pub mod infer;
pub mod network;
pub mod npy;
pub mod prior;
mod quantity;
pub mod report;
pub mod sample;
pub mod samples;
pub mod seed;
pub mod simulate;
pub mod study;
pub mod table;
pub mod train;
pub mod transform;

pub use error::{Error, Result};
pub use samples::Samples;
pub use seed::{Random, Seed, Stream};
pub use table::Table;
