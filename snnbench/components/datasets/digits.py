"""Handwritten digits from inside scikit-learn: real data without a download."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from snnbench.components.datasets.splits import cut, split
from snnbench.data.dataset import Dataset


def digits(root: Path | None) -> Dataset:
    """Return the 1,797 images ``[1, 8, 8]``, intensities k/16 in [0, 1], 10 classes.

    They come without an official split: a fifth is the test split, a tenth of the rest validates.

    Args:
        root: Not used: the images are inside scikit-learn.
    """
    images, classes = load_digits(return_X_y=True)
    x = (images / 16).astype(np.float32).reshape(-1, 1, 8, 8)
    rest, test = cut(split(x, classes.astype(np.int64)), 0.2)
    train, validation = cut(rest, 0.1)
    return Dataset(train, validation, test, classes=10)
