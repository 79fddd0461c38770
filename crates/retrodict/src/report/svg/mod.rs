//! A drawing in SVG: the few elements figures are made of, written with a stable layout of numbers.

mod style;
mod text;

pub(super) use style::{Anchor, Fill, Pen, TextStyle};
pub(super) use text::escape;

use text::{number, write_to};

use super::font;
use super::label::{Label, SCRIPT_SIZE, Script};
use super::palette::Ink;

/// A drawing under construction. Lengths are points (1/72 inch), y grows downwards.
#[derive(Debug)]
pub(super) struct Drawing {
    name: String,
    width: f64,
    height: f64,
    body: String,
    n_clips: usize,
}

/// An area of the drawing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Area {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Area {
    pub(super) fn right(self) -> f64 {
        self.left + self.width
    }

    pub(super) fn bottom(self) -> f64 {
        self.top + self.height
    }
}

impl Drawing {
    /// An empty sheet; `name` keeps its identifiers apart from those of other figures on a page.
    pub(super) fn new(name: &str, width: f64, height: f64) -> Self {
        Self {
            name: name.to_string(),
            width,
            height,
            body: String::new(),
            n_clips: 0,
        }
    }

    /// A straight line.
    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), pen: Pen) {
        let [x1, y1, x2, y2] = [from.0, from.1, to.0, to.1].map(number);
        let (role, style) = (pen.ink.role(), pen.attributes());
        self.push(format_args!(
            "<line class=\"line-{role}\" x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\" {style}/>"
        ));
    }

    /// A line through points; a point that is not finite leaves a gap.
    pub(super) fn polyline(&mut self, points: &[(f64, f64)], pen: Pen) {
        let mut data = String::new();
        for piece in points.split(|p| !(p.0.is_finite() && p.1.is_finite())) {
            if piece.len() > 1 {
                data += &path_data(piece, false);
            }
        }
        if data.is_empty() {
            return;
        }
        let (role, style) = (pen.ink.role(), pen.attributes());
        self.push(format_args!(
            "<path class=\"line-{role}\" d=\"{data}\" fill=\"none\" stroke-linejoin=\"round\" {style}/>"
        ));
    }

    /// Closed loops, filled so that a loop inside a loop is a hole.
    pub(super) fn loops(
        &mut self,
        loops: &[Vec<(f64, f64)>],
        fill: Option<Fill>,
        pen: Option<Pen>,
    ) {
        let data: String = loops.iter().map(|points| path_data(points, true)).collect();
        if data.is_empty() {
            return;
        }
        let mut roles = Vec::new();
        roles.extend(fill.map(|fill| format!("fill-{}", fill.ink.role())));
        roles.extend(pen.map(|pen| format!("line-{}", pen.ink.role())));
        let fill = fill.map_or_else(|| "fill=\"none\"".to_string(), Fill::attributes);
        let pen = pen.map_or_else(String::new, |pen| format!(" {}", pen.attributes()));
        let roles = roles.join(" ");
        self.push(format_args!(
            "<path class=\"{roles}\" d=\"{data}\" fill-rule=\"evenodd\" stroke-linejoin=\"round\" {fill}{pen}/>"
        ));
    }

    /// A filled rectangle.
    pub(super) fn rectangle(&mut self, area: Area, fill: Fill) {
        let [x, y, width, height] = [area.left, area.top, area.width, area.height].map(number);
        let (role, style) = (fill.ink.role(), fill.attributes());
        self.push(format_args!(
            "<rect class=\"fill-{role}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" {style}/>"
        ));
    }

    /// The outline of a rectangle.
    pub(super) fn frame(&mut self, area: Area, pen: Pen) {
        let [x, y, width, height] = [area.left, area.top, area.width, area.height].map(number);
        let (role, style) = (pen.ink.role(), pen.attributes());
        self.push(format_args!(
            "<rect class=\"line-{role}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"none\" {style}/>"
        ));
    }

    /// A dot, optionally with a rim that sets it off from what is behind it.
    pub(super) fn dot(&mut self, at: (f64, f64), radius: f64, fill: Fill, rim: Option<Pen>) {
        let [x, y, radius] = [at.0, at.1, radius].map(number);
        let rim_role = rim.map_or_else(String::new, |pen| format!(" line-{}", pen.ink.role()));
        let rim = rim.map_or_else(String::new, |pen| format!(" {}", pen.attributes()));
        let (role, style) = (fill.ink.role(), fill.attributes());
        self.push(format_args!(
            "<circle class=\"fill-{role}{rim_role}\" cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" {style}{rim}/>"
        ));
    }

    /// A line of text whose baseline is at `at`.
    pub(super) fn text(&mut self, at: (f64, f64), label: &Label, style: TextStyle) {
        if label.runs.is_empty() {
            return;
        }
        let anchor = match style.anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let [x, y, size] = [at.0, at.1, style.size].map(number);
        let place = if style.upwards {
            format!("transform=\"translate({x} {y}) rotate(-90)\"")
        } else {
            format!("x=\"{x}\" y=\"{y}\"")
        };
        let (role, colour) = (style.ink.role(), style.ink.light());
        let content = spans(label, style.size);
        self.push(format_args!(
            "<text class=\"fill-{role}\" {place} font-size=\"{size}\"{anchor} fill=\"{colour}\">{content}</text>"
        ));
    }

    /// What `draw` draws, without soft edges: areas that touch show no seam.
    pub(super) fn crisp(&mut self, draw: impl FnOnce(&mut Self)) {
        self.push(format_args!("<g shape-rendering=\"crispEdges\">"));
        draw(self);
        self.push(format_args!("</g>"));
    }

    /// Draws what `draw` draws, cut at the borders of `area`.
    pub(super) fn clipped(&mut self, area: Area, draw: impl FnOnce(&mut Self)) {
        let id = format!("{}-clip-{}", self.name, self.n_clips);
        self.n_clips += 1;
        let [x, y, width, height] = [area.left, area.top, area.width, area.height].map(number);
        self.push(format_args!(
            "<clipPath id=\"{id}\"><rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"/></clipPath>"
        ));
        self.push(format_args!("<g clip-path=\"url(#{id})\">"));
        draw(self);
        self.push(format_args!("</g>"));
    }

    /// The SVG document; `description` is what a screen reader says.
    pub(super) fn finish(self, description: &str) -> String {
        let [width, height] = [self.width, self.height].map(number);
        let (families, paper) = (font::FAMILIES, Ink::Paper.light());
        let (description, body) = (escape(description), self.body);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}pt\" height=\"{height}pt\" \
             viewBox=\"0 0 {width} {height}\" font-family=\"{families}\" role=\"img\" \
             aria-label=\"{description}\">\n\
             <rect class=\"sheet\" width=\"{width}\" height=\"{height}\" fill=\"{paper}\"/>\n\
             {body}</svg>\n"
        )
    }

    fn push(&mut self, element: std::fmt::Arguments<'_>) {
        write_to(&mut self.body, element);
        self.body.push('\n');
    }
}

