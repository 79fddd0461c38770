#!/bin/sh
# Fetch the SBI benchmark's observations, true parameters and reference posterior samples (18.6 MB,
# the Python package sbibm 1.1.0, MIT licence) into data/ beside this script. Nothing is installed.
set -eu
cd "$(dirname "$0")"
mkdir -p data
cd data
python3 -m pip download --quiet --no-deps "sbibm==1.1.0"
python3 - <<'PYTHON'
import bz2
import pathlib
import zipfile

wheel = next(pathlib.Path().glob("sbibm-1.1.0-*.whl"))
with zipfile.ZipFile(wheel) as archive:
    archive.extractall(".", [n for n in archive.namelist() if n.startswith("sbibm/tasks/")])
for packed in pathlib.Path("sbibm").rglob("*.csv.bz2"):
    packed.with_suffix("").write_bytes(bz2.decompress(packed.read_bytes()))
PYTHON
echo "data are in $(pwd)/sbibm/tasks"
