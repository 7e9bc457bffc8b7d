from __future__ import annotations

import numpy as np
import pytest
import real_data
import torch
from scipy.stats import chisquare, ks_2samp
from sklearn.datasets import load_digits

from snnbench.components import datasets as listing
from snnbench.components.datasets.digits import digits
from snnbench.components.datasets.yin_yang import classify, yin_yang
from snnbench.data.dataset import Dataset

PUBLISHED = real_data.FOLDER / "yin_yang"


def rows(data: Dataset) -> list[bytes]:
    splits = (data.train, data.validation, data.test)
    return [x.numpy().tobytes() for split in splits for x in split.x]


def test_digits_are_all_of_scikit_learns_once() -> None:
    data = digits(None)
    assert (len(data.train), len(data.validation), len(data.test)) == (1293, 144, 360)
    assert data.shape == (1, 8, 8)
    original = (load_digits().data / 16).astype(np.float32)
    assert sorted(rows(data)) == sorted(row.tobytes() for row in original)


def test_digits_splits_are_stratified_and_disjoint() -> None:
    data = digits(None)
    assert len(set(rows(data))) == 1797
    for split in (data.train, data.validation, data.test):
        assert chisquare(split.y.bincount(minlength=10).numpy()).pvalue > 0.9
        assert (split.x.min(), split.x.max()) == (0, 1)


def test_digits_keep_their_classes() -> None:
    bunch = load_digits()
    known = {
        (row / 16).astype(np.float32).tobytes(): k for row, k in zip(bunch.data, bunch.target, strict=True)
    }
    data = digits(None)
    for split in (data.train, data.validation, data.test):
        assert [known[x.numpy().tobytes()] for x in split.x] == split.y.tolist()


@pytest.mark.parametrize("spec", listing.GENERATED, ids=lambda spec: spec.name)
def test_declared_checksum_and_size_are_true(spec: object) -> None:
    data = spec.load()(None)  # type: ignore[attr-defined]
    assert data.checksum == spec.checksum  # type: ignore[attr-defined]
    assert len(data.train) == spec.samples  # type: ignore[attr-defined]


def test_checksum_sees_a_changed_class_and_pixel() -> None:
    data = yin_yang(None, train=10)
    before = data.checksum
    data.train.y[0] = (data.train.y[0] + 1) % 3
    changed = data.checksum
    data.test.x[0, 0] += 1e-6
    assert len({before, changed, data.checksum}) == 3


def test_yin_yang_points_lie_in_the_area_of_their_class() -> None:
    data = yin_yang(None)
    x = data.train.x.double().numpy()
    np.testing.assert_allclose(x[:, :2] + x[:, 2:], 1, atol=1e-6)
    assert np.hypot(x[:, 0] - 0.5, x[:, 1] - 0.5).max() <= 0.5 + 1e-6
    agree = classify(x[:, :2], 0.1) == data.train.y.numpy()
    assert agree.mean() > 0.999  # float32 rounding may move a point across a border
    assert chisquare(data.train.y.bincount().numpy()).pvalue > 0.01


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason=real_data.REASON)
def test_yin_yang_is_the_published_distribution() -> None:
    x, y = np.load(PUBLISHED / "train_samples.npy"), np.load(PUBLISHED / "train_labels.npy")
    data = yin_yang(None)
    assert (classify(x[:, :2].astype(np.float64), 0.1) == y).mean() > 0.999
    for k in range(3):
        ours, theirs = data.train.x[data.train.y == k].numpy(), x[y == k]
        for axis in range(4):
            assert ks_2samp(ours[:, axis], theirs[:, axis]).pvalue > 1e-3


def test_shape_of_the_generated_splits() -> None:
    data = yin_yang(None, train=30)
    assert (len(data.train), len(data.validation), len(data.test)) == (30, 1000, 1000)
    assert data.train.x.dtype == torch.float32
