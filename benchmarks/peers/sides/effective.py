"""The effective sample size of chains: rank-normalised, split, bulk.

Vehtari, Gelman, Simpson, Carpenter and Bürkner (2021), arXiv:1903.08008, as Retrodict reports it.
"""

import numpy as np
from scipy.special import ndtri
from scipy.stats import rankdata


def bulk(chains):
    """Of an array of chains × draws."""
    half = chains.shape[1] // 2
    halves = np.concatenate([chains[:, :half], chains[:, -half:]])
    ranks = rankdata(halves, axis=None).reshape(halves.shape)
    return mean(ndtri((ranks - 0.375) / (halves.size + 0.25)))


def mean(chains):
    """For the mean: Geyer's initial monotone sequence of paired autocorrelations."""
    m, n = chains.shape
    centred = chains - chains.mean(1, keepdims=True)
    spectrum = np.abs(np.fft.rfft(centred, 2 * n)) ** 2
    covariance = np.fft.irfft(spectrum)[:, :n].mean(0) / n
    within = covariance[0] * n / (n - 1)
    total = within * (n - 1) / n + chains.mean(1).var(ddof=1)
    correlation = 1.0 - (within - covariance * n / (n - 1)) / total
    correlation[0] = 1.0
    time, least = -1.0, np.inf
    for t in range(0, n - 3, 2):
        pair = correlation[t] + correlation[t + 1]
        if pair < 0.0:
            break
        least = min(least, pair)
        time += 2.0 * least
    return m * n / max(time, 1.0 / np.log10(m * n))
