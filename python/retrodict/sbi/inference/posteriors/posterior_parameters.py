"""Settings of posteriors, by the names of ``sbi``. A value that is ``None`` is Retrodict's own default."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass
class PosteriorParameters:
    """What ``build_posterior`` takes as ``posterior_parameters``."""

    def given(self) -> dict[str, Any]:
        """Those that are not ``None``."""
        return {key: value for key, value in asdict(self).items() if value is not None}


@dataclass
class DirectPosteriorParameters(PosteriorParameters):
    """Of draws by a network: nothing to set."""

    max_sampling_batch_size: int | None = None
    enable_transform: bool | None = None


@dataclass
class MCMCPosteriorParameters(PosteriorParameters):
    """Of Markov chains."""

    method: str | None = None
    thin: int | None = None
    warmup_steps: int | None = None
    num_chains: int | None = None
    init_strategy: str | None = None
    init_strategy_parameters: dict[str, Any] | None = None
    num_workers: int | None = None
    mp_context: str | None = None
    target_accept: float | None = None


@dataclass
class RejectionPosteriorParameters(PosteriorParameters):
    """Of rejection sampling."""

    max_sampling_batch_size: int | None = None
    num_samples_to_find_max: int | None = None
    num_iter_to_find_max: int | None = None
    m: float | None = None


@dataclass
class ImportanceSamplingPosteriorParameters(PosteriorParameters):
    """Of importance sampling."""

    theta_transform: Any = None
    method: str | None = None
    oversampling_factor: int | None = None
    max_sampling_batch_size: int | None = None


@dataclass
class VIPosteriorParameters(PosteriorParameters):
    """Of variational inference."""

    q: Any = None
    vi_method: str | None = None
    num_transforms: int | None = None
    hidden_features: int | None = None
    z_score_theta: str | None = None
    z_score_x: str | None = None


@dataclass
class VectorFieldPosteriorParameters(PosteriorParameters):
    """Of vector fields."""

    max_sampling_batch_size: int | None = None
    enable_transform: bool | None = None
    iid_method: str | None = None
    iid_params: dict[str, Any] | None = None
    neural_ode_backend: str | None = None
    neural_ode_kwargs: dict[str, Any] | None = None
