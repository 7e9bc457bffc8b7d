"""Random manifolds: the published formula, what it is a test of, and reproducibility."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from snnbench.components.datasets.randman import evaluate, manifold, randman


def test_the_map_is_the_published_series() -> None:
    """Against a scalar loop over the terms, as the formula reads."""
    rng = np.random.default_rng(5)
    theta, x, alpha = rng.random((3, 2, 3, 7)), rng.random((4, 2)), 1.5
    found = evaluate(x, theta, alpha)
    for sample in range(4):
        for unit in range(3):
            product = 1.0
            for axis in range(2):
                a, b, c = theta[unit, axis]
                product *= sum(
                    a[i] * math.sin(2 * math.pi * (i * b[i] * x[sample, axis] + c[i])) / (i + 1) ** alpha
                    for i in range(7)
                )
            assert found[sample, unit] == pytest.approx(product, rel=1e-12)


def test_each_unit_spikes_once_so_counts_tell_nothing() -> None:
    data = randman(None, train=400)
    for split in (data.train, data.validation, data.test):
        assert torch.equal(split.x.sum(1), torch.ones(len(split), 20))  # type: ignore[union-attr]
    assert [len(split) for split in (data.train, data.validation, data.test)] == [400, 1000, 1000]
    assert data.test.y.bincount().tolist() == [100] * 10


def test_times_of_spikes_tell_the_class_but_not_linearly() -> None:
    data = randman(None, train=1000, alpha=1.0)
    train, test = (split.x.argmax(1) / 100 for split in (data.train, data.test))  # type: ignore[union-attr]
    assert KNeighborsClassifier(3).fit(train, data.train.y).score(test, data.test.y) > 0.95
    assert LogisticRegression(max_iter=500).fit(train, data.train.y).score(test, data.test.y) < 0.7


def test_a_larger_alpha_folds_less() -> None:
    """The length of a closed-form curve: steps between neighbours on a fine grid of the interval."""
    lengths = []
    for alpha in (1.0, 2.0, 3.0):
        rng = np.random.default_rng(1)
        theta = rng.random((50, 1, 3, 20))
        theta[:, :, 0, 0] = 0
        values = evaluate(np.linspace(0, 1, 2000)[:, None], theta, alpha)
        values = (values - values.min(0)) / np.ptp(values, axis=0)
        lengths.append(float(np.abs(np.diff(values, axis=0)).sum(0).mean()))
    assert lengths[0] > lengths[1] > lengths[2] > 1


def test_a_manifold_fills_the_range_of_times() -> None:
    points = manifold(300, 20, 2, 2.0, np.random.default_rng(0))
    assert points.shape == (300, 20)
    assert np.array_equal(points.min(0), np.zeros(20)) and np.allclose(points.max(0), 1)


def test_it_is_reproducible_and_its_seed_matters() -> None:
    torch.manual_seed(1)
    np.random.seed(1)  # noqa: NPY002
    first = randman(None, train=20)
    torch.manual_seed(2)
    np.random.seed(2)  # noqa: NPY002
    assert randman(None, train=20).checksum == first.checksum
    assert randman(None, train=20, seed=1).checksum != first.checksum
