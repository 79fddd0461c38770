"""What training gives: networks, and how they came about."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..arrays import Floats, floats
from ..infer import infer
from ..posterior import Posterior
from ..simulations import Simulations
from .density import Density, Fitted, Settings
from .distributions import NativePrior
from .errors import not_supported
from .table import observed
from .tensors import Numbers, count, fresh_seed, give, give_theta

#: Methods that know the likelihood of one datum, so that those of several trials multiply.
WITH_TRIALS = ("nle", "nre")


@dataclass(frozen=True)
class Recipe:
    """Everything that training depends on."""

    method: str
    settings: Settings
    seed: int
    progress: bool | None = False
    trials: bool = False
    #: The observation at which simulations were aimed, if training depends on it.
    x_o: Floats | None = None

    def afresh(self) -> Recipe:
        """The same with fresh networks: those of a resumed training mean something in one space alone."""
        kept = {name: value for name, value in self.settings.items() if name != "continue_from"}
        return replace(self, settings=kept)


@dataclass
class Estimator:
    """Trained networks: what ``train()`` returns and ``build_posterior`` takes.

    Attributes
    ----------
    recipe : Recipe
        The method and its settings.
    prior : NativePrior
        The prior.
    theta, x : ndarray
        What was learned from.
    x_shape : tuple of int
        The shape of one simulation's data.
    torch : bool
        Whether tensors are given back.
    """

    recipe: Recipe
    prior: NativePrior
    theta: Floats
    x: Floats
    x_shape: tuple[int, ...]
    torch: bool
    embed: Any = None
    _fitted: Posterior | None = field(default=None, repr=False)

    @property
    def _likelihood(self) -> bool:
        return self.recipe.method == "nle"

    @property
    def posterior(self) -> Posterior:
        """The native posterior; training happens here."""
        if self._fitted is None:
            given = Simulations(self.theta, self.x, names=self.prior.native.names)
            self._fitted = infer(
                self.prior.native,
                given,
                self.recipe.method,
                seed=self.recipe.seed,
                trials=self.recipe.trials,
                x_o=self.recipe.x_o,
                max_failed=0.999,
                progress=self.recipe.progress,
                **self.recipe.settings,
            )
        return self._fitted

    def observe(self, x: Any, what: str = "x") -> Floats:
        """Data as rows of what was learned from, one an observation or a trial."""
        rows = observed(x, self.x_shape, what)
        return rows if self.embed is None else self.embed(rows.reshape(-1, *self.x_shape))

    def density(self, **settings: Any) -> Density:
        """The posterior that it makes, with other settings if they are given."""
        return Fitted(self.posterior.with_settings(**settings) if settings else self.posterior)

    def with_prior(self, prior: NativePrior) -> Estimator:
        """The same simulations under another prior: trained again."""
        return replace(self, prior=prior, recipe=self.recipe.afresh(), _fitted=None)

    def with_trials(self) -> Estimator:
        """For several trials of one θ: trained again where the prior is normal, for vector fields."""
        if self.recipe.trials:
            return self
        return replace(self, recipe=replace(self.recipe.afresh(), trials=True), _fitted=None)

    def log_prob(self, input: Any, condition: Any, **kwargs: Any) -> Numbers:
        """log q(input | condition), of shape (draws, conditions).

        ``input`` is θ for what learns a posterior and x for what learns a likelihood, of shape
        (draws, conditions, numbers) or (conditions, numbers).
        """
        conditions = self._conditions(condition)
        width = self.x.shape[1] if self._likelihood else self.theta.shape[1]
        values = floats(input, "input").reshape(-1, len(conditions), width)
        columns = [self._log_prob(values[:, j], row) for j, row in enumerate(conditions)]
        return give(np.stack(columns, axis=1), self.torch)

    def _log_prob(self, values: Floats, condition: Floats) -> Floats:
        if self.recipe.method == "nre":
            raise not_supported("log_prob of a ratio", "Use build_posterior() and potential.")
        if not self._likelihood:
            return self.density().log_prob(values, condition[np.newaxis], True)
        theta = condition[np.newaxis]
        prior = self.prior.native.log_prob(theta)
        fitted = Fitted(self.posterior)
        every = [fitted.log_prob(theta, x[np.newaxis], False) - prior for x in values]
        return np.concatenate(every)

    def sample(self, sample_shape: Any, condition: Any, **kwargs: Any) -> Numbers:
        """Draws from q(θ | condition), of shape (\\*sample_shape, conditions, parameters)."""
        if self.recipe.method in WITH_TRIALS:
            raise not_supported(
                "sample of a likelihood or a ratio", "Simulate, or use build_posterior()."
            )
        shape, n = count(sample_shape)
        conditions = self._conditions(condition)
        drawn = np.stack(self.density().sample_many(conditions, n, fresh_seed(self.torch)), axis=1)
        theta = give_theta(drawn, self.torch, self.prior.native.limits)
        return theta.reshape((*shape, len(conditions), theta.shape[-1]))

    def _conditions(self, condition: Any) -> Floats:
        if self._likelihood:
            return floats(condition, "condition").reshape(-1, self.theta.shape[1])
        return self.observe(condition, "condition")

    def summary(self) -> dict[str, list[Any]]:
        """How training went, under the names of ``sbi``."""
        path = self.posterior._folder.path / "train.jsonl"
        records = []
        if path.exists():
            records = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        members = {int(record["member"]) for record in records}
        first = [record for record in records if record["member"] == 0]
        best = [
            min(r["validation_loss"] for r in records if r["member"] == member)
            for member in members
        ]
        return {
            "epochs_trained": [len(first)],
            "best_validation_loss": [float(np.mean(best))] if best else [],
            "training_loss": [r["train_loss"] for r in first],
            "validation_loss": [r["validation_loss"] for r in first],
        }

    def __getstate__(self) -> dict[str, Any]:
        # What pickles holds trained networks, not a promise to train.
        _ = self.posterior
        return self.__dict__

    def eval(self) -> Estimator:
        """Nothing happens: there is no mode of training."""
        return self

    def to(self, device: Any) -> Estimator:
        """Nothing happens: everything is computed on the processor."""
        return self

    def __repr__(self) -> str:
        shape = f"{self.theta.shape[1]} parameters, data of shape {self.x_shape}"
        return f"<Estimator by {self.recipe.method}: {shape}, {len(self.theta)} simulations>"
