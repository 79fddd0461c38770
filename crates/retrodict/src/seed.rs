//! Randomness: one seed for a run, and a stream of its own for every purpose and index.

use chacha20::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// The seed of a run. Every random public function takes one; there is no global generator.
///
/// # Example
/// ```
/// use retrodict::{Seed, Stream};
/// let mut a = Seed(1).stream(Stream::Simulator, 7);
/// let mut b = Seed(1).stream(Stream::Simulator, 7);
/// assert_eq!(a.uniform(), b.uniform()); // a stream depends on (seed, purpose, index) alone
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Seed(pub u64);

/// What a stream of random numbers is for.
///
/// The numbers are part of the file format: two runs agree only if they never change, so a purpose
/// is never renumbered and a number is never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u64)]
#[non_exhaustive]
pub enum Stream {
    /// Draws of θ from the prior; the index is the simulation's.
    Parameters = 0,
    /// The noise inside a simulator; the index is the simulation's.
    Simulator = 1,
    /// First values of a network's weights; the index is the ensemble member's.
    Weights = 2,
    /// The split into training and validation rows.
    Split = 3,
    /// The order of training rows; the index is (member, epoch).
    Batches = 4,
    /// Draws from a posterior; the index is the block's.
    Posterior = 5,
    /// Draws of θ for test simulations; the index is the simulation's.
    TestParameters = 6,
    /// The noise of test simulations; the index is the simulation's.
    TestSimulator = 7,
    /// Draws from posteriors while checking; the index is the test simulation's.
    Check = 8,
    /// The noise of predictive simulations; the index is the draw's.
    Predictive = 9,
    /// Where a search for a maximum starts; the index is the start's.
    Search = 10,
    /// Tests and examples.
    Test = 11,
    /// The settings of trials in a search for hyper-parameters; the index is the trial's.
    Trials = 12,
    /// Where a sampler starts, and what it decides for all of its draws; the index is the decision's.
    Start = 13,
    /// The moves of a chain, walker or particle; the index is its own.
    Chain = 14,
    /// Draws from a reference: candidates for starts, first particles, proposals; the index is the
    /// draw's.
    Proposal = 15,
    /// Draws of θ, and what decides on them, in approximate Bayesian computation; the index is the
    /// simulation's.
    AbcParameters = 16,
    /// The noise of simulations in approximate Bayesian computation; the index is the simulation's.
    AbcSimulator = 17,
    /// The noise of simulations for synthetic likelihoods; the index is made of θ and the number of
    /// the simulation at that θ.
    SyntheticLikelihood = 18,
    /// The order of the rows held out in ratio estimation, on which their contrasts depend.
    Contrasts = 19,
    /// The rounds of sequential inference, each of which has a seed of its own; the index is the round's.
    Rounds = 20,
    /// Draws of θ that a round may simulate; the index is the draw's.
    Candidates = 21,
    /// Which of these an acquisition or a resampling chooses; the index is the choice's.
    Acquisition = 22,
    /// The values of discrete parameters given the others; the index is the draw's.
    DiscreteStates = 27,
    /// Which data are left out of a simulation to train for missing ones; the index is the simulation's.
    Masks = 28,
    /// Candidates for draws from a restricted prior, and which simulations choose its threshold; the index
    /// is the block's.
    Restriction = 29,
    /// Draws of θ within bounds, and the rounds in which they shrink; the index is the draw's or the
    /// round's.
    Truncation = 30,
    /// Draws of θ from a mixture of normal distributions; the index is the draw's.
    MixtureProposal = 31,
    /// Which simulations, with importance weights, the linear guess is made of.
    WeightedRows = 32,
    /// The times and the noise that a vector field is trained on; the index is (member, epoch), and
    /// for rows held out the row's, counted from the end.
    FieldNoise = 25,
    /// The signs from which the divergence of a vector field is estimated.
    FieldProbe = 26,
    /// The seed of a method that simulates for one observation of a study; the index is the
    /// observation's.
    Online = 23,
    /// What `auto` compares methods on; the index is the purpose's.
    Choice = 41,
    /// The search for the maximum of an observation's posterior in a study; the index is the observation's.
    Exploration = 35,
    /// Draws of θ from a restricted prior in a study; the index says what for.
    RestrictedParameters = 36,
    /// Telling the draws of one method from those of another; the index is (observation, method).
    Comparison = 24,
    /// The classifiers of a local two-sample test; the index is the classifier's.
    LocalTest = 44,
    /// Inference from a test simulation as if it was the observation; the index is the test's.
    RepeatedInference = 60,
    /// Seeds of the models that a study's own is compared with; the index is the model's.
    Models = 61,
    /// Which test simulations a learning curve is made of; the index is the resample's.
    LearningCurve = 45,
    /// Errors that simulated data are given; the index is the simulation's, or says what for.
    DataErrors = 46,
    /// The chains that take errors out of an observation, and the draws given what is left.
    Denoising = 47,
    /// The density of the data alone, and networks trained beside those of a study; the index says which.
    Beside = 48,
    /// Draws of posteriors given an observation and further data; the index says of which.
    PosteriorCalibration = 49,
    /// Draws on which a penalty on coverage is worked out, from a seed that the batch gives.
    CoverageDraws = 50,
    /// Which test simulations make the tree of local conformal cut-offs.
    ConformalSplit = 51,
    /// Draws of θ over which a ratio is averaged; the index is the draw's, or the test simulation's.
    RatioDraws = 52,
    /// Ranks of posteriors with a defect, from which the power of a test is found; the index says of which.
    Power = 53,
}

