"""Everything in one call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..utils.simulation_utils import simulate_for_sbi
from ..utils.user_input_checks import process_prior, process_simulator


def infer(
    simulator: Callable[..., Any],
    prior: Any,
    method: str,
    num_simulations: int,
    num_workers: int = 1,
    init_kwargs: dict[str, Any] | None = None,
    train_kwargs: dict[str, Any] | None = None,
    build_posterior_kwargs: dict[str, Any] | None = None,
) -> Any:
    """Simulate, train and make a posterior.

    Parameters
    ----------
    simulator : callable
        Takes one θ, or one a row.
    prior : distribution
        The prior.
    method : str
        The name of a class of :mod:`retrodict.sbi.inference`, such as ``"NPE"``, in any case.
    num_simulations : int
        How many simulations.
    """
    from retrodict.sbi import inference

    known, _, numpy = process_prior(prior)
    batched = process_simulator(simulator, known, numpy)
    names = {name.lower(): name for name in inference.TRAINERS}
    if method.lower() not in names:
        raise ValueError(f"method: given {method!r}, expected one of {', '.join(names.values())}.")
    trainer = getattr(inference, names[method.lower()])(prior=known, **(init_kwargs or {}))
    theta, x = simulate_for_sbi(
        batched, known, num_simulations, num_workers, simulation_batch_size=1000
    )
    estimator = trainer.append_simulations(theta, x).train(**(train_kwargs or {}))
    return trainer.build_posterior(estimator, **(build_posterior_kwargs or {}))


def check_if_proposal_has_default_x(proposal: Any) -> None:
    """An error if this is a posterior without an observation of its own."""
    if hasattr(proposal, "default_x") and proposal.default_x is None:
        raise ValueError("proposal: it has no default_x. Call proposal.set_default_x(x_o) first.")
