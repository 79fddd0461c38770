//! What the classifiers of the local test learn from.

use std::mem;

use super::coordinates::Coordinates;
use crate::check::calibration::Calibration;
use crate::check::classifier::{Classifier, Labelled};
use crate::error::Result;
use crate::seed::Random;
use crate::simulate::Simulations;

/// Of the pairs, one in so many is held out to tell when to stop.
const HELD_OUT: usize = 10;

/// Simulations (label 1) and posterior draws (label 0) with the same data, in the classifier's
/// coordinates.
pub(super) struct Pairs {
    /// One column a coordinate, those of the parameters first.
    simulated: Vec<Vec<f32>>,
    drawn: Vec<Vec<f32>>,
    n_parameters: usize,
}

/// What may be wrong with a posterior.
#[derive(Debug, Clone, Copy)]
pub(super) enum Defect {
    /// One parameter lies so many of its posterior sds away from where it was said to be.
    Shifted(f64),
    /// The errors of all parameters are so many times the claimed ones.
    Narrow(f64),
}

impl Defect {
    /// As a reader has it.
    pub(super) fn words(self) -> String {
        match self {
            Self::Shifted(bias) => format!("one parameter shifted by {bias} sd"),
            Self::Narrow(spread) => {
                format!("errors of all parameters {spread} times the claimed ones")
            }
        }
    }
}

impl Pairs {
    pub(super) fn of(
        coordinates: &Coordinates,
        calibration: &Calibration,
        test: &Simulations,
    ) -> Self {
        let truths = calibration.rows.iter().flat_map(|&i| test.theta.row(i));
        let truths: Vec<f64> = truths.copied().collect();
        Self {
            simulated: coordinates.of_rows(calibration, test, &truths),
            drawn: coordinates.of_rows(calibration, test, &calibration.posterior_draws),
            n_parameters: calibration.parameter_names().len(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.simulated.first().map_or(0, Vec::len)
    }

    /// The pairs of a right posterior, which chance swaps, with a defect.
    pub(super) fn damaged(&self, defect: Defect, random: &mut Random) -> Self {
        let (mut simulated, mut drawn) = (self.simulated.clone(), self.drawn.clone());
        for i in 0..self.len() {
            if random.below(2) == 0 {
                let columns = simulated.iter_mut().zip(&mut drawn);
                columns.for_each(|(a, b)| mem::swap(&mut a[i], &mut b[i]));
            }
        }
        match defect {
            Defect::Shifted(bias) => simulated[0].iter_mut().for_each(|z| *z += bias as f32),
            Defect::Narrow(spread) => {
                let own = simulated[..self.n_parameters].iter_mut().flatten();
                own.for_each(|z| *z *= spread as f32);
            }
        }
        Self {
            simulated,
            drawn,
            ..*self
        }
    }

    /// Learns from the pairs as they are, or from pairs that chance has swapped.
    pub(super) fn train(&self, swap: bool, random: &mut Random) -> Result<Classifier> {
        let n = self.len();
        let mut order: Vec<usize> = (0..n).collect();
        random.shuffle(&mut order);
        let swapped: Vec<bool> = (0..n).map(|_| swap && random.below(2) == 0).collect();
        let (held_out, rest) = order.split_at((n / HELD_OUT).max(1));
        let parts = [rest, held_out].map(|rows| self.labelled(rows, &swapped));
        Classifier::train_early(&parts[0], &parts[1], random)
    }

    /// Both members of each of these pairs.
    pub(super) fn labelled(&self, rows: &[usize], swapped: &[bool]) -> Labelled {
        let columns = self.simulated.iter().zip(&self.drawn);
        let column = |(simulated, drawn): (&Vec<f32>, &Vec<f32>)| {
            let both = |&i: &usize| [simulated[i], drawn[i]];
            rows.iter().flat_map(both).collect()
        };
        let label = |&i: &usize| if swapped[i] { [0.0, 1.0] } else { [1.0, 0.0] };
        Labelled {
            x: columns.map(column).collect(),
            label: rows.iter().flat_map(label).collect(),
        }
    }
}
