//! A function of pairs of θ and x that networks have learned, summed over independent trials.

use rayon::prelude::*;

use super::parameter_space::ParameterSpace;
use super::pool::Pool;
use crate::error::{Error, Result};
use crate::estimator::{EVALUATED, Purpose, Workspace};

/// A learned function of pairs of θ and x, evaluated on the rows of a workspace.
pub(super) trait PairFunction: Sync {
    fn space(&self) -> &ParameterSpace;

    /// How many numbers a row of data has.
    fn n_data(&self) -> usize;

    fn workspace(&self, purpose: Purpose) -> Workspace;

    /// Puts x and the features of θ into a row of the workspace, and returns what the logarithm of a
    /// Jacobian adds to the value. `room` is as long as x.
    fn set_row(
        &self,
        workspace: &mut Workspace,
        row: usize,
        features: &[f32],
        x: &[f64],
        room: &mut Room,
    ) -> f64;

    /// Fills the values of the workspace's rows, and if there are `slopes` (rows × features) those with
    /// respect to the features of θ.
    fn evaluate(
        &self,
        workspace: &mut Workspace,
        room: &mut Room,
        values: &mut [f64],
        slopes: Option<&mut [f64]>,
    );
}

/// What rows are computed in, one at a time.
#[derive(Debug)]
pub(super) struct Room {
    /// As long as a row of data.
    pub(super) wide: Vec<f64>,
    /// As long as a row of data.
    pub(super) narrow: Vec<f32>,
    /// As long as the features of θ.
    pub(super) slopes: Vec<f64>,
}

/// What a thread evaluates pairs in.
#[derive(Debug)]
pub(super) struct Desk {
    workspace: Workspace,
    room: Room,
    real: Vec<f64>,
    features: Vec<f32>,
    /// Of the pairs of a block.
    values: Vec<f64>,
    log_dets: Vec<f64>,
    slopes: Vec<f64>,
    /// Of the θ of a group, summed over trials.
    totals: Vec<f64>,
}

impl Desk {
    fn new(function: &dyn PairFunction, purpose: Purpose) -> Self {
        let (d, n) = (function.space().n_features(), function.n_data());
        let n_slopes = match purpose {
            Purpose::Training => EVALUATED * d,
            Purpose::Inference => 0,
        };
        Self {
            workspace: function.workspace(purpose),
            room: Room {
                wide: vec![0.0; n],
                narrow: vec![0.0; n],
                slopes: vec![0.0; d],
            },
            real: vec![0.0; d],
            features: vec![0.0; d],
            values: vec![0.0; EVALUATED],
            log_dets: vec![0.0; EVALUATED],
            slopes: vec![0.0; n_slopes],
            totals: vec![0.0; n_slopes],
        }
    }
}

/// Desks for values, and for values with gradients.
#[derive(Debug, Default)]
pub(super) struct Desks {
    values: Pool<Desk>,
    gradients: Pool<Desk>,
}

/// Which x each θ meets.
#[derive(Debug, Clone, Copy)]
pub(super) enum Data<'a> {
    /// Each θ meets all rows, and their values are summed.
    Trials(&'a [f64]),
    /// Row *i* of θ meets row *i* of x.
    Paired(&'a [f64]),
}

/// Some rows of θ: all of them, or a group that one thread takes.
#[derive(Clone, Copy)]
struct Group<'a> {
    theta: &'a [f64],
    data: Data<'a>,
    /// The number of the first row among all.
    first: usize,
}

impl<'a> Data<'a> {
    fn values(self) -> &'a [f64] {
        match self {
            Self::Trials(x) | Self::Paired(x) => x,
        }
    }

    /// The rows that each θ meets.
    fn trials(self, n_data: usize) -> usize {
        match self {
            Self::Trials(x) => x.len() / n_data,
            Self::Paired(_) => 1,
        }
    }

    fn row(self, n_data: usize, theta: usize, trial: usize) -> &'a [f64] {
        let row = match self {
            Self::Trials(_) => trial,
            Self::Paired(_) => theta,
        };
        &self.values()[row * n_data..(row + 1) * n_data]
    }
}

/// Fills `values` with Σₜ g(θᵢ, xₜ), and `gradients` with those with respect to θ.
///
/// θ outside the prior's support gets −∞ and a gradient of zero, as does a value that is not a number.
/// Threads take groups of θ whose size depends on the number of trials alone, and each sum is taken in
/// the order of the trials, so the number of threads changes no bit.
///
/// # Errors
/// If lengths do not fit together, or a number of x is not finite.
pub(super) fn evaluate(
    function: &dyn PairFunction,
    desks: &Desks,
    theta: &[f64],
    data: Data<'_>,
    values: &mut [f64],
    gradients: Option<&mut [f64]>,
) -> Result<()> {
    let p = function.space().n_parameters();
    let lengths = (
        theta.len(),
        values.len(),
        gradients.as_ref().map(|g| g.len()),
    );
    check(function, lengths, data)?;
    let trials = data.trials(function.n_data());
    let group = (EVALUATED / trials).max(1);
    let part = |k: usize, n: usize| Group {
        theta: &theta[k * group * p..][..n * p],
        data,
        first: k * group,
    };
    let Some(gradients) = gradients else {
        let run = |(k, values): (usize, &mut [f64])| {
            let make = || Desk::new(function, Purpose::Inference);
            let group = part(k, values.len());
            desks
                .values
                .lend(make, |desk| desk.run(function, group, values, None));
        };
        if values.len() <= group {
            run((0, values));
        } else {
            values.par_chunks_mut(group).enumerate().for_each(run);
        }
        return Ok(());
    };
    let run = |(k, (values, gradients)): (usize, (&mut [f64], &mut [f64]))| {
        let make = || Desk::new(function, Purpose::Training);
        let group = part(k, values.len());
        desks.gradients.lend(make, |desk| {
            desk.run(function, group, values, Some(gradients));
        });
    };
    if values.len() <= group {
        run((0, (values, gradients)));
    } else {
        let groups = values
            .par_chunks_mut(group)
            .zip(gradients.par_chunks_mut(group * p));
        groups.enumerate().for_each(run);
    }
    Ok(())
}

