//! The stages of a run, one file each.

mod auto;
mod check;
mod conformal;
mod explore;
mod explored_tables;
mod fit;
mod function;
mod learning_curve;
mod local;
mod methods;
pub(in crate::study) mod numbered;
mod online;
mod posterior_calibration;
mod predict;
mod report;
pub(super) mod report_words;
mod restrict;
mod robust;
mod rounds;
mod sample;
mod sampler;
mod scores;
mod search;
mod simulate;
mod trained;
mod watched;
