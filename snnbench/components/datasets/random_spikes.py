"""Random spikes: nothing to learn from, for measuring speed and memory on inputs of a known size."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from snnbench.components.datasets import SPECS
from snnbench.components.datasets.splits import split
from snnbench.data.dataset import Dataset, Split
from snnbench.plugin.spec import defaults

_DEFAULT: Final = defaults(SPECS, "random_spikes")

HELD_OUT = 64
"""Samples of the validation and of the test split."""


def random_spikes(
    root: Path | None,
    *,
    shape: tuple[int, ...] = _DEFAULT.shape,
    steps: int = _DEFAULT.steps,
    rate: float = _DEFAULT.rate,
    amplitude: float = _DEFAULT.amplitude,
    classes: int = _DEFAULT.classes,
    train: int = _DEFAULT.train,
    seed: int = _DEFAULT.seed,
) -> Dataset:
    """Sequences ``[steps, *shape]`` of independent spikes, with classes that mean nothing.

    Validation and test have 64 sequences each.
    ``snnbench show random_spikes`` has the parameters.

    Args:
        root: Not used: the spikes are generated.
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
