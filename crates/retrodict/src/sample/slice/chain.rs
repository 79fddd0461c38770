//! One chain of slice sampling, as a state machine.

use crate::sample::config::SliceConfig;
use crate::sample::start::Start;
use crate::seed::{Random, Seed, Stream};

/// Steps out of the bracket, both ends together: it never grows beyond so many widths.
const MAX_STEPS: usize = 100;
/// After so many, the bracket is narrower than the gap between neighbouring numbers.
pub(super) const MAX_SHRINKS: usize = 200;
/// Widths follow the brackets at least by this share a sweep of the warm-up.
const MIN_GAIN: f64 = 0.05;

/// What a chain wants to know next: is the lower end of the bracket outside the slice, is the upper
/// end, is a point between them inside?
#[derive(Clone, Copy, PartialEq)]
enum Stage {
    Lower,
    Upper,
    Shrink,
}

/// A chain and its question.
pub(super) struct Chain {
    pub(super) index: usize,
    random: Random,
    thin: usize,
    /// Whether widths are still tuned.
    warming: bool,
    /// Positions and log-densities after the sweeps of this window of the warm-up, row after row.
    trace: Vec<f64>,
    pub(super) position: Vec<f64>,
    pub(super) log_density: f64,
    widths: Vec<f64>,
    /// Sweeps done in the warm-up, or after it.
    pub(super) sweep: usize,
    /// The order of coordinates in this sweep, and the place in it.
    order: Vec<usize>,
    turn: usize,
    /// The height of the slice: points with more density are inside.
    level: f64,
    bracket: [f64; 2],
    /// Steps out that each end may still take.
    steps: [usize; 2],
    stage: Stage,
    /// The value of the coordinate that is asked about.
    probe: f64,
    shrinks: usize,
    /// Updates after the warm-up that found no new point.
    pub(super) stuck: usize,
}

impl Chain {
    pub(super) fn new(index: usize, start: &Start, config: &SliceConfig, seed: Seed) -> Self {
        let d = start.spread.len();
        let mut chain = Self {
            index,
            random: seed.stream(Stream::Chain, index as u64),
            thin: config.thin,
            warming: config.warmup > 0,
            trace: Vec::new(),
            position: start.points[index * d..(index + 1) * d].to_vec(),
            log_density: start.values[index],
            // A slice through a normal distribution is about three standard deviations wide.
            widths: start.spread.iter().map(|sd| 3.0 * sd).collect(),
            sweep: 0,
            order: (0..d).collect(),
            turn: 0,
            level: 0.0,
            bracket: [0.0; 2],
            steps: [0; 2],
            stage: Stage::Lower,
            probe: 0.0,
            shrinks: 0,
            stuck: 0,
        };
        chain.random.shuffle(&mut chain.order);
        chain.begin();
        chain
    }

    fn coordinate(&self) -> usize {
        self.order[self.turn]
    }

    /// Adds the point to evaluate.
    pub(super) fn question(&self, points: &mut Vec<f64>) {
        let first = points.len();
        points.extend_from_slice(&self.position);
        points[first + self.coordinate()] = self.probe;
    }

    /// Takes the log-density at the point asked for; true if that completes a draw.
    pub(super) fn answer(&mut self, value: f64) -> bool {
        let inside = value > self.level;
        match self.stage {
            Stage::Lower if inside => self.step_out(0),
            Stage::Lower => self.stage = Stage::Upper,
            Stage::Upper if inside => self.step_out(1),
            Stage::Upper => self.stage = Stage::Shrink,
            Stage::Shrink if inside => {
                let coordinate = self.coordinate();
                self.position[coordinate] = self.probe;
                self.log_density = value;
                return self.finish_coordinate();
            }
            Stage::Shrink if self.shrinks == MAX_SHRINKS => {
                self.stuck += usize::from(!self.warming);
                return self.finish_coordinate();
            }
            Stage::Shrink => self.shrink(),
        }
        self.ask();
        false
    }

    fn step_out(&mut self, end: usize) {
        let width = self.widths[self.coordinate()];
        self.bracket[end] += if end == 0 { -width } else { width };
        self.steps[end] -= 1;
    }

    fn shrink(&mut self) {
        let end = usize::from(self.probe > self.position[self.coordinate()]);
        self.bracket[end] = self.probe;
        self.shrinks += 1;
    }

    /// A new slice and a bracket placed at random about the present point.
    fn begin(&mut self) {
        let coordinate = self.coordinate();
        let (at, width) = (self.position[coordinate], self.widths[coordinate]);
        self.level = self.log_density - self.random.exponential();
        let low = at - width * self.random.uniform();
        self.bracket = [low, low + width];
        // How the steps are shared out must be random for the update to be reversible.
        let lower = self.random.below(MAX_STEPS);
        self.steps = [lower, MAX_STEPS - 1 - lower];
        self.stage = Stage::Lower;
        self.shrinks = 0;
        self.ask();
    }

    /// Sets the next point to ask about; an end that may not step out any more is not asked about.
    fn ask(&mut self) {
        if self.stage == Stage::Lower && self.steps[0] == 0 {
            self.stage = Stage::Upper;
        }
        if self.stage == Stage::Upper && self.steps[1] == 0 {
            self.stage = Stage::Shrink;
        }
        let [low, high] = self.bracket;
        self.probe = match self.stage {
            Stage::Lower => low,
            Stage::Upper => high,
            Stage::Shrink => low + (high - low) * self.random.uniform(),
        };
    }

    /// Goes on to the next coordinate; true if this was the last of a sweep that is kept.
    fn finish_coordinate(&mut self) -> bool {
        if self.warming {
            let width = (self.bracket[1] - self.bracket[0]).max(f64::MIN_POSITIVE);
            let gain = (1.0 / (self.sweep + 1) as f64).max(MIN_GAIN);
            let coordinate = self.coordinate();
            self.widths[coordinate] += gain * (width - self.widths[coordinate]);
        }
        self.turn += 1;
        let complete = self.turn == self.order.len();
        if complete {
            self.turn = 0;
            self.sweep += 1;
            self.random.shuffle(&mut self.order);
            if self.warming {
                self.trace.extend_from_slice(&self.position);
                self.trace.push(self.log_density);
            }
        }
        self.begin();
        complete && !self.warming && self.sweep.is_multiple_of(self.thin)
    }

    /// What the sweeps since the last call left: d coordinates and the log-density, row after row.
    pub(super) fn take_trace(&mut self) -> Vec<f64> {
        std::mem::take(&mut self.trace)
    }

    /// Widths are no longer changed, and sweeps counted from here.
    pub(super) fn end_warmup(&mut self) {
        self.warming = false;
        self.sweep = 0;
    }
}
