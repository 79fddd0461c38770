//! The map between a simplex and real space: each share as a part of what is left of a stick.
//!
//! With rᵢ the sum of the shares from xᵢ to the last, the fractions vᵢ = xᵢ / rᵢ are free numbers in (0, 1), and under a
//! Dirichlet prior independent beta variables. Log-determinants are those of the first k − 1 shares.

use super::special::{beta_tails, normal_log_density, normal_quantile, normal_tails};
use super::{Beta, Dirichlet, Law, SupportKind, Tail};

/// The logarithms of a fraction v of what is left, of 1 − v and of dv/dz.
struct LogFraction {
    taken: f64,
    left: f64,
    derivative: f64,
}

/// Fills `z` (k − 1 numbers) from the k shares `x`; log |det dz/dx|.
pub(super) fn forward(kind: SupportKind, law: &Dirichlet, x: &[f64], z: &mut [f64]) -> f64 {
    let mut log_det = 0.0;
    for (i, z) in z.iter_mut().enumerate() {
        let taken = x[i].max(f64::MIN_POSITIVE);
        let left: f64 = x[i + 1..].iter().sum::<f64>().max(f64::MIN_POSITIVE);
        let stick = taken + left;
        let (v, w) = (taken / stick, left / stick);
        let log_derivative = match kind {
            SupportKind::Logit => {
                *z = taken.ln() - left.ln() + offset(x.len(), i);
                -v.ln() - w.ln()
            }
            SupportKind::Box => {
                *z = v - w;
                std::f64::consts::LN_2
            }
            SupportKind::Probit => {
                let (a, b) = law.stick(i).shapes();
                *z = normal_quantile(beta_tails(a, b, v, w).smaller());
                law.stick(i).log_density_of(v, w) - normal_log_density(*z)
            }
        };
        log_det += log_derivative - stick.ln();
    }
    log_det
}

/// Fills the k shares `x` from `z` (k − 1 numbers); log |det dx/dz|.
pub(super) fn inverse(kind: SupportKind, law: &Dirichlet, z: &[f64], x: &mut [f64]) -> f64 {
    let mut log_stick = 0.0;
    let mut log_det = 0.0;
    for (i, z) in z.iter().enumerate() {
        let fraction = match kind {
            SupportKind::Logit => logit(z - offset(x.len(), i)),
            SupportKind::Box => linear(z.clamp(-1.0, 1.0)),
            SupportKind::Probit => probit(&law.stick(i), *z),
        };
        x[i] = share(log_stick + fraction.taken);
        log_det += fraction.derivative + log_stick;
        log_stick += fraction.left;
    }
    x[z.len()] = share(log_stick);
    log_det
}

/// Moves z = 0 to equal shares.
fn offset(k: usize, i: usize) -> f64 {
    ((k - 1 - i) as f64).ln()
}

fn share(log: f64) -> f64 {
    log.exp().clamp(f64::MIN_POSITIVE, 1.0)
}

fn logit(t: f64) -> LogFraction {
    let log_sigmoid = |t: f64| t.min(0.0) - (-t.abs()).exp().ln_1p();
    LogFraction {
        taken: log_sigmoid(t),
        left: log_sigmoid(-t),
        derivative: log_sigmoid(t) + log_sigmoid(-t),
    }
}

fn linear(z: f64) -> LogFraction {
    LogFraction {
        taken: (0.5 + 0.5 * z).max(f64::MIN_POSITIVE).ln(),
        left: (0.5 - 0.5 * z).max(f64::MIN_POSITIVE).ln(),
        derivative: -std::f64::consts::LN_2,
    }
}

fn probit(law: &Beta, z: f64) -> LogFraction {
    // Solved for the smaller of v and 1 − v, so that neither loses its digits.
    let tail = normal_tails(z).smaller();
    let v = law.quantile(tail);
    let (v, w) = if v < 0.5 {
        (v, 1.0 - v)
    } else {
        let w = law.mirrored().quantile(match tail {
            Tail::Lower(p) => Tail::Upper(p),
            Tail::Upper(p) => Tail::Lower(p),
        });
        (1.0 - w, w)
    };
    let (v, w) = (v.max(f64::MIN_POSITIVE), w.max(f64::MIN_POSITIVE));
    LogFraction {
        taken: v.ln(),
        left: w.ln(),
        derivative: normal_log_density(z) - law.log_density_of(v, w),
    }
}