impl Desk {
    fn run(
        &mut self,
        function: &dyn PairFunction,
        group: Group<'_>,
        values: &mut [f64],
        gradients: Option<&mut [f64]>,
    ) {
        values.fill(0.0);
        let trials = group.data.trials(function.n_data());
        let n_pairs = values.len() * trials;
        self.totals.fill(0.0);
        for start in (0..n_pairs).step_by(EVALUATED) {
            let n = EVALUATED.min(n_pairs - start);
            self.load(function, group, start, n);
            let d = self.features.len();
            let slopes = gradients.is_some().then(|| &mut self.slopes[..n * d]);
            let values_of_pairs = &mut self.values[..n];
            function.evaluate(&mut self.workspace, &mut self.room, values_of_pairs, slopes);
            for row in 0..n {
                let i = (start + row) / trials;
                values[i] += finite_or_none(self.values[row] + self.log_dets[row]);
                if gradients.is_some() {
                    let slopes = &self.slopes[row * d..(row + 1) * d];
                    let totals = &mut self.totals[i * d..(i + 1) * d];
                    totals.iter_mut().zip(slopes).for_each(|(t, s)| *t += s);
                }
            }
        }
        self.finish(function.space(), group.theta, values, gradients);
    }

    /// Puts pairs into the workspace, counted from the group's first: all trials of a θ one after
    /// another.
    fn load(&mut self, function: &dyn PairFunction, group: Group<'_>, start: usize, n: usize) {
        let (space, n_data) = (function.space(), function.n_data());
        let (p, trials) = (space.n_parameters(), group.data.trials(n_data));
        self.workspace.resize(n);
        for row in 0..n {
            let (i, trial) = ((start + row) / trials, (start + row) % trials);
            if row == 0 || trial == 0 {
                let theta = &group.theta[i * p..(i + 1) * p];
                space.apply(theta, &mut self.real, &mut self.features);
            }
            let x = group.data.row(n_data, group.first + i, trial);
            self.log_dets[row] =
                function.set_row(&mut self.workspace, row, &self.features, x, &mut self.room);
        }
        self.workspace.pad();
    }

    fn finish(
        &mut self,
        space: &ParameterSpace,
        theta: &[f64],
        values: &mut [f64],
        mut gradients: Option<&mut [f64]>,
    ) {
        let (p, d) = (space.n_parameters(), self.features.len());
        for (i, (theta, value)) in theta.chunks_exact(p).zip(values).enumerate() {
            if !space.contains(theta) {
                *value = f64::NEG_INFINITY;
            }
            let Some(gradients) = gradients.as_deref_mut() else {
                continue;
            };
            let out = &mut gradients[i * p..(i + 1) * p];
            let slopes = &mut self.totals[i * d..(i + 1) * d];
            if value.is_finite() && slopes.iter().all(|slope| slope.is_finite()) {
                space.pull_back(theta, slopes, out);
            } else {
                out.fill(0.0);
            }
        }
    }
}

/// What is not finite, which only overflow on the way can make, counts as no density.
fn finite_or_none(value: f64) -> f64 {
    if value.is_finite() {
        value
    } else {
        f64::NEG_INFINITY
    }
}

fn check(
    function: &dyn PairFunction,
    (n_theta, n_values, n_gradients): (usize, usize, Option<usize>),
    data: Data<'_>,
) -> Result<()> {
    let p = function.space().n_parameters();
    let n_data = function.n_data();
    let x = data.values();
    if n_theta != n_values * p || n_gradients.is_some_and(|n| n != n_theta) {
        return Err(Error::invalid(
            "θ",
            format!("{n_theta} numbers, and room for {n_values} values"),
            format!("{p} numbers and one value a row, and as many derivatives as numbers"),
            "Give the parameters row by row, in the prior's order.",
        ));
    }
    let (given, expected) = match data {
        Data::Trials(_) if !x.is_empty() && x.len().is_multiple_of(n_data) => {
            return finite(x, n_data);
        }
        Data::Paired(_) if x.len() == n_values * n_data => return finite(x, n_data),
        Data::Trials(_) => (
            x.len(),
            format!("{n_data} for each trial, of which there is at least one"),
        ),
        Data::Paired(_) => (
            x.len(),
            format!("{n_data} for each of {n_values} rows of θ"),
        ),
    };
    Err(Error::invalid(
        "observation",
        format!("{given} numbers"),
        expected,
        "Give the observation in the form that the simulator gives its data, row by row.",
    ))
}

fn finite(x: &[f64], n_data: usize) -> Result<()> {
    let Some(i) = x.iter().position(|v| !v.is_finite()) else {
        return Ok(());
    };
    Err(Error::invalid(
        format!(
            "observation, row {}, value {}",
            i / n_data + 1,
            i % n_data + 1
        ),
        x[i],
        "a finite number",
        "Leave the missing value out of the data and of the simulations.",
    ))
}
