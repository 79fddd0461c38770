"""The extension module: arrays and plain values in, arrays and plain values out."""

from collections.abc import Callable, Iterable, Mapping
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

_Floats = NDArray[np.float64]
_Given = tuple[_Floats, _Floats, NDArray[np.uint8]]
_Drawn = tuple[_Floats, _Floats | None, dict[str, _Floats], dict[str, str], int]
_Named = tuple[str, str | None, str | None]
_Progress = Callable[[str, str, int, int, str], None]

VERSION: str

class Error(RuntimeError): ...

class Prior:
    def __new__(
        cls,
        parameters: dict[str, Any],
        functions: Mapping[str, tuple[Callable[[_Floats], float], Callable[[int], _Floats]]] | None = None,
    ) -> Prior: ...
    @property
    def names(self) -> list[str]: ...
    @property
    def parameters(self) -> list[_Named]: ...
    @property
    def limits(self) -> list[tuple[float, float]]: ...
    @property
    def discrete(self) -> list[str]: ...
    def simulations(
        self, n: int, seed: int, first: int, test: bool
    ) -> tuple[_Floats, NDArray[np.uint64]]: ...
    def log_prob(self, theta: _Floats) -> _Floats: ...
    def theta_of_normal(self, z: _Floats) -> _Floats: ...

class Simulator:
    def __new__(
        cls,
        name: str,
        prior: Prior,
        n_data: int,
        block: int,
        simulate: Callable[[_Floats, NDArray[np.uint64]], tuple[_Floats, NDArray[np.uint8]]],
        log_likelihood: Callable[[_Floats, _Floats], _Floats] | None = None,
    ) -> Simulator: ...

class Session:
    def __new__(
        cls,
        folder: str | PathLike[str],
        study: dict[str, Any],
        simulator: Simulator | None = None,
        prior: Prior | None = None,
    ) -> Session: ...
    @staticmethod
    def open(
        path: str | PathLike[str],
        folder: str | PathLike[str] | None = None,
        seed: int | None = None,
        simulator: Simulator | None = None,
        prior: Prior | None = None,
    ) -> Session: ...
    @property
    def folder(self) -> PathLike[str]: ...
    @property
    def prior(self) -> Prior: ...
    @property
    def data_names(self) -> list[str]: ...
    @property
    def observations(self) -> _Floats: ...
    @property
    def methods(self) -> list[str]: ...
    @property
    def settings(self) -> str: ...
    @property
    def text(self) -> str: ...
    def run(
        self,
        stages: list[str],
        training: _Given | None = None,
        tests: _Given | None = None,
        progress: _Progress | None = None,
    ) -> None: ...
    def posterior(self, x: _Floats | None = None) -> Posterior: ...

class Posterior:
    def sample(self, x: _Floats, n: int, seed: int, index: int) -> _Drawn: ...
    def sample_many(self, xs: _Floats, n: int, seed: int) -> list[_Drawn]: ...
    def log_prob(self, theta: _Floats, x: _Floats, normalized: bool) -> _Floats: ...
    def map(self, x: _Floats, seed: int) -> _Floats: ...

def corner(
    parameters: list[_Named],
    posteriors: list[tuple[str, _Floats, _Floats | None]],
    limits: list[tuple[float, float]],
    truth: list[float] | None = None,
    prior: _Floats | None = None,
) -> tuple[str, str, str]: ...
def png(svg: str) -> bytes: ...
def in_study_form(
    theta: _Floats, x: _Floats, status: NDArray[np.uint8]
) -> tuple[_Floats, NDArray[np.uint8]]: ...
def simulations_hash(theta: _Floats, x: _Floats, status: NDArray[np.uint8]) -> str: ...
def main(arguments: Iterable[str]) -> int: ...
