//! Where ticks stand, and how numbers are written at them and in titles.

/// Ticks of an axis.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Ticks {
    /// Where they stand, ascending, inside the axis.
    pub(super) values: Vec<f64>,
    /// What is written at each.
    pub(super) labels: Vec<String>,
    /// What the labels leave out: `×10⁻⁵`, `+ 67.36`.
    pub(super) note: Option<String>,
}

/// Ticks at round numbers between `low` and `high`: as many as possible, but at most `most`.
pub(super) fn ticks(low: f64, high: f64, most: usize) -> Ticks {
    // 2.5 costs a digit more, so it has to earn it with more ticks: it comes after 1 and 2.
    best_multiples(low, high, most, &[1.0, 2.0, 2.5, 5.0])
}

/// Ticks at multiples of 4 or 3, for when [`ticks`] hit only the ends of an axis.
pub(super) fn uncommon_ticks(low: f64, high: f64, most: usize) -> Ticks {
    best_multiples(low, high, most, &[4.0, 3.0])
}

fn best_multiples(low: f64, high: f64, most: usize, factors: &[f64]) -> Ticks {
    let span = high - low;
    if !(span > 0.0 && span.is_finite()) || most == 0 {
        return Ticks::default();
    }
    let decade = (span / most as f64).log10().floor() as i32;
    let mut best: Option<(Vec<f64>, i32)> = None;
    for exponent in decade..=decade + 2 {
        for &factor in factors {
            let values = multiples(low, high, factor, exponent);
            let fits = (1..=most).contains(&values.len());
            if fits && best.as_ref().is_none_or(|(b, _)| values.len() > b.len()) {
                let last_digit = if factor.fract() == 0.0 {
                    exponent
                } else {
                    exponent - 1
                };
                best = Some((values, last_digit));
            }
        }
    }
    let Some((values, last_digit)) = best else {
        return Ticks::default();
    };
    let (labels, note) = write(&values, last_digit);
    Ticks {
        values,
        labels,
        note,
    }
}

fn multiples(low: f64, high: f64, factor: f64, exponent: i32) -> Vec<f64> {
    let step = factor * 10_f64.powi(exponent);
    // A tick at the very end of the axis must survive rounding.
    let slack = 1e-9 * (high - low) / step;
    let (first, last) = ((low / step - slack).ceil(), (high / step + slack).floor());
    // Neighbouring multiples must be different numbers, and few enough to list.
    if !(last - first).is_finite() || last - first > 100.0 || first.abs() > 1e15 {
        return Vec::new();
    }
    (0..=(last - first) as i64)
        .map(|i| exact((first + i as f64) * factor, exponent))
        .collect()
}

/// mantissa × 10^exponent, rounded once: 3 × 10⁻¹ is 0.3, not 0.30000000000000004.
fn exact(mantissa: f64, exponent: i32) -> f64 {
    if exponent < 0 {
        mantissa / 10_f64.powi(-exponent)
    } else {
        mantissa * 10_f64.powi(exponent)
    }
}

/// Labels of ticks whose last digit is that of 10^`last_digit`, and what they leave out.
fn write(values: &[f64], last_digit: i32) -> (Vec<String>, Option<String>) {
    let largest = values.iter().fold(0.0_f64, |a, v| a.max(v.abs()));
    if largest == 0.0 {
        return (values.iter().map(|_| "0".to_string()).collect(), None);
    }
    let magnitude = largest.log10().floor() as i32;
    let offset = common_offset(values, magnitude, last_digit);
    let rest: Vec<f64> = values.iter().map(|v| v - offset).collect();
    let largest = rest.iter().fold(0.0_f64, |a, v| a.max(v.abs()));
    let magnitude = if largest > 0.0 {
        (largest * (1.0 + 1e-9)).log10().floor() as i32
    } else {
        last_digit
    };
    let exponent = if (-3..=4).contains(&magnitude) && last_digit >= -4 {
        0
    } else {
        magnitude
    };
    let decimals = usize::try_from(exponent - last_digit).unwrap_or(0);
    let labels = rest
        .iter()
        .map(|v| decimal(v / 10_f64.powi(exponent), decimals))
        .collect();
    (labels, note(offset, exponent, last_digit))
}

/// What all ticks have in common, if writing it at each would take too many digits.
fn common_offset(values: &[f64], magnitude: i32, last_digit: i32) -> f64 {
    const MOST_DIGITS: i32 = 5;
    if magnitude - last_digit < MOST_DIGITS {
        return 0.0;
    }
    // Two digits above the step leave labels of at most three digits.
    let unit = last_digit + 2;
    let middle = values[values.len() / 2];
    exact((middle / 10_f64.powi(unit)).floor(), unit)
}

