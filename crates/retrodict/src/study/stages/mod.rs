//! The stages of a run, one file each.

mod auto;
mod check;
mod explore;
mod explored_tables;
mod fit;
mod function;
mod learning_curve;
mod local;
mod methods;
mod online;
mod report;
pub(super) mod report_words;
mod restrict;
mod rounds;
mod sample;
mod search;
mod simulate;
mod trained;
