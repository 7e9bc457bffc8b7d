"""Smooth random manifolds as spike times (Zenke & Vogels 2021, Neural Computation 33(4)): generated."""

from __future__ import annotations

from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from snnbench.components.datasets import SPECS
from snnbench.components.datasets.splits import cut, split
from snnbench.data.dataset import Dataset
from snnbench.plugin.spec import defaults

_DEFAULT: Final = defaults(SPECS, "randman")

Floats: TypeAlias = NDArray[np.float64]

PRECISION = 1e-3
"""Terms of the series that are smaller than this are left out."""

MOST_TERMS = 1000
HELD_OUT = 1000
"""Validation samples, and test samples."""


def randman(
    root: Path | None,
    *,
    train: int = _DEFAULT.train,
    classes: int = _DEFAULT.classes,
    units: int = _DEFAULT.units,
    dimension: int = _DEFAULT.dimension,
    alpha: float = _DEFAULT.alpha,
    steps: int = _DEFAULT.steps,
    seed: int = _DEFAULT.seed,
) -> Dataset:
    """Return the spike trains ``[steps, units]`` in which each unit spikes once; the class is the manifold.

    A class is a random smooth map f of the cube [0, 1]^d to one number a unit, with A, B and C uniform
    on [0, 1] and A_0j = 0. A sample is a random point of the cube. Each unit's numbers are scaled to
    [0, 1] within a class and become the time of its spike. Counts of spikes tell nothing. Validation and
    test have 1,000 samples each, the classes are equally frequent.
    ``snnbench show randman`` has the equation and the parameters.

    Args:
        root: Not used: the samples are generated.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    labels = np.sort(np.arange(train + 2 * HELD_OUT) % classes)
    counts = np.bincount(labels).tolist()
    times = np.concatenate([manifold(count, units, dimension, alpha, rng) for count in counts])
    x = np.zeros((len(times), steps, units), np.float32)
    np.put_along_axis(x, np.minimum((steps * times).astype(np.int64), steps - 1)[:, None], 1, axis=1)
    rest, test = cut(split(x, labels), HELD_OUT)
    return Dataset(*cut(rest, HELD_OUT), test, classes)


def manifold(samples: int, units: int, dimension: int, alpha: float, rng: np.random.Generator) -> Floats:
    """Return random points ``[samples, units]`` of one random manifold, each unit scaled to [0, 1]."""
    terms = min(int(np.ceil(PRECISION ** (-1 / alpha))), MOST_TERMS)
    theta = rng.random((units, dimension, 3, terms))
    theta[:, :, 0, 0] = 0
    points = evaluate(rng.random((samples, dimension)), theta, alpha)
    low, high = points.min(0), points.max(0)
    scaled: Floats = (points - low) / np.maximum(high - low, np.finfo(np.float64).tiny)
    return scaled


def evaluate(x: Floats, theta: Floats, alpha: float) -> Floats:
    """Return the values of f ``[samples, units]`` at x ``[samples, d]``.

    ``theta`` ``[units, d, 3, terms]`` holds A, B and C.
    """
    values = np.ones((len(x), len(theta)))
    order = np.arange(theta.shape[-1])
    for axis in range(x.shape[1]):
        a, b, c = theta[:, axis].transpose(1, 0, 2)
        phase = x[:, axis, None, None] * (order * b) + c
        values *= (np.sin(2 * np.pi * phase) * (a / (order + 1.0) ** alpha)).sum(-1)
    return values
