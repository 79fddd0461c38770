//! The state of a training on disk, from which it goes on after a kill with the same bits.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};

use super::log::{EpochRecord, Stop};
use crate::error::{Error, Result};
use crate::npy::write_atomically;

/// Where the members of an ensemble keep their state while they train: one safetensors file each, written
/// at the end of an epoch, to a temporary name first.
///
/// A training with the same key, configuration, seed, rows and networks goes on from there, and gives the
/// bits that it would have given without an interruption; what belongs to another training is not used.
#[derive(Debug)]
pub struct Checkpoints {
    folder: PathBuf,
    key: String,
    every: Duration,
}

/// A member writes its state no more often than this.
const EVERY: Duration = Duration::from_secs(2);
/// And spends no more than one part in so many of its time on it.
const SHARE: u32 = 100;
const FORMAT: &str = "retrodict-checkpoint-1";

impl Checkpoints {
    /// In this folder, which is made when it is needed. `key` names everything that the weights depend
    /// on beside what [`super::fit`] is told: above all the rows.
    pub fn new(folder: impl Into<PathBuf>, key: impl Into<String>) -> Self {
        Self {
            folder: folder.into(),
            key: key.into(),
            every: EVERY,
        }
    }

    /// The same, written no more often than this.
    #[must_use]
    pub fn every(self, every: Duration) -> Self {
        Self { every, ..self }
    }

    /// Removes them all, when what was trained is kept elsewhere.
    ///
    /// # Errors
    /// If they cannot be removed.
    pub fn clear(&self) -> Result<()> {
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::io(&self.folder, "remove")(error))
            }
            _ => Ok(()),
        }
    }

    fn path(&self, member: usize) -> PathBuf {
        self.folder.join(format!("member-{member}.safetensors"))
    }

    /// What an interrupted training left for a member, if it is one of the same. A file that is damaged is
    /// as good as none: training begins anew.
    pub(super) fn read(&self, member: usize, belongs: &str) -> Option<State> {
        let bytes = fs::read(self.path(member)).ok()?;
        parse(&bytes, &self.whole_key(belongs))
    }

    fn whole_key(&self, belongs: &str) -> String {
        format!("{} {} {belongs}", env!("CARGO_PKG_VERSION"), self.key)
    }

    fn write(&self, member: usize, belongs: &str, state: &StateView<'_>) -> Result<()> {
        fs::create_dir_all(&self.folder).map_err(Error::io(&self.folder, "create the folder"))?;
        let path: &Path = &self.path(member);
        write_atomically(path, &serialized(&self.whole_key(belongs), state))
    }
}

/// Decides when a member writes its state.
#[derive(Debug)]
pub(super) struct Keeper<'a> {
    checkpoints: Option<&'a Checkpoints>,
    member: usize,
    belongs: String,
    last: Instant,
    /// How long the last one took.
    cost: Duration,
}

impl<'a> Keeper<'a> {
    pub(super) fn new(
        checkpoints: Option<&'a Checkpoints>,
        member: usize,
        belongs: String,
    ) -> Self {
        Self {
            checkpoints,
            member,
            belongs,
            last: Instant::now(),
            cost: Duration::ZERO,
        }
    }

    /// What an interrupted training left.
    pub(super) fn found(&self) -> Option<State> {
        self.checkpoints?.read(self.member, &self.belongs)
    }

    /// Whether it is time to write; at the end of a training that took long, and when it is interrupted,
    /// it always is.
    pub(super) fn is_due(&self, interrupted: bool) -> bool {
        self.checkpoints.is_some_and(|checkpoints| {
            interrupted || self.last.elapsed() >= checkpoints.every.max(SHARE * self.cost)
        })
    }

    pub(super) fn write(&mut self, state: &StateView<'_>) -> Result<()> {
        let Some(checkpoints) = self.checkpoints else {
            return Ok(());
        };
        let start = Instant::now();
        checkpoints.write(self.member, &self.belongs, state)?;
        self.last = Instant::now();
        self.cost = self.last - start;
        Ok(())
    }
}

/// The numbers of a training that are not arrays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Counts {
    pub(super) best_epoch: usize,
    pub(super) stop: Option<Stop>,
    pub(super) done: usize,
    pub(super) skipped_in_a_row: usize,
    pub(super) restarts: usize,
    pub(super) steps: u64,
    pub(super) stretch: [usize; 2],
    pub(super) cooling: bool,
    pub(super) without_improvement: usize,
}

