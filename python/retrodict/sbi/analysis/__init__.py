"""Figures, conditional densities and sensitivity by the names of ``sbi``."""

from .conditional_density import (
    ConditionedMDN,
    conditional_corrcoeff,
    conditional_potential,
    eval_conditional_density,
)
from .plot import (
    conditional_marginal_plot,
    conditional_pairplot,
    marginal_plot,
    marginal_plot_with_probs_intensity,
    pairplot,
    plot_tarp,
    pp_plot,
    pp_plot_lc2st,
    sbc_rank_plot,
)
from .sensitivity_analysis import ActiveSubspace

__all__ = [
    "ActiveSubspace",
    "ConditionedMDN",
    "conditional_corrcoeff",
    "conditional_marginal_plot",
    "conditional_pairplot",
    "conditional_potential",
    "eval_conditional_density",
    "marginal_plot",
    "marginal_plot_with_probs_intensity",
    "pairplot",
    "plot_tarp",
    "pp_plot",
    "pp_plot_lc2st",
    "sbc_rank_plot",
]
