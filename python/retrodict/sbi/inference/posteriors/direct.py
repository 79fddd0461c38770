"""Posteriors of which networks draw directly."""

from __future__ import annotations

from typing import Any

from ....arrays import Floats
from ...density import Density
from ...distributions import as_prior
from ...errors import not_supported, warn_unused
from ...estimator import Estimator
from .base import UNUSED, NeuralPosterior


class DirectPosterior(NeuralPosterior):
    """The posterior of networks that learned it.

    Parameters
    ----------
    posterior_estimator : Estimator
        What ``train()`` returned.
    prior : distribution, optional
        The prior; that of the training.
    """

    def __init__(
        self,
        posterior_estimator: Estimator,
        prior: Any = None,
        max_sampling_batch_size: int = 10_000,
        device: Any = None,
        x_shape: Any = None,
        enable_transform: bool = True,
    ) -> None:
        if not isinstance(posterior_estimator, Estimator):
            raise not_supported(
                f"an estimator of type {type(posterior_estimator).__name__}",
                "Give what train() of a class of retrodict.sbi.inference returns.",
            )
        self.posterior_estimator = posterior_estimator
        known = posterior_estimator.prior if prior is None else as_prior(prior)
        if known.native != posterior_estimator.prior.native:
            raise not_supported(
                "a direct posterior under another prior than it was learned with",
                "Train again, or use NLE or NRE, whose build_posterior takes any prior.",
            )
        super().__init__(
            posterior_estimator.density(),
            known,
            posterior_estimator.torch,
            posterior_estimator.observe,
        )

    def _given(self, x: Any) -> Floats:
        data = super()._given(x)
        if len(data) != 1:
            raise ValueError(
                f"x: given {len(data)} observations, expected one. Use sample_batched or log_prob_batched for "
                "several observations, and NLE or NRE for several trials of one θ."
            )
        return data


class VectorFieldPosterior(NeuralPosterior):
    """The posterior of a vector field: flow matching or diffusion.

    Parameters
    ----------
    vector_field_estimator : Estimator
        What ``train()`` returned.
    prior : distribution, optional
        The prior; that of the training.
    sample_with : {"ode", "sde"}
        Whether draws follow the flow or the reverse diffusion.

    Notes
    -----
    Several rows of ``x`` are trials of one θ. Their fields are composed in a space where the prior is normal,
    in which a second network is trained when they are first met.
    """

    def __init__(
        self,
        vector_field_estimator: Estimator,
        prior: Any = None,
        max_sampling_batch_size: int = 10_000,
        device: Any = None,
        enable_transform: bool = True,
        sample_with: str = "ode",
        iid_method: str | None = None,
        **kwargs: Any,
    ) -> None:
        known = vector_field_estimator.prior if prior is None else as_prior(prior)
        if known.native != vector_field_estimator.prior.native:
            raise not_supported(
                "a direct posterior under another prior than it was learned with", "Train again."
            )
        warn_unused("VectorFieldPosterior", kwargs)
        self.vector_field_estimator = vector_field_estimator
        self._sample_with = checked_kind(sample_with)
        self._iid_method = iid_method
        self._densities: dict[str, Density] = {}
        super().__init__(None, known, vector_field_estimator.torch, vector_field_estimator.observe)

    def _for(
        self,
        x: Floats,
        sample_with: str | None = None,
        steps: int | None = None,
        iid_method: str | None = None,
        predictor: str | None = None,
        corrector: str | None = None,
        corrector_params: Any = None,
        guidance_method: str | None = None,
        **kwargs: Any,
    ) -> Density:
        if guidance_method is not None:
            raise not_supported(
                "guidance",
                "Train under the prior that is meant, or use NLE, whose prior can be changed.",
            )
        if predictor not in (None, "euler_maruyama") or corrector not in (None, "langevin"):
            raise not_supported(
                f"predictor={predictor!r} with corrector={corrector!r}",
                "Use the default predictor, and corrector='langevin' or none.",
            )
        usual = {**UNUSED, "ode_kwargs": None, "iid_params": None, "predictor_params": None}
        warn_unused(
            "VectorFieldPosterior.sample", {**kwargs, "corrector_params": corrector_params}, usual
        )
        kind = checked_kind(sample_with or self._sample_with)
        sampler: dict[str, Any] = {"kind": kind}
        if kind == "sde":
            if steps is not None:
                sampler["steps"] = int(steps)
            if corrector is not None:
                sampler["corrector_steps"] = 5
        trials = len(x) > 1
        composition = composed(iid_method or self._iid_method) if trials else None
        key = repr((sampler, composition))
        if key not in self._densities:
            estimator = self.vector_field_estimator
            if trials:
                estimator = estimator.with_trials()
                self._densities[key] = estimator.density(
                    field_sampler=sampler, composition=composition
                )
            else:
                self._densities[key] = estimator.density(field_sampler=sampler)
        return self._densities[key]

    def sample_via_ode(self, sample_shape: Any = (), **kwargs: Any) -> Any:
        """Draws that follow the flow."""
        return self.sample(sample_shape, sample_with="ode", **kwargs)


def checked_kind(kind: str) -> str:
    """``"ode"`` or ``"sde"``."""
    if kind not in ("ode", "sde"):
        raise ValueError(f"sample_with: given {kind!r}, expected 'ode' or 'sde'.")
    return kind


def composed(method: str | None) -> dict[str, str]:
    """How the fields of several trials become one."""
    if method in (None, "auto_gauss", "gauss", "jac_gauss"):
        return {"kind": "gaussian"}
    if method == "fnpe":
        return {"kind": "factorized"}
    raise ValueError(
        f"iid_method: given {method!r}, expected 'auto_gauss', 'gauss', 'jac_gauss' or 'fnpe'."
    )
