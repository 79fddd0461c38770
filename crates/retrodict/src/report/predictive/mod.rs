//! Data simulated from the posterior beside the observation.

mod band;
mod image;
mod intervals;
mod set;

pub use image::predictive_image;
pub use set::predictive_set;

use crate::check::Predictive;

use super::figure::Figure;
use super::legend::{Entry, Key};
use super::palette::Ink;
use super::svg::{Drawing, Fill, Pen};

/// With more features than this, they are drawn as a series and not one by one.
const MOST_ROWS: usize = 12;

/// The 68 % and 95 % intervals of data simulated from the posterior, and behind them from the
/// prior, with the observed values: one row a feature, or bands along the index for long data.
///
/// Features of very different size are shown in units of their own spread.
pub fn predictive(name: &str, posterior: &Predictive, prior: Option<&Predictive>) -> Figure {
    let prior = prior.filter(|prior| prior.features.len() == posterior.features.len());
    let long = posterior.features.len() > MOST_ROWS;
    let (drawing, units) = if long {
        (band::draw(name, posterior, prior), "")
    } else {
        intervals::draw(name, posterior, prior)
    };
    let alt = alt(posterior);
    Figure {
        name: name.to_string(),
        svg: drawing.finish(&alt),
        caption: caption(posterior, prior.is_some(), long) + units,
        alt,
    }
}

fn caption(posterior: &Predictive, with_prior: bool, long: bool) -> String {
    let marks = if long { "bands" } else { "bars" };
    let mut sentences = vec![format!(
        "Posterior predictive check: the observation (black) and {} data sets simulated with parameters from the posterior (blue: median, 68 % and 95 % {marks}).",
        posterior.n_rows,
    )];
    if with_prior {
        sentences.push(
            "Grey: the 95 % interval of data simulated with parameters from the prior.".to_string(),
        );
    }
    if posterior.n_dropped > 0 {
        sentences.push(format!(
            "{} simulations without finite data are left out.",
            posterior.n_dropped
        ));
    }
    sentences.join(" ")
}

fn alt(posterior: &Predictive) -> String {
    let n = posterior.features.len();
    let inside = posterior
        .features
        .iter()
        .filter(|f| (f.quantiles[0]..=f.quantiles[4]).contains(&f.observed))
        .count();
    format!(
        "{inside} of {n} observed values lie inside the 95 % interval of the posterior predictive."
    )
}

/// Keys common to both kinds.
fn entries(with_prior: bool) -> Vec<Entry> {
    let mut entries = vec![
        Entry::new(Key::Dot(Ink::Text), "observed"),
        Entry::new(Key::Area(Ink::Series(0)), "posterior predictive"),
    ];
    if with_prior {
        entries.push(Entry::new(Key::Band(Ink::Quiet, 0.35), "prior predictive"));
    }
    entries
}

/// The observed value, set off from what is behind it.
fn observed_dot(drawing: &mut Drawing, at: (f64, f64), radius: f64) {
    let rim = Pen::solid(Ink::Paper, 0.6);
    drawing.dot(at, radius, Fill::of(Ink::Text, 1.0), Some(rim));
}
