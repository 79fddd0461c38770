"""Several methods over the same simulations, and one comparison of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from os import PathLike
from typing import Any

from . import _native, progress as showing
from .arrays import whole
from .check import TESTS
from .folder import Folder
from .infer import study_of
from .posterior import observations
from .prior import Prior
from .progress import Progress
from .run import STAGES, Run
from .simulate import MAX_FAILED, refuse_failures
from .simulations import Simulations, as_simulations
from .study import Simulating, native_of, observation, options


def compare(
    prior: Prior,
    simulations: Simulations | tuple[Any, Any] | Callable[..., Any],
    methods: Sequence[str],
    x_o: Any,
    *,
    simulator: Callable[..., Any] | None = None,
    tests: Simulations | tuple[Any, Any] | None = None,
    reference: str | None = None,
    seed: int = 1,
    n: int | None = None,
    draws: int = 10_000,
    test_simulations: int = TESTS,
    trials: bool = False,
    log_likelihood: Callable[..., Any] | None = None,
    vectorized: bool | None = None,
    workers: int | None = None,
    executor: Executor | None = None,
    max_failed: float = MAX_FAILED,
    out: str | PathLike[str] | None = None,
    name: str = "comparison",
    progress: bool | Progress | None = None,
    **settings: Any,
) -> Run:
    """Infer by several methods over the same simulations, check each, and compare what they say.

    Parameters
    ----------
    prior, simulations, simulator, log_likelihood, seed, n, trials, max_failed, **settings
        As for :func:`retrodict.infer`.
    methods : sequence of str
        The methods; each gives the same bits as alone.
    x_o : array_like
        The observation, or several.
    tests : Simulations or (theta, x), optional
        Simulations to test with; without a simulator and without them, error bars are not tested.
    reference : str, optional
        The method that the others are compared with, taken to be right; the first unless given, which is
        not.
    draws, test_simulations
        As for :func:`retrodict.check`.
    out : path, optional
        The folder of the comparison, with a run for each method in ``methods``; a temporary one unless
        given.

    Returns
    -------
    Run
        ``run.methods["nle"]`` is the run of one method; ``run.report`` says how they agree.

    Examples
    --------
    >>> import retrodict as rd
    >>> prior = rd.Prior(mu=rd.Uniform(-2, 2))
    >>> sims = rd.simulate(prior, lambda theta, rng: theta + rng.normal(size=theta.shape), 1000)
    >>> run = rd.compare(prior, sims, ["abc_rejection", "classical_histogram"], [0.5], draws=500)
    >>> list(run.methods)
    ['abc_rejection', 'classical_histogram']
    """
    if isinstance(methods, str) or len(list(methods)) < 2:
        raise ValueError(f"methods: given {methods!r}, expected a list of at least two names.")
    given: Simulations | None = None
    if callable(simulations) and not isinstance(simulations, Simulations):
        simulator = simulations
    else:
        given = as_simulations(simulations, prior.names, None, "simulations")
        refuse_failures(given, max_failed)
    simulating = None
    if simulator is not None:
        simulating = Simulating(
            prior,
            simulator,
            vectorized=vectorized,
            workers=workers,
            executor=executor,
            log_likelihood=log_likelihood,
        )
    folder = Folder(out)
    study = study_of(prior, given, simulating, name, whole(seed, "seed"), max_failed)
    function = study["simulator"]["function"]
    data_names = function["data_names"] or [f"x_{j + 1}" for j in range(function["data"])]
    pairs = None
    if tests is not None:
        kept = as_simulations(tests, prior.names, data_names, "tests")
        pairs = (kept.theta, kept.x, kept.status)
        function["tests"] = _native.simulations_hash(*pairs)
        test_simulations = len(kept)
    elif simulating is None:
        test_simulations = 0
    study["check"] = {"test_simulations": whole(test_simulations, "test_simulations")}
    study["posterior"] = {"draws": whole(draws, "draws")}
    study["observation"] = observation(observations(x_o, data_names, trials)[0], trials, folder)
    study["inference"] = {
        "method": list(methods),
        "reference": reference,
        "simulations": n if given is None else len(given),
        **options(settings),
    }
    session = _native.Session(folder.path, study, native_of(simulating), prior._native)
    training = None if given is None else (given.theta, given.x, given.status)
    try:
        session.run(STAGES, training=training, tests=pairs, progress=showing.shown(progress))
    finally:
        if simulating is not None:
            simulating.close()
    return Run(session, simulating, folder, prior)
