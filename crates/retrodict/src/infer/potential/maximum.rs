//! The largest value of a function on R^d that is known by its values alone.

use crate::sample::covariance::{add_product, cholesky, moments};
use crate::seed::{Random, Seed, Stream};

/// Searches that run side by side, from the best of the draws.
const N_STARTS: usize = 8;
const MAX_GENERATIONS: usize = 1000;
/// The first step, and the one at which a search ends, in standard deviations of the draws.
const STEPS: [f64; 2] = [0.3, 1e-7];
/// A search also ends after so many generations without a gain: values with rounding noise in them, such as those of
/// networks in single precision or of solved equations, never let the steps fall.
const PATIENCE: usize = 30;
/// What counts as one, in nats: 5·10⁻⁵ sd from the top of a normal density.
const GAIN: f64 = 1e-9;

/// The best point that an evolution strategy with cumulative step-size adaptation finds (Hansen and
/// Ostermeier 2001, Evolutionary Computation 9), from the best of `draws`, whose covariance sets the
/// shape of the steps. `objective` fills the values of many points, −∞ where there is none; points
/// are kept within ± `limit`.
pub(in crate::infer) fn maximum(
    objective: &dyn Fn(&[f64], &mut [f64]),
    draws: &[f64],
    dimension: usize,
    limit: f64,
    seed: Seed,
) -> Vec<f64> {
    let draws: Vec<f64> = draws.iter().map(|z| z.clamp(-limit, limit)).collect();
    let mut values = vec![0.0; draws.len() / dimension];
    objective(&draws, &mut values);
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
    let factor = cholesky(&moments(&draws, dimension).1, dimension);
    let row = |i: usize| draws[i * dimension..(i + 1) * dimension].to_vec();
    let starts = order.iter().take(N_STARTS);
    let mut searches: Vec<Search> = starts
        .enumerate()
        .map(|(k, &i)| Search::new(row(i), values[i], seed.stream(Stream::Search, k as u64 + 1)))
        .collect();
    for _ in 0..MAX_GENERATIONS {
        if !generation(&mut searches, objective, &factor, limit) {
            break;
        }
    }
    let best = searches
        .into_iter()
        .max_by(|a, b| a.best.total_cmp(&b.best));
    best.map_or_else(Vec::new, |search| search.best_point)
}

/// One generation of every search that still moves, evaluated together; false if none does.
fn generation(
    searches: &mut [Search],
    objective: &dyn Fn(&[f64], &mut [f64]),
    factor: &[f64],
    limit: f64,
) -> bool {
    let mut active: Vec<&mut Search> = searches.iter_mut().filter(|s| s.moves()).collect();
    let mut points = Vec::new();
    for search in &mut active {
        search.propose(factor, limit, &mut points);
    }
    let Some(d) = active.first().map(|search| search.mean.len()) else {
        return false;
    };
    let mut values = vec![0.0; points.len() / d];
    objective(&points, &mut values);
    let size = n_offspring(d);
    for (k, search) in active.into_iter().enumerate() {
        let own = k * size..(k + 1) * size;
        search.select(
            &points[own.start * d..own.end * d],
            &values[own],
            factor,
            limit,
        );
    }
    true
}

fn n_offspring(d: usize) -> usize {
    4 + (3.0 * (d as f64).ln()) as usize
}

struct Search {
    random: Random,
    mean: Vec<f64>,
    step: f64,
    path: Vec<f64>,
    noise: Vec<Vec<f64>>,
    best: f64,
    best_point: Vec<f64>,
    /// Generations since the last gain.
    without_gain: usize,
}

impl Search {
    fn new(point: Vec<f64>, value: f64, random: Random) -> Self {
        Self {
            random,
            step: STEPS[0],
            path: vec![0.0; point.len()],
            noise: Vec::new(),
            best: value,
            best_point: point.clone(),
            without_gain: 0,
            mean: point,
        }
    }

    fn moves(&self) -> bool {
        self.step > STEPS[1] && self.without_gain < PATIENCE
    }

    fn propose(&mut self, factor: &[f64], limit: f64, points: &mut Vec<f64>) {
        let d = self.mean.len();
        self.noise.clear();
        for _ in 0..n_offspring(d) {
            let noise: Vec<f64> = (0..d).map(|_| self.random.normal()).collect();
            let mut point = self.mean.clone();
            add_product(factor, &noise, self.step, &mut point);
            points.extend(point.iter().map(|z| z.clamp(-limit, limit)));
            self.noise.push(noise);
        }
    }

