//! One worker process: started, talked to with deadlines, and never left behind.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::simulate::worker::hello::quote;
use crate::simulate::worker::loss::Loss;
use crate::simulate::worker::messages::{LastLines, Messages};

/// How often a wait looks whether the user asked to stop.
const TICK: Duration = Duration::from_millis(50);
/// How long a process may take to exit once its input has ended.
const FAREWELL: Duration = Duration::from_millis(500);
/// How much output waits unread: this many pieces of this size.
const PIECES: usize = 64;
const PIECE: usize = 64 * 1024;

/// A running process and its three streams, each served by a thread of its own, so that neither
/// side can block the other.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    exit: Option<ExitStatus>,
    input: Option<Sender<Vec<u8>>>,
    output: Receiver<Vec<u8>>,
    /// Output that was received; the first `taken` bytes have been taken.
    buffer: Vec<u8>,
    taken: usize,
    last_lines: LastLines,
}

impl Process {
    /// Starts `command` in `folder`.
    pub(crate) fn start(
        command: &[String],
        folder: &Path,
        messages: &Arc<Messages>,
    ) -> Result<Self> {
        let mut builder = Command::new(program(&command[0], folder));
        builder
            .args(&command[1..])
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        own_group(&mut builder);
        let mut child = builder
            .spawn()
            .map_err(|error| cannot_start(command, folder, &error))?;
        let stdin = child.stdin.take().expect("the input is piped");
        let stdout = child.stdout.take().expect("the output is piped");
        let stderr = child.stderr.take().expect("the standard error is piped");
        let (input, to_write) = channel();
        let (read, output) = sync_channel(PIECES);
        std::thread::spawn(move || write_all(stdin, &to_write));
        std::thread::spawn(move || read_all(stdout, &read));
        Ok(Self {
            child,
            exit: None,
            input: Some(input),
            output,
            buffer: Vec::new(),
            taken: 0,
            last_lines: LastLines::follow(stderr, Arc::clone(messages)),
        })
    }

    /// Sends bytes; whether they arrive shows in the answer.
    pub(crate) fn send(&self, bytes: Vec<u8>) {
        if let Some(input) = &self.input {
            let _ = input.send(bytes);
        }
    }

