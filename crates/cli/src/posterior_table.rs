//! The posterior as a table of text.

use retrodict::prior::Parameter;
use retrodict::samples::Summary;

/// One line a parameter: median, mean, sd and intervals, aligned, with as many digits as the sd
/// makes sensible, and the unit where there is one.
pub(crate) fn render(parameters: &[Parameter], summaries: &[Summary]) -> String {
    let mut rows = vec![
        [
            "parameter",
            "mean",
            "sd",
            "median",
            "68 % interval",
            "95 % interval",
        ]
        .map(str::to_string),
    ];
    rows.extend(
        parameters
            .iter()
            .zip(summaries)
            .map(|(parameter, summary)| row(parameter, summary)),
    );
    let widths: Vec<usize> = (0..rows[0].len())
        .map(|j| {
            rows.iter()
                .map(|row| row[j].chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let lines: Vec<String> = rows.iter().map(|row| line(row, &widths)).collect();
    lines.join("\n")
}

fn row(parameter: &Parameter, summary: &Summary) -> [String; 6] {
    let name = parameter.unit.as_ref().map_or_else(
        || parameter.name.clone(),
        |unit| format!("{} [{unit}]", parameter.name),
    );
    let digits = Digits::for_sd(summary.sd, summary.mean);
    let interval = |[low, high]: [f64; 2]| format!("{} to {}", digits.show(low), digits.show(high));
    [
        name,
        digits.show(summary.mean),
        digits.show(summary.sd),
        digits.show(summary.median),
        interval(summary.interval_68),
        interval(summary.interval_95),
    ]
}

fn line(row: &[String; 6], widths: &[usize]) -> String {
    let cells: Vec<String> = row
        .iter()
        .zip(widths)
        .enumerate()
        .map(|(j, (cell, &width))| {
            if j == 0 {
                format!("{cell:<width$}")
            } else {
                format!("{cell:>width$}")
            }
        })
        .collect();
    format!("  {}", cells.join("   ")).trim_end().to_string()
}

/// How a parameter's numbers are written: two digits of the sd decide, three if it begins with 1,
/// where two would round by several percent.
#[derive(Debug, Clone, Copy)]
enum Digits {
    Fixed(usize),
    Scientific(usize),
}

impl Digits {
    fn for_sd(sd: f64, mean: f64) -> Self {
        if !(sd.is_finite() && sd > 0.0) {
            return Self::Scientific(3);
        }
        let magnitude = sd.log10().floor();
        let begins_with_one = sd < 2.0 * 10_f64.powf(magnitude);
        let last = magnitude as i32 - 1 - i32::from(begins_with_one);
        let first = mean.abs().max(sd).log10().floor() as i32;
        if last >= -6 && first <= 6 {
            Self::Fixed((-last).max(0) as usize)
        } else {
            Self::Scientific((first - last).clamp(1, 12) as usize)
        }
    }

    fn show(self, value: f64) -> String {
        match self {
            Self::Fixed(n) => format!("{value:.n$}"),
            Self::Scientific(n) => format!("{value:.n$e}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(mean: f64, sd: f64) -> Summary {
        Summary {
            name: "a".into(),
            mean,
            sd,
            median: mean,
            interval_68: [mean - sd, mean + sd],
            interval_95: [mean - 2.0 * sd, mean + 2.0 * sd],
        }
    }

    #[test]
    fn digits_follow_the_sd() {
        for (mean, sd, shown) in [
            (0.512_345, 0.0718, "0.512"),
            (1234.567, 23.4, "1235"),
            (1.5e9, 2.0e7, "1.500e9"),
            (3.1e-9, 2.0e-10, "3.10e-9"),
            (0.0, 1.0, "0.00"),
            (-0.587, 0.1004, "-0.587"),
        ] {
            let digits = Digits::for_sd(sd, mean);
            assert_eq!(digits.show(mean), shown, "mean {mean}, sd {sd}");
        }
        assert_eq!(Digits::for_sd(0.0, 1.0).show(1.0), "1.000e0");
    }

    #[test]
    fn columns_are_aligned_and_units_shown() {
        let mut long = Parameter::named("temperature");
        long.unit = Some("K".into());
        let text = render(
            &[Parameter::named("a"), long],
            &[summary(0.5, 0.1), summary(300.0, 2.0)],
        );
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[2].starts_with("  temperature [K]"));
        let end = |line: &str, word: &str| line.find(word).map(|at| at + word.len());
        assert_eq!(end(lines[0], "mean"), end(lines[1], "0.500"));
    }
}
