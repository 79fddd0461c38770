//! The corner plot: every parameter, and every pair of them.

mod conditional;
mod draws;
mod joint;
mod layout;
mod marginal;

use crate::error::{Error, Result};
use crate::prior::Parameter;
use crate::samples::Samples;

use super::figure::Figure;
use super::label::Label;
use super::legend::{self, Entry, Key};
use super::palette::Ink;
use super::svg::{Drawing, Pen};

pub use conditional::ConditionalCorner;
use draws::Draws;
use layout::Layout;

/// One posterior in a corner plot.
#[derive(Debug, Clone, Copy)]
pub struct Overlay<'a> {
    /// What the legend calls it.
    pub name: &'a str,
    /// Its draws: one column a parameter, in the plot's order.
    pub samples: &'a Samples,
}

/// A corner plot: densities of each parameter on the diagonal, contours of each pair below it.
///
/// Contours enclose 68 % and 95 % of the mass: they are borders of highest-density regions. Shaded
/// areas under the curves are central 68 % intervals. Densities end at the prior's limits.
///
/// # Example
/// ```
/// use retrodict::prior::Parameter;
/// use retrodict::report::{Corner, Overlay};
/// use retrodict::{Samples, Seed, Stream};
/// let mut random = Seed(1).stream(Stream::Test, 0);
/// let draws = (0..2000).map(|_| random.normal()).collect();
/// let samples = Samples::from_rows(["mu_1", "mu_2"], draws)?;
/// let figure = Corner {
///     name: "corner",
///     parameters: &[Parameter::named("mu_1"), Parameter::named("mu_2")],
///     posteriors: &[Overlay { name: "posterior", samples: &samples }],
///     limits: &[[f64::NEG_INFINITY, f64::INFINITY]; 2],
///     truth: Some(&[0.0, 0.0]),
///     prior: None,
/// }
/// .figure()?;
/// assert!(figure.caption.contains("68 % and 95 %"));
/// # Ok::<(), retrodict::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Corner<'a> {
    /// The name of the figure's files.
    pub name: &'a str,
    /// The parameters, in column order.
    pub parameters: &'a [Parameter],
    /// The posteriors, the first drawn first.
    pub posteriors: &'a [Overlay<'a>],
    /// The prior's limits, one pair a parameter; ±∞ where there is none.
    pub limits: &'a [[f64; 2]],
    /// The true or reference values, if known.
    pub truth: Option<&'a [f64]>,
    /// Draws from the prior, shown as grey curves on the diagonal.
    pub prior: Option<&'a Samples>,
}

