"""The folder of a run: one that the user named, or one that goes with the object."""

from __future__ import annotations

import io
import os
from os import PathLike
from pathlib import Path

#: What a posterior needs of a run; everything else can be made again.
MODEL = ("study.toml", "stages.json", "observation.npy", "model", "rounds")
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
            for member in archive.getmembers():
                inside = not member.name.startswith(("/", "..")) and ".." not in member.name.split("/")
                if not inside or not (member.isfile() or member.isdir()):
                    raise ValueError(f"posterior: the archive holds {member.name!r}, expected plain files.")
                archive.extract(member, folder.path)
        return folder


def _link(source: str, target: str) -> None:
    """Simulations and models are never changed in place, so that a second name will do."""
    try:
        os.link(source, target)
    except OSError:
        import shutil

        shutil.copy2(source, target)