fn note(offset: f64, exponent: i32, last_digit: i32) -> Option<String> {
    let factor = (exponent != 0).then(|| format!("×10{}", superscript(exponent)));
    let offset = (offset != 0.0).then(|| write_offset(offset, last_digit + 2));
    let parts: Vec<String> = factor.into_iter().chain(offset).collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// `+ 67.36`: a sum's second part, whose last digit is that of 10^`last_digit`.
fn write_offset(offset: f64, last_digit: i32) -> String {
    let sign = if offset < 0.0 { '−' } else { '+' };
    let size = offset.abs();
    let power = if size >= 1e9 {
        size.log10().floor() as i32
    } else {
        0
    };
    let decimals = usize::try_from(power - last_digit).unwrap_or(0);
    let mut text = decimal(size / 10_f64.powi(power), decimals);
    if text.contains('.') {
        text = text.trim_end_matches('0').trim_end_matches('.').to_string();
    }
    if power == 0 {
        format!("{sign} {text}")
    } else {
        format!("{sign} {text}×10{}", superscript(power))
    }
}

/// A number with a fixed count of decimals and a true minus sign; zero has no sign.
pub(super) fn decimal(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        Some(digits) if digits.chars().all(|c| c == '0' || c == '.') => digits.to_string(),
        Some(digits) => format!("−{digits}"),
        None => text,
    }
}

/// A number with this many significant digits, in powers of ten when it is very large or small.
pub(super) fn significant(value: f64, digits: usize) -> String {
    if value == 0.0 {
        return "0".to_string();
    }
    if !value.is_finite() {
        return if value.is_nan() {
            "NaN"
        } else if value > 0.0 {
            "∞"
        } else {
            "−∞"
        }
        .to_string();
    }
    // Formatting rounds first, so 0.0999 at two digits counts as 0.10.
    let rounded = format!("{value:.*e}", digits.saturating_sub(1));
    let (mantissa, exponent) = rounded.split_once('e').unwrap_or((&rounded, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..=5).contains(&exponent) {
        let decimals = digits as i32 - 1 - exponent;
        return decimal(value, usize::try_from(decimals).unwrap_or(0));
    }
    format!("{}×10{}", mantissa.replace('-', "−"), superscript(exponent))
}

/// The power of ten of the first digit, after rounding to this many digits: 0.0996 at two digits is
/// 0.10.
fn first_digit(value: f64, digits: usize) -> i32 {
    let rounded = format!("{value:.*e}", digits - 1);
    let exponent = rounded.split_once('e').and_then(|(_, e)| e.parse().ok());
    exponent.unwrap_or(0)
}

/// An estimate with its errors, rounded alike: two significant digits of the larger error, and at
/// least one of the smaller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Estimate {
    pub(super) centre: String,
    pub(super) plus: String,
    pub(super) minus: String,
    /// The power of ten that multiplies all three, if not zero.
    pub(super) exponent: i32,
}

impl Estimate {
    /// `centre` with the interval from `low` to `high`.
    pub(super) fn new(centre: f64, low: f64, high: f64) -> Self {
        let (minus, plus) = (centre - low, high - centre);
        let positive = || {
            [minus, plus]
                .into_iter()
                .filter(|e| *e > 0.0 && e.is_finite())
        };
        let larger = positive().fold(0.0, f64::max);
        if larger == 0.0 {
            let zero = || "0".to_string();
            return Self {
                centre: significant(centre, 4),
                plus: zero(),
                minus: zero(),
                exponent: 0,
            };
        }
        let smaller = positive().fold(larger, f64::min);
        let magnitude = centre.abs().max(larger).log10().floor() as i32;
        let last_digit = (first_digit(larger, 2) - 1).min(first_digit(smaller, 1));
        let exponent = if (-3..=4).contains(&magnitude) {
            0
        } else {
            magnitude
        };
        let decimals = usize::try_from(exponent - last_digit).unwrap_or(0).min(15);
        let scaled = |v: f64| decimal(v / 10_f64.powi(exponent), decimals);
        Self {
            centre: scaled(centre),
            plus: scaled(plus),
            minus: scaled(minus),
            exponent,
        }
    }
}

