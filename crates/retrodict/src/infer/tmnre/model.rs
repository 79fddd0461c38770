//! Truncated marginals on disk.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::bounds::Bounds;
use super::marginals::{MarginalRatio, TruncatedMarginals};
use super::tree::{in_order, pairs_of, spanning};
use crate::error::Result;
use crate::infer::model_file::{self, Description, Header};
use crate::infer::nre::NeuralRatio;
use crate::prior::Prior;

/// Everything about truncated marginals but their ratios, as it stands in `config.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MarginalsModel {
    /// Always `retrodict-model`.
    format: String,
    /// The version of the format.
    version: u32,
    /// Always `tmnre`.
    method: String,
    /// The names of the parameters, in column order.
    parameters: Vec<String>,
    /// Between which levels of its prior's distribution function each lies.
    levels: Vec<[f64; 2]>,
    /// The parameters of each marginal, by position: first every parameter alone, then pairs.
    marginals: Vec<Vec<usize>>,
    /// The numbers of the marginals of the pairs that draws of all parameters keep.
    tree: Vec<usize>,
}

impl Description for MarginalsModel {
    const METHOD: &'static str = "tmnre";

    fn check(&self) -> Result<(), String> {
        let n = self.parameters.len();
        let ordered = |[low, high]: &[f64; 2]| 0.0 <= *low && low < high && *high <= 1.0;
        if self.levels.len() != n || !self.levels.iter().all(ordered) {
            return Err(format!("levels that are no {n} ranges within 0 and 1"));
        }
        let alone = (0..n).all(|j| self.marginals.get(j).is_some_and(|own| *own == [j]));
        let pairs = self.marginals.iter().skip(n);
        let mut pairs = pairs.map(|pair| pair.len() == 2 && pair.iter().all(|j| *j < n));
        if !alone || !pairs.all(|is_one| is_one) {
            return Err("marginals that are not all parameters, and pairs of them".into());
        }
        if self
            .tree
            .iter()
            .any(|m| !(n..self.marginals.len()).contains(m))
        {
            return Err("a tree of marginals that are no pairs".into());
        }
        let pairs = pairs_of(&self.marginals, &self.tree);
        if spanning(n, pairs).len() < self.tree.len() {
            return Err("a tree with a circle in it".into());
        }
        Ok(())
    }

    fn n_networks(&self) -> usize {
        self.marginals.len()
    }
}

/// The folder of a marginal's ratio.
fn name(k: usize) -> String {
    format!("marginal-{k}")
}

impl TruncatedMarginals {
    /// Writes the model into a folder: `config.json`, and a folder `marginal-K` for each ratio, as
    /// [`NeuralRatio::save`] does.
    ///
    /// # Errors
    /// If the files cannot be written.
    pub fn save(&self, folder: impl AsRef<Path>) -> Result<()> {
        let folder = folder.as_ref();
        for (k, marginal) in self.marginals.iter().enumerate() {
            marginal.ratio.save(folder.join(name(k)))?;
        }
        let Header {
            format,
            version,
            method,
        } = Header::of::<MarginalsModel>();
        let config = MarginalsModel {
            format,
            version,
            method,
            parameters: self.prior().names(),
            levels: self.bounds.levels().to_vec(),
            marginals: self.marginals.iter().map(|m| m.columns.clone()).collect(),
            tree: self.tree.iter().map(|branch| branch.marginal).collect(),
        };
        model_file::save(folder, &config, &[])
    }

    /// Reads a model that [`TruncatedMarginals::save`] wrote; `prior` is the one it was trained with.
    ///
    /// # Errors
    /// If a file is missing, damaged, of another method or another prior.
    pub fn load(folder: impl AsRef<Path>, prior: &Prior) -> Result<Self> {
        let folder = folder.as_ref();
        let config: MarginalsModel = model_file::read_config(folder)?;
        if config.parameters != prior.names() {
            let (given, expected) = (config.parameters.join(", "), prior.names().join(", "));
            return Err(model_file::damaged(
                &folder.join(model_file::CONFIG),
                format!("parameters {given}, expected {expected}"),
            ));
        }
        let pairs: Vec<_> = pairs_of(&config.marginals, &config.tree).collect();
        let tree = in_order(&pairs, config.parameters.len());
        let bounds = Bounds::restored(prior, config.levels)?;
        let marginals = config
            .marginals
            .into_iter()
            .enumerate()
            .map(|(k, columns)| {
                let own = bounds.prior_of(&columns)?;
                let ratio = NeuralRatio::load(folder.join(name(k)), &own)?;
                Ok(MarginalRatio { columns, ratio })
            });
        Ok(Self {
            marginals: marginals.collect::<Result<_>>()?,
            bounds,
            tree,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(tree: &[usize]) -> MarginalsModel {
        MarginalsModel {
            format: String::new(),
            version: 2,
            method: "tmnre".into(),
            parameters: ["a", "b", "c"].map(String::from).to_vec(),
            levels: vec![[0.0, 1.0]; 3],
            marginals: [&[0][..], &[1], &[2], &[0, 1], &[2, 1], &[0, 2]]
                .map(<[usize]>::to_vec)
                .to_vec(),
            tree: tree.to_vec(),
        }
    }

    #[test]
    fn descriptions_from_which_no_draw_can_be_made_are_refused() {
        for tree in [&[][..], &[5], &[4, 3]] {
            assert_eq!(config(tree).check(), Ok(()), "{tree:?}");
        }
        // No pair; a pair twice; in a circle; not there.
        for tree in [&[0][..], &[3, 3], &[3, 4, 5], &[9]] {
            assert!(config(tree).check().is_err(), "{tree:?}");
        }
        let mut wrong = config(&[]);
        wrong.levels[1] = [0.5, 0.5];
        assert!(wrong.check().is_err());
        let mut wrong = config(&[]);
        wrong.marginals.swap(0, 1);
        assert!(wrong.check().is_err());
    }
}
