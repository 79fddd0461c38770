"""Every test begins with the same seed, as sbi's do."""

import random

import numpy as np
import pytest


@pytest.fixture(autouse=True)
def seed():
    random.seed(1)
    np.random.seed(1)
    try:
        import torch
    except ImportError:
        return
    torch.manual_seed(1)
    torch.set_num_threads(1)


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: more than some ten seconds")
