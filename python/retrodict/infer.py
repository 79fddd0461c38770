"""From simulations, or a simulator, to a posterior."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from . import _native, progress as showing
from .arrays import floats, whole
from .folder import START, WEIGHTS, Folder
from .posterior import Posterior, observations
from .prior import Prior
from .progress import Progress
from .simulate import MAX_FAILED, refuse_failures
from .simulations import OK, Simulations, as_simulations
from .simulator import code_of, name_of
from .study import (
    Simulating,
    Study,
    function_section,
    native_of,
    observation,
    options,
)

#: Methods that simulate for one observation.
AIMED = ("abc_smc",)
#: Methods that ask the simulator, or its likelihood, whatever was simulated before.
ASKING = ("abc_smc", "synthetic_likelihood", "likelihood")


def infer(
    prior: Prior,
    simulations: Simulations | tuple[Any, Any] | Callable[..., Any],
    method: str = "auto",
    *,
    seed: int = 1,
    x_o: Any = None,
    trials: bool = False,
    simulator: Callable[..., Any] | None = None,
    log_likelihood: Callable[..., Any] | None = None,
    n: int | None = None,
    draws: int | None = None,
    vectorized: bool | None = None,
    workers: int | None = None,
    executor: Executor | None = None,
    max_failed: float = MAX_FAILED,
    out: str | PathLike[str] | None = None,
    name: str = "session",
    progress: bool | Progress | None = None,
    **settings: Any,
) -> Posterior:
    """Infer the posterior from simulations, or from a simulator that is run.

    Parameters
    ----------
    prior : Prior
        The prior from which the parameters were drawn.
    simulations : Simulations or (theta, x) or callable
        What to learn from. A simulator is run as often as ``n`` says, and methods that ask it themselves
        do that.
    method : str
        ``"auto"``, ``"npe"``, ``"nle"``, ``"nre"``, ``"tmnre"``, ``"fmpe"``, ``"npse"``,
        ``"abc_rejection"``, ``"abc_smc"``, ``"classical_kde"``, ``"classical_histogram"``, ``"synthetic_likelihood"`` or
        ``"likelihood"``.
    seed : int
        The seed. The same seed gives the same bits on any number of threads and workers.
    x_o : array_like, optional
        The observation. Needed by rounds and by ``"abc_smc"``, which aim at it; for every other method it is
        what :meth:`Posterior.sample` means if it is given none.
    trials : bool
        Whether the rows of an observation are independent trials of one.
    simulator : callable, optional
        What made the simulations, for methods and checks that simulate more.
    log_likelihood : callable, optional
        ``(theta, x) -> log p(x | theta)`` for the method ``"likelihood"`` and for a ``correction``.
    n : int, optional
        How many simulations a simulator makes, all rounds together.
    draws : int, optional
        How many draws a budget of simulations has to last for, for methods that simulate while they draw;
        10,000 unless given.
    vectorized, workers, executor
        As for :func:`retrodict.simulate`.
    max_failed : float
        The largest share of simulations that may fail.
    out : path, optional
        The folder of the run, which the command line knows too; a temporary one unless given. What is there
        already is not done again.
    name : str
        What reports call the study.
    progress : bool or callable, optional
        Whether to show how far it is; on a terminal and in a notebook unless given.
    **settings
        Everything else that ``[inference]`` of a study may say, such as ``rounds=3``,
        ``estimator="maf"``, ``train={"max_epochs": 50}`` or ``sampler={"kind": "nuts"}``. Simulations of several
        rounds, of which all but the first drew from proposals, say so: ``given_rounds={"rounds": [1000, 500]}``,
        with ``"loss": "importance_weighted"`` and ``"weights"`` (prior over proposal, one a simulation) if the
        atomic loss is not meant. ``continue_from=posterior`` (or the folder of a run) goes on training the networks
        of an earlier fit by the same method in one round, on more simulations or for longer.

    Returns
    -------
    Posterior
        Fitted.

    Raises
    ------
    ValueError
        If an argument is wrong; the message says what is expected.
    Error
        If too many simulations fail, or training or sampling cannot go on.
    OSError
        If the folder cannot be used.
    KeyboardInterrupt
        After Ctrl-C; with ``out``, the same call goes on from there.

    Examples
    --------
    >>> import retrodict as rd
    >>> prior = rd.Prior(mu=rd.Uniform(-2, 2))
    >>> def simulator(theta, rng):
    ...     return theta + 0.1 * rng.normal(size=theta.shape)
    >>> sims = rd.simulate(prior, simulator, 1000, seed=1)
    >>> posterior = rd.infer(prior, sims, method="npe", seed=1)
    >>> mu = posterior.sample([0.5], 1000)["mu"]
    >>> bool(abs(mu.mean() - 0.5) < 0.05)
    True
    """
    if not isinstance(prior, Prior):
        raise ValueError(
            f"prior: given {type(prior).__name__}, expected a prior. "
            "Make one, for example, with retrodict.Prior(mu=retrodict.Uniform(-2, 2))."
        )
    if not isinstance(method, str):
        raise ValueError(
            f"method: given {type(method).__name__}, expected one name, such as 'npe'. "
            "A study file compares several: see retrodict.run."
        )
    given: Simulations | None = None
    if callable(simulations) and not isinstance(simulations, Simulations):
        simulator = simulations
    else:
        given = as_simulations(simulations, prior.names, None, "simulations")
        if n is not None:
            raise ValueError(f"n: given {n} with simulations that exist. Leave it out: all are used.")
        refuse_failures(given, max_failed)
    _refuse(method, given, simulator, log_likelihood, settings)
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
    study["posterior"] = {"draws": None if draws is None else whole(draws, "draws")}
    study["inference"] = {"method": method, "simulations": n, **options(settings)}
    if given is not None:
        study["inference"]["simulations"] = len(given)
    aimed, rows = _observation(study, given, x_o, trials, simulating, prior)
    study["observation"] = observation(rows, trials, folder)
    code = code_of(simulator) if given is None else ""
    folder.refuse_other_code(name_of(simulator), code)
    _keep_weights(study["inference"], folder)
    _keep_start(study["inference"], folder)
    session = _native.Session(folder.path, study, native_of(simulating), prior._native)
    training = None if given is None else (given.theta, given.x, given.status)
    try:
        session.run(
            ["simulate", "fit"], training=training, progress=showing.shown(progress)
        )
    finally:
        folder.keep_code(name_of(simulator), code)
        if simulating is not None:
            simulating.close()
    return Posterior(
        session, folder, study, prior, simulating, rows if aimed else None, session.posterior()
    )


def _keep_weights(inference: dict[str, Any], folder: Folder) -> None:
    """The importance weights of given rounds stand in a file of their own."""
    rounds = inference.get("given_rounds")
    if not isinstance(rounds, dict) or rounds.get("weights") is None:
        return
    weights = floats(rounds["weights"], "given_rounds.weights").ravel()
    folder.path.mkdir(parents=True, exist_ok=True)
    np.save(folder.path / WEIGHTS, weights)
    inference["given_rounds"] = {**rounds, "weights": WEIGHTS}


def _keep_start(inference: dict[str, Any], folder: Folder) -> None:
    """Networks to go on with stand in the run's own folder."""
    start = inference.get("continue_from")
    if start is None:
        return
    if not isinstance(start, (str, PathLike, Posterior)):
        raise ValueError(
            f"continue_from: given {type(start).__name__}, expected a posterior or the folder of a run."
        )
    folder.keep_start(start._folder.path if isinstance(start, Posterior) else Path(start))
    inference["continue_from"] = START


