//! The frozen generator of `numpy.random.RandomState`.
//!
//! Two benchmark tasks are defined by numbers that were drawn once with NumPy and seed 42. Drawing
//! them again costs milliseconds and replaces 1.4 MB of files. NumPy guarantees this stream.

const N: usize = 624;
const M: usize = 397;

/// The Mersenne twister MT19937 with NumPy's ways to make normals and permutations.
///
/// # Reference
/// Matsumoto and Nishimura (1998), *Mersenne twister*, ACM TOMACS 8; Marsaglia and Bray (1964) for
/// the polar method.
#[derive(Debug)]
pub(super) struct NumpyRandom {
    state: [u32; N],
    next: usize,
    spare_normal: Option<f64>,
}

impl NumpyRandom {
    pub(super) fn new(seed: u32) -> Self {
        let mut state = [0; N];
        state[0] = seed;
        for i in 1..N {
            let previous = state[i - 1] ^ (state[i - 1] >> 30);
            state[i] = 1_812_433_253_u32
                .wrapping_mul(previous)
                .wrapping_add(i as u32);
        }
        Self {
            state,
            next: N,
            spare_normal: None,
        }
    }

    pub(super) fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare_normal.take() {
            return spare;
        }
        loop {
            let x = 2.0 * self.uniform() - 1.0;
            let y = 2.0 * self.uniform() - 1.0;
            let square = x * x + y * y;
            if square < 1.0 && square > 0.0 {
                let factor = (-2.0 * square.ln() / square).sqrt();
                self.spare_normal = Some(factor * x);
                return factor * y;
            }
        }
    }

    pub(super) fn permutation(&mut self, n: usize) -> Vec<usize> {
        let mut items: Vec<usize> = (0..n).collect();
        for i in (1..n).rev() {
            items.swap(i, self.at_most(i as u32) as usize);
        }
        items
    }

    fn at_most(&mut self, largest: u32) -> u32 {
        let mask = u32::MAX >> largest.leading_zeros();
        loop {
            let value = self.next_u32() & mask;
            if value <= largest {
                return value;
            }
        }
    }

    fn uniform(&mut self) -> f64 {
        let high = f64::from(self.next_u32() >> 5);
        let low = f64::from(self.next_u32() >> 6);
        (high * 67_108_864.0 + low) / 9_007_199_254_740_992.0
    }

    fn next_u32(&mut self) -> u32 {
        if self.next == N {
            self.twist();
        }
        let mut y = self.state[self.next];
        self.next += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }

    fn twist(&mut self) {
        for i in 0..N {
            let y = (self.state[i] & 0x8000_0000) | (self.state[(i + 1) % N] & 0x7fff_ffff);
            let odd = if y & 1 == 1 { 0x9908_b0df } else { 0 };
            self.state[i] = self.state[(i + M) % N] ^ (y >> 1) ^ odd;
        }
        self.next = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normals_and_permutations_are_those_of_numpy() {
        // numpy.random.RandomState(42): randn(5), then permutation(5) of a fresh one.
        let mut random = NumpyRandom::new(42);
        let expected = [
            0.496_714_153_011_233,
            -0.138_264_301_171_184_66,
            0.647_688_538_100_692_4,
            1.523_029_856_408_025_4,
            -0.234_153_374_723_336,
        ];
        for value in expected {
            assert!((random.normal() - value).abs() < 1e-15);
        }
        assert_eq!(NumpyRandom::new(42).permutation(5), [1, 4, 2, 0, 3]);
    }
}
