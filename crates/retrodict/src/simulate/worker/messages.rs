//! What workers write to their standard error: read always, kept within bounds.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The longest line that is kept whole; a longer one is cut.
const LONGEST_LINE: u64 = 4096;
/// The most lines that wait to be logged.
const MOST_WAITING: usize = 1000;
/// The most lines that are remembered of one process for an error message.
const MOST_REMEMBERED: usize = 10;

/// Lines that wait to be logged.
#[derive(Debug, Default)]
pub(crate) struct Messages(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    lines: VecDeque<String>,
    dropped: usize,
}

impl Messages {
    /// Adds a line; too many that wait are dropped and counted.
    pub(crate) fn push(&self, line: String) {
        let mut waiting = lock(&self.0);
        if waiting.lines.len() < MOST_WAITING {
            waiting.lines.push_back(line);
        } else {
            waiting.dropped += 1;
        }
    }

    /// Hands every waiting line to `log`.
    pub(crate) fn drain(&self, log: impl Fn(&str)) {
        let waiting = std::mem::take(&mut *lock(&self.0));
        waiting.lines.iter().for_each(|line| log(line));
        if waiting.dropped > 0 {
            log(&format!(
                "({} more lines were not kept: the simulator writes too fast)",
                waiting.dropped
            ));
        }
    }
}

/// The last lines that one process wrote to its standard error.
#[derive(Debug, Clone, Default)]
pub(crate) struct LastLines(Arc<Mutex<(VecDeque<String>, bool)>>);

impl LastLines {
    /// Reads `stream` to its end on a thread of its own.
    pub(crate) fn follow(stream: impl Read + Send + 'static, messages: Arc<Messages>) -> Self {
        let last = Self::default();
        let inside = last.clone();
        std::thread::spawn(move || {
            inside.read(BufReader::new(stream), &messages);
            lock(&inside.0).1 = true;
        });
        last
    }

    fn read(&self, mut stream: impl BufRead, messages: &Messages) {
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            match (&mut stream)
                .take(LONGEST_LINE)
                .read_until(b'\n', &mut bytes)
            {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
            let line = String::from_utf8_lossy(&bytes).trim_end().to_string();
            if line.is_empty() {
                continue;
            }
            let mut last = lock(&self.0);
            if last.0.len() == MOST_REMEMBERED {
                last.0.pop_front();
            }
            last.0.push_back(line.clone());
            drop(last);
            messages.push(line);
        }
    }

    /// The last lines as a sentence; waits a moment for a process that has just died.
    pub(crate) fn words(&self) -> String {
        const LONGEST_WAIT: Duration = Duration::from_millis(200);
        let started = Instant::now();
        while !lock(&self.0).1 && started.elapsed() < LONGEST_WAIT {
            std::thread::sleep(Duration::from_millis(5));
        }
        let last = lock(&self.0);
        if last.0.is_empty() {
            return "it wrote nothing to its standard error".into();
        }
        let lines: Vec<&str> = last.0.iter().map(String::as_str).collect();
        format!("its standard error ended with:\n{}\n", lines.join("\n"))
    }
}

/// A poisoned lock still holds complete lines.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_read_to_its_end_within_bounds() {
        let flood: Vec<u8> = (0..100_000)
            .flat_map(|i| format!("{i}\n").into_bytes())
            .collect();
        let messages = Arc::new(Messages::default());
        let last = LastLines::follow(std::io::Cursor::new(flood), Arc::clone(&messages));
        while !lock(&last.0).1 {
            std::thread::sleep(Duration::from_millis(1));
        }
        assert!(last.words().ends_with("99998\n99999\n"));
        let logged = Mutex::new(Vec::new());
        messages.drain(|line| lock(&logged).push(line.to_string()));
        let logged = lock(&logged);
        assert_eq!(logged.len(), MOST_WAITING + 1);
        assert!(logged[MOST_WAITING].contains("99000 more lines"));
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let messages = Arc::new(Messages::default());
        let last = LastLines::default();
        last.read(std::io::Cursor::new(vec![b'x'; 10_000]), &messages);
        messages.drain(|line| assert!(line.len() <= LONGEST_LINE as usize));
    }
}
