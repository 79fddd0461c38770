//! Figures (SVG, PNG) and the HTML report.
//!
//! | figure | what it shows |
//! |---|---|
//! | [`Corner`] | a posterior: densities of every parameter and contours of every pair |
//! | [`ConditionalCorner`] | what is left of a posterior where all parameters but one or two have given values |
//! | [`ranks`] | simulation-based calibration: where the truth ranks among posterior draws |
//! | [`coverage`] | how often credible regions hold the truth |
//! | [`recovery`] | posterior means of test simulations against their true values |
//! | [`conformal`] | the mass that regions with guaranteed coverage have |
//! | [`misspecification`] | how typical the observation is of what was simulated |
//! | [`learning_curve`] | what more simulations would gain |
//! | [`predictive`] | data simulated from the posterior beside the observation |
//! | [`predictive_image`] | the same of an image: observed, simulated, different |
//! | [`predictive_set`] | the same of independent trials: their distributions |
//! | [`training`] | the loss of every network while it was trained |
//!
//! A [`Figure`] knows its caption; [`html`] puts figures, tables and the verdict into one page
//! that works offline.

mod axes;
mod comparison;
mod conformal;
mod contour;
mod corner;
mod coverage;
mod density;
mod figure;
mod font;
pub mod html;
mod label;
mod learning_curve;
mod legend;
mod misspecification;
mod palette;
mod predictive;
mod ranks;
mod recovery;
mod search;
mod svg;
mod ticks;
mod training;

pub use comparison::{Compared, intervals};
pub use conformal::conformal;
pub use corner::{ConditionalCorner, Corner, Overlay};
pub use coverage::coverage;
pub use figure::Figure;
pub use learning_curve::learning_curve;
pub use misspecification::misspecification;
pub use predictive::{predictive, predictive_image, predictive_set};
pub use ranks::ranks;
pub use recovery::recovery;
pub use search::search;
pub use training::{LossCurve, training};

#[cfg(test)]
mod tests;
