//! An interval of the real line: the support of a one-dimensional distribution.

/// From `low` to `high`; an infinite end is open.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Interval {
    /// The real line.
    pub const REAL: Self = Self::new(f64::NEG_INFINITY, f64::INFINITY);
    /// The positive half-line.
    pub const POSITIVE: Self = Self::new(0.0, f64::INFINITY);

    /// From `low` to `high`.
    pub const fn new(low: f64, high: f64) -> Self {
        Self { low, high }
    }

    /// Whether a finite `x` lies in the interval or at one of its ends; never for NaN.
    pub fn contains(self, x: f64) -> bool {
        x.is_finite() && self.low <= x && x <= self.high
    }

    /// Whether both ends are finite.
    pub fn is_bounded(self) -> bool {
        self.low.is_finite() && self.high.is_finite()
    }

    /// The number nearest to `x` that is finite and strictly between the ends; the lower end if
    /// there is no number between them.
    pub fn inside(self, x: f64) -> f64 {
        let low = self.low.next_up();
        let high = self.high.next_down();
        if low > high {
            self.low
        } else if x.is_nan() {
            low
        } else {
            x.clamp(low, high)
        }
    }

    /// What both intervals have in common, if anything.
    pub(super) fn intersection(self, other: Self) -> Option<Self> {
        let both = Self::new(self.low.max(other.low), self.high.min(other.high));
        (both.low < both.high).then_some(both)
    }

    /// The smallest interval that holds both.
    pub(super) fn hull(self, other: Self) -> Self {
        Self::new(self.low.min(other.low), self.high.max(other.high))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inside_is_strictly_inside() {
        let unit = Interval::new(0.0, 1.0);
        for x in [
            f64::NEG_INFINITY,
            -1.0,
            0.0,
            0.5,
            1.0,
            7.0,
            f64::INFINITY,
            f64::NAN,
        ] {
            let y = unit.inside(x);
            assert!(0.0 < y && y < 1.0, "{x} → {y}");
        }
        assert_eq!(unit.inside(0.25), 0.25);
        assert_eq!(Interval::REAL.inside(f64::INFINITY), f64::MAX);
        assert_eq!(Interval::new(2.0, 2.0).inside(9.0), 2.0);
    }
}