impl Estimate {
    /// The estimate in one line of plain text.
    pub(super) fn text(&self) -> String {
        let errors = if self.plus == self.minus {
            format!("± {}", self.plus)
        } else {
            format!("+{} −{}", self.plus, self.minus)
        };
        if self.exponent == 0 {
            format!("{} {errors}", self.centre)
        } else {
            format!(
                "({} {errors})×10{}",
                self.centre,
                superscript(self.exponent)
            )
        }
    }
}

/// An integer in raised digits.
pub(super) fn superscript(number: i32) -> String {
    let raise = |c: char| match c {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        '0' | '4'..='9' => char::from_u32(0x2070 + c as u32 - '0' as u32).unwrap_or(c),
        _ => c,
    };
    number.to_string().chars().map(raise).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(low: f64, high: f64, most: usize) -> String {
        let ticks = ticks(low, high, most);
        format!(
            "{} {}",
            ticks.labels.join(" "),
            ticks.note.unwrap_or_default()
        )
    }

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!(written(0.0, 1.0, 6), "0.0 0.2 0.4 0.6 0.8 1.0 ");
        assert_eq!(written(-2.0, 2.0, 5), "−2 −1 0 1 2 ");
        assert_eq!(written(0.13, 0.88, 3), "0.25 0.50 0.75 ");
        assert_eq!(written(0.0, 3e-6, 4), "0 1 2 3 ×10⁻⁶");
        assert_eq!(written(1e6, 3e6, 3), "1 2 3 ×10⁶");
    }

    #[test]
    fn what_all_ticks_share_is_written_once() {
        assert_eq!(written(67.36001, 67.36019, 3), "0.5 1.0 1.5 ×10⁻⁴ + 67.36");
        let far = ticks(1e9, 1e9 + 3.0, 4);
        assert_eq!(far.labels, ["0", "1", "2", "3"]);
        assert_eq!(far.note.as_deref(), Some("+ 1×10⁹"));
    }

    #[test]
    fn ticks_lie_inside_whatever_the_axis() {
        let ends = [0.0, 1e-300, 1e-9, 0.3, 1.0, 7.7, 1e5, 1e12, 1e300];
        let signed: Vec<f64> = ends.iter().flat_map(|&e| [e, -e]).collect();
        for &low in &signed {
            for &high in &signed {
                for most in [1, 2, 3, 5, 8] {
                    let ticks = ticks(low, high, most);
                    assert!(ticks.values.len() <= most);
                    let slack = 1e-8 * (high - low).abs();
                    let inside = |v: &f64| (low - slack..=high + slack).contains(v);
                    assert!(ticks.values.iter().all(inside), "{low} {high} {ticks:?}");
                    assert!(ticks.values.is_sorted_by(|a, b| a < b), "{low} {high}");
                    let mut labels = ticks.labels.clone();
                    labels.dedup();
                    assert_eq!(labels.len(), ticks.values.len(), "{low} {high} {ticks:?}");
                }
            }
        }
        assert_eq!(ticks(1.0, 1.0, 5), Ticks::default());
        assert_eq!(ticks(f64::NAN, 1.0, 5), Ticks::default());
        assert_eq!(ticks(f64::NEG_INFINITY, 1.0, 5), Ticks::default());
    }

    #[test]
    fn estimates_are_rounded_to_two_digits_of_the_larger_error() {
        let text = |c, low, high| {
            let e = Estimate::new(c, low, high);
            format!("{} +{} -{} {}", e.centre, e.plus, e.minus, e.exponent)
        };
        assert_eq!(text(0.8034, 0.7021, 0.9039), "0.80 +0.10 -0.10 0");
        assert_eq!(text(67.364, 66.9, 67.9), "67.36 +0.54 -0.46 0");
        assert_eq!(text(1234.0, 1200.0, 1300.0), "1234 +66 -34 0");
        assert_eq!(text(0.1, 0.0995, 2.0), "0.1000 +1.9000 -0.0005 0");
        assert_eq!(text(2.1e-9, 2.0e-9, 2.25e-9), "2.10 +0.15 -0.10 -9");
        assert_eq!(text(-5.0, -5.0996, -4.9004), "−5.00 +0.10 -0.10 0");
        assert_eq!(text(3.0, 3.0, 3.0), "3.000 +0 -0 0");
    }

    #[test]
    fn significant_digits_count_from_the_first() {
        let text = [0.0999, 123.456, 1.5e7, -2e-8, 0.0].map(|v| significant(v, 2));
        assert_eq!(text, ["0.10", "123", "1.5×10⁷", "−2.0×10⁻⁸", "0"]);
    }
}