    /// Moves the mean to the better half, weighted by rank, and the step to the length of the path.
    fn select(&mut self, points: &[f64], values: &[f64], factor: &[f64], limit: f64) {
        let d = self.mean.len() as f64;
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
        self.without_gain += 1;
        if values[order[0]] > self.best + GAIN {
            self.without_gain = 0;
        }
        if values[order[0]] > self.best {
            self.best = values[order[0]];
            let width = self.mean.len();
            let row = order[0] * width..(order[0] + 1) * width;
            self.best_point = points[row].to_vec();
        }
        let weights = rank_weights(values.len() / 2);
        let mut change = vec![0.0; self.mean.len()];
        for (&i, weight) in order.iter().zip(&weights) {
            for (change, noise) in change.iter_mut().zip(&self.noise[i]) {
                *change += weight * noise;
            }
        }
        add_product(factor, &change, self.step, &mut self.mean);
        for z in &mut self.mean {
            *z = z.clamp(-limit, limit);
        }
        let effective = 1.0 / weights.iter().map(|w| w * w).sum::<f64>();
        let memory = (effective + 2.0) / (d + effective + 5.0);
        let keep = (memory * (2.0 - memory) * effective).sqrt();
        for (path, change) in self.path.iter_mut().zip(&change) {
            *path = (1.0 - memory) * *path + keep * change;
        }
        let length = self.path.iter().map(|p| p * p).sum::<f64>().sqrt();
        let expected = d.sqrt() * (1.0 - 1.0 / (4.0 * d) + 1.0 / (21.0 * d * d));
        let damping = 1.0 + 2.0 * (((effective - 1.0) / (d + 1.0)).sqrt() - 1.0).max(0.0) + memory;
        self.step *= (memory / damping * (length / expected - 1.0)).exp();
    }
}

/// Falling with the logarithm of the rank, summing to one.
fn rank_weights(n: usize) -> Vec<f64> {
    let raw: Vec<f64> = (1..=n)
        .map(|rank| (n as f64 + 0.5).ln() - (rank as f64).ln())
        .collect();
    let total: f64 = raw.iter().sum();
    raw.iter().map(|w| w / total).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_top_of_a_curved_ridge_is_found() {
        // Rosenbrock's function: its maximum, at (1, 1), lies along a bent ridge.
        let objective = |points: &[f64], values: &mut [f64]| {
            for (value, p) in values.iter_mut().zip(points.chunks_exact(2)) {
                *value = -(1.0 - p[0]).powi(2) - 10.0 * (p[1] - p[0] * p[0]).powi(2);
            }
        };
        let mut random = Seed(1).stream(Stream::Test, 0);
        let draws: Vec<f64> = (0..200).map(|_| random.normal()).collect();
        let top = maximum(&objective, &draws, 2, 8.0, Seed(2));
        assert!(
            (top[0] - 1.0).abs() < 1e-4 && (top[1] - 1.0).abs() < 1e-4,
            "{top:?}"
        );
        let bounded = maximum(&objective, &draws, 2, 0.5, Seed(2));
        assert!(bounded.iter().all(|z| z.abs() <= 0.5));
    }

    #[test]
    fn a_search_among_values_with_noise_in_them_comes_to_its_end() {
        let n_evaluated = std::cell::Cell::new(0);
        let objective = |points: &[f64], values: &mut [f64]| {
            n_evaluated.set(n_evaluated.get() + values.len());
            for (value, p) in values.iter_mut().zip(points.chunks_exact(2)) {
                // What 1,000 nats in single precision leave of it.
                let noisy = 1000.0 - (0.5 * (p[0] * p[0] + p[1] * p[1])) as f32;
                *value = f64::from(noisy) + 1e-4 * (1e7 * (p[0] + p[1])).sin();
            }
        };
        let mut random = Seed(1).stream(Stream::Test, 0);
        let draws: Vec<f64> = (0..200).map(|_| random.normal()).collect();
        let top = maximum(&objective, &draws, 2, 8.0, Seed(2));
        assert!(top.iter().all(|z| z.abs() < 0.05), "{top:?}");
        let per_generation = N_STARTS * n_offspring(2);
        assert!(
            n_evaluated.get() < 250 * per_generation,
            "{}",
            n_evaluated.get()
        );
    }
}
