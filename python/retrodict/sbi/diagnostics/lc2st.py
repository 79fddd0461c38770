"""A classifier two-sample test for one observation (L-C2ST; Linhart et al. 2023, arXiv:2306.03580)."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np

from ...arrays import Floats, floats
from ..classifier import Quadratic
from ..errors import not_supported, warn_unused


class LC2STState(Enum):
    """What has been trained."""

    INITIALIZED = "initialized"
    OBSERVED_TRAINED = "observed_trained"
    NULL_TRAINED = "null_trained"
    READY = "ready"


@dataclass
class LC2STScores:
    """Scores, and the probabilities they come from."""

    scores: Floats
    probabilities: Floats | None = None


class LC2ST:
    """Whether a posterior is right at one observation.

    A classifier learns to tell pairs (θ, x) of draws of the posterior from pairs of the prior's. Where it
    cannot, at the observation, the posterior is right there; how much it seems to by chance is learned from
    pairs whose members are swapped.

    Parameters
    ----------
    prior_samples : array_like or tensor
        Parameters from the prior, one row a simulation.
    xs : array_like or tensor
        Their data.
    posterior_samples : array_like or tensor
        One draw of the posterior for each row of data.
    seed : int
        Of the swaps and the classifiers.
    num_folds, num_ensemble : int
        In how many parts the data are cross-validated, and how many classifiers are averaged.
    classifier : str or class
        ``"quadratic"``, a logistic regression on squares and products that needs no other package, and finds
        wrong means, widths and correlations; ``"mlp"`` and ``"random_forest"`` of scikit-learn find any
        difference, in a thousand times the time. A class of scikit-learn can be given.
    num_trials_null : int
        How often the members are swapped.
    """

    def __init__(
        self,
        prior_samples: Any = None,
        xs: Any = None,
        posterior_samples: Any = None,
        seed: int = 1,
        num_folds: int = 1,
        num_ensemble: int = 1,
        classifier: Any = "quadratic",
        z_score: bool = False,
        classifier_kwargs: dict[str, Any] | None = None,
        num_trials_null: int = 100,
        permutation: bool = True,
        device: str = "cpu",
        thetas: Any = None,
    ) -> None:
        warn_unused("LC2ST", {"device": device, "z_score": z_score or None}, {"device": "cpu"})
        given = prior_samples if prior_samples is not None else thetas
        if given is None or xs is None or posterior_samples is None:
            raise ValueError(
                "prior_samples, xs and posterior_samples: all three are needed, one row a simulation each."
            )
        if not permutation:
            raise not_supported("permutation=False", "Leave it at True: it needs no analytic null.")
        self._prior = floats(given, "prior_samples")
        self._x = floats(xs, "xs").reshape(len(self._prior), -1)
        self._posterior = floats(posterior_samples, "posterior_samples")
        if self._posterior.shape != self._prior.shape:
            raise ValueError(
                f"posterior_samples: given an array of shape {self._posterior.shape}, expected "
                f"{self._prior.shape}: one draw for each simulation."
            )
        self.seed = seed
        self.num_folds = num_folds
        self.num_ensemble = num_ensemble
        self.num_trials_null = num_trials_null
        self._make = _maker(classifier, self._prior.shape[1] + self._x.shape[1], classifier_kwargs)
        self.trained_clfs: list[Any] | None = None
        self.trained_clfs_null: dict[int, list[Any]] | None = None

    @property
    def state(self) -> LC2STState:
        """What has been trained."""
        match (self.trained_clfs is not None, self.trained_clfs_null is not None):
            case (True, True):
                return LC2STState.READY
            case (True, False):
                return LC2STState.OBSERVED_TRAINED
            case (False, True):
                return LC2STState.NULL_TRAINED
            case _:
                return LC2STState.INITIALIZED

    def _classifiers(self, first: Floats, second: Floats, seed: int) -> list[Any]:
        """Classifiers of pairs with one and pairs with the other."""
        rows = np.concatenate([np.hstack([first, self._x]), np.hstack([second, self._x])])
        labels = np.concatenate([np.zeros(len(first)), np.ones(len(second))])
        folds = np.random.default_rng(seed).permutation(len(rows)) % max(self.num_folds, 1)
        made = []
        for member in range(self.num_ensemble):
            for fold in range(max(self.num_folds, 1)):
                kept = folds != fold if self.num_folds > 1 else np.ones(len(rows), dtype=bool)
                made.append(self._make(seed + member).fit(rows[kept], labels[kept]))
        return made

    def train_on_observed_data(self, seed: int | None = None, verbosity: int = 1) -> LC2ST:
        """Learn to tell the posterior's draws; returns the test."""
        self.trained_clfs = self._classifiers(
            self._posterior, self._prior, self.seed if seed is None else seed
        )
        return self

    def train_under_null_hypothesis(self, verbosity: int = 1) -> LC2ST:
        """Learn what there is to tell by chance; returns the test."""
        random = np.random.default_rng(self.seed)
        self.trained_clfs_null = {}
        for trial in range(self.num_trials_null):
            swapped = random.random((len(self._prior), 1)) < 0.5
            first = np.where(swapped, self._prior, self._posterior)
            second = np.where(swapped, self._posterior, self._prior)
            self.trained_clfs_null[trial] = self._classifiers(first, second, self.seed + trial)
        return self

    def _rows(self, theta_o: Any, x_o: Any) -> Floats:
        theta = floats(theta_o, "theta_o")
        x = floats(x_o, "x_o").reshape(1, -1)
        if theta.ndim != 2 or theta.shape[1] != self._prior.shape[1] or x.size != self._x.shape[1]:
            raise ValueError(
                f"theta_o and x_o: given arrays of shapes {theta.shape} and {np.shape(x_o)}, expected draws of "
                f"{self._prior.shape[1]} parameters and one observation of {self._x.shape[1]} numbers."
            )
        return np.hstack([theta, np.repeat(x, len(theta), axis=0)])

    def get_scores(
        self, theta_o: Any, x_o: Any, trained_clfs: list[Any], return_probs: bool = False
    ) -> Any:
        """The statistic of each classifier: the mean of (p − ½)² over the posterior's draws."""
        rows = self._rows(theta_o, x_o)
        probabilities = np.stack([c.predict_proba(rows)[:, 0] for c in trained_clfs])
        scores = ((probabilities - 0.5) ** 2).mean(axis=1)
        return (probabilities, scores) if return_probs else scores

    def get_statistic_on_observed_data(self, theta_o: Any, x_o: Any) -> float:
        """How well the posterior's draws at the observation can be told."""
        if self.trained_clfs is None:
            raise ValueError("nothing is trained yet. Call train_on_observed_data() first.")
        return float(np.mean(self.get_scores(theta_o, x_o, self.trained_clfs)))

    def get_statistics_under_null_hypothesis(
        self, theta_o: Any, x_o: Any, return_probs: bool = False, verbosity: int = 0
    ) -> Any:
        """How well they can by chance, of each trial."""
        if self.trained_clfs_null is None:
            raise ValueError("nothing is trained yet. Call train_under_null_hypothesis() first.")
        found = [
            self.get_scores(theta_o, x_o, classifiers, return_probs=True)
            for classifiers in self.trained_clfs_null.values()
        ]
        statistics = np.array([np.mean(scores) for _, scores in found])
        if not return_probs:
            return statistics
        return np.stack([p.mean(axis=0) for p, _ in found]), statistics

    def p_value(self, theta_o: Any, x_o: Any) -> float:
        """The share of trials by chance that seem at least as easy to tell."""
        observed = self.get_statistic_on_observed_data(theta_o, x_o)
        null = self.get_statistics_under_null_hypothesis(theta_o, x_o)
        return float((observed <= null).mean())

    def reject_test(self, theta_o: Any, x_o: Any, alpha: float = 0.05) -> bool:
        """Whether the posterior is wrong at the observation, at this level."""
        return self.p_value(theta_o, x_o) < alpha


class LC2ST_NF:
    """Not supported: it needs the inverse of a flow."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise not_supported("LC2ST_NF", "Use LC2ST, whose null needs no flow.")


def _maker(classifier: Any, width: int, options: dict[str, Any] | None) -> Callable[[int], Any]:
    options = options or {}
    if classifier == "quadratic":
        return lambda seed: Quadratic()
    if classifier == "mlp":
        network = importlib.import_module("sklearn.neural_network").MLPClassifier
        usual = {
            "hidden_layer_sizes": (10 * width, 10 * width),
            "max_iter": 1000,
            "early_stopping": True,
            "n_iter_no_change": 50,
        }
        return lambda seed: network(random_state=seed, **{**usual, **options})
    if classifier == "random_forest":
        forest = importlib.import_module("sklearn.ensemble").RandomForestClassifier
        return lambda seed: forest(random_state=seed, **options)
    if not callable(classifier):
        raise ValueError(
            f"classifier: given {classifier!r}, expected 'quadratic', 'mlp', 'random_forest' or a class of "
            "scikit-learn."
        )
    return lambda seed: classifier(random_state=seed, **options)
