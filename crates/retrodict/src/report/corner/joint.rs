//! The panels below the diagonal of a corner plot: two parameters.

use crate::report::axes::Panel;
use crate::report::contour::{contour, simplify};
use crate::report::density::{Density2, Shape, density_2};
use crate::report::palette::Ink;
use crate::report::svg::{Drawing, Fill, Pen};

use super::draws::Draws;
use super::layout::Layout;
use super::{Corner, truth_pen};

/// With fewer draws than this, the draws themselves are shown too: contours alone would promise
/// more than is known.
const FEW_DRAWS: usize = 100;
/// With fewer draws than this, contours mean nothing.
const TOO_FEW_DRAWS: usize = 10;
/// No more dots than this are drawn.
const MOST_DOTS: usize = 400;

/// Draws the panel of a pair of parameters: along x, along y.
pub(super) fn draw(
    drawing: &mut Drawing,
    corner: &Corner<'_>,
    layout: &Layout,
    posteriors: &[Draws],
    [column, row]: [usize; 2],
) {
    let panel = layout.panel(row, column);
    drawing.clipped(panel.area, |drawing| {
        for (i, draws) in posteriors.iter().enumerate() {
            draw_posterior(drawing, &panel, draws, [column, row], Ink::Series(i));
        }
    });
    if corner.truth.is_some() {
        draw_truth(
            drawing,
            &panel,
            [column, row].map(|j| layout.visible_truth(corner, j)),
        );
    }
}

/// Draws the contours of one posterior, its draws, or both.
pub(super) fn draw_posterior(
    drawing: &mut Drawing,
    panel: &Panel,
    draws: &Draws,
    [column, row]: [usize; 2],
    ink: Ink,
) {
    let flat = [column, row].map(|j| matches!(draws.shape(j), Shape::Constant(_)));
    let contours = draws.len() >= TOO_FEW_DRAWS && flat == [false, false];
    if contours {
        draw_contours(drawing, panel, draws, [column, row], ink);
    }
    if !contours || draws.len() < FEW_DRAWS {
        draw_dots(drawing, panel, draws, [column, row], ink);
    }
}

fn draw_contours(
    drawing: &mut Drawing,
    panel: &Panel,
    draws: &Draws,
    [column, row]: [usize; 2],
    ink: Ink,
) {
    const CELLS: usize = 128;
    // A ridge along the diagonal is much narrower than the grid.
    const FINE_CELLS: usize = 256;
    const NARROW: f64 = 0.95;
    let values = [draws.column(column), draws.column(row)];
    let limits = [draws.limits(column), draws.limits(row)];
    let cells = if draws.correlation(column, row).abs() > NARROW {
        FINE_CELLS
    } else {
        CELLS
    };
    let density = density_2(values, &draws.weights, limits, cells);
    let levels = density.mass_levels(values, &draws.weights, MASSES);
    draw_levels(drawing, panel, &density, levels, ink);
}

/// What the contours enclose.
pub(super) const MASSES: [f64; 2] = [0.68, 0.95];

/// Draws the contours of a density at the levels that enclose [`MASSES`].
pub(super) fn draw_levels(
    drawing: &mut Drawing,
    panel: &Panel,
    density: &Density2,
    levels: [f64; 2],
    ink: Ink,
) {
    const INVISIBLE: f64 = 0.04;
    let opacities = [0.42, 0.2];
    for (level, opacity) in levels.into_iter().zip(opacities).rev() {
        let loops: Vec<_> = contour(density, level)
            .iter()
            .map(|line| simplify(&panel.all(line), INVISIBLE))
            .collect();
        let pen = Pen::solid(ink, 0.7);
        drawing.loops(&loops, Some(Fill::of(ink, opacity)), Some(pen));
    }
}

fn draw_dots(
    drawing: &mut Drawing,
    panel: &Panel,
    draws: &Draws,
    [column, row]: [usize; 2],
    ink: Ink,
) {
    let step = draws.len().div_ceil(MOST_DOTS);
    let pairs = draws.column(column).iter().zip(draws.column(row));
    for (x, y) in pairs.step_by(step) {
        drawing.dot(panel.at((*x, *y)), 0.9, Fill::of(ink, 0.75), None);
    }
}

pub(super) fn draw_truth(drawing: &mut Drawing, panel: &Panel, truth: [Option<f64>; 2]) {
    let area = panel.area;
    if let Some(x) = truth[0].map(|x| panel.at_x(x)) {
        drawing.line((x, area.bottom()), (x, area.top), truth_pen());
    }
    if let Some(y) = truth[1].map(|y| panel.at_y(y)) {
        drawing.line((area.left, y), (area.right(), y), truth_pen());
    }
    if let [Some(x), Some(y)] = truth {
        drawing.dot(panel.at((x, y)), 1.5, Fill::of(Ink::Text, 1.0), None);
    }
}
