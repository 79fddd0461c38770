"""Flow matching and diffusion."""

from __future__ import annotations

from typing import Any

from ...errors import not_supported, warn_unused
from ...estimator import Estimator
from ...neural_nets.factory import path
from ..posteriors import PosteriorParameters, VectorFieldPosterior
from .base import Trainer, deprecated, merged


class VectorFieldTrainer(Trainer):
    """What learns a vector field from noise to the posterior, in one round."""

    learns_posterior = True
    _network_kind, _network_argument = "field", "vf_estimator"
    _sample_with = "ode"

    def __init__(
        self,
        prior: Any,
        vf_estimator: Any,
        old: Any,
        show_progress_bars: bool,
        **machinery: Any,
    ) -> None:
        if old is not None:
            deprecated("density_estimator or score_estimator", "vf_estimator")
            vf_estimator = old
        super().__init__(prior, vf_estimator, show_progress_bars=show_progress_bars, **machinery)

    def append_simulations(
        self,
        theta: Any,
        x: Any,
        proposal: Any = None,
        exclude_invalid_x: bool | None = None,
        data_device: Any = None,
    ) -> Any:
        """Add simulations of parameters from the prior; returns the trainer."""
        warn_unused("append_simulations", {"data_device": data_device}, {"data_device": "cpu"})
        if not self._is_prior(proposal):
            raise not_supported(
                f"several rounds of {type(self).__name__}",
                "Use NPE with proposals, or simulate from the prior.",
            )
        self._append(theta, x, None, exclude_invalid_x, 0)
        return self

    def _sections(self) -> dict[str, Any]:
        return {}

    def train(
        self,
        training_batch_size: int | None = None,
        learning_rate: float | None = None,
        validation_fraction: float | None = None,
        stop_after_epochs: int | None = None,
        max_num_epochs: int | None = None,
        clip_max_norm: float | None = None,
        calibration_kernel: Any = None,
        ema_loss_decay: float | None = None,
        validation_times: int | None = None,
        validation_times_nugget: float | None = None,
        resume_training: bool = False,
        force_first_round_loss: bool = False,
        discard_prior_samples: bool = False,
        retrain_from_scratch: bool = False,
        show_train_summary: bool = False,
        dataloader_kwargs: Any = None,
    ) -> Estimator:
        """Train on all simulations; what is ``None`` is Retrodict's own default."""
        train, unused = self._told_apart(dict(locals()))
        # There is one round, of simulations from the prior.
        for name in ("force_first_round_loss", "discard_prior_samples"):
            del unused[name]
        return self._train(self._rounds, train, self._sections(), unused)

    def build_posterior(
        self,
        vector_field_estimator: Estimator | None = None,
        prior: Any = None,
        sample_with: str | None = None,
        vectorfield_sampling_parameters: Any = None,
        posterior_parameters: Any = None,
        density_estimator: Estimator | None = None,
    ) -> VectorFieldPosterior:
        """The posterior of what was trained.

        Parameters
        ----------
        vector_field_estimator : Estimator, optional
            What ``train()`` returned; the last one unless given.
        sample_with : {"ode", "sde"}
            Whether draws follow the flow or the reverse diffusion.
        """
        estimator = self._trained(
            vector_field_estimator if density_estimator is None else density_estimator,
            "vector_field_estimator",
        )
        settings: dict[str, Any] = {}
        for given in (vectorfield_sampling_parameters, posterior_parameters):
            if isinstance(given, PosteriorParameters):
                settings.update(given.given())
            elif given is not None:
                settings.update(given)
        kind = sample_with or self._sample_with
        return VectorFieldPosterior(estimator, prior, sample_with=kind, **settings)


class FMPE(VectorFieldTrainer):
    """Flow matching posterior estimation (Wildberger et al. 2023).

    Parameters
    ----------
    prior : distribution, optional
        The prior.
    vf_estimator : str or Network, optional
        ``"mlp"``, or what :func:`retrodict.sbi.neural_nets.posterior_flow_nn` returns.
    """

    method = "fmpe"

    def __init__(
        self,
        prior: Any = None,
        vf_estimator: Any = None,
        density_estimator: Any = None,
        device: str = "cpu",
        logging_level: Any = None,
        summary_writer: Any = None,
        tracker: Any = None,
        show_progress_bars: bool = True,
    ) -> None:
        super().__init__(
            prior,
            vf_estimator,
            density_estimator,
            show_progress_bars,
            device=device,
            logging_level=logging_level,
            summary_writer=summary_writer,
            tracker=tracker,
        )


class NPSE(VectorFieldTrainer):
    """Neural posterior score estimation (Geffner et al. 2023; Sharrock et al. 2022).

    Parameters
    ----------
    prior : distribution, optional
        The prior.
    vf_estimator : str or Network, optional
        ``"mlp"``, or what :func:`retrodict.sbi.neural_nets.posterior_score_nn` returns.
    sde_type : {"ve", "vp", "subvp"}
        The diffusion.
    """

    method = "npse"
    _sample_with = "sde"

    def __init__(
        self,
        prior: Any = None,
        vf_estimator: Any = None,
        score_estimator: Any = None,
        density_estimator: Any = None,
        sde_type: str = "ve",
        device: str = "cpu",
        logging_level: Any = None,
        summary_writer: Any = None,
        tracker: Any = None,
        show_progress_bars: bool = True,
    ) -> None:
        super().__init__(
            prior,
            vf_estimator,
            score_estimator if score_estimator is not None else density_estimator,
            show_progress_bars,
            device=device,
            logging_level=logging_level,
            summary_writer=summary_writer,
            tracker=tracker,
        )
        self._path = path(sde_type)

    def _sections(self) -> dict[str, Any]:
        chosen = self._network.settings.get("vector_field", {})
        return merged({"vector_field": {"path": self._path}}, {"vector_field": chosen})