/// Subscripts and superscripts are smaller pieces moved off the baseline, and back.
fn spans(label: &Label, size: f64) -> String {
    let mut text = String::new();
    let mut height = 0.0;
    for (script, run) in &label.runs {
        let (shift, share) = match script {
            Script::Normal => (0.0, 1.0),
            Script::Sub => (0.2 * size, SCRIPT_SIZE),
            Script::Super => (-0.36 * size, SCRIPT_SIZE),
        };
        let run = escape(run);
        if shift == height && share == 1.0 {
            text += &run;
        } else {
            let [shift_by, size] = [shift - height, size * share].map(number);
            write_to(
                &mut text,
                format_args!("<tspan dy=\"{shift_by}\" font-size=\"{size}\">{run}</tspan>"),
            );
        }
        height = shift;
    }
    text
}

fn path_data(points: &[(f64, f64)], close: bool) -> String {
    let mut data = String::new();
    for (i, (x, y)) in points.iter().enumerate() {
        let command = if i == 0 { 'M' } else { 'L' };
        write_to(
            &mut data,
            format_args!("{command}{} {}", number(*x), number(*y)),
        );
    }
    if close && !points.is_empty() {
        data.push('Z');
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_stays_text() {
        let mut drawing = Drawing::new("a", 100.0, 50.0);
        let hostile = "</text><script>alert(\"x\")</script>&amp;'\u{0}\u{1b}";
        let style = TextStyle::new(7.0, Ink::Text).upwards();
        drawing.text((1.0, 2.0), &Label::plain(hostile), style);
        let svg = drawing.finish(hostile);
        let document = resvg::usvg::roxmltree::Document::parse(&svg).unwrap();
        let text = document
            .descendants()
            .find(|n| n.has_tag_name("text"))
            .unwrap();
        assert!(
            text.text()
                .unwrap()
                .starts_with("</text><script>alert(\"x\")")
        );
        assert!(!document.descendants().any(|n| n.has_tag_name("script")));
    }
}