impl Corner<'_> {
    /// Draws the plot.
    ///
    /// # Errors
    /// If there is no parameter or no posterior, the counts of columns, limits or reference values
    /// are not that of the parameters, or a posterior has no finite draw.
    pub fn figure(&self) -> Result<Figure> {
        self.check_counts()?;
        let posteriors: Vec<Draws> = self
            .posteriors
            .iter()
            .map(|overlay| Draws::new(overlay.samples, self.limits))
            .collect();
        if let Some(empty) = posteriors.iter().position(|draws| draws.len() == 0) {
            return Err(Error::invalid(
                format!("posterior `{}`", self.posteriors[empty].name),
                "no finite draw",
                "at least one row of finite numbers",
                "Look at how it was sampled; there is nothing to plot.",
            ));
        }
        let prior = self.prior.map(|samples| Draws::new(samples, self.limits));
        let prior = prior.filter(|draws| draws.len() > 0);
        let layout = Layout::new(self, &posteriors, &self.legend());
        let alt = self.alt(&posteriors);
        let mut drawing = Drawing::new(self.name, layout.width, layout.height);
        for row in 0..self.parameters.len() {
            marginal::draw(
                &mut drawing,
                self,
                &layout,
                &posteriors,
                prior.as_ref(),
                row,
            );
            for column in 0..row {
                joint::draw(&mut drawing, self, &layout, &posteriors, [column, row]);
            }
        }
        layout.draw_axes(&mut drawing, self.parameters);
        self.draw_legend(&mut drawing, &layout);
        Ok(Figure {
            name: self.name.to_string(),
            svg: drawing.finish(&alt),
            caption: self.caption(&posteriors, &layout),
            alt,
        })
    }

    fn check_counts(&self) -> Result<()> {
        let n = self.parameters.len();
        let wrong = |what: &str, given: usize| {
            Err(Error::invalid(
                format!("corner plot: {what}"),
                given,
                format!("{n}, one a parameter"),
                "Give them in the order of the parameters.",
            ))
        };
        if n == 0 || self.posteriors.is_empty() {
            return Err(Error::invalid(
                "corner plot",
                format!("{n} parameters, {} posteriors", self.posteriors.len()),
                "at least one of each",
                "Give the parameters and the draws of a posterior.",
            ));
        }
        if self.limits.len() != n {
            return wrong("limits", self.limits.len());
        }
        if let Some(truth) = self.truth.filter(|truth| truth.len() != n) {
            return wrong("reference values", truth.len());
        }
        let samples = self.posteriors.iter().map(|overlay| overlay.samples);
        for samples in samples.chain(self.prior) {
            if samples.draws.n_columns() != n {
                return wrong("columns of the draws", samples.draws.n_columns());
            }
        }
        Ok(())
    }

    /// A legend is needed as soon as there is more than the one posterior.
    fn legend(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        for (i, overlay) in self.posteriors.iter().enumerate() {
            entries.push(Entry::new(Key::Area(Ink::Series(i)), overlay.name));
        }
        if self.prior.is_some() {
            entries.push(Entry::new(Key::Line(marginal::prior_pen()), "prior"));
        }
        if self.truth.is_some() {
            entries.push(Entry::new(Key::Line(truth_pen()), "reference value"));
        }
        if entries.len() == 1 {
            entries.clear();
        }
        entries
    }

    fn draw_legend(&self, drawing: &mut Drawing, layout: &Layout) {
        let entries = self.legend();
        if self.parameters.len() == 1 {
            let left = layout.panel(0, 0).area.left;
            legend::row(drawing, &entries, left, layout::EDGE, layout.width - left);
        } else {
            let right = layout.width - layout::EDGE;
            let width = right - layout.panel(1, 1).area.left;
            legend::column(drawing, &entries, right, layout::EDGE, width);
        }
    }

    fn caption(&self, posteriors: &[Draws], layout: &Layout) -> String {
        let curves = if posteriors.len() == 1 {
            "the density of each parameter, with its median (line) and central 68 % interval (darker area), which the title gives in numbers"
        } else {
            "the density of each parameter"
        };
        let mut sentences = vec![if self.parameters.len() > 1 {
            format!(
                "Posterior distribution. Below the diagonal: contours that enclose 68 % and 95 % of the posterior mass. On the diagonal: {curves}."
            )
        } else {
            format!("Posterior distribution: {curves}.")
        }];
        if self.prior.is_some() {
            sentences.push("Grey curves show the prior.".to_string());
        }
        if self.truth.is_some() {
            sentences.push("Dashed lines mark the reference values.".to_string());
        }
        let outside: Vec<String> = (0..self.parameters.len())
            .filter(|&j| self.truth.is_some() && layout.visible_truth(self, j).is_none())
            .map(|j| Label::of(&self.parameters[j]).text())
            .collect();
        if !outside.is_empty() {
            sentences.push(format!("Outside the axis: that of {}.", outside.join(", ")));
        }
        let counts: Vec<String> = posteriors.iter().map(Draws::count).collect();
        sentences.push(format!("From {} posterior draws.", counts.join(" and ")));
        let dropped: usize = posteriors.iter().map(Draws::dropped).sum();
        if dropped > 0 {
            sentences.push(format!(
                "{dropped} draws are left out: not finite, or of no weight."
            ));
        }
        sentences.join(" ")
    }

    fn alt(&self, posteriors: &[Draws]) -> String {
        let estimates: Vec<String> = self
            .parameters
            .iter()
            .enumerate()
            .map(|(j, parameter)| {
                let estimate = posteriors[0].estimate(j);
                format!("{} {}", Label::with_unit(parameter).text(), estimate.text())
            })
            .collect();
        format!(
            "Corner plot of the posterior of {} parameters. Medians and 68 % intervals: {}.",
            self.parameters.len(),
            estimates.join("; ")
        )
    }
}

/// How reference values are drawn.
pub(super) fn truth_pen() -> Pen {
    Pen::solid(Ink::Text, 0.65).dashed(2.6, 1.7)
}