/// What of a training changes from epoch to epoch, as it is read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct State {
    pub(super) counts: Counts,
    pub(super) epochs: Vec<EpochRecord>,
    /// The best loss and the learning rate of the present stretch.
    pub(super) numbers: [f64; 2],
    /// log q of every validation row under the best weights, and under earlier ones.
    pub(super) densities: [Vec<f64>; 2],
    /// Weights, best weights, first and second moments, average (which may be empty).
    pub(super) arrays: [Vec<f32>; 5],
}

/// The same as it is written, without copies.
#[derive(Debug)]
pub(super) struct StateView<'a> {
    pub(super) counts: Counts,
    pub(super) epochs: &'a [EpochRecord],
    pub(super) numbers: [f64; 2],
    pub(super) densities: [&'a [f64]; 2],
    pub(super) arrays: [&'a [f32]; 5],
}

const ARRAYS: [&str; 5] = [
    "weights",
    "best",
    "first_moment",
    "second_moment",
    "average",
];
const DENSITIES: [&str; 2] = ["best_log_density", "earlier_log_density"];
/// Numbers of an epoch; JSON has no NaN, so they stand in an array.
const EPOCH: usize = 8;

fn serialized(key: &str, state: &StateView<'_>) -> Vec<u8> {
    let epochs: Vec<f64> = state.epochs.iter().flat_map(numbers_of).collect();
    let doubles = [
        ("numbers", Cow::from(&state.numbers[..])),
        ("epochs", Cow::from(epochs)),
        (DENSITIES[0], Cow::from(state.densities[0])),
        (DENSITIES[1], Cow::from(state.densities[1])),
    ];
    let mut tensors: Vec<(&str, Dtype, usize, Vec<u8>)> = Vec::new();
    for (name, values) in &doubles {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        tensors.push((name, Dtype::F64, values.len(), bytes));
    }
    for (name, values) in ARRAYS.iter().zip(state.arrays) {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        tensors.push((name, Dtype::F32, values.len(), bytes));
    }
    let views = tensors.iter().map(|(name, dtype, n, bytes)| {
        let view = TensorView::new(*dtype, vec![*n], bytes).expect("as many bytes as numbers take");
        (*name, view)
    });
    let counts = serde_json::to_string(&state.counts).expect("counts are plain data");
    let metadata = HashMap::from([
        ("format".to_string(), FORMAT.to_string()),
        ("key".to_string(), key.to_string()),
        ("counts".to_string(), counts),
    ]);
    safetensors::serialize(views, Some(metadata)).expect("arrays of numbers can be written")
}

fn parse(bytes: &[u8], key: &str) -> Option<State> {
    let (_, metadata) = SafeTensors::read_metadata(bytes).ok()?;
    let entries = metadata.metadata().as_ref()?;
    if entries.get("format")? != FORMAT || entries.get("key")? != key {
        return None;
    }
    let counts: Counts = serde_json::from_str(entries.get("counts")?).ok()?;
    let tensors = SafeTensors::deserialize(bytes).ok()?;
    let doubles = |name: &str| -> Option<Vec<f64>> {
        let tensor = tensors.tensor(name).ok()?;
        let values = tensor.data().chunks_exact(8);
        let value = |b: &[u8]| f64::from_le_bytes(b.try_into().expect("eight bytes"));
        (tensor.dtype() == Dtype::F64).then(|| values.map(value).collect())
    };
    let floats = |name: &str| -> Option<Vec<f32>> {
        let tensor = tensors.tensor(name).ok()?;
        let values = tensor.data().chunks_exact(4);
        let value = |b: &[u8]| f32::from_le_bytes(b.try_into().expect("four bytes"));
        (tensor.dtype() == Dtype::F32).then(|| values.map(value).collect())
    };
    let [a, b, c, d, e] = ARRAYS.map(floats);
    let [best, earlier] = DENSITIES.map(doubles);
    let epochs = doubles("epochs")?;
    Some(State {
        counts,
        epochs: epochs.chunks_exact(EPOCH).map(record_of).collect(),
        numbers: doubles("numbers")?.try_into().ok()?,
        densities: [best?, earlier?],
        arrays: [a?, b?, c?, d?, e?],
    })
}

fn numbers_of(record: &EpochRecord) -> [f64; EPOCH] {
    [
        record.member as f64,
        record.epoch as f64,
        record.max_epochs as f64,
        record.train_loss,
        record.validation_loss,
        record.learning_rate,
        record.gradient_norm,
        record.skipped_batches as f64,
    ]
}

fn record_of(numbers: &[f64]) -> EpochRecord {
    EpochRecord {
        member: numbers[0] as usize,
        epoch: numbers[1] as usize,
        max_epochs: numbers[2] as usize,
        train_loss: numbers[3],
        validation_loss: numbers[4],
        learning_rate: numbers[5],
        gradient_norm: numbers[6],
        skipped_batches: numbers[7] as usize,
    }
}
