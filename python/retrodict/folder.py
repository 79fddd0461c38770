"""The folder of a run: one that the user named, or one that goes with the object."""

from __future__ import annotations

import io
import json
import os
import sys
from os import PathLike
from pathlib import Path

from ._native import Error

#: Importance weights of given rounds.
WEIGHTS = "weights.npy"
#: Networks with which training began.
START = "continue_from"
#: What a run was asked to do.
STUDY = "study.toml"
#: What a posterior needs of a run; everything else can be made again.
MODEL = (STUDY, "stages.json", "observation.npy", WEIGHTS, START, "model", "rounds")
#: What the function was whose simulations are there.
FUNCTION = "function.json"
#: What checks add.
SIMULATIONS = "simulations"


class Folder:
    """A folder; a temporary one is removed with the last object that uses it."""

    def __init__(self, out: str | PathLike[str] | None = None) -> None:
        self._holder = None
        if out is None:
            import tempfile

            self._holder = tempfile.TemporaryDirectory(
                prefix="retrodict-", ignore_cleanup_errors=True
            )
            out = self._holder.name
        self.path = Path(out)

    @property
    def temporary(self) -> bool:
        """Whether nobody else knows of it."""
        return self._holder is not None

    def refuse_other_code(self, name: str, code: str) -> None:
        """An error if the simulations that are there come from another version of the function."""
        path = self.path / FUNCTION
        if not code or not path.exists():
            return
        kept = json.loads(path.read_text(encoding="utf-8"))
        same = (kept["name"], kept["python"]) == (name, _python())
        if same and kept["code"] != code:
            raise Error(
                f"{self.path}: its simulations were made by another version of `{name}`. "
                "Give another out, or delete this folder to simulate again."
            )

    def keep_code(self, name: str, code: str) -> None:
        """Notes which version of the function simulates here."""
        if code and not self.temporary and self.path.is_dir():
            fields = {"name": name, "code": code, "python": _python()}
            (self.path / FUNCTION).write_text(json.dumps(fields) + "\n", encoding="utf-8")

    def branch(self, out: str | PathLike[str] | None = None) -> Folder:
        """Another folder with the same simulations and the same model."""
        import shutil

        other = Folder(out)
        other.path.mkdir(parents=True, exist_ok=True)
        for name in (*MODEL, SIMULATIONS):
            source = self.path / name
            if source.is_dir():
                # What a check simulates for itself is not taken along.
                ignore = shutil.ignore_patterns("predictive-*", "test")
                shutil.copytree(
                    source, other.path / name, copy_function=_link, ignore=ignore, dirs_exist_ok=True
                )
            elif source.exists():
                shutil.copy2(source, other.path / name)
        return other

    def keep_start(self, given: Path) -> None:
        """Takes over the networks with which training begins: where they come from may be gone tomorrow."""
        import shutil

        model = given / "model" if (given / "model").is_dir() else given
        if not (model / "config.json").is_file():
            raise ValueError(
                f"continue_from: there is no model in {model}. Give a posterior, or the folder of its run."
            )
        if model.resolve() == (self.path / "model").resolve():
            raise ValueError(
                f"continue_from: given {self.path}, expected another run: this one's model is written there. "
                "Give another `out`."
            )
        start = self.path / START
        if start.is_dir() and _same_files(model, start):
            return
        # Without a model of its own, no run has begun with what is there, or all of it.
        if start.is_dir() and (self.path / "model").is_dir():
            raise ValueError(
                f"continue_from: the run in {self.path} began with other networks. Give another `out`."
            )
        shutil.rmtree(start, ignore_errors=True)
        shutil.copytree(model, start, copy_function=_link)
        if (given / STUDY).is_file():
            # It says for which prior the networks were trained.
            shutil.copy2(given / STUDY, start / STUDY)

    def pack(self, with_simulations: bool) -> bytes:
        """What a posterior needs, as one archive."""
        import tarfile

        buffer = io.BytesIO()
        names = (*MODEL, SIMULATIONS) if with_simulations else MODEL
        with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as archive:
            for name in names:
                if (self.path / name).exists():
                    archive.add(self.path / name, arcname=name)
        return buffer.getvalue()

    @classmethod
    def unpack(cls, data: bytes) -> Folder:
        """The folder again, somewhere else."""
        import tarfile

        folder = cls()
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
            # What Python 3.14 does of itself, and older ones have not all learned.
            if hasattr(tarfile, "data_filter"):
                archive.extraction_filter = tarfile.data_filter
            for member in archive.getmembers():
                inside = not member.name.startswith(("/", "..")) and ".." not in member.name.split("/")
                if not inside or not (member.isfile() or member.isdir()):
                    raise ValueError(f"posterior: the archive holds {member.name!r}, expected plain files.")
                archive.extract(member, folder.path)
        return folder


def _python() -> str:
    """Another Python compiles the same function to other code."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def _same_files(one: Path, other: Path) -> bool:
    """Whether every file of one folder is in the other."""
    import filecmp

    names = [path.name for path in one.iterdir() if path.is_file()]
    same, _, _ = filecmp.cmpfiles(one, other, names, shallow=False)
    return len(same) == len(names)


def _link(source: str, target: str) -> None:
    """Simulations and models are never changed in place, so that a second name will do."""
    try:
        os.link(source, target)
    except OSError:
        import shutil

        shutil.copy2(source, target)
