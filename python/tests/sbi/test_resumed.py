"""Training that is resumed goes on with the networks that there are."""

import numpy as np
import pytest

import retrodict.sbi as sbi
from retrodict.sbi.inference import FMPE, NLE, NPE, NRE
from retrodict.sbi.utils import BoxUniform

LOW, HIGH = -2 * np.ones(2), 2 * np.ones(2)


def simulations(n):
    rng = np.random.default_rng(n)
    theta = rng.uniform(LOW, HIGH, (n, 2))
    return theta, theta + theta**2 / 2 + 0.3 * rng.normal(size=(n, 2))


def begun(kind, prior=True):
    np.random.seed(1)
    trainer = kind(BoxUniform(LOW, HIGH) if prior else None, show_progress_bars=False)
    trainer.append_simulations(*simulations(600))
    trainer.train(max_num_epochs=2)
    return trainer


def best(trainer):
    return trainer.summary["best_validation_loss"][0]


@pytest.mark.parametrize("kind", [NPE, NLE, NRE, FMPE])
def test_the_loss_falls_on(kind):
    trainer = begun(kind)
    before = best(trainer)
    trainer.train(resume_training=True, max_num_epochs=30)
    # The same simulations are held out, and two epochs are not enough for a curve.
    assert best(trainer) < before
    assert trainer.build_posterior().sample((20,), x=np.zeros(2)).shape == (20, 2)


def test_more_simulations_are_learned_from():
    trainer = begun(NPE, prior=False)
    trainer.append_simulations(*simulations(2000))
    assert len(trainer.get_simulations()[0]) == 2600
    estimator = trainer.train(resume_training=True, max_num_epochs=20)
    assert len(estimator.theta) == 2600
    theta, x = simulations(500)
    fresh = begun(NPE, prior=False)
    losses = [
        -np.mean([e.log_prob(t[np.newaxis], c) for t, c in zip(theta, x, strict=True)])
        for e in (estimator, fresh.train(max_num_epochs=2))
    ]
    assert losses[0] < losses[1]


def test_what_cannot_be_resumed_is_refused():
    trainer = NPE(BoxUniform(LOW, HIGH), show_progress_bars=False)
    trainer.append_simulations(*simulations(300))
    with pytest.raises(ValueError, match="nothing trained yet"):
        trainer.train(resume_training=True)
    trainer.train(max_num_epochs=1)
    proposal = trainer.build_posterior().set_default_x(np.zeros(2))
    trainer.append_simulations(*simulations(200), proposal=proposal)
    with pytest.raises(sbi.NotSupported, match="rounds of proposals"):
        trainer.train(resume_training=True)
