//! A study file, the folder a run leaves, and its stages.

pub mod export;
