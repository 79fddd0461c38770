//! The quantile of a distribution that has none in closed form.

use super::{Law, Tail};

/// The point where a tail of `law` has the given probability, to the last few bits.
///
/// Newton's method on the logarithm of the tail, kept inside a bracket; every third step halves the
/// bracket in the order of the floating-point numbers themselves, so that at most about 200 steps
/// are taken even when the answer is 10⁻³⁰⁰.
pub(super) fn quantile(law: &dyn Law, tail: Tail) -> f64 {
    let tail = tail.smaller();
    let support = law.support();
    let (mut low, mut high) = (support.low.next_up(), support.high.next_down());
    let mut x = midpoint(low, high);
    for step in 0..200 {
        let tails = law.tails(x);
        // The excess is positive if x is too far to the right; `slope` is its derivative.
        let (excess, share) = match tail {
            Tail::Lower(p) => (tails.lower.ln() - p.ln(), tails.lower),
            Tail::Upper(p) => (p.ln() - tails.upper.ln(), tails.upper),
        };
        if excess > 0.0 {
            high = x;
        } else {
            low = x;
        }
        if excess == 0.0 {
            return x;
        }
        if low >= high.next_down() {
            return if excess > 0.0 { low } else { high };
        }
        let slope = law.log_density(x).exp() / share;
        let newton = x - excess / slope;
        let next = if step % 3 < 2 && low < newton && newton < high {
            newton
        } else {
            midpoint(low, high)
        };
        // A small step alone does not mean arrival: next to an end where the density is infinite,
        // neighbouring numbers are far apart in probability.
        if (next - x).abs() <= 2.0 * f64::EPSILON * x.abs() && excess.abs() < 1e-9 {
            return next;
        }
        x = next;
    }
    x
}

/// The number halfway between two in the order of all floating-point numbers.
fn midpoint(low: f64, high: f64) -> f64 {
    let (a, b) = (order(low), order(high));
    let middle = (i128::from(a) + i128::from(b)).div_euclid(2) as i64;
    f64::from_bits(flip(middle) as u64)
}

fn order(x: f64) -> i64 {
    flip(x.to_bits() as i64)
}

/// Turns the bits of a float into an integer of the same order, and back.
fn flip(bits: i64) -> i64 {
    bits ^ (((bits >> 63) as u64) >> 1) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_midpoint_lies_between() {
        for (low, high) in [
            (-f64::MAX, f64::MAX),
            (1e-300, 1e300),
            (-2.0, -1.0),
            (0.0, 5e-324),
        ] {
            let middle = midpoint(low, high);
            assert!(low <= middle && middle <= high, "{low} {middle} {high}");
        }
    }
}
