"""Embedding networks of ``sbi``, which have to be trained together with torch: not supported, by name."""

from __future__ import annotations

from typing import Any

from ..errors import not_supported
from .embedding import TRAIN_IT

_NAMES = {
    "CNNEmbedding",
    "CausalCNNEmbedding",
    "FCEmbedding",
    "LRUEmbedding",
    "PermutationInvariantEmbedding",
    "ResNetEmbedding1D",
    "ResNetEmbedding2D",
    "SpectralConvEmbedding",
    "TransformerEmbedding",
}


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def missing(*args: Any, **kwargs: Any) -> Any:
        trials = name == "PermutationInvariantEmbedding"
        more = " For trials of one θ use NLE or NRE: x with one trial a row." if trials else ""
        raise not_supported(name, TRAIN_IT + more)

    return missing
