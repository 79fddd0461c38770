"""Embeddings of data that are trained already."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...arrays import Floats, floats
from ..errors import not_supported
from ..tensors import is_torch

TRAIN_IT = (
    "Retrodict trains no network of torch. Leave it out: its own networks read the data directly, from one "
    "number to thousands, after a linear guess. Or give summaries as data, or an embedding that is trained "
    "already, with requires_grad_(False)."
)


class Embedding:
    """A module of torch that is not trained any more, as a function of rows."""

    def __init__(self, module: Any) -> None:
        self.module = module

    def __call__(self, x: Floats) -> Floats:
        import torch

        with torch.no_grad():
            given = torch.as_tensor(np.ascontiguousarray(x), dtype=torch.get_default_dtype())
            embedded = floats(self.module(given), "embedding_net")
        if embedded.ndim == 0 or len(embedded) != len(x):
            raise ValueError(
                f"embedding_net: it made an array of shape {embedded.shape} of {len(x)} rows of data, "
                "expected one row for each."
            )
        return embedded.reshape(len(x), -1)


def frozen(module: Any) -> Embedding | None:
    """An embedding; none if it is the identity.

    Raises
    ------
    NotSupported
        If it would have to be trained.
    """
    if module is None or type(module).__name__ == "Identity":
        return None
    if not is_torch(module) or not hasattr(module, "parameters"):
        raise not_supported(f"embedding_net of type {type(module).__name__}", TRAIN_IT)
    if any(parameter.requires_grad for parameter in module.parameters()):
        raise not_supported("an embedding_net that has to be trained", TRAIN_IT)
    module.eval()
    return Embedding(module)
