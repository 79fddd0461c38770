//! How wide a kernel should be: the plug-in rule of Botev, Grotowski and Kroese (2010).
//!
//! Everything is in units of the grid's length, and a bandwidth is the diffusion time t = h².
//! The best t depends on the norm of a derivative of the unknown density; that norm is estimated
//! with a time of its own, which depends on the next derivative, and so on up to an order where
//! any guess will do. The chain closes on itself: the best t is its fixed point.

use std::f64::consts::PI;

/// Squared cosine coefficients of the counts along one axis, and how many draws they stand for.
pub(super) fn time_1(coefficients: &[f64], n_draws: f64) -> Option<f64> {
    let squares: Vec<f64> = coefficients.iter().map(|c| c * c).collect();
    fixed_point(|t| {
        // ‖f⁽ˢ⁾‖² for the highest s, then down to s = 2 (equations 29 and 30 of the paper).
        const HIGHEST: i32 = 7;
        let mut norm = norm_1(&squares, HIGHEST, t);
        for s in (2..HIGHEST).rev() {
            let constant = (1.0 + 0.5_f64.powf(f64::from(s) + 0.5)) / 3.0;
            let time = 2.0 * constant * normal_moment(s) / (n_draws * norm);
            norm = norm_1(&squares, s, time.powf(2.0 / (3.0 + 2.0 * f64::from(s))));
        }
        (2.0 * n_draws * PI.sqrt() * norm).powf(-0.4)
    })
}

/// ‖f⁽ˢ⁾‖² of the density diffused for time `t`.
fn norm_1(squares: &[f64], s: i32, t: f64) -> f64 {
    let term = |(k, square): (usize, &f64)| {
        let k2 = (k * k) as f64;
        (PI * PI * k2).powi(s) * square * (-k2 * PI * PI * t).exp()
    };
    2.0 * squares.iter().enumerate().skip(1).map(term).sum::<f64>()
}

/// The same in two dimensions: times along the first and the second axis of an n × n grid.
pub(super) fn times_2(coefficients: &[f64], n: usize, n_draws: f64) -> Option<[f64; 2]> {
    let squares: Vec<f64> = coefficients.iter().map(|c| c * c).collect();
    let norms = |t: f64| {
        // Mixed derivatives of one order at a time, from the highest down to order 2.
        const HIGHEST: usize = 5;
        let mut norms = norms_2(&squares, n, HIGHEST, |_| t);
        for order in (2..HIGHEST).rev() {
            let above = norms;
            norms = norms_2(&squares, n, order, |i| {
                let sum = above[i] + above[i + 1];
                let constant = (1.0 + 0.5_f64.powi(order as i32 + 1)) / 3.0;
                let moments = signed_moment(i) * signed_moment(order - i);
                let time = -2.0 * constant * moments / (n_draws * sum);
                time.max(0.0).powf(1.0 / (2.0 + order as f64))
            });
        }
        norms
    };
    let best = fixed_point(|t| {
        let [f02, f11, f20] = three(&norms(t));
        (2.0 * PI * n_draws * (f02 + f20 + 2.0 * f11)).powf(-1.0 / 3.0)
    })?;
    let [f02, f11, f20] = three(&norms(best));
    let shared = 4.0 * PI * n_draws * (f11 + (f20 * f02).sqrt());
    let time =
        |along: f64, across: f64| (across.powf(0.75) / (shared * along.powf(0.75))).powf(1.0 / 3.0);
    let times = [time(f20, f02), time(f02, f20)];
    times
        .iter()
        .all(|t| t.is_finite() && *t > 0.0)
        .then_some(times)
}

fn three(norms: &[f64]) -> [f64; 3] {
    [norms[0], norms[1], norms[2]]
}

/// `(−1)^order ∫ f ∂₁^2i ∂₂^2(order−i) f` for i = 0 … order, each diffused for its own time.
fn norms_2(squares: &[f64], n: usize, order: usize, time: impl Fn(usize) -> f64) -> Vec<f64> {
    let sign = if order.is_multiple_of(2) { 1.0 } else { -1.0 };
    let norm = |i: usize| {
        let t = time(i);
        let first = weights_2(n, i, t);
        let second = weights_2(n, order - i, t);
        let row = |(k, row): (usize, &[f64])| {
            first[k] * row.iter().zip(&second).map(|(a, w)| a * w).sum::<f64>()
        };
        sign * squares.chunks(n).enumerate().map(row).sum::<f64>()
    };
    (0..=order).map(norm).collect()
}

/// `(πk)^2s exp(−π²k²t)`, counted twice except for k = 0, since `c_k` stands for k and −k.
fn weights_2(n: usize, s: usize, t: f64) -> Vec<f64> {
    let weight = |k: usize| {
        let p2 = (PI * k as f64).powi(2);
        let twice = if k == 0 { 1.0 } else { 2.0 };
        twice * p2.powi(s as i32) * (-p2 * t).exp()
    };
    (0..n).map(weight).collect()
}

/// (2s − 1)!! / √(2π).
fn normal_moment(s: i32) -> f64 {
    (1..=s).map(|i| f64::from(2 * i - 1)).product::<f64>() / (2.0 * PI).sqrt()
}

/// (−1)ˢ (2s − 1)!! / √(2π): the 2s-th derivative of the normal density at zero.
fn signed_moment(s: usize) -> f64 {
    let sign = if s.is_multiple_of(2) { 1.0 } else { -1.0 };
    sign * normal_moment(s as i32)
}

/// The smallest t with t = next(t), found by scanning upwards and then halving.
fn fixed_point(next: impl Fn(f64) -> f64) -> Option<f64> {
    const LARGEST: f64 = 0.1;
    const FACTOR: f64 = 1.6;
    let excess = |t: f64| t - next(t);
    let mut low = 1e-9;
    while excess(low * FACTOR) < 0.0 {
        low *= FACTOR;
        if low > LARGEST {
            return None;
        }
    }
    let mut high = low * FACTOR;
    for _ in 0..20 {
        let middle = 0.5 * (low + high);
        if excess(middle) < 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    // A NaN compares false above and ends here.
    let found = 0.5 * (low + high);
    excess(found).is_finite().then_some(found)
}
