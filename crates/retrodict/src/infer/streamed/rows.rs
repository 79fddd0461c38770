//! Training rows that are read from their source as they are needed.

use std::fmt;

use super::row_split::{RowSplit, Use};
use crate::embed::Standardization;
use crate::error::Result;
use crate::estimator::{Examples, Workspace};
use crate::infer::missing::Seen;
use crate::infer::npe::add_examples;
use crate::infer::target::Target;
use crate::seed::{Random, Seed};
use crate::simulate::{Blocks, SimulationSource, Simulations, Status, empty};
use crate::train::{Batches, TrainConfig, TrainingRows, order_stream};

/// The training rows of a source, in a shuffled order that needs no list of them.
///
/// A pass takes the blocks of the source in random order, fills a buffer with as many as it holds,
/// and serves the buffer's rows in random order: each batch mixes rows from many places, also where
/// neighbouring rows are alike. The order depends on (seed, member, pass) and the size of the buffer.
pub(super) struct StreamedRows<'a> {
    pub(super) source: &'a dyn SimulationSource,
    pub(super) split: RowSplit,
    pub(super) target: &'a Target,
    pub(super) standard_x: &'a Standardization,
    /// How many rows are trained on.
    pub(super) n_rows: usize,
    /// How many of them each member keeps in memory.
    pub(super) buffer_rows: usize,
}

impl fmt::Debug for StreamedRows<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamedRows")
            .field("n_rows", &self.n_rows)
            .field("buffer_rows", &self.buffer_rows)
            .finish_non_exhaustive()
    }
}

impl StreamedRows<'_> {
    /// Adds the training rows of a block to `examples`; `room` is for the block as it is read.
    pub(super) fn read_block(
        &self,
        (blocks, block): (&Blocks, usize),
        room: &mut Simulations,
        examples: &mut Examples,
    ) -> Result<()> {
        room.clear();
        let rows = blocks.rows(block);
        self.source.read(rows.clone(), room)?;
        let uses = self.split.of(block, rows.len()).enumerate();
        let used =
            uses.filter(|&(i, used)| used != Use::Validation && room.status[i] == Status::Ok);
        let rows = used.map(|(i, _)| (room.theta.row(i), room.x.row(i)));
        let told = Seen {
            standardization: self.standard_x,
            masked: false,
        };
        add_examples(self.target, told, rows, examples);
        Ok(())
    }

    fn no_examples(&self) -> Examples {
        Examples::new(self.target.n_features(), self.standard_x.n_seen())
    }

    /// All training rows, for a source whose rows fit into memory in single precision.
    pub(super) fn all(&self) -> Result<Examples> {
        let blocks = Blocks::of(self.source);
        let (mut room, mut examples) = (empty(self.source)?, self.no_examples());
        examples.reserve(self.n_rows);
        for block in 0..blocks.count() {
            self.read_block((&blocks, block), &mut room, &mut examples)?;
        }
        Ok(examples)
    }
}

impl TrainingRows for StreamedRows<'_> {
    fn n_rows(&self) -> usize {
        self.n_rows
    }

    fn epoch_rows(&self, config: &TrainConfig) -> usize {
        config.streamed_epoch_rows(self.n_rows)
    }

    fn batches(&self, seed: Seed, member: usize) -> Box<dyn Batches + '_> {
        let blocks = Blocks::of(self.source);
        let mut buffer = self.no_examples();
        buffer.reserve(self.buffer_rows + blocks.length());
        Box::new(StreamedBatches {
            rows: self,
            seed,
            member,
            pass: 0,
            random: order_stream(seed, member, 0),
            blocks,
            block_order: (0..blocks.count()).collect(),
            next_block: blocks.count(),
            room: None,
            buffer,
            order: Vec::new(),
            next: 0,
        })
    }
}

/// The rows of one member: pass after pass over the blocks, buffer after buffer within a pass.
struct StreamedBatches<'a> {
    rows: &'a StreamedRows<'a>,
    seed: Seed,
    member: usize,
    /// How many passes have begun.
    pass: usize,
    random: Random,
    blocks: Blocks,
    block_order: Vec<usize>,
    next_block: usize,
    room: Option<Simulations>,
    buffer: Examples,
    /// The order of the buffer's rows, and the first that was not served yet.
    order: Vec<usize>,
    next: usize,
}

impl StreamedBatches<'_> {
    fn next_block(&mut self) -> usize {
        if self.next_block == self.block_order.len() {
            self.random = order_stream(self.seed, self.member, self.pass);
            self.random.shuffle(&mut self.block_order);
            self.pass += 1;
            self.next_block = 0;
        }
        self.next_block += 1;
        self.block_order[self.next_block - 1]
    }

    fn refill(&mut self) -> Result<()> {
        let mut room = match self.room.take() {
            Some(room) => room,
            None => empty(self.rows.source)?,
        };
        self.buffer.clear();
        while self.buffer.len() < self.rows.buffer_rows {
            let block = self.next_block();
            self.rows
                .read_block((&self.blocks, block), &mut room, &mut self.buffer)?;
        }
        self.room = Some(room);
        self.order = (0..self.buffer.len()).collect();
        self.random.shuffle(&mut self.order);
        self.next = 0;
        Ok(())
    }
}

impl Batches for StreamedBatches<'_> {
    /// An epoch may end anywhere within a pass: the next goes on from there.
    fn begin(&mut self, _: usize) {}

    /// Which rows a buffer holds is known when they are read: simulations that failed are not among them.
    fn skip(&mut self, epochs: usize, rows: usize) -> Result<()> {
        let mut left = epochs * rows;
        while left > 0 {
            if self.next == self.order.len() {
                self.refill()?;
            }
            let served = left.min(self.order.len() - self.next);
            self.next += served;
            left -= served;
        }
        Ok(())
    }

    fn load(&mut self, n: usize, workspace: &mut Workspace) -> Result<()> {
        workspace.resize(n);
        for lane in 0..n {
            if self.next == self.order.len() {
                self.refill()?;
            }
            let row = self.order[self.next];
            workspace.set_row(lane, self.buffer.value(row), self.buffer.context(row));
            self.next += 1;
        }
        workspace.pad();
        Ok(())
    }
}
