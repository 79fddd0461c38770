//! How lines, areas and texts of a drawing look.

use super::text::{number, write_to};
use crate::report::palette::Ink;

/// How a line is drawn.
#[derive(Debug, Clone, Copy)]
pub(in crate::report) struct Pen {
    pub(in crate::report) ink: Ink,
    pub(in crate::report) width: f64,
    pub(in crate::report) opacity: f64,
    /// Lengths of dash and gap; solid if there is none.
    pub(in crate::report) dash: Option<[f64; 2]>,
}

/// How an area is filled.
#[derive(Debug, Clone, Copy)]
pub(in crate::report) struct Fill {
    pub(in crate::report) ink: Ink,
    pub(in crate::report) opacity: f64,
}

/// Which point of a text its position means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) enum Anchor {
    Start,
    Middle,
    End,
}

/// How a text is set.
#[derive(Debug, Clone, Copy)]
pub(in crate::report) struct TextStyle {
    pub(in crate::report) size: f64,
    pub(in crate::report) ink: Ink,
    pub(in crate::report) anchor: Anchor,
    /// Whether the text runs upwards.
    pub(in crate::report) upwards: bool,
}

impl Pen {
    /// A solid line.
    pub(in crate::report) fn solid(ink: Ink, width: f64) -> Self {
        Self {
            ink,
            width,
            opacity: 1.0,
            dash: None,
        }
    }

    /// The same line, dashed.
    pub(in crate::report) fn dashed(self, dash: f64, gap: f64) -> Self {
        Self {
            dash: Some([dash, gap]),
            ..self
        }
    }

    /// The same line, letting what is behind it show through.
    pub(in crate::report) fn faint(self, opacity: f64) -> Self {
        Self { opacity, ..self }
    }

    pub(super) fn attributes(self) -> String {
        let mut text = format!(
            "stroke=\"{}\" stroke-width=\"{}\"",
            self.ink.light(),
            number(self.width)
        );
        if self.opacity < 1.0 {
            write_to(
                &mut text,
                format_args!(" stroke-opacity=\"{}\"", number(self.opacity)),
            );
        }
        if let Some([dash, gap]) = self.dash {
            let (dash, gap) = (number(dash), number(gap));
            write_to(
                &mut text,
                format_args!(" stroke-dasharray=\"{dash} {gap}\""),
            );
        }
        text
    }
}

impl Fill {
    /// A filled area.
    pub(in crate::report) fn of(ink: Ink, opacity: f64) -> Self {
        Self { ink, opacity }
    }

    pub(super) fn attributes(self) -> String {
        let (colour, opacity) = (self.ink.light(), number(self.opacity));
        if self.opacity < 1.0 {
            format!("fill=\"{colour}\" fill-opacity=\"{opacity}\"")
        } else {
            format!("fill=\"{colour}\"")
        }
    }
}

impl TextStyle {
    /// Text of a size and colour, starting at its position.
    pub(in crate::report) fn new(size: f64, ink: Ink) -> Self {
        Self {
            size,
            ink,
            anchor: Anchor::Start,
            upwards: false,
        }
    }

    /// The same, anchored elsewhere.
    pub(in crate::report) fn anchored(self, anchor: Anchor) -> Self {
        Self { anchor, ..self }
    }

    /// The same, running upwards.
    pub(in crate::report) fn upwards(self) -> Self {
        Self {
            upwards: true,
            ..self
        }
    }
}
