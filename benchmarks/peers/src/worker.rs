//! A worker that does as little as possible, so that what is timed is the talking.

use std::io::{self, Read, Write};

use retrodict::{Error, Result};

pub(crate) const N_PARAMETERS: usize = 2;
pub(crate) const N_DATA: usize = 10;

/// The data of a simulator that costs nothing.
pub(crate) fn fill(theta: &[f64], x: &mut [f64]) {
    for (t, x) in x.iter_mut().enumerate() {
        *x = theta[t % N_PARAMETERS];
    }
}

/// Says hello, then answers batches in the binary protocol until the input ends.
pub(crate) fn run() -> Result<()> {
    answer_all(&mut io::stdin().lock(), &mut io::stdout().lock())
        .map_err(Error::io("the standard streams", "read or write"))
}

fn answer_all(input: &mut impl Read, output: &mut impl Write) -> io::Result<()> {
    writeln!(
        output,
        r#"{{"retrodict": 1, "parameters": {N_PARAMETERS}, "data": [{N_DATA}]}}"#
    )?;
    output.flush()?;
    let mut count = [0; 4];
    let (mut body, mut answer) = (Vec::new(), Vec::new());
    loop {
        match input.read_exact(&mut count) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            result => result?,
        }
        let n = u32::from_le_bytes(count) as usize;
        body.resize(n * (8 + 8 * N_PARAMETERS), 0);
        input.read_exact(&mut body)?;
        answer.clear();
        answer.resize(n, 0);
        let (mut theta, mut x) = ([0.0; N_PARAMETERS], [0.0; N_DATA]);
        // The seeds come first; this simulator draws nothing.
        for row in body[8 * n..].chunks_exact(8 * N_PARAMETERS) {
            for (theta, bytes) in theta.iter_mut().zip(row.chunks_exact(8)) {
                *theta = f64::from_le_bytes(bytes.try_into().expect("eight bytes"));
            }
            fill(&theta, &mut x);
            answer.extend(x.iter().flat_map(|x| x.to_le_bytes()));
        }
        output.write_all(&answer)?;
        output.flush()?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_a_batch_is_answered() {
        let mut input = 2_u32.to_le_bytes().to_vec();
        input.extend([0; 16]);
        for value in [1.0_f64, 2.0, 3.0, 4.0] {
            input.extend(value.to_le_bytes());
        }
        let mut output = Vec::new();
        answer_all(&mut &input[..], &mut output).unwrap();
        let end_of_hello = output.iter().position(|b| *b == b'\n').unwrap() + 1;
        let answer = &output[end_of_hello..];
        assert_eq!(answer[..2], [0, 0]);
        let x: Vec<f64> = answer[2..]
            .chunks_exact(8)
            .map(|b| f64::from_le_bytes(b.try_into().unwrap()))
            .collect();
        let expected = [[1.0, 2.0].repeat(5), [3.0, 4.0].repeat(5)].concat();
        assert_eq!(x, expected);
    }
}
