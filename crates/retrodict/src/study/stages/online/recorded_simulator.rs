//! A simulator whose simulations are written down as they are finished, and never run again.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::mark;
use crate::error::Result;
use crate::seed::Random;
use crate::simulate::{Journal, Record, RowSink, Rows, SimulationFailure, Simulator, Status};

/// A simulation is known again by its index and its parameters.
pub(super) struct RecordedSimulator {
    inner: Arc<dyn Simulator>,
    kept: Mutex<Kept>,
}

struct Kept {
    known: HashMap<u64, (f64, Status, Vec<f64>)>,
    journal: Journal,
}

impl RecordedSimulator {
    /// With what the folder's record holds already.
    pub(super) fn open(inner: Arc<dyn Simulator>, folder: &Path) -> Result<Self> {
        let length = 1 + inner.data_shape().iter().product::<usize>();
        let (journal, records) = Journal::open(&folder.join("simulations.partial"), length)?;
        let known = records.into_iter().map(
            |Record {
                 position,
                 status,
                 x,
             }| { (position as u64, (x[0], status, x[1..].to_vec())) },
        );
        let known = known.collect();
        Ok(Self {
            inner,
            kept: Mutex::new(Kept { known, journal }),
        })
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands over what is known, and says which rows are not.
    fn replay(&self, rows: &Rows<'_>, sink: &dyn RowSink) -> Result<Vec<usize>> {
        let mut unknown = Vec::new();
        for i in 0..rows.len() {
            let kept = self.kept();
            let known = kept.known.get(&rows.index(i));
            if let Some((_, status, x)) =
                known.filter(|(own, _, _)| own.to_bits() == mark(rows.theta(i)).to_bits())
            {
                sink.finished(i, &[*status], x)?;
            } else {
                unknown.push(i);
            }
        }
        Ok(unknown)
    }
}

impl Simulator for RecordedSimulator {
    fn name(&self) -> String {
        self.inner.name()
    }

    fn n_parameters(&self) -> usize {
        self.inner.n_parameters()
    }

    fn data_shape(&self) -> Vec<usize> {
        self.inner.data_shape()
    }

    fn simulate(
        &self,
        theta: &[f64],
        random: &mut Random,
        x: &mut [f64],
    ) -> std::result::Result<(), SimulationFailure> {
        self.inner.simulate(theta, random, x)
    }

    fn simulate_rows(&self, rows: &Rows<'_>, sink: &dyn RowSink) -> Result<()> {
        let unknown = self.replay(rows, sink)?;
        if unknown.is_empty() {
            return Ok(());
        }
        let theta: Vec<f64> = unknown
            .iter()
            .flat_map(|&i| rows.theta(i))
            .copied()
            .collect();
        let indices: Vec<u64> = unknown.iter().map(|&i| rows.index(i)).collect();
        let recorder = Recorder {
            simulator: self,
            rows,
            places: &unknown,
            sink,
        };
        let left = rows.of_same_streams(&theta, &indices);
        self.inner.simulate_rows(&left, &recorder)
    }
}

/// Writes finished rows down, then passes them on.
struct Recorder<'a> {
    simulator: &'a RecordedSimulator,
    rows: &'a Rows<'a>,
    /// Where each row stands among those that were asked for.
    places: &'a [usize],
    sink: &'a dyn RowSink,
}

impl RowSink for Recorder<'_> {
    fn finished(&self, first: usize, status: &[Status], x: &[f64]) -> Result<()> {
        let places = &self.places[first..][..status.len()];
        let length = x.len() / status.len().max(1);
        let mut values = Vec::with_capacity(x.len() + status.len());
        for (&place, x) in places.iter().zip(x.chunks_exact(length)) {
            values.push(mark(self.rows.theta(place)));
            values.extend_from_slice(x);
        }
        let positions: Vec<usize> = places
            .iter()
            .map(|&i| self.rows.index(i) as usize)
            .collect();
        self.simulator
            .kept()
            .journal
            .append(&positions, status, &values)?;
        for ((&place, status), x) in places.iter().zip(status).zip(x.chunks_exact(length)) {
            self.sink.finished(place, &[*status], x)?;
        }
        Ok(())
    }

    fn interrupted(&self) -> bool {
        self.sink.interrupted()
    }

    fn log(&self, line: &str) {
        self.sink.log(line);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::error::Error;
    use crate::seed::{Seed, Stream};
    use crate::simulate::{FunctionSimulator, Noise, Observer, Progress, Simulations, simulate};
    use crate::table::Table;

    static RUN: AtomicUsize = AtomicUsize::new(0);

    fn noisy() -> Arc<dyn Simulator> {
        Arc::new(FunctionSimulator::new(
            "noisy",
            1,
            [2],
            |theta, random, x| {
                RUN.fetch_add(1, Ordering::Relaxed);
                x[0] = theta[0] + random.normal();
                x[1] = if theta[0] < 10.0 { f64::NAN } else { 1.0 };
                Ok(())
            },
        ))
    }

    /// Stops after 40 simulations.
    struct Impatient;

    impl Observer for Impatient {
        fn progress(&self, _: &Progress) {}

        fn interrupted(&self) -> bool {
            RUN.load(Ordering::Relaxed) >= 40
        }
    }

    fn run(simulator: &dyn Simulator, first: f64, observer: &dyn Observer) -> Result<Simulations> {
        let theta = Table::new(["a"], (0..500).map(|i| first + f64::from(i)).collect())?;
        let noise = Noise {
            seed: Seed(1),
            purpose: Stream::AbcSimulator,
            first: 7,
        };
        simulate(simulator, theta, noise, observer)
    }

    #[test]
    fn an_interrupted_record_goes_on_with_the_same_bits_and_runs_nothing_twice() {
        let folder = tempfile::tempdir().unwrap();
        let open = || RecordedSimulator::open(noisy(), folder.path()).unwrap();
        let bits = |s: Simulations| -> (Vec<u64>, Vec<Status>) {
            (s.x.values().iter().map(|v| v.to_bits()).collect(), s.status)
        };
        let error = run(&open(), 0.0, &Impatient).unwrap_err();
        assert!(matches!(error, Error::Interrupted));
        let before = RUN.load(Ordering::Relaxed);
        assert!((40..500).contains(&before));
        let whole = bits(run(&open(), 0.0, &()).unwrap());
        assert_eq!(RUN.load(Ordering::Relaxed), 500);
        assert_eq!(
            whole.1[..11],
            [[Status::NotFinite; 10].as_slice(), &[Status::Ok]].concat()
        );
        assert_eq!(whole, bits(run(&open(), 0.0, &()).unwrap()));
        assert_eq!(RUN.load(Ordering::Relaxed), 500);
        assert_eq!(whole, bits(run(&*noisy(), 0.0, &()).unwrap()));
        // Other parameters at the same indices are other simulations.
        RUN.store(0, Ordering::Relaxed);
        run(&open(), 1.0, &()).unwrap();
        assert_eq!(RUN.load(Ordering::Relaxed), 500);
    }
}
