"""Whether to believe a posterior."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from os import PathLike
from typing import Any

from . import _native, progress as showing
from .arrays import whole
from .posterior import Posterior, observations
from .progress import Progress
from .report import Report
from .simulations import Simulations, as_simulations
from .study import Simulating, Study, native_of, observation

#: How many simulations a posterior is tested on.
TESTS = 300


def check(
    posterior: Posterior,
    tests: Simulations | tuple[Any, Any] | Callable[..., Any] | None = None,
    x_o: Any = None,
    *,
    simulator: Callable[..., Any] | None = None,
    draws: int = 10_000,
    test_simulations: int = TESTS,
    posterior_draws: int = 1000,
    predictive_simulations: int = 300,
    learning_curve: bool = False,
    vectorized: bool | None = None,
    workers: int | None = None,
    executor: Executor | None = None,
    out: str | PathLike[str] | None = None,
    progress: bool | Progress | None = None,
) -> Report:
    """Draw for an observation, check everything that can be checked, and say whether to believe it.

    Parameters
    ----------
    posterior : Posterior
        What :func:`retrodict.infer` returned.
    tests : callable or Simulations or (theta, x), optional
        The simulator, for test simulations and posterior predictive checks; or simulations from the prior
        on which the posterior was not trained. Without either, its error bars are not tested, and the
        verdict says so.
    x_o : array_like, optional
        The observation, or several; that of the inference unless given.
    simulator : callable, optional
        The simulator, if ``tests`` are simulations.
    draws : int
        How many draws for each observation.
    test_simulations : int
        How many simulations to test with; all of ``tests`` if these are simulations.
    posterior_draws : int
        How many draws each test simulation is compared with.
    predictive_simulations : int
        How many simulations at posterior draws are compared with the observation.
    learning_curve : bool
        Whether to say what more simulations would gain, which takes nearly as long as the fit.
    vectorized, workers, executor
        As for :func:`retrodict.simulate`.
    out : path, optional
        A new folder for the files of the run; the posterior's own if it has one, a temporary one otherwise.
    progress : bool or callable, optional
        Whether to show how far it is.

    Returns
    -------
    Report
        The verdict, the checks, the figures and the draws.

    Raises
    ------
    ValueError
        If an argument is wrong.
    Error
        If too many simulations fail.

    Examples
    --------
    >>> import retrodict as rd
    >>> prior = rd.Prior(mu=rd.Uniform(-2, 2))
    >>> def simulator(theta, rng):
    ...     return theta + 0.1 * rng.normal(size=theta.shape)
    >>> sims = rd.simulate(prior, simulator, 1000, seed=1)
    >>> posterior = rd.infer(prior, sims, method="npe", seed=1)
    >>> report = rd.check(posterior, simulator, x_o=[0.5])
    >>> report.verdict in ("trusted", "caution", "failed")
    True
    """
    if not isinstance(posterior, Posterior):
        raise ValueError(
            f"posterior: given {type(posterior).__name__}, expected what retrodict.infer returns."
        )
    if simulator is None and callable(tests) and not isinstance(tests, Simulations):
        simulator, tests = tests, None
    simulating = posterior._simulating
    if simulator is not None:
        simulating = Simulating(
            posterior.prior, simulator, vectorized=vectorized, workers=workers, executor=executor
        )
    given = None
    if tests is not None:
        given = as_simulations(tests, posterior.prior.names, posterior.data_names, "tests")
        test_simulations = len(given)
    if x_o is None and posterior.x_o is None:
        raise ValueError("x_o: given none, expected an observation. Give the observed data.")
    rows = posterior.x_o
    if x_o is not None:
        rows, _ = observations(x_o, posterior.data_names, posterior.trials)
    assert rows is not None
    folder = posterior._folder
    if out is not None or folder.temporary:
        folder = folder.branch(out)
    study = _study(posterior, given, simulating)
    study["observation"] = observation(rows, posterior.trials, folder)
    study["posterior"] = {**(study.get("posterior") or {}), "draws": whole(draws, "draws")}
    study["check"] = {
        "test_simulations": whole(test_simulations, "test_simulations")
        if given is not None or simulating is not None or "function" not in study["simulator"]
        else 0,
        "posterior_draws": whole(posterior_draws, "posterior_draws"),
        "predictive_simulations": whole(predictive_simulations, "predictive_simulations"),
        "learning_curve": bool(learning_curve),
    }
    session = _native.Session(folder.path, study, native_of(simulating), posterior.prior._native)
    pairs = None if given is None else (given.theta, given.x, given.status)
    try:
        session.run(
            ["simulate", "fit", "sample", "check", "report"],
            tests=pairs,
            progress=showing.shown(progress),
        )
    finally:
        if simulating is not None:
            simulating.close()
    return Report(folder, posterior.prior, rows)


def _study(
    posterior: Posterior, given: Simulations | None, simulating: Simulating | None
) -> Study:
    study = {key: value for key, value in posterior._study.items()}
    function = study["simulator"].get("function")
    if function is None:
        if given is not None or simulating is not None:
            raise ValueError(
                "tests: the posterior is of a study that has its own simulator or data. Leave them out."
            )
        return study
    if simulating is not None and simulating.n_data != function["data"]:
        raise ValueError(
            f"simulator: it gives {simulating.n_data} numbers, and the posterior was learned from rows of "
            f"{function['data']}. Give the simulator that made them."
        )
    tests = None
    if given is not None:
        tests = _native.simulations_hash(given.theta, given.x, given.status)
    study["simulator"] = {**study["simulator"], "function": {**function, "tests": tests}}
    return study
