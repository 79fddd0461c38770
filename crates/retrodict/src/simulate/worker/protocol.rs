//! One batch sent to a worker, and its answer read.

use std::ops::Range;
use std::time::{Duration, Instant};

use crate::simulate::Status;
use crate::simulate::worker::Protocol;
use crate::simulate::worker::hello::quote;
use crate::simulate::worker::loss::Loss;
use crate::simulate::worker::process::Process;

/// The longest text of one number that is read: 17 digits, sign, point, exponent and room to pad.
const LONGEST_NUMBER: usize = 64;
/// The longest text beside numbers that is read.
const LONGEST_REASON: usize = 4096;

/// Simulations to run: parameters and seeds, row by row. Or log-likelihoods to compute, which have no
/// seeds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Job<'a> {
    pub(crate) theta: &'a [f64],
    pub(crate) seeds: &'a [u64],
    pub(crate) n_parameters: usize,
    /// The length of one row of the answer: of data, or 1.
    pub(crate) length: usize,
    /// The data whose log-likelihood is asked for; with none, data are.
    pub(crate) observed: Option<&'a [f64]>,
}

impl Job<'_> {
    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.theta.len() / self.n_parameters
    }

    pub(crate) fn theta(&self, i: usize) -> &[f64] {
        &self.theta[i * self.n_parameters..(i + 1) * self.n_parameters]
    }
}

/// The rows of a batch that were answered, from its first row on.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: Vec<Status>,
    pub(crate) x: Vec<f64>,
    /// What the simulator said about rows that failed.
    pub(crate) reasons: Vec<String>,
    /// Whether −∞ is an answer: the logarithm of zero.
    pub(crate) logarithms: bool,
}

impl Answer {
    pub(crate) fn clear(&mut self) {
        self.status.clear();
        self.x.clear();
        self.reasons.clear();
    }

    /// Adds a row; one that is not finite keeps only NaN.
    fn push(&mut self, values: impl Iterator<Item = f64>, length: usize) {
        let start = self.x.len();
        self.x.extend(values);
        let zero = |v: f64| self.logarithms && v == f64::NEG_INFINITY;
        if self.x[start..].iter().all(|v| v.is_finite() || zero(*v)) {
            self.status.push(Status::Ok);
        } else {
            self.x.truncate(start);
            self.push_failure(Status::NotFinite, length);
        }
    }

    pub(crate) fn push_failure(&mut self, status: Status, length: usize) {
        self.status.push(status);
        self.x.extend(std::iter::repeat_n(f64::NAN, length));
    }
}

/// How long to wait, and when to stop waiting.
pub(crate) struct Patience<'a> {
    /// For one simulation.
    pub(crate) timeout: Duration,
    /// What a batch may take beyond that, from what simulations took so far.
    pub(crate) extra: Duration,
    pub(crate) interrupted: &'a dyn Fn() -> bool,
}

/// Sends the rows of `range` and reads the answer. After an error `answer` holds the rows before
/// it, if they can be relied on.
pub(crate) fn exchange(
    process: &mut Process,
    protocol: Protocol,
    job: &Job<'_>,
    range: Range<usize>,
    patience: &Patience<'_>,
    answer: &mut Answer,
) -> Result<(), Loss> {
    answer.clear();
    answer.logarithms = job.observed.is_some();
    let result = match protocol {
        Protocol::Binary => {
            process.send(binary_request(job, range.clone()));
            read_binary(process, job, range.len(), patience, answer)
        }
        Protocol::Text => {
            process.send(text_request(job, range.clone()));
            read_text(process, job, range.len(), patience, answer)
        }
    };
    let result = result.and_then(|()| match process.uninvited(Duration::ZERO) {
        None => Ok(()),
        Some(more) => Err(Loss::Malformed(format!(
            "wrote more than was asked for: `{more}`"
        ))),
    });
    // A line too many shifts the answers of all rows around it.
    if matches!(result, Err(Loss::Malformed(_))) {
        answer.clear();
    }
    result
}

/// No worker is ever asked for so many simulations: what follows asks for log-likelihoods.
const LOG_LIKELIHOOD: u32 = 0;
/// The same in the text protocol, where a seed would stand.
const LOG_LIKELIHOOD_WORD: &str = "log_likelihood";

