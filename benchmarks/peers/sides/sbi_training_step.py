"""sbi's training step: the body of `_train_epoch` in sbi 0.27, without its data loader."""

import argparse

import sbi
import torch
from sbi.inference import NRE_B
from sbi.neural_nets import classifier_nn, posterior_flow_nn, posterior_nn
from torch.nn.utils.clip_grad import clip_grad_norm_

from conversation import converse, timed
from simulations import training_rows

# As in ../src/training_step.rs.
LARGEST_NORM = 5.0
# Classes of the contrastive loss: sbi's default.
ATOMS = 10


class Classifier:
    """The network and the loss of `NRE_B`."""

    def __init__(self, theta, x):
        self.inference = NRE_B(show_progress_bars=False)
        self.inference._neural_net = classifier_nn("resnet")(theta, x)
        self.parameters = self.inference._neural_net.parameters

    def loss(self, theta, x):
        return self.inference._loss(theta, x, num_atoms=ATOMS)


BUILD = {name: posterior_nn(name) for name in ("maf", "maf_rqs", "nsf", "mdn")}
BUILD["ratio"] = Classifier
# The default network of `FMPE`.
BUILD["field"] = posterior_flow_nn("mlp")


class Training:
    def __init__(self, arguments):
        torch.manual_seed(1)
        theta, x = (torch.from_numpy(array) for array in training_rows(arguments.data))
        self.network = BUILD[arguments.network](theta, x)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=5e-4)
        order = torch.randperm(len(theta))
        # The batches lie ready: shuffling and gathering are not part of a step here.
        self.batches = list(zip(theta[order].split(arguments.batch), x[order].split(arguments.batch)))
        self.done = 0

    def steps(self, n):
        """Do n steps and return their mean loss."""
        total = 0.0
        for _ in range(n):
            theta, x = self.batches[self.done % len(self.batches)]
            self.done += 1
            self.optimizer.zero_grad()
            losses = self.network.loss(theta, x)
            loss = torch.mean(losses)
            total += loss.item()
            loss.backward()
            clip_grad_norm_(self.network.parameters(), max_norm=LARGEST_NORM)
            self.optimizer.step()
        return total / n


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--data")
    parser.add_argument("--network", choices=list(BUILD))
    parser.add_argument("--batch", type=int, default=200)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--warm-up", type=int, default=500)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    training = Training(arguments)
    last = arguments.warm_up // 5
    training.steps(arguments.warm_up - last)
    loss = training.steps(last)
    hello = {
        "version": f"sbi {sbi.__version__}, torch {torch.__version__}",
        "threads": torch.get_num_threads(),
        "weights": sum(p.numel() for p in training.network.parameters() if p.requires_grad),
        "loss_after_warm_up": loss,
    }
    converse(hello, lambda: timed(lambda: training.steps(arguments.steps), arguments.steps))


if __name__ == "__main__":
    main()
