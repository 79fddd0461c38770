//! Densities of draws in one and two dimensions that stay inside their bounds.
//!
//! Draws are counted on a grid and diffused for a while, with walls at the grid's ends: a Gaussian
//! kernel whose tails are reflected at the bounds, so no density leaks out and none is lost. How
//! long is chosen from the draws by the plug-in rule of Botev, Grotowski and Kroese (2010,
//! arXiv:1011.2602), which does not assume one mode.

mod bandwidth;
mod cosine;
mod domain;
mod one;
mod two;

pub(super) use domain::{Domain, Shape};
pub(super) use one::density;
pub(super) use two::{Density2, density_2};
