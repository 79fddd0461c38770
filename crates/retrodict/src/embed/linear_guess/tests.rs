//! The linear guess against problems whose answer is linear, and against itself.

use super::*;
use crate::seed::{Random, Seed, Stream};

fn table(n_columns: usize, values: Vec<f64>) -> Table {
    Table::numbered("c", n_columns, values).unwrap()
}

fn to_f32(row: &[f64]) -> Vec<f32> {
    row.iter().map(|&v| v as f32).collect()
}

/// z = (1 + c₁ − 2 c₂ + ε₁, 3 c₂ + ε₁ + 0.5 ε₂), and a third regressor that says nothing.
fn linear_gaussian(n: usize) -> (Table, Table) {
    let mut random = Seed(1).stream(Stream::Test, 0);
    let (mut z, mut context) = (Vec::new(), Vec::new());
    for _ in 0..n {
        let c = [random.normal(), random.normal(), random.normal()];
        let e = [random.normal(), random.normal()];
        context.extend(c);
        z.extend([
            1.0 + c[0] - 2.0 * c[1] + e[0],
            3.0 * c[1] + e[0] + 0.5 * e[1],
        ]);
    }
    (table(2, z), table(3, context))
}

/// z uniform on (−1, 1)², x = z + 0.2 ε.
fn cut_off(n: usize) -> (Table, Table) {
    let mut random = Seed(2).stream(Stream::Test, 0);
    let draw = |random: &mut Random| 2.0 * random.uniform() - 1.0;
    let z: Vec<f64> = (0..2 * n).map(|_| draw(&mut random)).collect();
    let x = z.iter().map(|z| z + 0.2 * random.normal()).collect();
    (table(2, z), table(2, x))
}

/// Mean, variance and correlation of y over all rows.
fn moments(guess: &LinearGuess, (z, context): &(Table, Table)) -> [f64; 5] {
    let n = z.n_rows() as f64;
    let mut sums = [0.0; 5];
    for i in 0..z.n_rows() {
        let mut y = [0.0_f32; 2];
        guess.forward(z.row(i), &to_f32(context.row(i)), &mut y);
        let [a, b] = y.map(f64::from);
        for (sum, term) in sums.iter_mut().zip([a, b, a * a, b * b, a * b]) {
            *sum += term / n;
        }
    }
    sums
}

#[test]
fn what_is_linear_and_normal_becomes_standard_normal() {
    let data = linear_gaussian(4096);
    let guess = LinearGuess::fit(&data.0, &data.1, &[false; 2]);
    let mut y = [0.0; 2];
    let log_det = guess.forward(&[0.0; 2], &[0.0; 3], &mut y);
    // The exact log-determinant is −log(1 · 0.5); its standard error is below 0.02.
    assert!((log_det - 2.0_f64.ln()).abs() < 0.06, "{log_det}");
    for (found, expected) in moments(&guess, &data)
        .into_iter()
        .zip([0.0, 0.0, 1.0, 1.0, 0.0])
    {
        assert!((found - expected).abs() < 0.01, "{found} for {expected}");
    }
}

#[test]
fn what_a_flat_prior_cuts_off_becomes_standard_normal_too() {
    let data = cut_off(10_000);
    let guess = LinearGuess::fit(&data.0, &data.1, &[true; 2]);
    // Standard errors are 0.01, and 0.014 for the variances.
    for (found, expected) in moments(&guess, &data)
        .into_iter()
        .zip([0.0, 0.0, 1.0, 1.0, 0.0])
    {
        assert!((found - expected).abs() < 0.05, "{found} for {expected}");
    }
    // Given x = (0.95, 0): the median of N(0.95, 0.2²) below 1, by quadrature 0.8447.
    let mut z = [0.0; 2];
    guess.inverse(&[0.0; 2], &[0.95, 0.0], &mut z);
    assert!((z[0] - 0.8447).abs() < 0.01, "{z:?}");
    assert!(z[1].abs() < 0.01);
}

#[test]
fn inverse_undoes_forward_and_the_log_determinant_is_the_jacobian_s() {
    let data = cut_off(500);
    let guess = LinearGuess::fit(&data.0, &data.1, &[true, false]);
    for (y, context) in [([0.3, -1.0], [0.2, 0.1]), ([-2.0, 2.0], [1.3, -1.4])] {
        let mut z = [0.0; 2];
        let log_inverse = guess.inverse(&y, &context, &mut z);
        let mut back = [0.0; 2];
        let log_det = guess.forward(&z, &context, &mut back);
        assert!((log_det + log_inverse).abs() < 1e-5);
        let h = 1e-3;
        let mut quotient = 1.0;
        for j in 0..2 {
            assert!((back[j] - y[j]).abs() < 1e-5, "{y:?} {back:?}");
            // The Jacobian is triangular.
            let at = |d: f32| {
                let (mut moved, mut z) = (y, [0.0; 2]);
                moved[j] += d;
                guess.inverse(&moved, &context, &mut z);
                (f64::from(moved[j]), z[j])
            };
            let (above, below) = (at(h), at(-h));
            quotient *= (above.1 - below.1) / (above.0 - below.0);
        }
        assert!((quotient.ln() - log_inverse).abs() < 1e-4);
    }
}

#[test]
fn few_rows_and_wild_rows_give_finite_numbers_and_stay_confined() {
    for n in [1, 2, 3, 40] {
        let (z, context) = cut_off(n);
        let mut values = context.values().to_vec();
        values[0] = 1e4;
        let context = table(2, values);
        let guess = LinearGuess::fit(&z, &context, &[true, true]);
        assert!(guess.is_valid(2, 2), "{n} rows: {guess:?}");
        for far in [-1e4, 0.0, 1e4] {
            let (mut y, mut z) = ([0.0; 2], [0.0; 2]);
            assert!(
                guess
                    .forward(&[0.99, -0.5], &[far, far], &mut y)
                    .is_finite()
            );
            assert!(y.iter().all(|y| y.is_finite()));
            assert!(
                guess
                    .inverse(&[-1e4, 50.0], &[far, far], &mut z)
                    .is_finite()
            );
            assert!(z.iter().all(|z| z.abs() <= 1.0));
        }
    }
    let (z, context) = linear_gaussian(3);
    assert!(LinearGuess::fit(&z, &context, &[false; 2]).is_valid(2, 3));
}

#[test]
fn the_context_gradient_is_the_difference_quotient() {
    let (z, context) = linear_gaussian(500);
    let guess = LinearGuess::fit(&z, &context, &[false; 2]);
    let (point, weights) = ([0.4, -0.7], [1.3, -0.6]);
    let value = |context: &[f32; 3]| {
        let mut y = [0.0; 2];
        guess.forward(&point, context, &mut y);
        y.iter()
            .zip(weights)
            .map(|(y, w)| f64::from(*y) * w)
            .sum::<f64>()
    };
    let mut gradient = [1.0; 3];
    guess.add_context_gradient(&weights, &mut gradient);
    for (j, slope) in gradient.iter().enumerate() {
        // y is linear in the context, so a large step has no error but rounding.
        let ends = [1.0, -1.0].map(|by| {
            let mut context = [0.2, 0.1, -0.5];
            context[j] += by;
            value(&context)
        });
        let quotient = 1.0 + 0.5 * (ends[0] - ends[1]);
        assert!((quotient - slope).abs() < 1e-5, "{quotient} {slope}");
    }
}
