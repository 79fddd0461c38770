"""Studies from files, and the folders that their runs leave."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from . import _native, progress as showing
from .arrays import whole
from .folder import Folder
from .posterior import Posterior
from .prior import Prior
from .progress import Progress
from .report import Report, samples_of
from .simulations import Simulations
from .study import Simulating, Study, native_of

STAGES = ["simulate", "fit", "sample", "check", "report"]


class Run:
    """The folder of a run, whoever ran it: this package or the command line.

    Attributes
    ----------
    folder : Path
        Where it is.
    prior : Prior
        The prior of the study.
    posterior : Posterior
        The fitted posterior; that of the first method if there are several.
    samples : Samples or list of Samples
        The draws for the study's observation, or for each of several.
    report : Report
        The verdict and what it rests on.
    methods : dict of str to Run
        One run a method, if the study compares several.
    """

    def __init__(
        self,
        session: _native.Session,
        simulating: Simulating | None = None,
        folder: Folder | None = None,
        prior: Prior | None = None,
    ) -> None:
        self._session = session
        # A temporary folder is there for as long as this is.
        self._kept = folder or Folder(session.folder)
        self._simulating = simulating
        self._whole = self._kept
        self.folder = Path(session.folder)
        self.prior = prior if prior is not None else _prior(session)
        self.methods: dict[str, Run] = {name: self._method(name) for name in session.methods}
        self._posterior: Posterior | None = None

    def _method(self, name: str) -> Run:
        run = load(self.folder / "methods" / name, self.prior if self.prior.has_functions else None)
        run._whole = self._kept
        return run

    @property
    def settings(self) -> dict[str, Any]:
        """The study with every default written out."""
        return json.loads(self._session.settings)  # type: ignore[no-any-return]

    @property
    def posterior(self) -> Posterior:
        """The fitted posterior."""
        if self.methods:
            return next(iter(self.methods.values())).posterior
        if self._posterior is None:
            study = _plain(self.settings)
            if self.prior.has_functions:
                study["parameters"] = self.prior.to_dict()
            x_o = self._session.observations
            self._posterior = Posterior(
                self._session, self._kept, study, self.prior, self._simulating, x_o
            )
        return self._posterior

    @property
    def samples(self) -> Any:
        """The draws for the study's observation; a list if there are several."""
        if self.methods:
            return next(iter(self.methods.values())).samples
        found = samples_of(self.folder, self.prior, self._session.observations)
        if isinstance(found, list) and not found:
            raise FileNotFoundError(
                f"{self.folder}: there are no draws yet. Finish the run with retrodict.run or "
                "`retrodict run`."
            )
        return found

    @property
    def report(self) -> Report:
        """The verdict, the checks and the figures."""
        if not (self.folder / "verdict.json").exists():
            raise FileNotFoundError(
                f"{self.folder}: there is no verdict yet. Finish the run with retrodict.run or "
                "`retrodict run`."
            )
        return Report(self._kept, self.prior, self._session.observations)

    @property
    def verdict(self) -> str:
        """``"trusted"``, ``"caution"`` or ``"failed"``."""
        return self.report.verdict

    @property
    def simulations(self) -> Simulations:
        """The simulations that it learned from, those of the first round."""
        folder = self.folder / "simulations" / "round-000"
        parts = sorted(folder.glob("shard-*.status.npy"))
        if not parts:
            raise FileNotFoundError(f"{folder}: there are no simulations.")
        read = {
            kind: np.concatenate(
                [np.load(part.with_name(part.name.replace("status", kind))) for part in parts]
            )
            for kind in ("theta", "x", "status")
        }
        x = read["x"].reshape(len(read["status"]), -1)
        return Simulations(
            read["theta"],
            x,
            names=self.prior.names,
            data_names=self._session.data_names,
            status=read["status"],
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return load, (self.folder.absolute(), self.prior if self.prior.has_functions else None)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Run):
            return NotImplemented
        return self.folder.absolute() == other.folder.absolute()

    def __repr__(self) -> str:
        done = (self.folder / "verdict.json").exists()
        return f"<Run in {self.folder}: {self.verdict if done else 'not finished'}>"

    def _repr_html_(self) -> str:
        if not (self.folder / "verdict.json").exists():
            return f"<div>{self!r}</div>".replace("<Run", "&lt;Run")
        return self.report._repr_html_()