def _refuse(
    method: str,
    given: Simulations | None,
    simulator: Callable[..., Any] | None,
    log_likelihood: Callable[..., Any] | None,
    settings: dict[str, Any],
) -> None:
    """What simulates for itself needs a simulator, and what knows a likelihood needs that."""
    rounds = (settings.get("rounds") or 1) != 1
    what = "rounds make" if rounds else "a restriction makes"
    if given is not None and (method in AIMED or rounds or settings.get("restriction")):
        who = f"`{method}` makes" if method in AIMED else what
        raise ValueError(
            f"simulations: given {len(given)} that exist, but {who} the simulations needed. "
            "Give the simulator in their place, and `n`."
        )
    if method in ASKING and simulator is None:
        raise ValueError(
            f"simulator: given none, but `{method}` asks the simulator itself. "
            "Give it with `simulator=`, or in place of the simulations."
        )
    if (method == "likelihood" or settings.get("correction")) and log_likelihood is None:
        raise ValueError(
            "log_likelihood: given none, expected a function of rows of theta and one x that returns "
            "log p(x | theta) of each row."
        )


def study_of(
    prior: Prior,
    given: Simulations | None,
    simulating: Simulating | None,
    name: str,
    seed: int,
    max_failed: float,
) -> Study:
    """The sections that say where the simulations come from."""
    called = simulating.name if simulating is not None else "simulator"
    if given is not None:
        n_data: int = given.x.shape[1]
        names: list[str] | None = given.data_names
        simulations: str | None = _native.simulations_hash(given.theta, given.x, given.status)
    else:
        assert simulating is not None
        n_data, names, simulations = simulating.n_data, simulating.data_names, None
    return {
        "study": {"name": name, "seed": seed},
        "parameters": prior.to_dict(),
        "simulator": {
            "max_failed": max_failed,
            "function": function_section(called, n_data, names, simulations),
        },
        "check": {"test_simulations": 0},
    }


def _observation(
    study: Study,
    given: Simulations | None,
    x_o: Any,
    trials: bool,
    simulating: Simulating | None,
    prior: Prior,
) -> tuple[bool, Any]:
    """The observation, or a stand-in of the right length where the fit does not depend on it."""
    function = study["simulator"]["function"]
    names = function["data_names"] or [f"x_{j + 1}" for j in range(function["data"])]
    if x_o is not None:
        return True, observations(x_o, names, trials)[0]
    inference = study["inference"]
    if inference["method"] in AIMED or (inference.get("rounds") or 1) != 1:
        what = "rounds" if inference["method"] not in AIMED else f"`{inference['method']}`"
        raise ValueError(
            f"x_o: given none, but {what} need an observation to aim at. Give the observed data."
        )
    inference["rounds"] = None if inference["method"] != "auto" else 1
    if given is not None:
        return False, given.x[given.status == OK][:1]
    assert simulating is not None
    theta, seeds = prior._native.simulations(20, 0, 2**62, False)
    x, status = simulating.call(theta, seeds)
    simulating.close()
    return False, np.asarray(x[status == OK][:1])