impl Seed {
    /// The generator for one purpose and index.
    ///
    /// `ChaCha8` with the key (seed, purpose) and the stream number `index`, so stream *i* can be
    /// made without making those before it: results do not depend on who asks first.
    pub fn stream(self, purpose: Stream, index: u64) -> Random {
        let mut key = [0_u8; 32];
        key[..8].copy_from_slice(&self.0.to_le_bytes());
        key[8..16].copy_from_slice(&(purpose as u64).to_le_bytes());
        key[16..].copy_from_slice(b"retrodict-stream");
        let mut generator = ChaCha8Rng::from_seed(key);
        generator.set_stream(index);
        Random(generator)
    }

    /// Another seed, for a part of the work that has streams of its own.
    #[must_use]
    pub fn derive(self, purpose: Stream, index: u64) -> Self {
        Self(self.stream(purpose, index).next_u64())
    }
}

/// A stream of random numbers; made by [`Seed::stream`].
#[derive(Debug)]
pub struct Random(ChaCha8Rng);

impl Random {
    /// 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform on [0, 1), in steps of 2⁻⁵³.
    pub fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 * f64::EPSILON * 0.5
    }

    /// Uniform on the open interval (0, 1): safe to take the logarithm of, or a quantile at.
    pub fn uniform_open(&mut self) -> f64 {
        ((self.0.next_u64() >> 12) as f64 + 0.5) * f64::EPSILON
    }

    /// Standard normal.
    pub fn normal(&mut self) -> f64 {
        self.draw(&rand_distr::StandardNormal)
    }

    /// Exponential with rate one.
    pub fn exponential(&mut self) -> f64 {
        self.draw(&rand_distr::Exp1)
    }

    /// Uniform on {0, …, n − 1}, without bias (Lemire 2019, arXiv:1805.10941).
    pub fn below(&mut self, n: usize) -> usize {
        assert!(n > 0, "an index below zero does not exist");
        let n = n as u64;
        let reject = n.wrapping_neg() % n;
        loop {
            let wide = u128::from(self.0.next_u64()) * u128::from(n);
            if wide as u64 >= reject {
                return (wide >> 64) as usize;
            }
        }
    }

    /// Puts the items in random order (Fisher–Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }

    /// One draw from a distribution of the `rand_distr` crate, which is pinned so that the numbers
    /// a seed yields change only on purpose.
    pub(crate) fn draw<T>(&mut self, distribution: &impl rand_distr::Distribution<T>) -> T {
        distribution.sample(&mut self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_differ_by_seed_purpose_and_index() {
        let first = |s: u64, p, i| Seed(s).stream(p, i).next_u64();
        let base = first(1, Stream::Parameters, 0);
        assert_eq!(base, first(1, Stream::Parameters, 0));
        assert_ne!(base, first(2, Stream::Parameters, 0));
        assert_ne!(base, first(1, Stream::Simulator, 0));
        assert_ne!(base, first(1, Stream::Parameters, 1));
    }

    #[test]
    fn the_numbers_of_a_seed_are_pinned() {
        let mut random = Seed(1).stream(Stream::Test, 0);
        let drawn = (
            random.next_u64(),
            random.uniform(),
            random.normal(),
            random.below(10),
        );
        let text = format!("{drawn:?}");
        assert_eq!(text, PINNED, "value-breaking: say so in CHANGELOG.md");
    }

    const PINNED: &str = "(9666913355756771799, 0.010130326200009865, -1.4288490427545795, 4)";

    #[test]
    fn uniform_and_normal_have_their_moments() {
        // 10⁵ draws; each bound is more than 5 standard errors: false alarm below 10⁻⁶.
        let mut random = Seed(3).stream(Stream::Test, 1);
        let n = 100_000;
        let uniform: f64 = (0..n).map(|_| random.uniform()).sum::<f64>() / n as f64;
        assert!((uniform - 0.5).abs() < 0.005);
        let normals: Vec<f64> = (0..n).map(|_| random.normal()).collect();
        assert!((normals.iter().sum::<f64>() / n as f64).abs() < 0.017);
        assert!((normals.iter().map(|z| z * z).sum::<f64>() / n as f64 - 1.0).abs() < 0.025);
    }

    #[test]
    fn shuffle_keeps_every_item() {
        let mut items: Vec<usize> = (0..100).collect();
        Seed(4).stream(Stream::Test, 0).shuffle(&mut items);
        assert_ne!(items, (0..100).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..100).collect::<Vec<_>>());
    }
}
