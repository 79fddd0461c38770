//! The discrete cosine transform (types II and III) of short rows.

/// Cosines for rows of one length.
#[derive(Debug)]
pub(super) struct Cosine {
    n: usize,
    /// cos(π k (j + ½) / n): one row for each k.
    waves: Vec<f64>,
}

impl Cosine {
    pub(super) fn new(n: usize) -> Self {
        let angle = std::f64::consts::PI / (2 * n) as f64;
        let table: Vec<f64> = (0..4 * n).map(|m| (m as f64 * angle).cos()).collect();
        let wave = |i: usize| table[(i / n) * (2 * (i % n) + 1) % (4 * n)];
        Self {
            n,
            waves: (0..n * n).map(wave).collect(),
        }
    }

    /// Coefficients `c_k = Σ_j v_j cos(π k (j + ½) / n)`.
    pub(super) fn forward(&self, values: &[f64]) -> Vec<f64> {
        let product = |wave: &[f64]| wave.iter().zip(values).map(|(w, v)| w * v).sum();
        self.waves.chunks(self.n).map(product).collect()
    }

    /// The values whose coefficients these are.
    pub(super) fn inverse(&self, coefficients: &[f64]) -> Vec<f64> {
        let mut values = vec![0.0; self.n];
        for (k, (wave, coefficient)) in self.waves.chunks(self.n).zip(coefficients).enumerate() {
            let twice = if k == 0 { 1.0 } else { 2.0 };
            let height = twice * coefficient / self.n as f64;
            for (value, w) in values.iter_mut().zip(wave) {
                *value += height * w;
            }
        }
        values
    }

    /// [`Cosine::forward`] or [`Cosine::inverse`] along both axes of an n × n grid.
    pub(super) fn both_axes(
        &self,
        grid: &[f64],
        along: impl Fn(&Self, &[f64]) -> Vec<f64>,
    ) -> Vec<f64> {
        let rows: Vec<f64> = grid
            .chunks(self.n)
            .flat_map(|row| along(self, row))
            .collect();
        let turned = self.transpose(&rows);
        let columns: Vec<f64> = turned
            .chunks(self.n)
            .flat_map(|row| along(self, row))
            .collect();
        self.transpose(&columns)
    }

    fn transpose(&self, grid: &[f64]) -> Vec<f64> {
        let n = self.n;
        (0..n * n).map(|i| grid[i % n * n + i / n]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inverse_undoes_the_transform() {
        let cosine = Cosine::new(16);
        let grid: Vec<f64> = (0..256).map(|i| f64::from(i * i % 37)).collect();
        let back = cosine.both_axes(&cosine.both_axes(&grid, Cosine::forward), Cosine::inverse);
        assert!(grid.iter().zip(&back).all(|(a, b)| (a - b).abs() < 1e-10));
    }
}
