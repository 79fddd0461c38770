"""Whether to believe a posterior."""

from .lc2st import LC2ST, LC2ST_NF, LC2STScores, LC2STState
from .misspecification import calc_misspecification_logprob, calc_misspecification_mmd
from .sbc import check_sbc, get_nltp, run_sbc
from .tarp import check_tarp, run_tarp

__all__ = [
    "LC2ST",
    "LC2STScores",
    "LC2STState",
    "LC2ST_NF",
    "calc_misspecification_logprob",
    "calc_misspecification_mmd",
    "check_sbc",
    "check_tarp",
    "get_nltp",
    "run_sbc",
    "run_tarp",
]
