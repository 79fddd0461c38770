//! The conditional corner plot: a posterior, and what is left of it where the other parameters stay.

use crate::error::{Error, Result};
use crate::infer::{ConditionalSlices, Slice};
use crate::prior::Parameter;
use crate::report::density::{Density2, Domain};
use crate::report::figure::Figure;
use crate::report::label::Label;
use crate::report::legend::{self, Entry, Key};
use crate::report::palette::Ink;
use crate::report::svg::Drawing;
use crate::samples::Samples;

use super::draws::Draws;
use super::layout::{self, Layout};
use super::marginal::{self, Curve};
use super::{Corner, Overlay, joint, truth_pen};

/// A corner plot of a posterior with its slices through one point on top: on the diagonal the density of
/// each parameter, below it that of each pair, where all other parameters have the point's values.
///
/// Curves on the diagonal are drawn to the same height. A slice that is much narrower than the posterior
/// belongs to parameters that compensate each other.
#[derive(Debug, Clone, Copy)]
pub struct ConditionalCorner<'a> {
    /// The name of the figure's files.
    pub name: &'a str,
    /// All parameters, in the prior's order.
    pub parameters: &'a [Parameter],
    /// Draws of the posterior, one column a parameter.
    pub posterior: &'a Samples,
    /// The prior's limits, one pair a parameter; ±∞ where there is none.
    pub limits: &'a [[f64; 2]],
    /// The slices, and the point.
    pub slices: &'a ConditionalSlices,
    /// What the point is, in words: `the maximum`.
    pub point: &'a str,
}

/// The posterior stands behind; what is asked for in front.
const POSTERIOR: Ink = Ink::Quiet;
const SLICE: Ink = Ink::Series(0);

