//! A mass on a spring, pulled to 1 and released: its position after 1, 2, … 10 seconds,
//! measured with an error of 0.2. Change `simulate` and the two numbers above it to make it yours.

use std::io::{Read, Result, Write};

const N_PARAMETERS: usize = 2;
const N_DATA: usize = 10;

/// Fills `x`, or returns `false` if there is no data for these parameters.
fn simulate(theta: &[f64], random: &mut Random, x: &mut [f64]) -> bool {
    for (i, x) in x.iter_mut().enumerate() {
        *x = position(theta, i) + 0.2 * random.normal();
    }
    true
}

fn position(theta: &[f64], i: usize) -> f64 {
    let t = (i + 1) as f64;
    (-theta[1] * t).exp() * (theta[0] * t).cos()
}

/// Only for `method = "likelihood"`. Without it, take `"log_likelihood": true` out of the first line.
fn log_likelihood(theta: &[f64], x: &[f64]) -> f64 {
    let errors = x.iter().enumerate().map(|(i, x)| (x - position(theta, i)) / 0.2);
    errors.map(|error| -0.5 * error * error).sum()
}

/// Answers a request for log-likelihoods: n, one row of data, n rows of parameters.
fn answer_likelihoods(stdin: &mut impl Read, stdout: &mut impl Write) -> Result<()> {
    let mut head = [0; 4];
    stdin.read_exact(&mut head)?;
    let n = u32::from_le_bytes(head) as usize;
    let mut input = vec![0; 8 * (N_DATA + n * N_PARAMETERS)];
    stdin.read_exact(&mut input)?;
    let number = |bytes: &[u8]| f64::from_le_bytes(bytes.try_into().expect("eight bytes"));
    let numbers: Vec<f64> = input.chunks_exact(8).map(number).collect();
    let (x, theta) = numbers.split_at(N_DATA);
    stdout.write_all(&vec![0; n])?;
    for theta in theta.chunks_exact(N_PARAMETERS) {
        stdout.write_all(&log_likelihood(theta, x).to_le_bytes())?;
    }
    stdout.flush()
}

/// SplitMix64 (Steele, Lea and Flood 2014).
struct Random(u64);

impl Random {
    /// Uniform on (0, 1).
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (((z ^ (z >> 31)) >> 12) as f64 + 0.5) / (1_u64 << 52) as f64
    }

    /// Standard normal (Box and Muller 1958).
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * self.uniform().ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }
}

/// Says hello, then answers batches until the input ends. Anything that is no answer belongs on
/// standard error (`eprintln!`).
fn main() -> Result<()> {
    let (mut stdin, mut stdout) = (std::io::stdin().lock(), std::io::stdout().lock());
    let sizes = format!("\"parameters\": {N_PARAMETERS}, \"data\": [{N_DATA}]");
    writeln!(stdout, "{{\"retrodict\": 1, {sizes}, \"log_likelihood\": true}}")?;
    stdout.flush()?;
    let mut head = [0; 4];
    while stdin.read_exact(&mut head).is_ok() {
        let n = u32::from_le_bytes(head) as usize;
        if n == 0 {
            answer_likelihoods(&mut stdin, &mut stdout)?;
            continue;
        }
        let mut input = vec![0; 8 * n * (1 + N_PARAMETERS)];
        stdin.read_exact(&mut input)?;
        let words: Vec<u64> = input
            .chunks_exact(8)
            .map(|word| u64::from_le_bytes(word.try_into().expect("eight bytes")))
            .collect();
        let (seeds, theta) = words.split_at(n);
        let theta: Vec<f64> = theta.iter().map(|&word| f64::from_bits(word)).collect();
        let (mut status, mut data) = (vec![0; n], vec![f64::NAN; n * N_DATA]);
        for (i, x) in data.chunks_exact_mut(N_DATA).enumerate() {
            let theta = &theta[i * N_PARAMETERS..(i + 1) * N_PARAMETERS];
            status[i] = u8::from(!simulate(theta, &mut Random(seeds[i]), x));
        }
        stdout.write_all(&status)?;
        stdout.write_all(&data.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>())?;
        stdout.flush()?;
    }
    Ok(())
}
