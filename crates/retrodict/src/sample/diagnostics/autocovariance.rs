//! Autocovariance by the fast Fourier transform.

use realfft::RealFftPlanner;

use super::mean;

/// Plans and buffers for chains of one length.
pub(super) struct Autocovariance {
    length: usize,
    forward: std::sync::Arc<dyn realfft::RealToComplex<f64>>,
    inverse: std::sync::Arc<dyn realfft::ComplexToReal<f64>>,
}

impl Autocovariance {
    pub(super) fn new(length: usize) -> Self {
        // Twice the length, so that the end of a chain does not meet its beginning.
        let padded = (2 * length).next_power_of_two();
        let mut planner = RealFftPlanner::new();
        Self {
            length,
            forward: planner.plan_fft_forward(padded),
            inverse: planner.plan_fft_inverse(padded),
        }
    }

    /// (1/n) Σ (xₛ − x̄)(xₛ₊ₜ − x̄), for every lag t below the length n.
    pub(super) fn of(&self, chain: &[f64]) -> Vec<f64> {
        let center = mean(chain);
        let mut signal = self.forward.make_input_vec();
        for (out, x) in signal.iter_mut().zip(chain) {
            *out = x - center;
        }
        let mut spectrum = self.forward.make_output_vec();
        self.forward
            .process(&mut signal, &mut spectrum)
            .expect("buffers of the planned lengths");
        for value in &mut spectrum {
            value.re = value.norm_sqr();
            value.im = 0.0;
        }
        self.inverse
            .process(&mut spectrum, &mut signal)
            .expect("buffers of the planned lengths");
        let scale = (signal.len() * self.length) as f64;
        signal.truncate(self.length);
        signal.iter().map(|v| v / scale).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_transform_gives_the_sums() {
        let chain: Vec<f64> = (0..37).map(|i| f64::from(i * i % 11)).collect();
        let center = mean(&chain);
        for (lag, found) in Autocovariance::new(37).of(&chain).iter().enumerate() {
            let pairs = chain.iter().zip(&chain[lag..]);
            let sum: f64 = pairs.map(|(a, b)| (a - center) * (b - center)).sum();
            assert!((found - sum / 37.0).abs() < 1e-12);
        }
    }
}