impl ConditionalCorner<'_> {
    /// Draws the plot of the parameters that have a slice.
    ///
    /// # Errors
    /// If the slices are of other parameters, or the posterior has no finite draw.
    pub fn figure(&self) -> Result<Figure> {
        let columns = &self.slices.columns;
        let fits = self.slices.at.len() == self.parameters.len()
            && columns.iter().all(|&j| j < self.parameters.len());
        if !fits || columns.is_empty() {
            return Err(Error::invalid(
                "conditional corner plot",
                format!("slices of {} parameters", self.slices.at.len()),
                format!("{}, at least one of them continuous", self.parameters.len()),
                "Give slices of the same posterior.",
            ));
        }
        let parameters: Vec<Parameter> = columns
            .iter()
            .map(|&j| self.parameters[j].clone())
            .collect();
        let limits: Vec<[f64; 2]> = columns.iter().map(|&j| self.limits[j]).collect();
        let at: Vec<f64> = columns.iter().map(|&j| self.slices.at[j].1).collect();
        let samples = self.chosen(columns)?;
        let overlay = [Overlay {
            name: "posterior",
            samples: &samples,
        }];
        let corner = Corner {
            name: self.name,
            parameters: &parameters,
            posteriors: &overlay,
            limits: &limits,
            truth: Some(&at),
            prior: None,
        };
        corner.check_counts()?;
        let draws = [Draws::new(&samples, &limits)];
        if draws[0].len() == 0 {
            return Err(Error::invalid(
                "conditional corner plot",
                "no finite draw",
                "at least one",
                "Look at how the posterior was sampled.",
            ));
        }
        let entries = self.legend();
        let layout = Layout::new(&corner, &draws, &entries);
        let mut drawing = Drawing::new(self.name, layout.width, layout.height);
        for row in 0..parameters.len() {
            self.diagonal(&mut drawing, &corner, &layout, &draws[0], row);
            for column in 0..row {
                self.pair(&mut drawing, &corner, &layout, &draws[0], [column, row]);
            }
        }
        layout.draw_axes(&mut drawing, &parameters);
        place_legend(&mut drawing, &layout, &entries, parameters.len());
        let alt = self.alt(&parameters);
        Ok(Figure {
            name: self.name.to_string(),
            svg: drawing.finish(&alt),
            caption: self.caption(),
            alt,
        })
    }

    /// The draws of the parameters that have a slice.
    fn chosen(&self, columns: &[usize]) -> Result<Samples> {
        let table = &self.posterior.draws;
        let values = table
            .rows()
            .flat_map(|row| columns.iter().map(|&j| row[j]))
            .collect();
        let names = columns.iter().map(|&j| table.names()[j].clone());
        let mut samples = Samples::from_rows(names, values)?;
        samples.log_weights.clone_from(&self.posterior.log_weights);
        Ok(samples)
    }

    fn legend(&self) -> Vec<Entry> {
        vec![
            Entry::new(Key::Area(POSTERIOR), "posterior"),
            Entry::new(Key::Area(SLICE), "conditional"),
            Entry::new(Key::Line(truth_pen()), self.point),
        ]
    }

    fn diagonal(
        &self,
        drawing: &mut Drawing,
        corner: &Corner<'_>,
        layout: &Layout,
        draws: &Draws,
        j: usize,
    ) {
        let mut panel = layout.panel(j, j);
        panel.y = [0.0, 1.08];
        let curves = [
            (to_height(Curve::of(draws, j)), POSTERIOR),
            (to_height(curve(&self.slices.singles[j])), SLICE),
        ];
        drawing.clipped(panel.area, |drawing| {
            for (curve, ink) in &curves {
                marginal::draw_curve(drawing, &panel, curve, *ink, None);
            }
        });
        if let Some(at) = layout.visible_truth(corner, j) {
            let x = panel.at_x(at);
            drawing.line((x, panel.area.bottom()), (x, panel.area.top), truth_pen());
        }
    }

    fn pair(
        &self,
        drawing: &mut Drawing,
        corner: &Corner<'_>,
        layout: &Layout,
        draws: &Draws,
        [column, row]: [usize; 2],
    ) {
        let panel = layout.panel(row, column);
        let slice = self.slices.pair(column, row);
        drawing.clipped(panel.area, |drawing| {
            joint::draw_posterior(drawing, &panel, draws, [column, row], POSTERIOR);
            let levels = joint::MASSES.map(|mass| slice.level(mass));
            joint::draw_levels(drawing, &panel, &density(slice), levels, SLICE);
        });
        let at = [column, row].map(|j| layout.visible_truth(corner, j));
        joint::draw_truth(drawing, &panel, at);
    }

    fn caption(&self) -> String {
        let held = if self.slices.columns.len() == self.slices.at.len() {
            ""
        } else {
            " Discrete parameters are held there too."
        };
        format!(
            "Conditional posterior. In colour: the posterior of each parameter (diagonal) and of each pair \
             (contours that enclose 68 % and 95 %) where all other parameters have the values of {} (dashed \
             lines). In grey: the posterior itself. Curves are drawn to the same height. A conditional that \
             is much narrower than the posterior shows parameters that compensate each other.{held}",
            self.point
        )
    }

    fn alt(&self, parameters: &[Parameter]) -> String {
        let spreads = parameters.iter().zip(&self.slices.singles);
        let words: Vec<String> = spreads
            .map(|(parameter, slice)| {
                let [mean, sd] = slice.moments(0);
                let label = Label::with_unit(parameter).text();
                format!("{label} mean {mean:.3} sd {sd:.2}")
            })
            .collect();
        format!(
            "Corner plot of conditional densities at {}: {}.",
            self.point,
            words.join("; ")
        )
    }
}

fn place_legend(drawing: &mut Drawing, layout: &Layout, entries: &[Entry], n: usize) {
    if n == 1 {
        let left = layout.panel(0, 0).area.left;
        legend::row(drawing, entries, left, layout::EDGE, layout.width - left);
    } else {
        let right = layout.width - layout::EDGE;
        let width = right - layout.panel(1, 1).area.left;
        legend::column(drawing, entries, right, layout::EDGE, width);
    }
}

/// The slice through one parameter as a curve.
fn curve(slice: &Slice) -> Curve {
    Curve::Line(
        (0..slice.n)
            .map(|cell| (slice.middle(0, cell), slice.shares[cell]))
            .collect(),
    )
}

/// A curve with its peak at one.
fn to_height(curve: Curve) -> Curve {
    let peak = curve.peak();
    let scaled = |points: Vec<(f64, f64)>| points.into_iter().map(|(x, y)| (x, y / peak)).collect();
    match curve {
        Curve::Line(points) => Curve::Line(scaled(points)),
        Curve::Bars(points) => Curve::Bars(scaled(points)),
        Curve::Spike(x) => Curve::Spike(x),
    }
}

fn density(slice: &Slice) -> Density2 {
    let [x, y] = [0, 1].map(|axis| {
        let [low, high] = slice.ends[axis];
        Domain::between(low, high)
    });
    Density2 {
        x,
        y,
        n: slice.n,
        shares: slice.shares.clone(),
    }
}
