//! The commands, one file each.

pub(crate) mod demo;
pub(crate) mod init;
pub(crate) mod run;
pub(crate) mod sample;
pub(crate) mod schema;
pub(crate) mod several;
pub(crate) mod stage;
pub(crate) mod tasks;
pub(crate) mod version;
