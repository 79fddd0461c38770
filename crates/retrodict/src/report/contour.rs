//! Contours that enclose a given mass: marching squares on a grid of cells.

use super::density::Density2;

/// A line in the plane of two parameters.
pub(super) type Line = Vec<(f64, f64)>;

/// The closed borders of the region where the density is above `level`, in data units.
///
/// Filled by the even-odd rule they are the region itself, holes included. Where the region touches
/// an end of the grid, its border runs along that end.
pub(super) fn contour(density: &Density2, level: f64) -> Vec<Line> {
    let grid = Padded::new(density);
    let mut next = std::collections::BTreeMap::new();
    for row in 0..grid.n - 1 {
        for column in 0..grid.n - 1 {
            for (from, to) in segments(&grid, row, column, level) {
                next.insert(from, to);
            }
        }
    }
    let mut loops = Vec::new();
    while let Some((&start, _)) = next.first_key_value() {
        let mut line = Vec::new();
        let mut edge = start;
        while let Some(to) = next.remove(&edge) {
            line.push(grid.crossing(edge, level));
            edge = to;
        }
        loops.push(line);
    }
    loops
}

/// An edge of the grid: from a point to its neighbour on the right, or above.
type Edge = (usize, usize, bool);

/// The grid with a rim: the density at the ends of the domain, then zero at the same place, so that
/// every contour closes.
struct Padded {
    n: usize,
    x: Vec<f64>,
    y: Vec<f64>,
    values: Vec<f64>,
}

impl Padded {
    fn new(density: &Density2) -> Self {
        let inner = density.n;
        let n = inner + 4;
        let places = |domain: super::density::Domain| {
            let middle = (0..inner).map(|i| domain.middle(i, inner));
            let rim = [domain.low; 2].into_iter();
            rim.chain(middle).chain([domain.high; 2]).collect()
        };
        let clamp = |i: usize| i.saturating_sub(2).min(inner - 1);
        let outside = |i: usize| i == 0 || i == n - 1;
        let value = |at: usize| {
            let (row, column) = (at / n, at % n);
            if outside(row) || outside(column) {
                0.0
            } else {
                density.shares[clamp(row) * inner + clamp(column)]
            }
        };
        Self {
            n,
            x: places(density.x),
            y: places(density.y),
            values: (0..n * n).map(value).collect(),
        }
    }

    fn at(&self, row: usize, column: usize) -> f64 {
        self.values[row * self.n + column]
    }

    /// Where the density crosses the level on an edge.
    fn crossing(&self, (row, column, up): Edge, level: f64) -> (f64, f64) {
        let (to_row, to_column) = if up {
            (row + 1, column)
        } else {
            (row, column + 1)
        };
        let (a, b) = (self.at(row, column), self.at(to_row, to_column));
        let share = ((level - a) / (b - a)).clamp(0.0, 1.0);
        let between = |from: f64, to: f64| from + share * (to - from);
        (
            between(self.x[column], self.x[to_column]),
            between(self.y[row], self.y[to_row]),
        )
    }
}

/// The pieces of the contour inside one square, each walked with the higher side on the left, so
/// that pieces of neighbouring squares follow one another.
fn segments(grid: &Padded, row: usize, column: usize, level: f64) -> Vec<(Edge, Edge)> {
    let bottom = (row, column, false);
    let top = (row + 1, column, false);
    let left = (row, column, true);
    let right = (row, column + 1, true);
    // Corners counted anticlockwise from the lower left.
    let corners = [
        grid.at(row, column),
        grid.at(row, column + 1),
        grid.at(row + 1, column + 1),
        grid.at(row + 1, column),
    ];
    let case = corners
        .iter()
        .enumerate()
        .map(|(bit, value)| usize::from(*value > level) << bit)
        .sum();
    // At a saddle the mean of the corners says whether the two high corners are joined.
    let joined = corners.iter().sum::<f64>() > 4.0 * level;
    match case {
        1 => vec![(bottom, left)],
        2 => vec![(right, bottom)],
        3 => vec![(right, left)],
        4 => vec![(top, right)],
        5 if joined => vec![(bottom, right), (top, left)],
        5 => vec![(bottom, left), (top, right)],
        6 => vec![(top, bottom)],
        7 => vec![(top, left)],
        8 => vec![(left, top)],
        9 => vec![(bottom, top)],
        10 if joined => vec![(left, bottom), (right, top)],
        10 => vec![(right, bottom), (left, top)],
        11 => vec![(right, top)],
        12 => vec![(left, right)],
        13 => vec![(bottom, right)],
        14 => vec![(left, bottom)],
        _ => Vec::new(),
    }
}

/// The line without the points that lie within `tolerance` of the rest (Douglas and Peucker 1973).
pub(super) fn simplify(line: &[(f64, f64)], tolerance: f64) -> Line {
    let Some(last) = line.len().checked_sub(1).filter(|last| *last > 1) else {
        return line.to_vec();
    };
    let mut keep = vec![false; line.len()];
    (keep[0], keep[last]) = (true, true);
    let mut open = vec![(0, last)];
    while let Some((from, to)) = open.pop() {
        let far = (from + 1..to)
            .map(|i| (distance(line[i], line[from], line[to]), i))
            .fold((tolerance, None), |best, (d, i)| {
                if d > best.0 { (d, Some(i)) } else { best }
            });
        if let (_, Some(i)) = far {
            keep[i] = true;
            open.extend([(from, i), (i, to)]);
        }
    }
    let kept = line.iter().zip(keep).filter(|(_, keep)| *keep);
    kept.map(|(point, _)| *point).collect()
}

