//! One coordinate of the map between a support and real space.

use super::special::{normal_log_density, normal_quantile, normal_tails};
use super::{Interval, Law, SupportKind, Uniform, Univariate};

/// A mapped value, and the logarithm of the derivative of the map.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mapped {
    pub(super) value: f64,
    pub(super) log_derivative: f64,
}

impl Mapped {
    /// Both made finite: far outside the range of f64 a map saturates.
    fn new(value: f64, log_derivative: f64) -> Self {
        Self {
            value: finite(value),
            log_derivative: finite(log_derivative),
        }
    }
}

/// Large enough to matter to nobody, small enough to be added up.
const LARGEST: f64 = 1e300;

fn finite(x: f64) -> f64 {
    if x.is_nan() {
        -LARGEST
    } else {
        x.clamp(-LARGEST, LARGEST)
    }
}

/// x → z by the distribution of x; ends of the support are first moved inside.
pub(super) fn forward(kind: SupportKind, law: &Univariate, x: f64) -> Mapped {
    if kind != SupportKind::Probit {
        return forward_interval(kind, law.support(), x);
    }
    let x = law.support().inside(x);
    match law {
        Univariate::Normal(normal) => Mapped::new(normal.standardize(x), -normal.sd().ln()),
        Univariate::LogNormal(law) => {
            let log = law.log();
            Mapped::new(log.standardize(x.ln()), -log.sd().ln() - x.ln())
        }
        _ => {
            let z = normal_quantile(law.tails(x).smaller());
            Mapped::new(z, law.log_density(x) - normal_log_density(z))
        }
    }
}

/// z → x by the distribution of x; always strictly inside the support.
pub(super) fn inverse(kind: SupportKind, law: &Univariate, z: f64) -> Mapped {
    let support = law.support();
    if kind != SupportKind::Probit {
        return inverse_interval(kind, support, z);
    }
    let mapped = match law {
        Univariate::Normal(normal) => Mapped::new(normal.unstandardize(z), normal.sd().ln()),
        Univariate::LogNormal(law) => {
            let log = law.log();
            let log_x = log.unstandardize(z);
            Mapped::new(log_x.exp(), log.sd().ln() + log_x)
        }
        _ => {
            let x = support.inside(law.quantile(normal_tails(z).smaller()));
            Mapped::new(x, normal_log_density(z) - law.log_density(x))
        }
    };
    Mapped {
        value: support.inside(mapped.value),
        ..mapped
    }
}

/// x → z where only an interval is known. For [`SupportKind::Probit`], as if x were uniform on it.
pub(super) fn forward_interval(kind: SupportKind, support: Interval, x: f64) -> Mapped {
    let x = support.inside(x);
    let above = (x - support.low).max(f64::MIN_POSITIVE);
    let below = (support.high - x).max(f64::MIN_POSITIVE);
    match (support.low.is_finite(), support.high.is_finite()) {
        (false, false) => Mapped::new(x, 0.0),
        (true, false) => Mapped::new(above.ln(), -above.ln()),
        (false, true) => Mapped::new(-below.ln(), -below.ln()),
        (true, true) => {
            let log_width = width(support).ln();
            match (kind, uniform(support)) {
                (SupportKind::Box, _) => Mapped::new(
                    (above - below) / width(support),
                    std::f64::consts::LN_2 - log_width,
                ),
                (SupportKind::Probit, Some(law)) => forward(kind, &law, x),
                _ => Mapped::new(above.ln() - below.ln(), log_width - above.ln() - below.ln()),
            }
        }
    }
}

/// z → x where only an interval is known; always strictly inside it.
pub(super) fn inverse_interval(kind: SupportKind, support: Interval, z: f64) -> Mapped {
    let Interval { low, high } = support;
    let mapped = match (low.is_finite(), high.is_finite()) {
        (false, false) => Mapped::new(z, 0.0),
        (true, false) => Mapped::new(low + z.exp(), z),
        (false, true) => Mapped::new(high - (-z).exp(), -z),
        (true, true) => match (kind, uniform(support)) {
            (SupportKind::Box, _) => {
                let half = 0.5 * width(support);
                Mapped::new(from_ends(support, half, z.clamp(-1.0, 1.0)), half.ln())
            }
            (SupportKind::Probit, Some(law)) => return inverse(kind, &law, z),
            _ => {
                let small = (-z.abs()).exp();
                let share = small / (1.0 + small);
                let x = if z < 0.0 {
                    low + width(support) * share
                } else {
                    high - width(support) * share
                };
                Mapped::new(x, width(support).ln() - z.abs() - 2.0 * small.ln_1p())
            }
        },
    };
    Mapped {
        value: support.inside(mapped.value),
        ..mapped
    }
}

/// From [−1, 1] to the support, measured from the nearer end.
fn from_ends(support: Interval, half: f64, z: f64) -> f64 {
    if z < 0.0 {
        support.low + half * (1.0 + z)
    } else {
        support.high - half * (1.0 - z)
    }
}

fn width(support: Interval) -> f64 {
    (support.high - support.low).clamp(f64::MIN_POSITIVE, f64::MAX)
}

fn uniform(support: Interval) -> Option<Univariate> {
    Uniform::new(support.low, support.high).ok().map(Into::into)
}
