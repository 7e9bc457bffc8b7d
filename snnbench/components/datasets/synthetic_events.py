"""A bar sweeping over an event camera in one of four directions, amid noise: generated."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from snnbench.components.datasets import SPECS
from snnbench.data.dataset import Dataset, Split
from snnbench.data.events import Events
from snnbench.plugin.spec import defaults

_DEFAULT: Final = defaults(SPECS, "synthetic_events")

SIDE = 16
"""Width and height of the sensor, in pixels."""

SENSOR = (SIDE, SIDE, 2)
DURATION = 100_000
"""Length of a recording, in µs: the bar crosses the sensor once."""

BAR = 4
"""Width of the bar, in pixels."""

FIRING = 0.5
"""Probability that a pixel sees an edge pass."""

JITTER = 2000
"""An event is up to so late, in µs."""

RIGHT, LEFT, DOWN, UP = range(4)


def synthetic_events(
    root: Path | None,
    *,
    train: int = _DEFAULT.train,
    noise: float = _DEFAULT.noise,
    seed: int = _DEFAULT.seed,
) -> Dataset:
    """Return the recordings of 16×16 pixels, 2 polarities, 100 ms.

    The class is the direction: right, left, down, up.

    Only motion tells all classes apart. The bar starts anywhere and wraps around, so counts summed over
    time are alike in all of them. It is bright or dark: its front raises events of polarity 1 and its
    back of polarity 0, or the reverse, so any one frame is as likely of the opposite direction: without
    memory no more than the axis of the motion can be known, an accuracy of 1/2.
    Validation and test have 400 recordings each. The classes are equally frequent.
    ``snnbench show synthetic_events`` has the parameters.

    Args:
        root: Not used: the recordings are generated.
    """
    sizes = {"train": train, "validation": 400, "test": 400}
    splits = {name: generate(size, noise, [seed, index]) for index, (name, size) in enumerate(sizes.items())}
    return Dataset(splits["train"], splits["validation"], splits["test"], classes=4)


def generate(size: int, noise: float, seed: list[int]) -> Split:
    """Return ``size`` recordings, the classes as equally frequent as ``size`` allows, in random order."""
    rng = np.random.Generator(np.random.PCG64(seed))
    classes = (rng.random(size).argsort(kind="stable") % 4).astype(np.int64)
    return Split(Events.of([record(k, noise, rng) for k in classes], SENSOR), torch.from_numpy(classes))


def record(direction: int, noise: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the events ``[events, 4]`` of one sweep, in the order of their times."""
    y, x = np.indices((SIDE, SIDE))
    place = {RIGHT: x, LEFT: SIDE - 1 - x, DOWN: y, UP: SIDE - 1 - y}[direction]
    step = DURATION / SIDE
    front = place * step + DURATION * rng.random()
    back = front + BAR * step
    edges = np.stack([back, front] if rng.random() < 0.5 else [front, back])
    passing = edges + JITTER * rng.random(edges.shape)
    signal = _events(passing % DURATION, rng.random(passing.shape) < FIRING)
    own = _events(DURATION * rng.random(passing.shape), rng.random(passing.shape) < noise)
    events = np.concatenate([signal, own])
    return events[events[:, 0].argsort(kind="stable")]


def _events(time: NDArray[np.float64], fires: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the rows (time, x, y, polarity) where ``fires``; both are ``[polarities, height, width]``."""
    polarity, y, x = fires.nonzero()
    return np.stack([time[fires].astype(np.int64), x, y, polarity], axis=1)
