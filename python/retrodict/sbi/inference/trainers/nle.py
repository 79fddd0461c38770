"""Neural likelihood estimation and neural ratio estimation."""

from __future__ import annotations

from typing import Any

from ...errors import warn_unused
from ...estimator import Estimator
from .base import Trainer
from .building import Parameters, sampled

#: What is learned from all rounds, whatever their parameters were drawn from.
ROUNDS = {"data_device": "cpu", "algorithm": None}


class SampledTrainer(Trainer):
    """What learns a likelihood or a ratio: a sampler draws from the posterior."""

    def append_simulations(
        self,
        theta: Any,
        x: Any,
        exclude_invalid_x: bool = False,
        from_round: int = 0,
        algorithm: str | None = None,
        data_device: Any = None,
    ) -> Any:
        """Add simulations, of any round; returns the trainer.

        Parameters
        ----------
        theta, x : array_like or tensor
            Parameters and data, one row a simulation.
        exclude_invalid_x : bool
            Whether data that are not finite are left out. The likelihood is then that of a success.
        from_round : int
            The round that they come from.
        """
        warn_unused("append_simulations", {"data_device": data_device}, ROUNDS)
        self._append(theta, x, None, exclude_invalid_x or None, int(from_round))
        return self

    def _sections(self) -> dict[str, Any]:
        return {}

    def _fit(self, given: dict[str, Any], sections: dict[str, Any]) -> Estimator:
        train, unused = self._told_apart(given)
        rounds = self._rounds
        if unused.pop("discard_prior_samples"):
            rounds = [r for r in rounds if r.number > 0] or rounds
        return self._train(rounds, train, sections, unused)

    def build_posterior(
        self,
        density_estimator: Estimator | None = None,
        prior: Any = None,
        sample_with: str = "mcmc",
        mcmc_method: str = "slice_np_vectorized",
        vi_method: str = "rKL",
        mcmc_parameters: Any = None,
        vi_parameters: Any = None,
        rejection_sampling_parameters: Any = None,
        importance_sampling_parameters: Any = None,
        posterior_parameters: Any = None,
    ) -> Any:
        """The posterior of what was trained.

        Parameters
        ----------
        density_estimator : Estimator, optional
            What ``train()`` returned; the last one unless given.
        prior : distribution, optional
            Another prior than that of the training: the networks are then trained again for it.
        sample_with : {"mcmc", "rejection", "vi", "importance"}
            Which sampler draws.
        mcmc_method : str
            Which chains.
        posterior_parameters : PosteriorParameters, optional
            Their settings.
        """
        parameters = Parameters(
            mcmc_method,
            vi_method,
            mcmc_parameters,
            vi_parameters,
            rejection_sampling_parameters,
            importance_sampling_parameters,
            posterior_parameters,
        )
        estimator = self._trained(density_estimator, "density_estimator")
        if prior is None and self._prior is None:
            raise ValueError("prior: given none, neither here nor before. Give the prior.")
        return sampled(estimator, prior, sample_with, parameters)


class NLE_A(SampledTrainer):
    """Neural likelihood estimation (Papamakarios et al. 2019).

    Parameters
    ----------
    prior : distribution
        The prior.
    density_estimator : str or Network, optional
        As for :class:`NPE_C`, of data given parameters.
    show_progress_bars : bool
        Whether a terminal or a notebook shows how far training is.

    Notes
    -----
    Several rows of ``x`` are trials of one θ: their likelihoods multiply.
    """

    method = "nle"

    def train(
        self,
        training_batch_size: int | None = None,
        learning_rate: float | None = None,
        validation_fraction: float | None = None,
        stop_after_epochs: int | None = None,
        max_num_epochs: int | None = None,
        clip_max_norm: float | None = None,
        resume_training: bool = False,
        discard_prior_samples: bool = False,
        retrain_from_scratch: bool = False,
        show_train_summary: bool = False,
        dataloader_kwargs: Any = None,
    ) -> Estimator:
        """Train on all simulations; what is ``None`` is Retrodict's own default."""
        return self._fit(dict(locals()), self._sections())

    def _sections(self) -> dict[str, Any]:
        # Data that happen to be few whole numbers are densities, as in sbi, unless MNLE is asked for.
        return {"discrete_data": []}


class MNLE(NLE_A):
    """Neural likelihood estimation of data that are partly discrete (Boelts et al. 2022).

    Columns of few whole numbers are discrete, wherever they stand.
    """

    def _sections(self) -> dict[str, Any]:
        return {}


