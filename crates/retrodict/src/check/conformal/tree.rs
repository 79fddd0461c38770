//! A regression tree.

/// Splits of one feature each, chosen by least squares.
///
/// # Reference
/// Breiman, Friedman, Olshen and Stone 1984, "Classification and regression trees".
#[derive(Debug)]
pub(super) struct Tree {
    nodes: Vec<Node>,
}

#[derive(Debug, Clone, Copy)]
enum Node {
    Leaf,
    /// Rows with less than `at` go to the node `below`, the others to the next one.
    Split {
        feature: usize,
        at: f64,
        below: usize,
    },
}

/// Deeper trees have leaves that are worth little.
const DEEPEST: usize = 4;
/// A split's means have to differ by so many standard errors: chance does so once in a thousand at one
/// split, and there are many to choose from.
const CLEAR: f64 = 4.0;

impl Tree {
    /// A tree whose leaves hold at least `fewest` of the rows.
    pub(super) fn grow(x: &[&[f64]], y: &[f64], fewest: usize) -> Self {
        let mut tree = Self {
            nodes: vec![Node::Leaf],
        };
        let all: Vec<usize> = (0..y.len()).collect();
        tree.split(0, all, (x, y), fewest, DEEPEST);
        tree
    }

    fn split(
        &mut self,
        node: usize,
        rows: Vec<usize>,
        (x, y): (&[&[f64]], &[f64]),
        fewest: usize,
        depth: usize,
    ) {
        let found = if depth > 0 {
            best(&rows, x, y, fewest)
        } else {
            None
        };
        let Some((feature, at)) = found else { return };
        let below = self.nodes.len();
        self.nodes.extend([Node::Leaf; 2]);
        self.nodes[node] = Node::Split { feature, at, below };
        let (left, right) = rows.into_iter().partition(|&i| x[i][feature] < at);
        self.split(below, left, (x, y), fewest, depth - 1);
        self.split(below + 1, right, (x, y), fewest, depth - 1);
    }

    /// The number of the leaf that a row falls into.
    pub(super) fn leaf(&self, x: &[f64]) -> usize {
        let mut node = 0;
        while let Node::Split { feature, at, below } = self.nodes[node] {
            node = if x[feature] < at { below } else { below + 1 };
        }
        node
    }

    pub(super) fn n_leaves(&self) -> usize {
        let leaf = |node: &&Node| matches!(node, Node::Leaf);
        self.nodes.iter().filter(leaf).count()
    }
}

/// The split with the clearest difference of means, if it is clear.
fn best(rows: &[usize], x: &[&[f64]], y: &[f64], fewest: usize) -> Option<(usize, f64)> {
    let n = rows.len();
    if n < 2 * fewest {
        return None;
    }
    let mut clearest = (CLEAR, None);
    for (feature, _) in x[rows[0]].iter().enumerate() {
        let value = |i: usize| x[i][feature];
        let mut order = rows.to_vec();
        order.sort_by(|&a, &b| value(a).total_cmp(&value(b)));
        let total: f64 = order.iter().map(|&i| y[i]).sum();
        let squares: f64 = order.iter().map(|&i| y[i] * y[i]).sum();
        let mut left = 0.0;
        for k in 1..n {
            left += y[order[k - 1]];
            let (before, after) = (value(order[k - 1]), value(order[k]));
            if k < fewest || n - k < fewest || before >= after {
                continue;
            }
            let (a, b) = (k as f64, (n - k) as f64);
            let gap = left / a - (total - left) / b;
            let between = left * left / a + (total - left).powi(2) / b;
            let variance = ((squares - between) / (n - 2) as f64).max(f64::MIN_POSITIVE);
            let clear = gap.abs() / (variance * (1.0 / a + 1.0 / b)).sqrt();
            if clear > clearest.0 {
                clearest = (clear, Some((feature, 0.5 * (before + after))));
            }
        }
    }
    clearest.1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{Seed, Stream};

    #[test]
    fn a_step_is_found_where_it_is_and_noise_is_left_alone() {
        let mut random = Seed(4).stream(Stream::Test, 0);
        let x: Vec<[f64; 3]> = (0..400).map(|_| [0; 3].map(|_| random.uniform())).collect();
        let rows: Vec<&[f64]> = x.iter().map(<[f64; 3]>::as_slice).collect();
        let noise: Vec<f64> = (0..400).map(|_| random.normal()).collect();
        assert_eq!(Tree::grow(&rows, &noise, 25).n_leaves(), 1);
        let step = |(x, e): (&[f64; 3], &f64)| e + if x[1] < 0.3 { 2.0 } else { 0.0 };
        let y: Vec<f64> = x.iter().zip(&noise).map(step).collect();
        let tree = Tree::grow(&rows, &y, 25);
        assert_eq!(tree.n_leaves(), 2);
        let Node::Split { feature, at, .. } = tree.nodes[0] else {
            panic!("a split");
        };
        assert!(feature == 1 && (at - 0.3).abs() < 0.03, "{feature} {at}");
        assert_ne!(tree.leaf(&[0.5, 0.1, 0.5]), tree.leaf(&[0.5, 0.9, 0.5]));
    }
}