/// From a point to a stretch between two others.
fn distance(point: (f64, f64), from: (f64, f64), to: (f64, f64)) -> f64 {
    let along = (to.0 - from.0, to.1 - from.1);
    let offset = (point.0 - from.0, point.1 - from.1);
    let length2 = along.0 * along.0 + along.1 * along.1;
    let share = if length2 > 0.0 {
        ((offset.0 * along.0 + offset.1 * along.1) / length2).clamp(0.0, 1.0)
    } else {
        0.0
    };
    (offset.0 - share * along.0).hypot(offset.1 - share * along.1)
}

#[cfg(test)]
mod tests {
    use super::super::density::density_2;
    use super::*;
    use crate::{Seed, Stream};

    fn inside(loops: &[Line], point: (f64, f64)) -> bool {
        // Even-odd rule: crossings of a ray to the right.
        let mut crossings = 0;
        for line in loops {
            for (a, b) in line.iter().zip(line.iter().cycle().skip(1)) {
                if (a.1 > point.1) != (b.1 > point.1) {
                    let x = a.0 + (point.1 - a.1) / (b.1 - a.1) * (b.0 - a.0);
                    crossings += usize::from(x > point.0);
                }
            }
        }
        crossings % 2 == 1
    }

    fn found(pairs: &[(f64, f64)], bounds: [[f64; 2]; 2]) -> [Vec<Line>; 2] {
        let (x, y): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
        let weights = vec![1.0 / pairs.len() as f64; pairs.len()];
        let density = density_2([&x, &y], &weights, bounds, 128);
        density
            .mass_levels([&x, &y], &weights, [0.68, 0.95])
            .map(|level| contour(&density, level))
    }

    const FREE: [[f64; 2]; 2] = [[f64::NEG_INFINITY, f64::INFINITY]; 2];

    #[test]
    fn contours_enclose_their_mass_of_fresh_draws() {
        // 20,000 correlated Gaussian draws, scored by 20,000 others. The share inside has a
        // standard error of 0.0033 (68 %) and 0.0015 (95 %) from the fresh draws, and about as much
        // again from the drawn ones; smoothing widens contours slightly. The bound is 5 errors.
        let mut random = Seed(5).stream(Stream::Test, 0);
        let mut draw = || {
            let (a, b) = (random.normal(), random.normal());
            (3.0 + a, 0.01 * (0.8 * a + 0.6 * b))
        };
        let pairs: Vec<_> = (0..20_000).map(|_| draw()).collect();
        let fresh: Vec<_> = (0..20_000).map(|_| draw()).collect();
        for (loops, mass) in found(&pairs, FREE).iter().zip([0.68, 0.95]) {
            let share = fresh.iter().filter(|p| inside(loops, **p)).count() as f64 / 20_000.0;
            assert!((share - mass).abs() < 0.02, "{mass}: {share}");
        }
    }

    #[test]
    fn contours_of_a_gaussian_have_the_known_radius() {
        // Mass m of a round Gaussian lies within r = √(−2 ln(1 − m)).
        let mut random = Seed(6).stream(Stream::Test, 0);
        let pairs: Vec<_> = (0..40_000)
            .map(|_| (random.normal(), random.normal()))
            .collect();
        for (loops, mass) in found(&pairs, FREE).iter().zip([0.68_f64, 0.95]) {
            let expected = (-2.0 * (1.0 - mass).ln()).sqrt();
            let largest = loops.iter().max_by_key(|line| line.len()).unwrap();
            let radii = largest.iter().map(|p| p.0.hypot(p.1));
            let mean = radii.sum::<f64>() / largest.len() as f64;
            assert!(
                (mean - expected).abs() < 0.05 * expected,
                "{mass}: {mean} {expected}"
            );
        }
    }

    #[test]
    fn a_ring_has_a_hole_and_bounds_hold() {
        let mut random = Seed(7).stream(Stream::Test, 0);
        let ring: Vec<_> = (0..10_000)
            .map(|_| {
                let angle = std::f64::consts::TAU * random.uniform();
                let radius = 1.0 + 0.1 * random.normal();
                (radius * angle.cos(), radius * angle.sin())
            })
            .collect();
        let [inner, _] = found(&ring, FREE);
        assert!(!inside(&inner, (0.0, 0.0)));
        let on_ring = (0..60).filter(|i| {
            let angle = std::f64::consts::TAU * f64::from(*i) / 60.0;
            inside(&inner, (angle.cos(), angle.sin()))
        });
        assert!(on_ring.count() > 55);

        let corner: Vec<_> = (0..5000)
            .map(|_| (random.exponential(), random.uniform()))
            .collect();
        for loops in found(&corner, [[0.0, f64::INFINITY], [0.0, 1.0]]) {
            let within = |p: &(f64, f64)| p.0 >= 0.0 && (0.0..=1.0).contains(&p.1);
            assert!(loops.iter().flatten().all(within));
            assert!(
                inside(&loops, (0.02, 0.5)),
                "the pile-up at the bound is inside"
            );
        }
    }

    #[test]
    fn simplifying_keeps_the_line_within_the_tolerance() {
        let line: Line = (0..200)
            .map(|i| (f64::from(i), (f64::from(i) * 0.1).sin()))
            .collect();
        let simple = simplify(&line, 0.05);
        assert!(simple.len() < 100);
        for point in &line {
            let near = simple.windows(2).map(|w| distance(*point, w[0], w[1]));
            assert!(near.fold(f64::INFINITY, f64::min) <= 0.05 + 1e-12);
        }
    }
}
