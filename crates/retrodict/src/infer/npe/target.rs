//! The space in which a posterior's density lives, and rows of (θ, x) there.

use super::config::NpeConfig;
use crate::embed::{Column, LinearGuess, Standardization};
use crate::error::Result;
use crate::estimator::Examples;
use crate::infer::discrete::{self, DiscreteColumn};
use crate::infer::missing::Seen;
use crate::infer::target::Target;
use crate::prior::SupportMap;
use crate::table::Table;

/// The space of the density, from rows of θ in real space, discrete parameters behind it, and of x, and
/// what standardises each.
pub(in crate::infer) fn fit_target(
    map: SupportMap,
    config: &NpeConfig,
    [real, x]: &[Table; 2],
    (fitted_z, told): (&Standardization, Seen<'_>),
    discrete: Vec<DiscreteColumn>,
) -> Result<Target> {
    let confined = map.bounded();
    let edge = config.estimator.bound().filter(|_| !config.linear_guess);
    let standardization = standardize_target(fitted_z, confined, edge.unwrap_or(1.0));
    let n = confined.len();
    let guess = (config.linear_guess && n > 0).then(|| {
        let (mut z, mut context) = (Vec::new(), Vec::new());
        let mut as_seen = vec![0.0; told.width()];
        for (real, x) in real.rows().zip(x.rows()) {
            let from = z.len();
            z.extend_from_slice(&real[..n]);
            standardization.standardize(&mut z[from..]);
            told.apply(x, &mut as_seen);
            context.extend(as_seen.iter().map(|&v| f64::from(v)));
            let codes = discrete.iter().zip(&real[n..]).map(|(d, v)| d.code(*v));
            let hot = discrete::one_hot(&discrete, &codes.collect::<Vec<_>>());
            context.extend(hot.into_iter().map(f64::from));
        }
        let z = Table::numbered("z", n, z)?;
        let n_hot: usize = discrete::counts(&discrete).iter().sum();
        let context = Table::numbered("x", told.width() + n_hot, context)?;
        Ok(LinearGuess::fit(&z, &context, confined))
    });
    Ok(Target {
        map,
        standardization,
        guess: guess.transpose()?,
        discrete,
    })
}

/// Bounded coordinates go from [−1, 1] to a box with this edge; the others get zero mean and unit
/// spread.
fn standardize_target(fitted: &Standardization, bounded: &[bool], edge: f32) -> Standardization {
    let to_box = Column::Linear {
        mean: 0.0,
        sd: 1.0 / f64::from(edge),
    };
    let columns = fitted.columns().iter().zip(bounded);
    Standardization::new(
        columns
            .map(|(column, bounded)| match (column, bounded) {
                (Column::Linear { .. }, true) => to_box,
                _ => *column,
            })
            .collect(),
    )
}

/// Adds rows of (θ, x) as the network sees them.
pub(in crate::infer) fn add_examples<'a>(
    target: &Target,
    told: Seen<'_>,
    rows: impl Iterator<Item = (&'a [f64], &'a [f64])>,
    examples: &mut Examples,
) {
    let (mut y, mut context) = (
        vec![0.0; examples.n_values()],
        vec![0.0; examples.n_context()],
    );
    let mut real = vec![0.0; examples.n_values()];
    for (theta, x) in rows {
        told.apply(x, &mut context);
        target.forward(theta, &context, &mut real, &mut y);
        examples.push(&y, &context);
    }
}
