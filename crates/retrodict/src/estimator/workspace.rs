//! The memory a step works in: allocated once, used again and again.

use retrodict_kernels::{Buffer, padded};

use super::examples::Examples;

/// Rows that are evaluated together: few enough that a network's layers stay in the processor's
/// second-level cache, and no power of two, whose rows would all fall into the same lines of the
/// first.
pub const EVALUATED: usize = 240;

/// What a workspace is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Densities, draws and gradients.
    Training,
    /// Densities and draws alone: layers share their memory, which then stays in the processor's
    /// cache.
    Inference,
}

/// A batch in the layout of the kernels, what is computed from it, and room to compute in.
///
/// Everything is feature-major with [`Workspace::stride`] numbers a feature, and starts on a cache
/// line: a vector of AVX-512 is as long as one, and straddles two wherever it does not start on one.
#[derive(Debug, Clone)]
pub struct Workspace {
    n_values: usize,
    n_context: usize,
    n_rows: usize,
    max_rows: usize,
    values: Buffer,
    context: Buffer,
    log_prob: Buffer,
    value_gradient: Buffer,
    /// Empty until somebody asks for it: a context may be long, and training needs none.
    context_gradient: Buffer,
    arena: Buffer,
    purpose: Purpose,
    /// That of a part of the estimator which has values and context of its own.
    inner: Option<Box<Workspace>>,
}

/// The parts of a workspace, borrowed separately and cut to the present stride.
#[derive(Debug)]
pub struct Parts<'a> {
    /// The length of one feature's run.
    pub stride: usize,
    /// The batch's values.
    pub values: &'a mut [f32],
    /// The batch's context.
    pub context: &'a mut [f32],
    /// log q of each row, padding included.
    pub log_prob: &'a mut [f32],
    /// ∂ log q / ∂ value.
    pub value_gradient: &'a mut [f32],
    /// ∂ log q / ∂ context; empty unless room was made for it.
    pub context_gradient: &'a mut [f32],
    /// Room to compute in.
    pub arena: &'a mut [f32],
}

impl Workspace {
    /// Room for up to `max_rows` rows; `arena(stride)` says how many numbers an estimator needs.
    pub fn new(
        n_values: usize,
        n_context: usize,
        max_rows: usize,
        arena: impl Fn(usize) -> usize,
    ) -> Self {
        let stride = padded(max_rows);
        Self {
            n_values,
            n_context,
            n_rows: 0,
            max_rows,
            values: Buffer::zeros(n_values * stride),
            context: Buffer::zeros(n_context * stride),
            log_prob: Buffer::zeros(stride),
            value_gradient: Buffer::zeros(n_values * stride),
            context_gradient: Buffer::zeros(0),
            arena: Buffer::zeros(arena(stride)),
            purpose: Purpose::Training,
            inner: None,
        }
    }

    /// The same with a workspace inside, for a part of the estimator.
    #[must_use]
    pub(super) fn with_inner(self, inner: Self) -> Self {
        Self {
            inner: Some(Box::new(inner)),
            ..self
        }
    }

    /// The workspace inside.
    pub(super) fn inner(&mut self) -> &mut Self {
        self.inner.as_mut().expect("made with a workspace inside")
    }

    /// The same for another purpose.
    #[must_use]
    pub fn for_purpose(self, purpose: Purpose) -> Self {
        Self { purpose, ..self }
    }

    /// What it is for.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// Puts rows of a data set into the batch.
    pub fn load(&mut self, examples: &Examples, rows: &[usize]) {
        self.resize(rows.len());
        let stride = self.stride();
        let (d, c) = (self.n_values * stride, self.n_context * stride);
        examples.gather(rows, stride, &mut self.values[..d], &mut self.context[..c]);
    }

    /// Makes the batch `n_rows` long and gives every row the same context.
    pub fn broadcast_context(&mut self, n_rows: usize, context: &[f32]) {
        self.resize(n_rows);
        let stride = self.stride();
        for (run, &value) in self.context.chunks_exact_mut(stride).zip(context) {
            run.fill(value);
        }
    }

    /// Sets one row of the batch.
    pub fn set_row(&mut self, row: usize, values: &[f32], context: &[f32]) {
        let stride = self.stride();
        for (feature, &value) in values.iter().enumerate() {
            self.values[feature * stride + row] = value;
        }
        for (feature, &value) in context.iter().enumerate() {
            self.context[feature * stride + row] = value;
        }
    }

    /// After the last [`Workspace::set_row`]: repeats the first row in the padding.
    pub fn pad(&mut self) {
        let (n_rows, stride) = (self.n_rows, self.stride());
        let (d, c) = (self.n_values * stride, self.n_context * stride);
        for array in [&mut self.values[..d], &mut self.context[..c]] {
            for run in array.chunks_exact_mut(stride) {
                let first = run[0];
                run[n_rows..].fill(first);
            }
        }
    }

    /// Makes the batch `n_rows` long; what it holds is then arbitrary.
    pub fn resize(&mut self, n_rows: usize) {
        assert!(
            (1..=self.max_rows).contains(&n_rows),
            "{n_rows} rows in a workspace for {}",
            self.max_rows
        );
        self.n_rows = n_rows;
    }

    /// How many rows the batch has.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// How many rows it can have.
    pub fn max_rows(&self) -> usize {
        self.max_rows
    }

    /// The length of one feature's run.
    pub fn stride(&self) -> usize {
        padded(self.n_rows)
    }

    /// log q of each row, as computed last.
    pub fn log_prob(&self) -> &[f32] {
        &self.log_prob[..self.n_rows]
    }

    /// −log q in the mean over the rows, as computed last.
    pub fn mean_loss(&self) -> f64 {
        let scores = self.log_prob();
        let total: f64 = scores.iter().map(|&score| f64::from(score)).sum();
        -total / scores.len() as f64
    }

    /// ∂ log q / ∂ value, as computed last.
    pub fn value_gradient(&self, row: usize, feature: usize) -> f32 {
        self.value_gradient[feature * self.stride() + row]
    }

    /// ∂ log q / ∂ context, as computed last.
    pub fn context_gradient(&self, row: usize, feature: usize) -> f32 {
        self.context_gradient[feature * self.stride() + row]
    }

    /// Room for ∂ log q / ∂ context, which is made once.
    pub(super) fn make_room_for_context_gradient(&mut self) {
        let length = self.n_context * padded(self.max_rows);
        if self.context_gradient.len() != length {
            self.context_gradient = Buffer::zeros(length);
        }
    }

    /// The parts, borrowed separately.
    pub fn parts(&mut self) -> Parts<'_> {
        self.split().0
    }

    /// The parts and the workspace inside, borrowed separately.
    pub(super) fn parts_and_inner(&mut self) -> (Parts<'_>, &mut Self) {
        let (parts, inner) = self.split();
        (parts, inner.expect("made with a workspace inside"))
    }

    fn split(&mut self) -> (Parts<'_>, Option<&mut Self>) {
        let stride = self.stride();
        let n_slopes = (self.n_context * stride).min(self.context_gradient.len());
        let parts = Parts {
            stride,
            values: &mut self.values[..self.n_values * stride],
            context: &mut self.context[..self.n_context * stride],
            log_prob: &mut self.log_prob[..stride],
            value_gradient: &mut self.value_gradient[..self.n_values * stride],
            context_gradient: &mut self.context_gradient[..n_slopes],
            arena: &mut self.arena,
        };
        (parts, self.inner.as_deref_mut())
    }
}
