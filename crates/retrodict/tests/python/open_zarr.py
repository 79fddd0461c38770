"""Opens a `posterior.zarr` as a user would, with every warning an error.

    pip install xarray zarr && python -W error open_zarr.py FOLDER
"""

import sys
from pathlib import Path

import numpy as np
import xarray as xr

folder = Path(sys.argv[1])
tree = xr.open_datatree(folder / "posterior.zarr", engine="zarr")
draws = np.load(folder / "samples.npy")

assert set(tree.children) == {"posterior", "sample_stats", "posterior_predictive", "observed_data"}, tree
posterior = tree["posterior"]
first = posterior["mu__total"]
assert first.dims == ("chain", "draw") and first.shape == (2, 2), first
np.testing.assert_array_equal(first.values.ravel(), draws[:, 0])
np.testing.assert_array_equal(posterior["a_b"].values.ravel(), draws[:, 1])
np.testing.assert_array_equal(posterior["draw"].values, [0, 1])
assert first.attrs["long_name"] == "μ" and first.attrs["units"] == "km/s", first.attrs
assert posterior.attrs["inference_library"] == "retrodict", posterior.attrs
assert tree["observed_data/x"].values.tolist() == [0.5, 1.5, 2.5]
assert tree["posterior_predictive/x"].dims == ("chain", "draw", "x_dim_0")
np.testing.assert_array_equal(tree["sample_stats/log_prob"].values, [[-1, -2], [-3, -4]])
print("opened", sorted(tree.children))
