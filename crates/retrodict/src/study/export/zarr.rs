//! Zarr version 3, written by hand: a folder with a `zarr.json` for each group and array, and the
//! raw little-endian numbers of an array as one chunk.
//!
//! The format is that of <https://zarr-specs.readthedocs.io/en/latest/v3/core/>. The metadata of
//! all nodes stand once more in the root (`consolidated_metadata`), as `xarray` expects.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::error::{Error, Result};
use crate::npy;

/// Numbers of one type.
#[derive(Debug, Clone)]
pub(super) enum Values {
    Float(Vec<f64>),
    Integer(Vec<i64>),
}

/// An array with named dimensions.
#[derive(Debug, Clone)]
pub(super) struct Array {
    pub(super) name: String,
    pub(super) dimensions: Vec<String>,
    pub(super) shape: Vec<usize>,
    pub(super) values: Values,
    pub(super) attributes: Map<String, Value>,
}

/// Arrays that belong together.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) arrays: Vec<Array>,
    pub(super) attributes: Map<String, Value>,
}

/// Writes the groups as a store at `path`; a store that is there is replaced once the new one is
/// complete.
pub(super) fn write(path: &Path, groups: &[Group]) -> Result<()> {
    let beside = |mark: &str| {
        let mut name = path.file_name().unwrap_or_default().to_os_string();
        name.push(format!(".{mark}-{}", std::process::id()));
        path.with_file_name(name)
    };
    let (new, old) = (beside("tmp"), beside("old"));
    remove(&new)?;
    write_store(&new, groups)?;
    if path.exists() {
        remove(&old)?;
        fs::rename(path, &old).map_err(Error::io(path, "replace"))?;
    }
    fs::rename(&new, path).map_err(Error::io(path, "write"))?;
    remove(&old)
}

fn remove(path: &Path) -> Result<()> {
    if path.exists() {
        fs::remove_dir_all(path).map_err(Error::io(path, "remove"))?;
    }
    Ok(())
}

fn write_store(root: &Path, groups: &[Group]) -> Result<()> {
    let mut all = Map::new();
    for group in groups {
        let metadata = group_metadata(&group.attributes);
        write_node(&root.join(&group.name), &metadata)?;
        all.insert(group.name.clone(), metadata);
        for array in &group.arrays {
            let folder = root.join(&group.name).join(&array.name);
            let metadata = array.metadata();
            write_node(&folder, &metadata)?;
            array.write_chunk(&folder)?;
            all.insert(format!("{}/{}", group.name, array.name), metadata);
        }
    }
    let mut metadata = group_metadata(&Map::new());
    metadata["consolidated_metadata"] =
        json!({ "kind": "inline", "must_understand": false, "metadata": all });
    write_node(root, &metadata)
}

fn write_node(folder: &Path, metadata: &Value) -> Result<()> {
    fs::create_dir_all(folder).map_err(Error::io(folder, "create the folder"))?;
    let bytes = serde_json::to_vec_pretty(metadata).expect("metadata is plain data");
    npy::write_atomically(folder.join("zarr.json"), &bytes)
}

fn group_metadata(attributes: &Map<String, Value>) -> Value {
    json!({ "zarr_format": 3, "node_type": "group", "attributes": attributes })
}

impl Array {
    fn metadata(&self) -> Value {
        let (data_type, fill_value) = match self.values {
            Values::Float(_) => ("float64", json!("NaN")),
            Values::Integer(_) => ("int64", json!(0)),
        };
        // A chunk is at least one long, even of an array that holds nothing.
        let chunk: Vec<usize> = self.shape.iter().map(|n| *n.max(&1)).collect();
        json!({
            "zarr_format": 3,
            "node_type": "array",
            "shape": self.shape,
            "data_type": data_type,
            "chunk_grid": { "name": "regular", "configuration": { "chunk_shape": chunk } },
            "chunk_key_encoding": { "name": "default", "configuration": { "separator": "/" } },
            "fill_value": fill_value,
            "codecs": [{ "name": "bytes", "configuration": { "endian": "little" } }],
            "dimension_names": self.dimensions,
            "attributes": self.attributes,
        })
    }

    /// Writes the one chunk, `c/0/0` for two dimensions.
    fn write_chunk(&self, folder: &Path) -> Result<()> {
        let bytes: Vec<u8> = match &self.values {
            Values::Float(values) => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            Values::Integer(values) => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        };
        let n: usize = self.shape.iter().product();
        assert_eq!(bytes.len(), 8 * n, "the values fill the shape");
        if n == 0 {
            return Ok(());
        }
        let mut chunk = folder.join("c");
        for _ in &self.shape {
            chunk.push("0");
        }
        let parent = chunk.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(Error::io(parent, "create the folder"))?;
        npy::write_atomically(&chunk, &bytes)
    }
}
