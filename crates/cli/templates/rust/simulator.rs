//! A mass on a spring, pulled to 1 and released: its position after 1, 2, … 10 seconds,
//! measured with an error of 0.2. Change `simulate` and the two numbers above it to make it yours.

use std::io::{Read, Result, Write};

const N_PARAMETERS: usize = 2;
const N_DATA: usize = 10;

/// Fills `x`, or returns `false` if there is no data for these parameters.
fn simulate(theta: &[f64], random: &mut Random, x: &mut [f64]) -> bool {
    let (omega, gamma) = (theta[0], theta[1]);
    for (i, x) in x.iter_mut().enumerate() {
        let t = (i + 1) as f64;
        *x = (-gamma * t).exp() * (omega * t).cos() + 0.2 * random.normal();
    }
    true
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
    writeln!(stdout, "{{\"retrodict\": 1, \"parameters\": {N_PARAMETERS}, \"data\": [{N_DATA}]}}")?;
    stdout.flush()?;
    let mut head = [0; 4];
    while stdin.read_exact(&mut head).is_ok() {
        let n = u32::from_le_bytes(head) as usize;
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
