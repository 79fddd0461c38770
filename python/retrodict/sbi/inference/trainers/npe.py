"""Neural posterior estimation."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....arrays import Floats, floats
from ...distributions import NativePrior
from ...errors import not_supported, warn_unused
from ...estimator import Estimator
from ...table import Round, observed
from ...tensors import give, is_torch
from ...utils.restricted_prior import RestrictedPrior
from ..posteriors import DirectPosterior, NeuralPosterior
from .base import Trainer
from .building import Parameters, sampled


class PosteriorTrainer(Trainer):
    """What learns a posterior, in one round or several.

    Simulations of later rounds are appended with their ``proposal``. After proposals that are truncated
    priors (:class:`retrodict.sbi.utils.RestrictedPrior`) the networks learn from the simulations inside the
    last one, and nothing has to be corrected (TSNPE; Deistler et al. 2022). After other proposals, such as the
    posterior of the round before, they learn from all simulations by a loss that corrects for where the
    parameters came from: the atomic loss (Greenberg et al. 2019), to which simulations of the prior add their
    plain loss, or importance weights (Lueckmann et al. 2017) for :class:`NPE_B`.
    """

    #: How simulations of proposals are corrected for.
    _loss = "atomic"

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
        num_atoms: int | None = None,
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
        first = [] if discard_prior_samples else [r for r in rounds if r.proposal is None]
        sizes = [sum(len(r.theta) for r in first), *(len(r.theta) for r in later)]
        given: dict[str, Any] = {"rounds": sizes, "loss": self._loss}
        if num_atoms is not None:
            given["atoms"] = int(num_atoms)
        x_o = None
        if self._loss == "importance_weighted":
            given["weights"] = self._weights(first, later)
            x_o = self._aimed_at(later[-1].proposal)
        chosen = {**settings, "given_rounds": given}
        return self._train([*first, *later], train, chosen, unused, x_o)

    def _weights(self, first: list[Round], later: list[Round]) -> Floats:
        """Prior over the mixture of all proposals, in the shares of their simulations; the prior is one of them."""
        assert self._prior is not None
        theta = np.concatenate([r.theta for r in (*first, *later)])
        total = len(theta)
        prior = self._prior.native.log_prob(theta)
        inverse = np.full(total, sum(len(r.theta) for r in first) / total)
        for each in later:
            log_q = normalized_density(each.proposal, theta, self._torch)
            inverse += len(each.theta) / total * np.exp(log_q - prior)
        return np.asarray(1 / inverse)

    def _aimed_at(self, proposal: Any) -> Floats:
        """The observation of a proposal, as the networks see it."""
        x_o = getattr(proposal, "default_x", None)
        if x_o is None:
            raise ValueError(
                f"proposal: a {type(proposal).__name__} has no default_x, and importance weights are for simulations "
                "near one observation. Give a posterior with default_x, or use NPE_C."
            )
        data = observed(x_o, self._x_shape, "default_x")
        embed = self._network.embed
        return data if embed is None else embed(data.reshape(-1, *self._x_shape))

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


def normalized_density(proposal: Any, theta: Floats, torch: bool) -> Floats:
    """log p̃(θ) of each row."""
    known = isinstance(proposal, (DirectPosterior, NativePrior)) or is_torch(proposal)
    if isinstance(proposal, NeuralPosterior) and not known:
        raise not_supported(
            f"importance weights of a {type(proposal).__name__}, whose density is known up to a factor",
            "Use NPE_C, whose loss needs no density of the proposal.",
        )
    return floats(proposal.log_prob(give(theta, torch or is_torch(proposal))), "log_prob").reshape(-1)


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
        num_atoms : int, optional
            Among how many parameters the loss of later rounds has to tell the right one; ten unless given.
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
        names = ("num_atoms", "force_first_round_loss", "discard_prior_samples")
        rounds = {name: unused.pop(name) for name in names}
        return self._learn(train, {}, unused, **rounds)


class NPE_B(NPE_C):
    """Neural posterior estimation with importance weights (Lueckmann et al. 2017).

    The same as :class:`NPE_C` in one round. In several, each simulation counts by the prior over the mixture of
    all proposals, and those whose data are near the observation are learned from.
    """

    _loss = "importance_weighted"


class NPE_A(NPE_C):
    """Neural posterior estimation by mixtures of normal distributions (Papamakarios and Murray 2016).

    In several rounds the loss is that of :class:`NPE_C`, for which no covariance can become negative.

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
