//! Simulations on the threads of this process.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::simulate::rows::{RowSink, Rows, row_length};
use crate::simulate::{SimulationFailure, Simulator, Status};

/// The most rows that are handed over at once.
const LARGEST_BLOCK: usize = 256;
/// Slow simulators hand over what they have after this time, so that little is lost by a kill.
const LONGEST_BLOCK: Duration = Duration::from_millis(5);

/// Simulates all rows on rayon's threads; which thread takes which block changes nothing.
pub(crate) fn simulate_rows<S: Simulator + ?Sized>(
    simulator: &S,
    rows: &Rows<'_>,
    sink: &dyn RowSink,
) -> Result<()> {
    let length = row_length(simulator);
    let block = (rows.len() / (8 * rayon::current_num_threads())).clamp(1, LARGEST_BLOCK);
    (0..rows.len().div_ceil(block))
        .into_par_iter()
        .with_max_len(1)
        .try_for_each_init(
            || (Vec::new(), vec![f64::NAN; block * length]),
            |(status, x), b| {
                let range = b * block..((b + 1) * block).min(rows.len());
                simulate_block(simulator, rows, range, sink, (status, x))
            },
        )
}

fn simulate_block<S: Simulator + ?Sized>(
    simulator: &S,
    rows: &Rows<'_>,
    range: std::ops::Range<usize>,
    sink: &dyn RowSink,
    (status, x): (&mut Vec<Status>, &mut [f64]),
) -> Result<()> {
    let length = row_length(simulator);
    let (mut first, mut started) = (range.start, Instant::now());
    status.clear();
    for i in range.clone() {
        let row = &mut x[(i - first) * length..][..length];
        status.push(simulate_row(simulator, rows, i, row, sink));
        if i + 1 == range.end || started.elapsed() > LONGEST_BLOCK {
            sink.finished(first, status, &x[..status.len() * length])?;
            if sink.interrupted() {
                return Err(Error::Interrupted);
            }
            (first, started) = (i + 1, Instant::now());
            status.clear();
        }
    }
    Ok(())
}

/// One simulation; a panic inside it is a crash of that simulation alone.
fn simulate_row<S: Simulator + ?Sized>(
    simulator: &S,
    rows: &Rows<'_>,
    i: usize,
    x: &mut [f64],
    sink: &dyn RowSink,
) -> Status {
    let mut random = rows.random(i);
    // What the simulator leaves untouched must not be another row's data.
    x.fill(f64::NAN);
    let run = AssertUnwindSafe(|| simulator.simulate(rows.theta(i), &mut random, x));
    let status = match catch_unwind(run).unwrap_or_else(|panic| Err(crashed(&*panic))) {
        Ok(()) if x.iter().all(|v| v.is_finite()) => return Status::Ok,
        Ok(()) => Status::NotFinite,
        Err(failure) => {
            sink.log(&format!("{}: {}", simulator.name(), failure.reason));
            failure.status
        }
    };
    x.fill(f64::NAN);
    // A failure that calls itself a success would put NaN among the data.
    if status == Status::Ok {
        Status::Failed
    } else {
        status
    }
}

fn crashed(panic: &(dyn std::any::Any + Send)) -> SimulationFailure {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    SimulationFailure {
        status: Status::Crashed,
        reason: format!("panicked: {}", text.unwrap_or("without a message")),
    }
}

#[cfg(test)]
mod tests {
    use crate::seed::{Seed, Stream};
    use crate::simulate::{
        FunctionSimulator, Noise, Observer, SimulationFailure, Simulations, Simulator, Status,
        simulate,
    };
    use crate::table::Table;

    const NOISE: Noise = Noise {
        seed: Seed(1),
        purpose: Stream::Simulator,
        first: 0,
    };

    fn uneven() -> impl Simulator {
        FunctionSimulator::new("uneven", 1, [2], |theta, random, x| {
            x[0] = theta[0] + random.normal();
            match theta[0] as usize % 10 {
                1 => x[1] = f64::NAN,
                2 => panic!("as planned"),
                3 => {
                    return Err(SimulationFailure {
                        status: Status::Failed,
                        reason: "no".into(),
                    });
                }
                4 => std::thread::sleep(std::time::Duration::from_micros(200)),
                5 => return Ok(()),
                _ => x[1] = random.uniform(),
            }
            Ok(())
        })
    }

    fn run(n: usize, threads: usize) -> Simulations {
        let theta = Table::new(["a"], (0..n).map(|i| i as f64).collect()).unwrap();
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| simulate(&uneven(), theta, NOISE, &()).unwrap())
    }

    fn bits(s: &Simulations) -> Vec<u64> {
        s.x.values().iter().map(|v| v.to_bits()).collect()
    }

    #[test]
    fn the_bits_do_not_depend_on_the_number_of_threads() {
        let one = run(3000, 1);
        for threads in [2, 5] {
            let other = run(3000, threads);
            assert_eq!(bits(&one), bits(&other));
            assert_eq!(one.status, other.status);
        }
    }

    #[test]
    fn failures_are_counted_by_kind_and_hold_nan() {
        let simulations = run(1000, 2);
        let failures = simulations.failures();
        // 1 gives NaN; 4 and 5 leave a value untouched, which is NaN too.
        assert_eq!(failures[&Status::NotFinite], 300);
        assert_eq!(failures[&Status::Crashed], 100);
        assert_eq!(failures[&Status::Failed], 100);
        for (i, x) in simulations.x.rows().enumerate() {
            let ok = simulations.status[i] == Status::Ok;
            assert!(x.iter().all(|v| v.is_finite() == ok), "row {i}: {x:?}");
        }
    }

    #[test]
    fn a_row_depends_on_its_index_alone() {
        let all = run(100, 2);
        let part = Noise { first: 40, ..NOISE };
        let theta = all.theta.select(&(40..60).collect::<Vec<_>>());
        let part = simulate(&uneven(), theta, part, &()).unwrap();
        assert_eq!(bits(&part), bits(&all)[80..120]);
    }

    #[test]
    fn an_interrupted_observer_ends_the_work() {
        struct Stop;
        impl Observer for Stop {
            fn interrupted(&self) -> bool {
                true
            }
        }
        let theta = Table::new(["a"], vec![0.0; 10_000]).unwrap();
        let error = simulate(&uneven(), theta, NOISE, &Stop).unwrap_err();
        assert!(matches!(error, crate::Error::Interrupted));
    }

    #[test]
    fn no_rows_are_no_work() {
        assert!(run(0, 1).is_empty());
    }

    #[test]
    fn a_wrong_number_of_parameters_is_refused_with_both_numbers() {
        let theta = Table::new(["a", "b"], vec![0.0; 4]).unwrap();
        let message = simulate(&uneven(), theta, NOISE, &())
            .unwrap_err()
            .to_string();
        assert!(message.contains("takes 1 parameters, but 2"), "{message}");
    }
}
