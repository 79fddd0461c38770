//! Fitting an estimator: batches, optimiser, early stopping, ensembles.

mod batch_blocks;
mod checkpoint;
mod config;
mod fit;
mod gradient_tree;
mod log;
mod member;
mod memory;
mod optimizer;
mod schedule;
mod split;
mod stacking;
#[cfg(test)]
mod tests;
mod training_rows;

pub use batch_blocks::BatchBlocks;
pub use checkpoint::Checkpoints;
pub use config::{Schedule, TrainConfig};
pub use fit::{Fitted, Observer, Watch, fit, fit_from};
pub use log::{EpochRecord, MemberLog, Stop, TrainLog};
pub use member::STILL_FALLING;
pub use memory::Memory;
pub use optimizer::Optimizer;
pub use split::Split;
pub use stacking::stacking_weights;
pub use training_rows::{Batches, TrainingRows, order_stream};
