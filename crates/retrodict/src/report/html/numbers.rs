//! Numbers in tables: as many digits as they deserve.

use crate::report::ticks::{decimal, significant};

/// How values are written whose uncertainty is `error`: its second digit is the last one shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Precision {
    last_digit: i32,
}

impl Precision {
    pub(super) fn of(error: f64) -> Self {
        let error = if error > 0.0 && error.is_finite() {
            error
        } else {
            1e-3
        };
        // Rounding may carry: 0.0996 at two digits is 0.10.
        let written = format!("{error:.1e}");
        let exponent = written
            .split_once('e')
            .and_then(|(_, e)| e.parse::<i32>().ok());
        Self {
            last_digit: exponent.unwrap_or(0) - 1,
        }
    }

    pub(super) fn write(self, value: f64) -> String {
        const MOST_DECIMALS: i32 = 6;
        if !value.is_finite() {
            return significant(value, 1);
        }
        let size = if value == 0.0 {
            self.last_digit
        } else {
            value.abs().log10().floor() as i32
        };
        if -self.last_digit <= MOST_DECIMALS && size < 6 {
            return decimal(value, usize::try_from(-self.last_digit).unwrap_or(0));
        }
        let digits = (size - self.last_digit + 1).clamp(1, 12);
        significant(value, digits as usize)
    }

    pub(super) fn interval(self, [low, high]: [f64; 2]) -> String {
        format!("[{}, {}]", self.write(low), self.write(high))
    }
}

/// A number on its own: at most three significant digits; counts in full.
pub(crate) fn plain(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e6 {
        return decimal(value, 0);
    }
    let text = significant(value, 3);
    if text.contains('×') || !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

/// A p-value: never more precise than it means.
pub(super) fn p_value(value: f64) -> String {
    if value < 0.001 {
        return "< 0.001".to_string();
    }
    significant(value, 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_decides_the_digits() {
        assert_eq!(Precision::of(0.0996).write(0.81249), "0.81");
        assert_eq!(Precision::of(0.0996).interval([-0.5, 1.0]), "[−0.50, 1.00]");
        assert_eq!(Precision::of(230.0).write(12345.6), "12346");
        assert_eq!(Precision::of(2e-9).write(3.14159e-8), "3.14×10⁻⁸");
        assert_eq!(Precision::of(0.0).write(3.0), "3.0000");
        assert_eq!(Precision::of(1.0).write(f64::NAN), "NaN");
    }

    #[test]
    fn numbers_on_their_own() {
        assert_eq!(
            [300.0, 0.12345, 0.01, -0.5].map(plain),
            ["300", "0.123", "0.01", "−0.5"]
        );
        assert_eq!(
            (p_value(1e-9), p_value(0.432)),
            ("< 0.001".to_string(), "0.43".to_string())
        );
    }
}
