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


def cut(x: NDArray[np.float32], y: NDArray[np.int64], fraction: float) -> tuple[Split, Split]:
    """Cut ``fraction`` of the samples off, the classes in proportion: ``(rest, cut)``."""
    kept_x, cut_x, kept_y, cut_y = train_test_split(
        x, y, test_size=fraction, stratify=y, random_state=SPLIT_SEED
    )
    return split(kept_x, kept_y), split(cut_x, cut_y)
