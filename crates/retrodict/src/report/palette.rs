//! Colours by what they are for: one look for all figures, safe for colour-blind readers.

/// What a mark is, which decides its colour on white paper and on a dark screen.
///
/// Every mark carries its light colour as an attribute, so a figure is right wherever it is opened,
/// and a class named after its role, so a page that shows the figure may restyle it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    /// Titles, labels and reference lines.
    Text,
    /// Axes, tick labels and notes.
    Muted,
    /// What stands in the background: the prior, a calibration band.
    Quiet,
    /// What is behind everything.
    Paper,
    /// The n-th data series.
    Series(usize),
}

/// The series colours of Okabe and Ito (2008), the darkest first, and for comparisons of many methods four more of
/// Tol's muted kind (2021); the second of each pair is the same hue, lightened for a dark background.
const SERIES: [(&str, &str); 10] = [
    ("#0072b2", "#4ba8e8"),
    ("#d55e00", "#f58a3c"),
    ("#009e73", "#2cc79a"),
    ("#cc79a7", "#e29cc3"),
    ("#e69f00", "#f0b83a"),
    ("#56b4e9", "#8fd0f5"),
    ("#882255", "#c9578f"),
    ("#8a8a1f", "#c2c25a"),
    ("#332288", "#8f7fe8"),
    ("#7a4a21", "#b98555"),
];

impl Ink {
    /// The colour on white paper.
    pub(super) fn light(self) -> &'static str {
        match self {
            Self::Text => "#1a1c20",
            Self::Muted => "#555a63",
            Self::Quiet => "#9aa0aa",
            Self::Paper => "#ffffff",
            Self::Series(i) => SERIES[i % SERIES.len()].0,
        }
    }

    /// The colour on a dark screen.
    pub(super) fn dark(self) -> &'static str {
        match self {
            Self::Text => "#eceef2",
            Self::Muted => "#a9afba",
            Self::Quiet => "#7d8490",
            Self::Paper => "#14161a",
            Self::Series(i) => SERIES[i % SERIES.len()].1,
        }
    }

    /// The name of the role, as it stands in a class.
    pub(super) fn role(self) -> String {
        match self {
            Self::Text => "text".to_string(),
            Self::Muted => "muted".to_string(),
            Self::Quiet => "quiet".to_string(),
            Self::Paper => "paper".to_string(),
            Self::Series(i) => format!("series-{}", i % SERIES.len() + 1),
        }
    }
}

/// The style rules that give figures inside a page their colours: on white, or on a dark screen.
pub(super) fn style_rules(dark: bool) -> String {
    let roles = [Ink::Text, Ink::Muted, Ink::Quiet, Ink::Paper];
    let series = (0..SERIES.len()).map(Ink::Series);
    let rule = |ink: Ink| {
        let colour = if dark { ink.dark() } else { ink.light() };
        let role = ink.role();
        format!("svg .fill-{role}{{fill:{colour}}}svg .line-{role}{{stroke:{colour}}}\n")
    };
    // The page itself is the sheet.
    let sheet = std::iter::once("svg .sheet{fill:none}\n".to_string());
    sheet
        .chain(roles.into_iter().chain(series).map(rule))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance and contrast as WCAG 2.2 defines them.
    fn contrast(a: &str, b: &str) -> f64 {
        let luminance = |hex: &str| {
            let channel = |i: usize| {
                let value = f64::from(u8::from_str_radix(&hex[i..i + 2], 16).unwrap()) / 255.0;
                if value <= 0.04045 {
                    value / 12.92
                } else {
                    ((value + 0.055) / 1.055).powf(2.4)
                }
            };
            0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
        };
        let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
        (a / b).max(b / a)
    }

    #[test]
    fn text_is_readable_on_paper_and_on_a_dark_screen() {
        for ink in [Ink::Text, Ink::Muted] {
            assert!(contrast(ink.light(), "#ffffff") > 4.5, "{ink:?}");
            assert!(contrast(ink.dark(), "#14161a") > 4.5, "{ink:?}");
        }
    }

    #[test]
    fn no_two_of_ten_methods_look_alike() {
        let rgb = |hex: &str| {
            [1, 3, 5].map(|i| f64::from(u8::from_str_radix(&hex[i..i + 2], 16).unwrap()))
        };
        for colour in [Ink::light, Ink::dark] {
            let series: Vec<_> = (0..10).map(|i| colour(Ink::Series(i))).collect();
            for (i, a) in series.iter().enumerate() {
                for b in &series[..i] {
                    let difference = rgb(a).into_iter().zip(rgb(b)).map(|(a, b)| (a - b).powi(2));
                    let distance = difference.sum::<f64>().sqrt();
                    assert!(distance > 40.0, "{a} and {b}: {distance}");
                }
            }
        }
    }

    #[test]
    fn the_first_three_series_stand_out_from_the_background() {
        for ink in [0, 1, 2].map(Ink::Series) {
            assert!(contrast(ink.light(), "#ffffff") > 3.0, "{ink:?}");
            assert!(contrast(ink.dark(), "#14161a") > 4.5, "{ink:?}");
        }
    }
}
