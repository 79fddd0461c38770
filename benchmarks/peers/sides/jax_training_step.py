"""flowjax's training step on JAX in its fastest form: one compiled program of many steps.

A scan over batches that lie ready, in float32, with the buffers of weights and moments donated; the
time to compile is told apart.
"""

import argparse
import time

import equinox as eqx
import flowjax
import jax
import jax.numpy as jnp
import numpy as np
import optax
import paramax
from flowjax.bijections import RationalQuadraticSpline
from flowjax.distributions import Normal
from flowjax.flows import masked_autoregressive_flow
from flowjax.train.losses import MaximumLikelihoodLoss

from conversation import converse, timed
from simulations import training_rows

# As in ../src/training_step.rs.
LARGEST_NORM = 5.0


def flow(network):
    """Five transforms of three layers of 50 tanh units; splines of ten bins on [-3, 3]."""
    # Nine inner knots make ten bins.
    transformer = RationalQuadraticSpline(knots=9, interval=3) if network == "maf_rqs" else None
    return masked_autoregressive_flow(
        jax.random.key(1),
        base_dist=Normal(jnp.zeros(5)),
        transformer=transformer,
        cond_dim=5,
        flow_layers=5,
        nn_width=50,
        nn_depth=3,
        nn_activation=jax.nn.tanh,
    )


class Training:
    def __init__(self, arguments):
        standardised = ((a - a.mean(0)) / a.std(0, ddof=1) for a in training_rows(arguments.data))
        order = np.random.default_rng(1).permutation(10_000)
        n = len(order) // arguments.batch
        shape = (n, arguments.batch, -1)
        self.data = tuple(jnp.asarray(a[order[: n * arguments.batch]].reshape(shape)) for a in standardised)
        is_frozen = lambda leaf: isinstance(leaf, paramax.NonTrainable)
        weights, self.static = eqx.partition(
            flow(arguments.network), eqx.is_inexact_array, is_leaf=is_frozen
        )
        self.n_weights = sum(leaf.size for leaf in jax.tree.leaves(weights))
        self.optimizer = optax.chain(optax.clip_by_global_norm(LARGEST_NORM), optax.adam(5e-4))
        self.state = (weights, self.optimizer.init(weights))
        self.done = 0
        self.n_steps = arguments.steps
        start = time.perf_counter()
        lowered = jax.jit(self.program, donate_argnums=0).lower(self.state, self.batches())
        self.compiled = lowered.compile()
        self.compile_seconds = time.perf_counter() - start

    def program(self, state, batches):
        return jax.lax.scan(self.step, state, batches)

    def step(self, state, batch):
        weights, moments = state
        loss, gradient = jax.value_and_grad(MaximumLikelihoodLoss())(weights, self.static, *batch)
        change, moments = self.optimizer.update(gradient, moments, weights)
        return (optax.apply_updates(weights, change), moments), loss

    def batches(self):
        """Those of the next steps."""
        which = (self.done + np.arange(self.n_steps)) % len(self.data[0])
        return jax.block_until_ready(tuple(array[which] for array in self.data))

    def steps(self, batches):
        """Do as many steps as were compiled and return their mean loss."""
        self.state, losses = self.compiled(self.state, batches)
        self.done += self.n_steps
        return float(losses.mean())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=1)  # set by the environment: see ../side.py
    parser.add_argument("--data")
    parser.add_argument("--network", choices=["maf", "maf_rqs"])
    parser.add_argument("--batch", type=int, default=200)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--warm-up", type=int, default=500)
    arguments = parser.parse_args()
    training = Training(arguments)
    n = arguments.warm_up // arguments.steps
    losses = [training.steps(training.batches()) for _ in range(n)]
    last = losses[-max(1, n // 5) :]
    hello = {
        "version": f"flowjax {flowjax.__version__}, jax {jax.__version__}",
        "threads": arguments.threads,
        "weights": training.n_weights,
        "loss_after_warm_up": sum(last) / len(last),
        "compile_seconds": training.compile_seconds,
    }

    def repeat():
        batches = training.batches()
        return timed(lambda: training.steps(batches), arguments.steps)

    converse(hello, repeat)


if __name__ == "__main__":
    main()
