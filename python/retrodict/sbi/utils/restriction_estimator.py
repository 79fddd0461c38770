"""Where simulations succeed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...arrays import Floats, floats
from ...infer import infer
from ...posterior import Posterior
from ...simulations import Simulations
from ..distributions import NativePrior, as_prior
from ..errors import not_supported, warn_unused
from ..tensors import Numbers, fresh_seed, give, is_torch
from .restricted_prior import RestrictedPrior

#: Criteria by their names.
CRITERIA: dict[str, Callable[[Floats], Any]] = {
    "nan": lambda x: ~np.isnan(x).any(axis=1),
    "inf": lambda x: ~np.isinf(x).any(axis=1),
    "nan_inf": lambda x: np.isfinite(x).all(axis=1),
}


class RestrictionEstimator:
    """Learns where simulations are valid, and restricts the prior to there.

    The probability of a valid simulation given θ is a network with a softmax, trained like a likelihood whose
    data are the two words valid and not.

    Parameters
    ----------
    prior : distribution
        The prior.
    decision_criterion : str or callable
        Which simulations are invalid: ``"nan"`` (any number of the data), ``"inf"``, ``"nan_inf"``; or a
        function of x that says which are valid.
    """

    def __init__(
        self,
        prior: Any,
        model: Any = "resnet",
        decision_criterion: Any = "nan",
        hidden_features: int | None = None,
        num_blocks: int | None = None,
        dropout_probability: float | None = None,
        z_score: Any = None,
        embedding_net: Any = None,
    ) -> None:
        usual = {"model": "resnet", "dropout_probability": 0.5, "z_score": "independent"}
        unused = {
            "model": model,
            "dropout_probability": dropout_probability,
            "z_score": z_score,
            "embedding_net": embedding_net,
        }
        warn_unused("RestrictionEstimator", unused, usual)
        self._given_prior = prior
        self._prior = as_prior(prior)
        self._criterion = decision_criterion
        if isinstance(decision_criterion, str) and decision_criterion not in CRITERIA:
            raise ValueError(
                f"decision_criterion: given {decision_criterion!r}, expected one of {', '.join(CRITERIA)}, "
                "or a function."
            )
        self._network: dict[str, Any] = {}
        if hidden_features is not None or num_blocks is not None:
            self._network["hidden"] = [int(hidden_features or 40)] * int(num_blocks or 2)
        self._rounds: list[tuple[Floats, Floats, Any]] = []
        self._shape: tuple[int, ...] = ()
        self._torch = self._prior.torch
        self._classifier: Classifier | None = None

    def append_simulations(self, theta: Any, x: Any) -> RestrictionEstimator:
        """Add simulations; returns the estimator."""
        self._torch = self._torch or is_torch(theta, x)
        thetas, data = floats(theta, "theta"), floats(x, "x")
        if thetas.ndim != 2 or len(thetas) != len(data):
            raise ValueError(
                f"theta and x: given arrays of shapes {thetas.shape} and {data.shape}, expected one row a "
                "simulation in both."
            )
        self._shape = data.shape[1:]
        flat = data.reshape(len(data), -1)
        if isinstance(self._criterion, str):
            valid = CRITERIA[self._criterion](flat)
        else:
            valid = floats(self._criterion(x), "decision_criterion").ravel() > 0.5
        self._rounds.append((thetas, flat, np.asarray(valid)))
        return self

    def get_simulations(self, starting_round: int = 0) -> tuple[Numbers, Numbers, Numbers]:
        """Parameters, data, and whether each is valid."""
        chosen = self._rounds[starting_round:]
        if not chosen:
            raise ValueError("there are no simulations yet. Give them with append_simulations.")
        theta, x, valid = (np.concatenate(part) for part in zip(*chosen))
        x = x.reshape(len(x), *self._shape)
        if not self._torch:
            return theta, x, valid
        import torch

        return give(theta, True), give(x, True), torch.as_tensor(valid.astype(np.float32))

    def train(
        self,
        training_batch_size: int | None = None,
        learning_rate: float | None = None,
        validation_fraction: float | None = None,
        stop_after_epochs: int | None = None,
        max_num_epochs: int | None = None,
        clip_max_norm: float | None = None,
        loss_importance_weights: Any = False,
        subsample_invalid_sims: Any = 1.0,
    ) -> Classifier:
        """Learn where simulations are valid.

        Returns
        -------
        Classifier
            θ ↦ the probability of a valid simulation.
        """
        from ..inference.trainers.base import trained

        if loss_importance_weights is not False or subsample_invalid_sims not in (1.0, "auto"):
            raise not_supported(
                "loss_importance_weights and subsample_invalid_sims",
                "Leave them out: the threshold counts valid simulations, however many others there are.",
            )
        theta = np.concatenate([r[0] for r in self._rounds])
        valid = np.concatenate([r[2] for r in self._rounds]).astype(np.float64)
        if valid.all() or not valid.any():
            which = "valid" if valid.all() else "invalid"
            raise ValueError(
                f"x: all {len(valid)} simulations are {which}, so there is nothing to learn."
            )
        train = trained(
            {
                "training_batch_size": training_batch_size,
                "learning_rate": learning_rate,
                "validation_fraction": validation_fraction,
                "stop_after_epochs": stop_after_epochs,
                "max_num_epochs": max_num_epochs,
                "clip_max_norm": clip_max_norm,
            }
        )
        sections: dict[str, Any] = {"train": {"ensemble_size": 1, **train}}
        if self._network:
            sections["estimator"] = {"kind": "nsf", "network": self._network}
        simulations = Simulations(theta, valid[:, None], names=self._prior.native.names)
        posterior = infer(
            self._prior.native,
            simulations,
            "nle",
            seed=fresh_seed(self._torch),
            progress=False,
            discrete_data=["x_1"],
            **sections,
        )
        self._classifier = Classifier(posterior, self._prior)
        return self._classifier

    def restrict_prior(
        self,
        classifier: Any = None,
        allowed_false_negatives: float = 0.0,
        reweigh_factor: float | None = None,
    ) -> RestrictedPrior:
        """The prior where simulations are likely to be valid.

        Parameters
        ----------
        classifier : callable, optional
            θ ↦ the probability of a valid simulation; what was trained unless given.
        allowed_false_negatives : float
            The share of the valid simulations that may lie outside. The threshold is the quantile of this
            level of the probabilities at valid simulations, and a little below the least of them for zero.

        Returns
        -------
        RestrictedPrior
            A prior from which to simulate on.
        """
        if reweigh_factor is not None:
            raise not_supported("reweigh_factor", "Use allowed_false_negatives.")
        chosen = classifier if classifier is not None else self._classifier
        if chosen is None:
            raise ValueError("classifier: nothing is trained yet. Call train() first.")
        theta = np.concatenate([r[0][r[2]] for r in self._rounds])
        scores = floats(chosen(give(theta, self._torch)), "classifier").ravel()
        threshold = float(np.quantile(scores, allowed_false_negatives))
        if allowed_false_negatives == 0.0:
            # As far below the least as it is below the next: others would be less still.
            lowest = np.sort(scores)[:2]
            threshold = float(max(lowest[0] - (lowest[-1] - lowest[0]), 0.0))
        return RestrictedPrior(self._given_prior, Above(chosen, threshold))


class Classifier:
    """θ ↦ the probability that a simulation is valid."""

    def __init__(self, posterior: Posterior, prior: NativePrior) -> None:
        self.posterior = posterior
        self.prior = prior

    def __call__(self, theta: Any) -> Numbers:
        points = floats(theta, "theta").reshape(-1, len(self.prior.native))
        joint = self.posterior.log_prob(points, [1.0], normalized=False)
        values = np.exp(np.atleast_1d(joint) - self.prior.native.log_prob(points))
        return give(values, is_torch(theta))


class Above:
    """Whether a function is at least a threshold."""

    def __init__(self, function: Callable[[Any], Any], threshold: float) -> None:
        self.function = function
        self.threshold = threshold

    def __call__(self, theta: Any) -> Any:
        return self.function(theta) >= self.threshold
