//! A map between an interval and real space that is straight except near the ends.

/// How sharply the map bends: within 1/`SHARPNESS` of the interval's width from an end it turns from
/// a straight line into an exponential.
const SHARPNESS: f64 = 100.0;

/// From the distances to the lower and the upper end, in widths of the interval, to z and the
/// logarithm of the derivative with respect to the lower distance.
///
/// With k the sharpness, a and b = 1 − a the distances:
/// z = a − ½ + [ln(1 − e^(−ka)) − ln(1 − e^(−kb))] / k.
///
/// # Reference
/// The inverse of the soft clipping of Klimek and Perelstein 2020, arXiv:1810.11509.
pub(super) fn forward(above: f64, below: f64) -> (f64, f64) {
    let rest = |distance: f64| -(-SHARPNESS * distance).exp_m1();
    let (low, high) = (rest(above), rest(below));
    let z = 0.5 * (above - below) + (low.ln() - high.ln()) / SHARPNESS;
    (z, (1.0 / low + (1.0 - high) / high).ln())
}

/// From z to the distance from the nearer end, in widths (the lower end if z < 0), and the logarithm
/// of the derivative of the distance from the lower end.
pub(super) fn inverse(z: f64) -> (f64, f64) {
    // By symmetry the lower half is enough, where the distance has its digits.
    let at_low = SHARPNESS * (0.5 - z.abs());
    let at_high = at_low - SHARPNESS;
    let (low, high) = (softplus(at_low), softplus(at_high));
    let log_rest = (-(-SHARPNESS).exp()).ln_1p();
    ((low - high) / SHARPNESS, at_low + log_rest - low - high)
}

fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_straight_inside_and_its_own_inverse() {
        for above in [1e-300, 1e-9, 0.01, 0.05, 0.3, 0.5, 0.8, 0.999] {
            let (z, log_derivative) = forward(above, 1.0 - above);
            let (nearer, log_inverse) = inverse(z);
            let back = if z < 0.0 { nearer } else { 1.0 - nearer };
            assert!((back / above - 1.0).abs() < 1e-9, "{above} {back}");
            assert!((log_derivative + log_inverse).abs() < 1e-6, "{above}");
        }
        for z in [-0.2, 0.0, 0.2] {
            let (nearer, log_derivative) = inverse(z);
            assert!((nearer - (0.5 - f64::abs(z))).abs() < 2e-4);
            assert!(log_derivative.abs() < 3e-3);
        }
    }
}
