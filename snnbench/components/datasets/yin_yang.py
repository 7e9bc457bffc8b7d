"""The Yin-Yang dataset (Kriener, Göltz & Petrovici 2022, NICE): small, not linearly separable."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from snnbench.components.datasets import SPECS
from snnbench.components.datasets.splits import split
from snnbench.data.dataset import Dataset, Split
from snnbench.plugin.spec import defaults

_DEFAULT: Final = defaults(SPECS, "yin_yang")

RADIUS = 0.5
SEEDS = {"train": 42, "validation": 41, "test": 40}
YIN, YANG, DOT = 0, 1, 2


def yin_yang(root: Path | None, *, train: int = _DEFAULT.train, r_small: float = _DEFAULT.r_small) -> Dataset:
    """Return the points ``[4]`` = (x, y, 1 − x, 1 − y) in [0, 1], classes yin, yang and dot, equally likely.

    Validation and test have 1,000 points each.
    ``snnbench show yin_yang`` has the parameters.

    Args:
        root: Not used: the points are generated.
    """
    sizes = {"train": train, "validation": 1000, "test": 1000}
    splits = {name: generate(size, r_small, SEEDS[name]) for name, size in sizes.items()}
    return Dataset(splits["train"], splits["validation"], splits["test"], classes=3)


def generate(size: int, r_small: float, seed: int) -> Split:
    """Return ``size`` points: each class equally likely, uniform within the area of its class."""
    rng = np.random.Generator(np.random.PCG64(seed))
    classes = np.floor(3 * rng.random(size)).astype(np.int64)
    points = np.empty((size, 2))
    for k in (YIN, YANG, DOT):
        wanted = classes == k
        points[wanted] = _draw(k, int(wanted.sum()), r_small, rng)
    return split(np.hstack([points, 1 - points]).astype(np.float32), classes)


def _draw(k: int, count: int, r_small: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return ``count`` points ``[count, 2]`` of class ``k``, by rejection."""
    found = np.empty((0, 2))
    while len(found) < count:
        points = 2 * RADIUS * rng.random((4096, 2))
        inside = np.hypot(*(points - RADIUS).T) <= RADIUS
        found = np.vstack([found, points[inside & (classify(points, r_small) == k)]])
    return found[:count]


def classify(points: NDArray[np.float64], r_small: float) -> NDArray[np.int64]:
    """Return the class of each point ``[N, 2]`` of the disc around (0.5, 0.5)."""
    x, y = points.T
    left = np.hypot(x - 0.5 * RADIUS, y - RADIUS)
    right = np.hypot(x - 1.5 * RADIUS, y - RADIUS)
    bulge = (left > r_small) & (left <= 0.5 * RADIUS)
    upper = (y > RADIUS) & (right > 0.5 * RADIUS)
    yang = (right <= r_small) | bulge | upper
    dot = (left < r_small) | (right < r_small)
    return np.where(dot, DOT, np.where(yang, YANG, YIN)).astype(np.int64)
