//! How a measurement talks to the driver.

use std::io::{BufRead, Write};

use retrodict::{Error, Result};
use serde_json::{Map, Value};

/// What one repeat is answered with: `seconds`, `units`, and whatever else is worth keeping.
pub(crate) type Answer = Map<String, Value>;

/// Says `hello`, then repeats the measurement once for each line of standard input until it ends.
pub(crate) fn converse(hello: Answer, mut repeat: impl FnMut() -> Result<Answer>) -> Result<()> {
    say(hello)?;
    for line in std::io::stdin().lock().lines() {
        line.map_err(Error::io("standard input", "read"))?;
        say(repeat()?)?;
    }
    Ok(())
}

/// An answer with the time that `units` of work took.
pub(crate) fn took(seconds: f64, units: usize) -> Answer {
    let mut answer = Answer::new();
    answer.insert("seconds".into(), seconds.into());
    answer.insert("units".into(), units.into());
    answer
}

/// A hello with what this side is.
pub(crate) fn hello() -> Answer {
    let mut hello = Answer::new();
    let version = concat!("retrodict ", env!("CARGO_PKG_VERSION"));
    hello.insert("version".into(), version.into());
    hello.insert("threads".into(), rayon::current_num_threads().into());
    hello
}

fn say(answer: Answer) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", Value::Object(answer))
        .and_then(|()| out.flush())
        .map_err(Error::io("standard output", "write"))
}