class NRE_A(SampledTrainer):
    """Neural ratio estimation by a binary classifier (Hermans et al. 2020).

    Parameters
    ----------
    prior : distribution
        The prior.
    classifier : str or Network, optional
        ``"resnet"``, ``"mlp"``, ``"linear"`` or what :func:`retrodict.sbi.neural_nets.classifier_nn` returns.
    show_progress_bars : bool
        Whether a terminal or a notebook shows how far training is.
    """

    method = "nre"

    _network_kind = _network_argument = "classifier"

    def __init__(
        self,
        prior: Any = None,
        classifier: Any = None,
        device: str = "cpu",
        logging_level: Any = None,
        summary_writer: Any = None,
        tracker: Any = None,
        show_progress_bars: bool = True,
    ) -> None:
        super().__init__(
            prior, classifier, device, logging_level, summary_writer, tracker, show_progress_bars
        )

    def train(
        self,
        training_batch_size: int | None = None,
        learning_rate: float | None = None,
        validation_fraction: float | None = None,
        stop_after_epochs: int | None = None,
        max_num_epochs: int | None = None,
        clip_max_norm: float | None = None,
        resume_training: bool = False,
        discard_prior_samples: bool = False,
        retrain_from_scratch: bool = False,
        show_train_summary: bool = False,
        dataloader_kwargs: Any = None,
        loss_kwargs: Any = None,
    ) -> Estimator:
        """Train on all simulations; what is ``None`` is Retrodict's own default."""
        return self._ratio(dict(locals()), {"kind": "nre_a"})

    def _ratio(self, given: dict[str, Any], loss: dict[str, Any]) -> Estimator:
        return self._fit(given, {"classifier": {"loss": loss}})


class NRE_B(NRE_A):
    """Neural ratio estimation by the contrast of many (Durkan et al. 2020).

    Its ratio is known up to a factor of the data alone.
    """

    def train(  # type: ignore[override]
        self,
        num_atoms: int = 10,
        training_batch_size: int | None = None,
        learning_rate: float | None = None,
        validation_fraction: float | None = None,
        stop_after_epochs: int | None = None,
        max_num_epochs: int | None = None,
        clip_max_norm: float | None = None,
        resume_training: bool = False,
        discard_prior_samples: bool = False,
        retrain_from_scratch: bool = False,
        show_train_summary: bool = False,
        dataloader_kwargs: Any = None,
    ) -> Estimator:
        """Train on all simulations: which of ``num_atoms`` parameters made the data?"""
        given = dict(locals())
        return self._ratio(given, {"kind": "nre_b", "classes": int(given.pop("num_atoms"))})


class NRE_C(NRE_A):
    """Neural ratio estimation by the contrast of many and none (Miller et al. 2022)."""

    def train(  # type: ignore[override]
        self,
        num_classes: int = 5,
        gamma: float = 1.0,
        training_batch_size: int | None = None,
        learning_rate: float | None = None,
        validation_fraction: float | None = None,
        stop_after_epochs: int | None = None,
        max_num_epochs: int | None = None,
        clip_max_norm: float | None = None,
        resume_training: bool = False,
        discard_prior_samples: bool = False,
        retrain_from_scratch: bool = False,
        show_train_summary: bool = False,
        dataloader_kwargs: Any = None,
    ) -> Estimator:
        """Train on all simulations: which of ``num_classes`` parameters made the data, or none?"""
        given = dict(locals())
        classes, odds = int(given.pop("num_classes")), float(given.pop("gamma"))
        return self._ratio(given, {"kind": "nre_c", "classes": classes, "gamma": odds})


class BNRE(NRE_A):
    """Balanced neural ratio estimation: rather too wide than too narrow (Delaunoy et al. 2022)."""

    def train(  # type: ignore[override]
        self,
        regularization_strength: float = 100.0,
        training_batch_size: int | None = None,
        learning_rate: float | None = None,
        validation_fraction: float | None = None,
        stop_after_epochs: int | None = None,
        max_num_epochs: int | None = None,
        clip_max_norm: float | None = None,
        resume_training: bool = False,
        discard_prior_samples: bool = False,
        retrain_from_scratch: bool = False,
        show_train_summary: bool = False,
        dataloader_kwargs: Any = None,
    ) -> Estimator:
        """Train on all simulations with a balanced loss."""
        given = dict(locals())
        strength = float(given.pop("regularization_strength"))
        return self._ratio(given, {"kind": "bnre", "strength": strength})
