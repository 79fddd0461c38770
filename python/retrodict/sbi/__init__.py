"""The names, shapes and return types of the Python package ``sbi`` 0.27, on Retrodict.

Change the import line, and nothing else::

    from sbi.inference import NPE          →   from retrodict.sbi.inference import NPE
    import sbi                             →   import retrodict.sbi as sbi

Tensors and distributions of torch are taken and given back where they are used; without torch everything is
NumPy. What is not supported raises :class:`NotSupported`, which says what to use instead; arguments that have
no meaning here give one warning that names them.

How the pieces fit
------------------
========================  =====================================================================
``tensors, errors``       the border: tensors or arrays; what is missing or has no meaning
``distributions``         anybody's prior as one of Retrodict, ``BoxUniform``
``density``               draws, densities, maxima of what was fitted; several rounds corrected
``table, estimator``      simulations of a trainer, and the networks that were trained on them
``neural_nets``           names of networks as settings of Retrodict's
``inference``             trainers, potentials, posteriors, ABC, ``simulate_for_sbi``
``utils``                 priors, restriction, simulators, metrics
``diagnostics``           SBC, TARP, L-C2ST, misspecification
``analysis``              plots, conditional densities, sensitivity
========================  =====================================================================
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .errors import NotSupported

if TYPE_CHECKING:
    # Imported when they are asked for.
    from . import analysis, diagnostics, inference, neural_nets, simulators, utils

#: The version of ``sbi`` whose names these are.
__version__ = "0.27.0"

__all__ = [
    "NotSupported",
    "analysis",
    "diagnostics",
    "inference",
    "neural_nets",
    "simulators",
    "utils",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
