"""What learns from simulations."""

from .base import Trainer
from .marginal import MarginalTrainer
from .nle import BNRE, MNLE, NLE_A, NRE_A, NRE_B, NRE_C
from .npe import MNPE, NPE_A, NPE_B, NPE_C, NPE_PFN
from .vector_field import FMPE, NPSE

__all__ = [
    "BNRE",
    "FMPE",
    "MNLE",
    "MNPE",
    "MarginalTrainer",
    "NLE_A",
    "NPE_A",
    "NPE_B",
    "NPE_C",
    "NPE_PFN",
    "NPSE",
    "NRE_A",
    "NRE_B",
    "NRE_C",
    "Trainer",
]
