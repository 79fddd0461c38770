"""What every trainer does: keep simulations, train, and make a posterior."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from ....arrays import Floats
from ...distributions import NativePrior, as_prior, stand_in
from ...errors import not_supported, warn_unused
from ...estimator import Estimator, Recipe
from ...neural_nets.factory import Network, network
from ...table import Round, as_theta, as_x, valid_rows
from ...tensors import Numbers, fresh_seed, give, is_torch
from ...utils.restricted_prior import RestrictedPrior

#: Arguments of the constructor that have a meaning in ``sbi`` alone, with their defaults there.
MACHINERY = {
    "device": "cpu",
    "logging_level": None,
    "summary_writer": None,
    "tracker": None,
}

#: Arguments of ``train`` that have a meaning in ``sbi`` alone.
TRAINING = {
    "num_atoms": 10,
    "use_combined_loss": False,
    "show_train_summary": False,
    "dataloader_kwargs": None,
    "ema_loss_decay": 0.1,
    "validation_times": 10,
    "validation_times_nugget": 0.05,
}

#: Arguments of ``train`` that say with which weights it begins.
AGAIN = ("resume_training", "retrain_from_scratch")

#: The settings of training by the names of ``sbi``, and those of the section ``[inference.train]``.
TRAIN_NAMES = {
    "training_batch_size": "batch_size",
    "learning_rate": "learning_rate",
    "validation_fraction": "validation_fraction",
    "stop_after_epochs": "patience",
    "max_num_epochs": "max_epochs",
    "clip_max_norm": "max_gradient_norm",
}


class Trainer:
    """Simulations, and what is learned from them.

    Parameters
    ----------
    prior : distribution, optional
        The prior.
    show_progress_bars : bool
        Whether a terminal or a notebook shows how far training is.
    """

    method = ""
    #: What kind of network it has, and which argument says so.
    _network_kind = "density"
    _network_argument = "density_estimator"
    #: Whether the posterior is learned, so that failed simulations may be left out.
    learns_posterior = False

    def __init__(
        self,
        prior: Any = None,
        density_estimator: Any = None,
        device: str = "cpu",
        logging_level: Any = None,
        summary_writer: Any = None,
        tracker: Any = None,
        show_progress_bars: bool = True,
    ) -> None:
        machinery = {
            "device": device,
            "logging_level": logging_level,
            "summary_writer": summary_writer,
            "tracker": tracker,
        }
        warn_unused(type(self).__name__, machinery, MACHINERY)
        if isinstance(prior, RestrictedPrior):
            raise not_supported(
                "a RestrictedPrior as the prior of a trainer",
                "Give the prior itself, and the restricted one as append_simulations(…, proposal=…).",
            )
        self._prior = None if prior is None else as_prior(prior)
        self._given_prior = prior
        self._network: Network = network(
            density_estimator, self._network_kind, self._network_argument
        )
        self._progress = None if show_progress_bars else False
        self._rounds: list[Round] = []
        self._x_shape: tuple[int, ...] = ()
        self._torch = is_torch(prior)
        self._estimator: Estimator | None = None
        #: The same, kept when simulations come to those that it learned from.
        self._last: Estimator | None = None

    def _append(self, theta: Any, x: Any, proposal: Any, exclude: bool | None, number: int) -> None:
        self._torch = self._torch or is_torch(theta, x)
        thetas = as_theta(theta)
        data, shape = as_x(x, len(thetas))
        if self._rounds and shape != self._x_shape:
            raise ValueError(
                f"x: given data of shape {shape}, and {self._x_shape} before. Append data of one simulator."
            )
        if self._prior is not None and thetas.shape[1] != len(self._prior.native):
            raise ValueError(
                f"theta: given {thetas.shape[1]} parameters, expected {len(self._prior.native)}, as the prior has."
            )
        self._x_shape = shape
        valid = valid_rows(data, exclude, self.learns_posterior)
        self._rounds.append(Round(thetas[valid], data[valid], proposal, number))
        self._estimator = None

    def _is_prior(self, proposal: Any) -> bool:
        """Whether this is the trainer's own prior, in whatever form."""
        if proposal is None or proposal is self._given_prior:
            return True
        if self._prior is None or isinstance(proposal, RestrictedPrior):
            return False
        return isinstance(proposal, NativePrior) and proposal.native == self._prior.native

    def get_simulations(self, starting_round: int = 0) -> tuple[Numbers, Numbers, Numbers]:
        """Parameters, data, and whether each comes from the prior, of all rounds from one on."""
        chosen = [r for r in self._rounds if r.number >= starting_round]
        if not chosen:
            raise ValueError("there are no simulations yet. Give them with append_simulations.")
        theta = np.concatenate([r.theta for r in chosen])
        x = np.concatenate([r.x for r in chosen]).reshape(len(theta), *self._x_shape)
        prior = np.concatenate([np.full((len(r.theta), 1), r.proposal is None) for r in chosen])
        if self._torch:
            import torch

            return give(theta, True), give(x, True), torch.as_tensor(prior)
        return theta, x, prior

    @property
    def summary(self) -> dict[str, list[Any]]:
        """How the last training went: ``training_loss``, ``validation_loss``, ``epochs_trained``, …"""
        if self._estimator is None:
            return {
                "epochs_trained": [],
                "best_validation_loss": [],
                "training_loss": [],
                "validation_loss": [],
            }
        return self._estimator.summary()

    def _known_prior(self, theta: Floats) -> NativePrior:
        if self._prior is not None:
            return self._prior
        known = stand_in(theta)
        known.torch = self._torch
        return known

    def _train(
        self,
        rounds: list[Round],
        train: Mapping[str, Any],
        settings: Mapping[str, Any],
        unused: Mapping[str, Any],
        x_o: Floats | None = None,
    ) -> Estimator:
        # Networks begin afresh, as `retrain_from_scratch` asks, unless training is to be resumed.
        without = {name: value for name, value in unused.items() if name not in AGAIN}
        warn_unused(f"{type(self).__name__}.train", without, TRAINING)
        before = self._to_resume(settings) if unused.get("resume_training") else None
        if not rounds:
            raise ValueError("there are no simulations yet. Give them with append_simulations.")
        theta = np.concatenate([r.theta for r in rounds])
        x = np.concatenate([r.x for r in rounds])
        embed = self._network.embed
        if embed is not None:
            x = embed(x.reshape(len(x), *self._x_shape))
        sections = merged(self._network.settings, settings)
        chosen = trained(train)
        if chosen:
            sections["train"] = chosen
        prior = self._known_prior(theta) if before is None else before.prior
        self._refuse_outside(theta, prior)
        seed = fresh_seed(self._torch)
        if before is not None:
            sections["continue_from"] = before.posterior
            # The same simulations are held out.
            seed = before.recipe.seed
        recipe = Recipe(
            self.method,
            sections,
            seed,
            self._progress,
            self.method in ("nle", "nre"),
            x_o,
        )
        estimator = Estimator(recipe, prior, theta, x, self._x_shape, self._torch, embed=embed)
        _ = estimator.posterior
        # What it began with is kept in its own folder.
        estimator.recipe = recipe.afresh()
        self._estimator = self._last = estimator
        return estimator

    def _to_resume(self, settings: Mapping[str, Any]) -> Estimator:
        """What was trained last, if its networks can go on."""
        if self._last is None:
            raise ValueError("resume_training: there is nothing trained yet. Call train() without it first.")
        if "given_rounds" in {**settings, **self._last.recipe.settings}:
            raise not_supported(
                "resume_training over rounds of proposals",
                "Leave it out: networks are trained on all rounds from the beginning.",
            )
        return self._last

    @staticmethod
    def _told_apart(given: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Of the arguments of ``train``: what says how training goes, and what has a meaning in ``sbi`` alone."""
        del given["self"]
        given.pop("__class__", None)
        if given.pop("calibration_kernel", None) is not None:
            raise not_supported(
                "calibration_kernel", "Leave out simulations that are far from the data."
            )
        return {name: given.pop(name) for name in TRAIN_NAMES}, given

    def _refuse_outside(self, theta: Floats, prior: NativePrior) -> None:
        outside = int((~np.isfinite(prior.native.log_prob(theta))).sum())
        if outside:
            raise ValueError(
                f"theta: {outside} of {len(theta)} parameters lie outside the prior's support, expected draws "
                "from it. Give the prior from which the simulations come."
            )

    def _trained(self, given: Any, what: str) -> Estimator:
        if given is None:
            if self._estimator is None:
                raise ValueError("there is nothing trained yet. Call train() first.")
            return self._estimator
        if not isinstance(given, Estimator):
            raise not_supported(
                f"{what} of type {type(given).__name__}", "Give what train() returns."
            )
        return given

    def get_dataloaders(self, *args: Any, **kwargs: Any) -> Any:
        """Not supported."""
        raise not_supported("get_dataloaders", "get_simulations() returns the simulations.")


def trained(given: Mapping[str, Any]) -> dict[str, Any]:
    """The section ``[inference.train]`` of what ``train`` was given by the names of ``sbi``."""
    section = {TRAIN_NAMES[key]: value for key, value in given.items() if value is not None}
    if "max_epochs" in section:
        section["max_epochs"] = min(int(section["max_epochs"]), 10_000)
    return section


def merged(*sections: Mapping[str, Any]) -> dict[str, Any]:
    """Sections over sections, the later ones first."""
    every: dict[str, Any] = {}
    for section in sections:
        for key, value in section.items():
            if isinstance(value, Mapping) and isinstance(every.get(key), Mapping):
                every[key] = merged(every[key], value)
            else:
                every[key] = value
    return every


def deprecated(old: str, new: str) -> None:
    """A warning about a name that ``sbi`` gave up."""
    warnings.warn(f"{old} is an old name of sbi: use {new}.", FutureWarning, stacklevel=3)
