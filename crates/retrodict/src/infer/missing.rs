//! Data with missing numbers, in inference that is told the data.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::embed::{Standardization, StandardizationMethod};
use crate::seed::{Seed, Stream};
use crate::table::Table;

/// What NaN in the data means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// A mistake: an observation with NaN is refused.
    #[default]
    Refuse,
    /// A number that is missing (`npe`): the network is trained on every simulation twice, the second
    /// time without some of its data, and told which.
    Mask,
    /// A number that is missing (`nle`): it is integrated out, exactly, by a mixture density network.
    Marginalize,
}

impl Missing {
    /// Whether it is a mistake: what a configuration need not say.
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde hands a reference over"
    )]
    pub(crate) fn is_refused(&self) -> bool {
        *self == Self::Refuse
    }
}

/// x as a network sees it: standardised, and if numbers may be missing, zero where they are, followed by
/// one number for each column that says whether it is (1) or not (0).
///
/// # Reference
/// Wang, Hasenauer and Schälte 2024, "Missing data in amortized simulation-based neural posterior
/// estimation", PLOS Computational Biology 20:e1012184.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) standardization: &'a Standardization,
    pub(super) masked: bool,
}

impl Seen<'_> {
    /// How many numbers the network sees.
    pub(super) fn width(self) -> usize {
        let n = self.standardization.n_seen();
        if self.masked { 2 * n } else { n }
    }

    pub(super) fn apply(self, x: &[f64], out: &mut [f32]) {
        let (values, flags) = out.split_at_mut(self.standardization.n_seen());
        self.standardization.apply(x, values);
        let seen = self.standardization.seen(x);
        for ((flag, value), (_, x)) in flags.iter_mut().zip(values).zip(seen) {
            *flag = f32::from(u8::from(x.is_nan()));
            if x.is_nan() {
                *value = 0.0;
            }
        }
    }
}

/// The standardisation of columns of which some numbers are missing.
pub(super) fn fit_standardization(x: &Table, method: StandardizationMethod) -> Standardization {
    let columns = (0..x.n_columns()).map(|j| {
        let mut there = x.column(j);
        there.retain(|v| !v.is_nan());
        let column = Table::numbered("x", 1, there).expect("one column");
        Standardization::fit(&column, method).columns()[0]
    });
    Standardization::new(columns.collect())
}

/// The same rows without some of their data: for each row a share is drawn, uniform on (0, 1), and each
/// number is missing with it, so that every pattern from none to all is seen.
pub(super) fn masked(x: &Table, seed: Seed) -> Table {
    let mut out = x.clone();
    let n = x.n_columns();
    for (i, row) in out.values_mut().chunks_exact_mut(n).enumerate() {
        let mut random = seed.stream(Stream::Masks, i as u64);
        let share = random.uniform();
        for value in row {
            if random.uniform() < share {
                *value = f64::NAN;
            }
        }
    }
    out
}
