"""Random spikes: nothing to learn from, for measuring speed and memory on inputs of a known size."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from snnbench.components.datasets.splits import split
from snnbench.data.dataset import Dataset, Split

HELD_OUT = 64
"""Samples of the validation and of the test split."""


def random_spikes(
    root: Path | None,
    *,
    shape: tuple[int, ...] = (700,),
    steps: int = 100,
    rate: float = 0.03,
    amplitude: float = 1.0,
    classes: int = 20,
    train: int = 128,
    seed: int = 0,
) -> Dataset:
    """Sequences ``[steps, *shape]`` of independent spikes, with classes that mean nothing.

    Args:
        root: Not used: the spikes are generated.
        shape: Of one step.
        steps: T.
        rate: Probability of a spike, for each element and step.
        amplitude: Value of a spike.
        classes: Number of classes, drawn for each sample.
        train: Training samples; validation and test have 64 each.
        seed: Of all draws.
    """
    sizes = {"train": train, "validation": HELD_OUT, "test": HELD_OUT}
    splits = {
        name: _draw((size, steps, *shape), rate, amplitude, classes, [seed, index])
        for index, (name, size) in enumerate(sizes.items())
    }
    return Dataset(splits["train"], splits["validation"], splits["test"], classes)


def _draw(shape: tuple[int, ...], rate: float, amplitude: float, classes: int, seed: list[int]) -> Split:
    rng = np.random.Generator(np.random.PCG64(seed))
    spikes = rng.random(shape, dtype=np.float32) < np.float32(rate)
    return split(spikes * np.float32(amplitude), rng.integers(classes, size=shape[0]))