    /// The next `n` bytes of its output.
    pub(crate) fn take(
        &mut self,
        n: usize,
        deadline: Instant,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<&[u8], Loss> {
        while self.pending().len() < n {
            self.receive(deadline, interrupted)?;
        }
        self.taken += n;
        Ok(&self.buffer[self.taken - n..self.taken])
    }

    /// The next line of its output without its end, at most `longest` bytes long.
    pub(crate) fn take_line(
        &mut self,
        longest: usize,
        deadline: Instant,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<&[u8], Loss> {
        let mut searched = 0;
        loop {
            let unseen = &self.pending()[searched..];
            if let Some(more) = unseen.iter().position(|&b| b == b'\n') {
                let start = self.taken;
                self.taken += searched + more + 1;
                return Ok(&self.buffer[start..self.taken - 1]);
            }
            searched = self.pending().len();
            if searched > longest {
                return Err(Loss::Malformed(format!(
                    "wrote a line of more than {longest} bytes, which begins `{}`",
                    quote(self.pending())
                )));
            }
            self.receive(deadline, interrupted)?;
        }
    }

    /// What it wrote without being asked, waiting at most `wait` for it.
    pub(crate) fn uninvited(&mut self, wait: Duration) -> Option<String> {
        if self.pending().is_empty() {
            let piece = if wait.is_zero() {
                self.output.try_recv().ok()
            } else {
                self.output.recv_timeout(wait).ok()
            };
            self.keep(&piece.unwrap_or_default());
        }
        (!self.pending().is_empty()).then(|| quote(self.pending()))
    }

    /// What it wrote that has not been taken.
    pub(crate) fn pending(&self) -> &[u8] {
        &self.buffer[self.taken..]
    }

    fn keep(&mut self, piece: &[u8]) {
        self.buffer.drain(..self.taken);
        self.taken = 0;
        self.buffer.extend_from_slice(piece);
    }

    fn receive(&mut self, deadline: Instant, interrupted: &dyn Fn() -> bool) -> Result<(), Loss> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left.min(TICK)) {
                Ok(piece) => {
                    self.keep(&piece);
                    return Ok(());
                }
                Err(RecvTimeoutError::Disconnected) => return Err(self.ended()),
                Err(RecvTimeoutError::Timeout) if interrupted() => return Err(Loss::Interrupted),
                Err(RecvTimeoutError::Timeout) if left.is_zero() => {
                    let words = if self.pending().is_empty() {
                        "did not answer in time".to_string()
                    } else {
                        format!(
                            "did not finish its answer in time; it begins `{}`",
                            quote(self.pending())
                        )
                    };
                    return Err(Loss::TimedOut(words));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// Why its output ended: because it did, or because it closed it.
    fn ended(&mut self) -> Loss {
        if !self.exits_within(FAREWELL) {
            return Loss::Died("closed its standard output".into());
        }
        self.kill()
            .map_or(Loss::Died("ended".into()), Loss::from_exit)
    }

    /// The last lines of its standard error, as words.
    pub(crate) fn last_lines(&self) -> String {
        self.last_lines.words()
    }

    /// Lets it exit by ending its input.
    pub(crate) fn close_input(&mut self) {
        self.input = None;
    }

    fn exits_within(&mut self, wait: Duration) -> bool {
        let started = Instant::now();
        while !has_exited(&mut self.child) {
            if started.elapsed() >= wait {
                return false;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        true
    }

    /// Ends it and every process that it started, at once; says how it ended.
    pub(crate) fn kill(&mut self) -> Option<ExitStatus> {
        self.close_input();
        if self.exit.is_none() {
            // Until it is waited for, its number cannot belong to another process.
            kill_group(&mut self.child);
            self.exit = self.child.wait().ok();
        }
        self.exit
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.close_input();
        if self.exit.is_none() {
            self.exits_within(FAREWELL);
            self.kill();
        }
    }
}

/// A program given by a relative path stands in `folder`; a bare name is looked for as usual.
pub(crate) fn program(name: &str, folder: &Path) -> PathBuf {
    let path = Path::new(name);
    if path.is_relative() && path.components().count() > 1 {
        // `./sim` must keep its folder even if `folder` is empty.
        let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_path_buf());
        return folder.join(path);
    }
    path.to_path_buf()
}

pub(crate) fn cannot_start(command: &[String], folder: &Path, error: &std::io::Error) -> Error {
    let advice = match error.kind() {
        std::io::ErrorKind::NotFound => {
            "Is it installed and spelt right, and does the folder exist? A program in the study's \
             own folder is written `./program`."
        }
        std::io::ErrorKind::PermissionDenied => {
            "Make it executable (`chmod +x`), or name the interpreter: [\"python3\", \"simulator.py\"]."
        }
        _ => "Try the command in a shell, in that folder.",
    };
    Error::Simulator {
        simulator: command.join(" "),
        problem: format!(
            "cannot start `{}` in {}: {error}",
            command[0],
            folder.display()
        ),
        advice: advice.into(),
    }
}

/// A group of its own: an interrupt typed at the terminal then reaches only us, and a kill reaches
/// everything that the process started.
pub(crate) fn own_group(command: &mut Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    #[cfg(not(unix))]
    let _ = command;
}

pub(crate) fn kill_group(child: &mut Child) {
    #[cfg(unix)]
    if let Ok(id) = i32::try_from(child.id())
        && let Some(group) = rustix::process::Pid::from_raw(id)
    {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
}

/// Whether it has ended; it is not yet waited for, so that its group can still be ended safely.
pub(crate) fn has_exited(child: &mut Child) -> bool {
    #[cfg(unix)]
    {
        use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
        let id = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        id.is_none_or(|id| !matches!(waitid(WaitId::Pid(id), look), Ok(None)))
    }
    #[cfg(not(unix))]
    !matches!(child.try_wait(), Ok(None))
}

fn write_all(mut stdin: ChildStdin, to_write: &Receiver<Vec<u8>>) {
    while let Ok(bytes) = to_write.recv() {
        if stdin
            .write_all(&bytes)
            .and_then(|()| stdin.flush())
            .is_err()
        {
            return;
        }
    }
}

fn read_all(mut stdout: ChildStdout, read: &SyncSender<Vec<u8>>) {
    let mut piece = vec![0; PIECE];
    loop {
        match stdout.read(&mut piece) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Ok(0) | Err(_) => return,
            Ok(n) => {
                if read.send(piece[..n].to_vec()).is_err() {
                    return;
                }
            }
        }
    }
}
