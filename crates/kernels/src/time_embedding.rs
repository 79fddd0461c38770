//! How networks of vector fields see time.

use crate::Kernels;
use crate::functions::sin_cos_of_turns;
use crate::lanes::{Lanes, Rows, RowsMut, vectors_per_row};
use pulp::{Simd, WithSimd};

/// sin(2π f t) for every frequency f, then cos(2π f t): smooth features of time at many scales
/// (Vaswani et al. 2017, arXiv:1706.03762; Tancik et al. 2020, arXiv:2006.10739).
///
/// Absolute error below 3 · 10⁻⁷ for |f t| up to 2¹⁴. Time is given, not learned: there is no backward.
#[derive(Debug)]
pub struct TimeEmbedding<'a> {
    /// f, in turns a unit of time.
    pub frequencies: &'a [f32],
    /// t; its length is the stride.
    pub time: &'a [f32],
    /// Out: `2 · frequencies × stride`.
    pub output: &'a mut [f32],
}

impl TimeEmbedding<'_> {
    /// Runs on the given tier.
    ///
    /// # Panics
    /// If the lengths do not fit together, or that of `time` is no multiple of [`crate::PADDING`].
    pub fn run(self, kernels: Kernels) {
        let stride = self.time.len();
        assert_eq!(self.output.len(), 2 * self.frequencies.len() * stride);
        kernels.dispatch(self);
    }
}

impl WithSimd for TimeEmbedding<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let stride = self.time.len();
        let time = Rows::new(simd, self.time, stride);
        let mut output = RowsMut::new(simd, self.output, stride);
        for (i, frequency) in self.frequencies.iter().enumerate() {
            let frequency = Lanes::splat(simd, *frequency);
            for v in 0..vectors_per_row::<S>(stride) {
                let (sin, cos) = sin_cos_of_turns(time.get(0, v), frequency);
                output.set(i, v, sin);
                output.set(self.frequencies.len() + i, v, cos);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    /// What the documentation promises.
    const TOLERANCE: f64 = 3e-7;

    #[test]
    fn sines_and_cosines_are_within_their_bound() {
        let frequencies = [0.0, 0.25, 1.0, 3.7, 100.0, 1000.3, 16_383.0];
        let time: Vec<f32> = (0..160_000)
            .map(|i| (i as f32 - 80_000.0) / 80_000.0)
            .collect();
        for kernels in Kernels::available() {
            let mut output = vec![f32::NAN; 2 * frequencies.len() * time.len()];
            TimeEmbedding {
                frequencies: &frequencies,
                time: &time,
                output: &mut output,
            }
            .run(kernels);
            let (sines, cosines) = output.split_at(frequencies.len() * time.len());
            for (i, frequency) in frequencies.iter().enumerate() {
                for (j, t) in time.iter().enumerate() {
                    let phase = f64::from(*frequency) * f64::from(*t);
                    let (sin, cos) = (TAU * (phase - phase.round())).sin_cos();
                    let at = i * time.len() + j;
                    assert!(
                        (f64::from(sines[at]) - sin).abs() < TOLERANCE,
                        "{frequency} {t}"
                    );
                    assert!(
                        (f64::from(cosines[at]) - cos).abs() < TOLERANCE,
                        "{frequency} {t}"
                    );
                }
            }
        }
    }
}