fn binary_request(job: &Job<'_>, range: Range<usize>) -> Vec<u8> {
    let numbers = range.len() * (1 + job.n_parameters) + job.observed.map_or(0, <[f64]>::len);
    let mut bytes = Vec::with_capacity(8 + 8 * numbers);
    if let Some(x) = job.observed {
        bytes.extend(LOG_LIKELIHOOD.to_le_bytes());
        bytes.extend((range.len() as u32).to_le_bytes());
        bytes.extend(x.iter().flat_map(|x| x.to_le_bytes()));
    } else {
        bytes.extend((range.len() as u32).to_le_bytes());
        let seeds = &job.seeds[range.clone()];
        bytes.extend(seeds.iter().flat_map(|seed| seed.to_le_bytes()));
    }
    for i in range {
        for value in job.theta(i) {
            bytes.extend(value.to_le_bytes());
        }
    }
    bytes
}

fn read_binary(
    process: &mut Process,
    job: &Job<'_>,
    n: usize,
    patience: &Patience<'_>,
    answer: &mut Answer,
) -> Result<(), Loss> {
    let deadline = Instant::now() + patience.timeout + patience.extra;
    let status = process.take(n, deadline, patience.interrupted)?.to_vec();
    if let Some(row) = status.iter().position(|&s| s > 1) {
        let seen = [&status, process.pending()].concat();
        return Err(Loss::Malformed(format!(
            "gave the status {} where 0 (ok) or 1 (failed) is expected; its answer begins `{}`",
            status[row],
            quote(&seen)
        )));
    }
    let bytes = process.take(n * job.length * 8, deadline, patience.interrupted)?;
    for (status, row) in status.iter().zip(bytes.chunks_exact(job.length * 8)) {
        if *status == 1 {
            answer.push_failure(Status::Failed, job.length);
        } else {
            let value = |b: &[u8]| f64::from_le_bytes(b.try_into().expect("eight bytes"));
            answer.push(row.chunks_exact(8).map(value), job.length);
        }
    }
    Ok(())
}

fn text_request(job: &Job<'_>, range: Range<usize>) -> Vec<u8> {
    use std::io::Write;
    let mut bytes = Vec::with_capacity(range.len() * 24 * (1 + job.n_parameters));
    for i in range {
        match job.observed {
            Some(_) => bytes.extend(LOG_LIKELIHOOD_WORD.bytes()),
            None => bytes.extend(job.seeds[i].to_string().bytes()),
        }
        for value in job.theta(i).iter().chain(job.observed.unwrap_or_default()) {
            // The shortest text that reads back as the same number, with an exponent if it is long.
            write!(bytes, " {value:?}").expect("writing to memory does not fail");
        }
        bytes.push(b'\n');
    }
    bytes
}

fn read_text(
    process: &mut Process,
    job: &Job<'_>,
    n: usize,
    patience: &Patience<'_>,
    answer: &mut Answer,
) -> Result<(), Loss> {
    let longest = LONGEST_REASON + LONGEST_NUMBER * job.length;
    for _ in 0..n {
        let deadline = Instant::now() + patience.timeout;
        let line = process.take_line(longest, deadline, patience.interrupted)?;
        read_line(line, job.length, answer).map_err(|problem| {
            Loss::Malformed(format!(
                "wrote the line `{}`: expected {problem}",
                quote(line)
            ))
        })?;
    }
    Ok(())
}

/// Reads `x1 x2 …` or `failed REASON`; the error says what was expected.
pub(crate) fn read_line(line: &[u8], length: usize, answer: &mut Answer) -> Result<(), String> {
    let text = std::str::from_utf8(line).map_err(|_| "text".to_string())?;
    let text = text.trim();
    if let Some(reason) = text.strip_prefix("failed")
        && !reason.starts_with(|c: char| c.is_alphanumeric())
    {
        answer.push_failure(Status::Failed, length);
        if !reason.trim().is_empty() {
            answer.reasons.push(reason.trim().to_string());
        }
        return Ok(());
    }
    let values: Option<Vec<f64>> = text.split_ascii_whitespace().map(number).collect();
    match values {
        Some(values) if values.len() == length => {
            answer.push(values.into_iter(), length);
            Ok(())
        }
        Some(values) => Err(format!("{length} values, not {}", values.len())),
        None => Err(format!("{length} numbers, or `failed` and a reason")),
    }
}

