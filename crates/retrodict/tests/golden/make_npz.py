"""Writes stored.npz and deflated.npz, read by src/simulate/files/npz.rs (numpy 2.x)."""

import numpy

theta = numpy.arange(6.0).reshape(3, 2) / 2
x = numpy.arange(12, dtype="float32").reshape(3, 2, 2)
numpy.savez("stored.npz", theta=theta, x=x)
numpy.savez_compressed("deflated.npz", theta=theta, x=x)
