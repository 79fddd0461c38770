"""Neural posterior estimation."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ...errors import not_supported, warn_unused
from ...estimator import Estimator
from ...table import Round
from ...utils.restricted_prior import RestrictedPrior
from ..posteriors import DirectPosterior, NeuralPosterior
from .base import Trainer
from .building import Parameters, sampled

#: A likelihood of more data than this is not learned in place of a posterior.
MOST_DATA = 50


class PosteriorTrainer(Trainer):
    """What learns a posterior, in one round or several.

    Simulations of later rounds are appended with their ``proposal``. After proposals that are truncated
    priors (:class:`retrodict.sbi.utils.RestrictedPrior`) the networks learn from the simulations inside the
    last one, and nothing has to be corrected (TSNPE; Deistler et al. 2022). After proposals that are posteriors
    a posterior would need a loss that corrects for them; what is learned is then the likelihood, which is the
    same whatever the parameters were drawn from (S-NLE; Papamakarios et al. 2019), and a sampler draws. One
    warning says so.
    """

    method = "npe"
    learns_posterior = True

    def append_simulations(
        self,
        theta: Any,
        x: Any,
        proposal: Any = None,
        exclude_invalid_x: bool | None = None,
        data_device: Any = None,
    ) -> Any:
        """Add simulations; returns the trainer.

        Parameters
        ----------
        theta, x : array_like or tensor
            Parameters and data, one row a simulation.
        proposal : distribution or posterior, optional
            What the parameters were drawn from, if not from the prior.
        exclude_invalid_x : bool, optional
            Whether data that are not finite are left out; with a warning unless given.
        """
        warn_unused("append_simulations", {"data_device": data_device}, {"data_device": "cpu"})
        if self._is_prior(proposal):
            proposal = None
        if proposal is not None:
            if isinstance(proposal, NeuralPosterior) and proposal.default_x is None:
                raise ValueError(
                    "proposal: it has no default_x, and is a distribution for an observation only. "
                    "Call proposal.set_default_x(x_o) first."
                )
        number = len({r.number for r in self._rounds}) if proposal is not None else 0
        self._append(theta, x, proposal, exclude_invalid_x, number)
        return self

    def _learn(
        self,
        train: dict[str, Any],
        settings: dict[str, Any],
        unused: dict[str, Any],
        force_first_round_loss: bool = False,
        discard_prior_samples: bool = False,
    ) -> Estimator:
        rounds = self._rounds
        later = [r for r in rounds if r.proposal is not None]
        if not later or force_first_round_loss:
            if discard_prior_samples and later:
                rounds = later
            return self._train(rounds, train, settings, unused)
        if self._prior is None:
            raise ValueError("prior: given none, but what is learned from proposals needs it.")
        if all(isinstance(r.proposal, RestrictedPrior) for r in later):
            region = later[-1].proposal
            return self._train([_inside(r, region) for r in rounds], train, settings, unused)
        if discard_prior_samples:
            rounds = later
        return self._train(rounds, train, self._as_likelihood(settings), unused, "nle")

    def _as_likelihood(self, settings: dict[str, Any]) -> dict[str, Any]:
        n_data = int(np.prod(self._x_shape))
        advice = "Truncated proposals, RestrictedPrior with get_density_thresholder, keep learning the posterior."
        if n_data > MOST_DATA and self._network.embed is None:
            raise not_supported(
                f"several rounds with draws from posteriors and {n_data} data", advice
            )
        warnings.warn(
            "the proposals are posteriors, so the likelihood is learned from all rounds, which needs no "
            f"correction for them, and the posterior is drawn by a sampler. {advice}",
            stacklevel=4,
        )
        return {**settings, "discrete_data": []}

    def build_posterior(
        self,
        density_estimator: Estimator | None = None,
        prior: Any = None,
        sample_with: str = "direct",
        mcmc_method: str = "slice_np_vectorized",
        vi_method: str = "rKL",
        direct_sampling_parameters: Any = None,
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
            The prior of the training.
        sample_with : {"direct", "mcmc", "rejection", "vi", "importance"}
            How it is drawn. Direct draws are never outside the prior, so there is seldom a reason for others.
        """
        estimator = self._trained(density_estimator, "density_estimator")
        if sample_with == "direct":
            return DirectPosterior(estimator, prior)
        parameters = Parameters(
            mcmc_method,
            vi_method,
            mcmc_parameters,
            vi_parameters,
            rejection_sampling_parameters,
            importance_sampling_parameters,
            posterior_parameters,
        )
        return sampled(estimator, prior, sample_with, parameters)