def run(
    study: str | PathLike[str] | Mapping[str, Any],
    out: str | PathLike[str] | None = None,
    *,
    seed: int | None = None,
    simulator: Callable[..., Any] | None = None,
    vectorized: bool | None = None,
    workers: int | None = None,
    executor: Executor | None = None,
    progress: bool | Progress | None = None,
) -> Run:
    """Run every stage of a study, as ``retrodict run`` does; what is there already is not done again.

    Parameters
    ----------
    study : path or mapping
        A study file, or its sections.
    out : path, optional
        The folder of the run; ``runs/NAME`` unless given.
    seed : int, optional
        A seed in place of the study's.
    simulator : callable, optional
        The simulator of a study with ``[simulator.function]``.
    vectorized, workers, executor
        As for :func:`retrodict.simulate`.
    progress : bool or callable, optional
        Whether to show how far it is.

    Returns
    -------
    Run
        The folder: posterior, draws, report.

    Raises
    ------
    ValueError
        If the study says something that cannot be understood or done.
    FileNotFoundError
        If there is no such file.

    Examples
    --------
    >>> import retrodict as rd
    >>> study = {"study": {"name": "toy"}, "simulator": {"builtin": "gaussian_toy"},
    ...          "inference": {"simulations": 2000}}
    >>> run = rd.run(study, out=folder / "toy")
    >>> run.samples.names
    ['mu_1', 'mu_2', 'mu_3']
    >>> rd.load(folder / "toy").verdict == run.verdict
    True
    """
    if seed is not None:
        seed = whole(seed, "seed")
    if isinstance(study, Mapping):
        sections: Study = {key: value for key, value in study.items()}
        if seed is not None:
            sections["study"] = {**sections.get("study", {}), "seed": seed}
        name = str(sections.get("study", {}).get("name", "study"))
        folder = Path("runs") / name if out is None else Path(out)
        simulating = _simulating_of(sections, simulator, vectorized, workers, executor)
        session = _native.Session(folder, sections, native_of(simulating))
    else:
        session = _native.Session.open(study, out, seed)
        simulating = None
        if simulator is not None:
            simulating = Simulating(
                _prior(session),
                simulator,
                vectorized=vectorized,
                workers=workers,
                executor=executor,
            )
            session = _native.Session.open(study, out, seed, simulating.native)
    try:
        session.run(STAGES, progress=showing.shown(progress))
    finally:
        if simulating is not None:
            simulating.close()
    return Run(session, simulating)


def load(folder: str | PathLike[str], prior: Prior | None = None) -> Run:
    """The run that is in a folder, whoever made it.

    Parameters
    ----------
    folder : path
        The folder of a run.
    prior : Prior, optional
        The prior again, if a part of it is a Python object: a folder has no more than its name.

    Returns
    -------
    Run
        Posterior, draws and report as far as they are there.

    Raises
    ------
    FileNotFoundError
        If there is no run in the folder.
    """
    path = Path(folder)
    if not (path / "study.toml").is_file() or not (path / "stages.json").is_file():
        raise FileNotFoundError(
            f"{path}: there is no run in this folder. Give the folder that `retrodict run` or `out=` "
            "named; it holds study.toml and stages.json."
        )
    native = None if prior is None else prior._native
    return Run(_native.Session.open(path / "study.toml", path, prior=native), prior=prior)


def _prior(session: _native.Session) -> Prior:
    return Prior(json.loads(session.settings)["parameters"])


def _simulating_of(
    study: Study,
    simulator: Callable[..., Any] | None,
    vectorized: bool | None,
    workers: int | None,
    executor: Executor | None,
) -> Simulating | None:
    if simulator is None:
        return None
    return Simulating(
        Prior(study.get("parameters", {})),
        simulator,
        vectorized=vectorized,
        workers=workers,
        executor=executor,
    )


def _plain(settings: dict[str, Any]) -> Study:
    """What was read from JSON, with ends that are infinite left out as a study leaves them."""
    return {
        key: _plain(value) if isinstance(value, dict) else value
        for key, value in settings.items()
        if value is not None
    }