/// A number as any language writes it; `NA` is R's NaN, `1.0D+05` Fortran's exponent.
pub(crate) fn number(text: &str) -> Option<f64> {
    if text == "NA" {
        return Some(f64::NAN);
    }
    text.parse().ok().or_else(|| {
        let digits = text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
        let fortran = text.replacen(['d', 'D'], "e", 1);
        digits.then(|| fortran.parse().ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const JOB: Job<'_> = Job {
        theta: &[0.5, -1e-300, f64::MAX, 2.0],
        seeds: &[7, 1 << 52],
        n_parameters: 2,
        length: 2,
        observed: None,
    };
    const LIKELIHOOD: Job<'_> = Job {
        seeds: &[],
        length: 1,
        observed: Some(&[3.5]),
        ..JOB
    };

    #[test]
    fn a_binary_request_is_count_seeds_and_parameters() {
        let bytes = binary_request(&JOB, 0..2);
        assert_eq!(bytes.len(), 4 + 2 * 8 + 4 * 8);
        assert_eq!(bytes[..4], [2, 0, 0, 0]);
        assert_eq!(bytes[4..12], 7_u64.to_le_bytes());
        assert_eq!(bytes[20..28], 0.5_f64.to_le_bytes());
        assert_eq!(
            binary_request(&JOB, 1..2)[4..12],
            (1_u64 << 52).to_le_bytes()
        );
    }

    #[test]
    fn a_text_request_reads_back_as_the_same_numbers() {
        let text = String::from_utf8(text_request(&JOB, 0..2)).unwrap();
        assert_eq!(text.lines().next(), Some("7 0.5 -1e-300"));
        let second: Vec<f64> = text
            .lines()
            .nth(1)
            .unwrap()
            .split(' ')
            .map(|v| v.parse().unwrap())
            .collect();
        assert_eq!(second, [(1_u64 << 52) as f64, f64::MAX, 2.0]);
    }

    #[test]
    fn a_request_for_likelihoods_has_the_data_once_in_binary_and_in_every_line_of_text() {
        let bytes = binary_request(&LIKELIHOOD, 0..2);
        let numbers = [3.5, 0.5, -1e-300, f64::MAX, 2.0].map(f64::to_le_bytes);
        let head = [0_u32.to_le_bytes(), 2_u32.to_le_bytes()].concat();
        assert_eq!(bytes, [head, numbers.concat()].concat());
        let text = String::from_utf8(text_request(&LIKELIHOOD, 0..2)).unwrap();
        assert_eq!(text.lines().next(), Some("log_likelihood 0.5 -1e-300 3.5"));
    }

    #[test]
    fn minus_infinity_is_a_log_likelihood_and_no_datum() {
        let mut answer = Answer {
            logarithms: true,
            ..Answer::default()
        };
        for line in ["-2.5", "-inf", "nan", "inf"] {
            read_line(line.as_bytes(), 1, &mut answer).unwrap();
        }
        let (fine, not) = (Status::Ok, Status::NotFinite);
        assert_eq!(answer.status, [fine, fine, not, not]);
        assert_eq!(answer.x[..2], [-2.5, f64::NEG_INFINITY]);
    }

    #[test]
    fn a_line_is_numbers_or_a_failure() {
        let read = |line: &str| {
            let mut answer = Answer::default();
            read_line(line.as_bytes(), 2, &mut answer).map(|()| answer)
        };
        let ok = read(" 1.5\t-2e3 \r").unwrap();
        assert_eq!((ok.status, ok.x), (vec![Status::Ok], vec![1.5, -2000.0]));
        for line in ["1 nan", "1 -nan", "inf 2", "NA NA", "1 -Infinity"] {
            let answer = read(line).unwrap();
            assert_eq!(answer.status, [Status::NotFinite], "{line}");
            assert!(answer.x.iter().all(|v| v.is_nan()) && answer.x.len() == 2);
        }
        let failed = read("failed: did not converge").unwrap();
        assert_eq!(failed.status, [Status::Failed]);
        assert_eq!(failed.reasons, [": did not converge"]);
        for line in ["", "1", "1 2 3", "1 two", "failedly 2", "dd 1"] {
            assert!(read(line).is_err(), "{line}");
        }
        assert_eq!(number("1.0D+05"), Some(1e5));
    }

    proptest::proptest! {
        #[test]
        fn any_line_is_an_answer_or_an_error(line: Vec<u8>, length in 1_usize..4) {
            let mut answer = Answer::default();
            if read_line(&line, length, &mut answer).is_ok() {
                assert_eq!((answer.status.len(), answer.x.len()), (1, length));
            } else {
                assert!(answer.status.is_empty());
            }
        }
    }
}