def _inside(each: Round, region: RestrictedPrior) -> Round:
    kept = region.accepts(each.theta)
    return Round(each.theta[kept], each.x[kept], each.proposal, each.number)


class NPE_C(PosteriorTrainer):
    """Neural posterior estimation (Greenberg et al. 2019).

    Parameters
    ----------
    prior : distribution, optional
        The prior; without one any parameters are possible.
    density_estimator : str or Network, optional
        ``"maf"``, ``"maf_rqs"``, ``"nsf"``, ``"mdn"`` or what :func:`retrodict.sbi.neural_nets.posterior_nn`
        returns; Retrodict's default unless given.
    show_progress_bars : bool
        Whether a terminal or a notebook shows how far training is.

    Examples
    --------
    >>> import numpy as np
    >>> from retrodict.sbi.inference import NPE
    >>> from retrodict.sbi.utils import BoxUniform
    >>> prior = BoxUniform(-2 * np.ones(2), 2 * np.ones(2))
    >>> theta = prior.sample((1000,))
    >>> x = theta + 0.1 * np.random.default_rng(1).normal(size=theta.shape)
    >>> inference = NPE(prior)
    >>> estimator = inference.append_simulations(theta, x).train()
    >>> posterior = inference.build_posterior(estimator)
    >>> samples = posterior.sample((500,), x=[0.5, -0.5])
    >>> samples.shape
    (500, 2)
    >>> bool(np.abs(samples.mean(axis=0) - [0.5, -0.5]).max() < 0.1)
    True
    """

    def train(
        self,
        num_atoms: int | None = None,
        training_batch_size: int | None = None,
        learning_rate: float | None = None,
        validation_fraction: float | None = None,
        stop_after_epochs: int | None = None,
        max_num_epochs: int | None = None,
        clip_max_norm: float | None = None,
        calibration_kernel: Any = None,
        resume_training: bool = False,
        force_first_round_loss: bool = False,
        discard_prior_samples: bool = False,
        use_combined_loss: bool = False,
        retrain_from_scratch: bool = False,
        show_train_summary: bool = False,
        dataloader_kwargs: Any = None,
    ) -> Estimator:
        """Train on all simulations; what is ``None`` is Retrodict's own default.

        Parameters
        ----------
        training_batch_size, learning_rate, validation_fraction, stop_after_epochs, max_num_epochs, clip_max_norm
            How training goes.
        force_first_round_loss : bool
            Whether simulations of later rounds count as if they came from the prior.
        discard_prior_samples : bool
            Whether later rounds leave the first one out.

        Returns
        -------
        Estimator
            Trained networks.
        """
        train, unused = self._told_apart(dict(locals()))
        rounds = {
            name: unused.pop(name) for name in ("force_first_round_loss", "discard_prior_samples")
        }
        return self._learn(train, {}, unused, **rounds)


class NPE_B(NPE_C):
    """Neural posterior estimation with importance weights (Lueckmann et al. 2017).

    The same as :class:`NPE_C`, in one round and in several.
    """


class NPE_A(NPE_C):
    """Neural posterior estimation by mixtures of normal distributions (Papamakarios and Murray 2016).

    Parameters
    ----------
    prior : distribution
        The prior.
    density_estimator : str or Network
        A mixture density network.
    num_components : int
        How many components it has.
    """

    def __init__(
        self,
        prior: Any = None,
        density_estimator: Any = "mdn_snpe_a",
        num_components: int = 10,
        device: str = "cpu",
        logging_level: Any = None,
        summary_writer: Any = None,
        tracker: Any = None,
        show_progress_bars: bool = True,
    ) -> None:
        super().__init__(
            prior,
            density_estimator,
            device,
            logging_level,
            summary_writer,
            tracker,
            show_progress_bars,
        )
        estimator = self._network.settings.get("estimator", {})
        if estimator.get("kind") != "mdn":
            raise ValueError(
                f"density_estimator: given {estimator.get('kind')!r}, expected 'mdn_snpe_a', a mixture. "
                "Use NPE_C for flows."
            )
        estimator.setdefault("components", int(num_components))


class MNPE(NPE_C):
    """Neural posterior estimation of continuous and discrete parameters.

    The prior says which are discrete: ``MultipleIndependent([..., Bernoulli(...)])``.
    """


class NPE_PFN:
    """Not supported: it needs a network that others have trained."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise not_supported(
            "NPE_PFN", "Use NPE: with few simulations the linear guess comes first."
        )
