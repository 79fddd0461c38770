//! A study file, the folder a run leaves, and its stages.
//!
//! [`Study::open`] reads and checks `STUDY.toml`; [`Run::open`] takes it to a folder, where each
//! stage leaves files and skips what is there already:
//!
//! ```text
//! simulate → fit → sample → check → report
//! ```
//!
//! `study.toml` in the folder has every default written out and gives the same bits when it is run
//! again. Simulations, models and draws of another study are refused, never overwritten.

mod check_section;
mod choice;
mod clock;
mod comparison;
mod config;
mod continued;
mod draws_file;
mod events;
pub mod export;
mod facts;
mod folder;
mod given_data;
mod hash;
mod inference_section;
mod inputs;
mod journal;
mod memory;
mod method;
mod model_choice;
mod observation;
mod online;
mod parameters;
mod posterior_section;
mod provenance;
mod read;
mod record;
mod resolved;
mod restriction_section;
mod run;
mod schema;
mod settings_words;
mod several;
mod simulator_config;
mod simulators;
mod source;
mod stages;
mod summaries;
mod synthetic_section;
mod validate;
mod versions;
mod written_study;

pub use check_section::CheckSection;
pub use comparison::{Compared, Comparison, ComparisonRun, Importance, MethodResult, Pair};
pub use config::{ObservationSection, ObservedValues, StudyConfig, StudySection};
pub use draws_file::{to_csv, write_table};
pub use events::{Event, Observer, StopFlag};
pub use folder::RunFolder;
pub use inference_section::InferenceSection;
pub use method::Method;
pub use model_choice::{ModelChoiceSection, OtherModel};
pub use posterior_section::{ConditionalSection, PosteriorSection};
pub use read::{nearest, parse, read};
pub use record::{Inputs, Records, Stage, StageRecord};
pub use resolved::Study;
pub use restriction_section::RestrictionSection;
pub use run::{Outcome, Run};
pub use schema::schema;
pub use simulator_config::{
    DataSection, FunctionSection, LibrarySection, SimulatorConfig, UmBridgeSection,
};
pub use source::Source;
pub use synthetic_section::SyntheticLikelihoodSection;
pub use versions::Versions;
