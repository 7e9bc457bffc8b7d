"""Cutting a dataset into splits: stratified, by a fixed seed."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from snnbench.engine.data import Split

SPLIT_SEED = 0
"""The cut is part of the dataset, not of a cell: the same for every seed of a matrix."""


def split(x: NDArray[np.float32], y: NDArray[np.int64]) -> Split:
    """Tensors from arrays ``x`` ``[N, *shape]`` and ``y`` ``[N]``."""
    return Split(torch.from_numpy(np.ascontiguousarray(x)), torch.from_numpy(np.ascontiguousarray(y)))


def cut(whole: Split, fraction: float) -> tuple[Split, Split]:
    """Cut ``fraction`` of the samples off, the classes in proportion: ``(rest, cut)``."""
    indices = train_test_split(
        np.arange(len(whole)), test_size=fraction, stratify=whole.y.numpy(), random_state=SPLIT_SEED
    )
    rest, cut = (Split(whole.x[index], whole.y[index]) for index in map(torch.from_numpy, indices))
    return rest, cut
