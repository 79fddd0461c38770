//! One run of a program: files in, files out, and nothing left behind.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::npy;
use crate::simulate::command::template::{Gap, Template};
use crate::simulate::command::{CommandConfig, FileFormat};
use crate::simulate::rows::RowSink;
use crate::simulate::worker::{
    LastLines, Loss, Messages, cannot_start, has_exited, kill_group, number, own_group, program,
};
use crate::simulate::{SimulationFailure, Status};

/// How a run ended.
pub(crate) enum Ended {
    Data(Vec<f64>),
    /// There are no data for these parameters.
    Failed(SimulationFailure),
    /// It gave nothing that can be used; another attempt may.
    Lost(Loss),
}

/// One run.
pub(crate) struct Run<'a> {
    pub(crate) config: &'a CommandConfig,
    pub(crate) template: &'a Template,
    pub(crate) folder: &'a Path,
    pub(crate) parameters: &'a [String],
    pub(crate) length: usize,
    pub(crate) theta: &'a [f64],
    pub(crate) seed: u64,
}

impl Run<'_> {
    pub(crate) fn run(&self, sink: &dyn RowSink) -> Result<Ended> {
        let own = TemporaryFolder::new()?;
        let ending = match self.config.format {
            FileFormat::Csv => "csv",
            FileFormat::Npy => "npy",
        };
        let [parameters, data] =
            ["parameters", "data"].map(|n| own.0.join(format!("{n}.{ending}")));
        self.write_parameters(&parameters)?;
        let command = self.template.fill(|gap| match gap {
            Gap::Parameters => parameters.display().to_string(),
            Gap::Data => data.display().to_string(),
            Gap::Folder => own.0.display().to_string(),
            Gap::Seed => self.seed.to_string(),
            Gap::Parameter(j) => format!("{:?}", self.theta[j]),
        });
        let mut builder = Command::new(program(&command[0], self.folder));
        builder
            .args(&command[1..])
            .current_dir(self.folder)
            .stdin(Stdio::null())
            .stdout(self.output(&data)?)
            .stderr(Stdio::piped());
        own_group(&mut builder);
        let mut child = builder
            .spawn()
            .map_err(|error| cannot_start(&command, self.folder, &error))?;
        let messages = Arc::new(Messages::default());
        let stderr = child.stderr.take().expect("the standard error is piped");
        let last_lines = LastLines::follow(stderr, Arc::clone(&messages));
        let in_time = self.wait(&mut child, sink);
        // Until it is waited for, its number cannot belong to another process.
        kill_group(&mut child);
        let exit = child.wait().map_err(Error::io(&command[0], "wait for"))?;
        messages.drain(|line| sink.log(line));
        if sink.interrupted() && !in_time {
            return Err(Error::Interrupted);
        }
        if !in_time {
            let words = format!("did not end within {} seconds", self.config.timeout);
            return Ok(Ended::Lost(Loss::TimedOut(words)));
        }
        match exit.code() {
            Some(0) => Ok(self.read_data(&data)),
            Some(code) => Ok(Ended::Failed(SimulationFailure {
                status: Status::Failed,
                reason: format!("the exit code was {code}, and {}", last_lines.words()),
            })),
            None => Ok(Ended::Lost(Loss::from_exit(exit))),
        }
    }

    /// Where its standard output goes: to the data, if no file does.
    fn output(&self, data: &Path) -> Result<Stdio> {
        if self.template.has_data_file() {
            return Ok(Stdio::null());
        }
        Ok(File::create(data)
            .map_err(Error::io(data, "create"))?
            .into())
    }

    fn write_parameters(&self, path: &Path) -> Result<()> {
        if self.config.format == FileFormat::Npy {
            return npy::write(path, &[self.theta.len()], self.theta);
        }
        let values: Vec<String> = self.theta.iter().map(|v| format!("{v:?}")).collect();
        let text = format!("{}\n{}\n", self.parameters.join(","), values.join(","));
        fs::write(path, text).map_err(Error::io(path, "write"))
    }

    /// Waits for the program to end; whether it did in time.
    fn wait(&self, child: &mut Child, sink: &dyn RowSink) -> bool {
        const LONGEST_PAUSE: Duration = Duration::from_millis(20);
        let deadline = Instant::now() + Duration::from_secs_f64(self.config.timeout);
        let mut pause = Duration::from_micros(200);
        while !has_exited(child) {
            if Instant::now() >= deadline || sink.interrupted() {
                return false;
            }
            std::thread::sleep(pause);
            pause = (pause * 3 / 2).min(LONGEST_PAUSE);
        }
        true
    }

    fn read_data(&self, path: &Path) -> Ended {
        let read = match self.config.format {
            FileFormat::Csv => self.read_text(path),
            FileFormat::Npy => npy::read(path)
                .map(|array| array.values)
                .map_err(|error| error.to_string()),
        };
        match read {
            Ok(x) if x.len() != self.length => Ended::Lost(Loss::Malformed(format!(
                "gave {} values, expected {} as in the observation",
                x.len(),
                self.length
            ))),
            Ok(x) if x.iter().any(|v| !v.is_finite()) => Ended::Failed(SimulationFailure {
                status: Status::NotFinite,
                reason: "the data are not all finite".into(),
            }),
            Ok(x) => Ended::Data(x),
            Err(problem) => Ended::Lost(Loss::Malformed(format!(
                "gave data that cannot be read: {problem}"
            ))),
        }
    }

    /// Numbers separated by commas, blanks or line ends; a first line without a number is a header.
    fn read_text(&self, path: &Path) -> Result<Vec<f64>, String> {
        let most = 64 * (self.length as u64 + 1024);
        let mut text = String::new();
        File::open(path)
            .and_then(|file| file.take(most + 1).read_to_string(&mut text))
            .map_err(|error| format!("{}: {error}", path.display()))?;
        if text.len() as u64 > most {
            return Err(format!("more than {most} bytes"));
        }
        let separator = |c: char| c == ',' || c.is_whitespace();
        let words = |line: &'_ str| -> Vec<String> {
            let words = line.split(separator).filter(|word| !word.is_empty());
            words.map(String::from).collect()
        };
        let mut values = Vec::with_capacity(self.length);
        for (i, line) in text.lines().enumerate() {
            let words = words(line);
            if i == 0 && words.iter().all(|word| number(word).is_none()) {
                continue;
            }
            for word in words {
                values.push(number(&word).ok_or_else(|| format!("`{word}` is no number"))?);
            }
        }
        Ok(values)
    }
}

/// A folder that is removed with everything in it.
struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    fn new() -> Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let name = format!("retrodict-{}-{number}", std::process::id());
            let path = std::env::temp_dir().join(name);
            match fs::create_dir(&path) {
                // Left by another process that had our number.
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(Error::io(&path, "create the folder")(error)),
                Ok(()) => return Ok(Self(path)),
            }
        }
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
