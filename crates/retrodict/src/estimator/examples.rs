//! Pairs of values and context to train on.

/// Rows of (value, context) as networks see them: standardised, `f32`, one row after another.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Examples {
    n_values: usize,
    n_context: usize,
    rows: Vec<f32>,
}

impl Examples {
    /// No rows yet.
    pub fn new(n_values: usize, n_context: usize) -> Self {
        Self {
            n_values,
            n_context,
            rows: Vec::new(),
        }
    }

    /// Removes all rows and keeps the room they took.
    pub fn clear(&mut self) {
        self.rows.clear();
    }

    /// Makes room for so many rows more, and no more than that.
    pub fn reserve(&mut self, rows: usize) {
        self.rows
            .reserve_exact(rows * (self.n_values + self.n_context));
    }

    /// Adds a row.
    pub fn push(&mut self, values: &[f32], context: &[f32]) {
        assert_eq!(
            (values.len(), context.len()),
            (self.n_values, self.n_context),
            "a row has the widths of its table"
        );
        self.rows.extend_from_slice(values);
        self.rows.extend_from_slice(context);
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len() / (self.n_values + self.n_context).max(1)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The length of a row's value.
    pub fn n_values(&self) -> usize {
        self.n_values
    }

    /// The length of a row's context.
    pub fn n_context(&self) -> usize {
        self.n_context
    }

    /// The value of row `i`.
    pub fn value(&self, i: usize) -> &[f32] {
        &self.row(i)[..self.n_values]
    }

    /// The context of row `i`.
    pub fn context(&self, i: usize) -> &[f32] {
        &self.row(i)[self.n_values..]
    }

    fn row(&self, i: usize) -> &[f32] {
        let width = self.n_values + self.n_context;
        &self.rows[i * width..(i + 1) * width]
    }

    /// Copies these rows into feature-major arrays, `n_values × stride` and `n_context × stride`.
    ///
    /// The padding repeats the first row: it is computed on but counts for nothing, and a real row
    /// cannot overflow where the others do not.
    pub fn gather(&self, rows: &[usize], stride: usize, values: &mut [f32], context: &mut [f32]) {
        assert!(
            !rows.is_empty() && rows.len() <= stride,
            "rows fit the stride"
        );
        let width = self.n_values + self.n_context;
        let runs = values.chunks_exact_mut(stride);
        let runs = runs.chain(context.chunks_exact_mut(stride));
        for (feature, run) in runs.enumerate() {
            let (lanes, padding) = run.split_at_mut(rows.len());
            for (lane, row) in lanes.iter_mut().zip(rows) {
                *lane = self.rows[row * width + feature];
            }
            padding.fill(lanes[0]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_gathered_feature_by_feature_and_padding_repeats_the_first() {
        let mut examples = Examples::new(1, 2);
        for i in 0..4_u8 {
            let i = f32::from(i);
            examples.push(&[i], &[10.0 * i, 100.0 * i]);
        }
        let (mut values, mut context) = (vec![0.0; 4], vec![0.0; 8]);
        examples.gather(&[3, 1], 4, &mut values, &mut context);
        assert_eq!(values, [3.0, 1.0, 3.0, 3.0]);
        assert_eq!(
            context,
            [30.0, 10.0, 30.0, 30.0, 300.0, 100.0, 300.0, 300.0]
        );
        assert_eq!(
            (examples.len(), examples.context(2)),
            (4, &[20.0, 200.0][..])
        );
    }
}
