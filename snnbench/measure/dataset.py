"""Measure what a dataset is like: whether its classes are equally frequent, and its test samples unseen."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from torch import Tensor

from snnbench.data.dataset import Dataset, Samples
from snnbench.data.recordings import Recordings
from snnbench.data.sequences import Sequences
from snnbench.records import Metric

BALANCE, OVERLAP, TEST_SAMPLES = "data.balance", "data.overlap", "data.test_samples"


def dataset(data: Dataset) -> dict[str, Metric]:
    """Facts that a reader must know before believing an accuracy.

    Returns:
        ``data.balance``: samples of the rarest training class over those of the most frequent;
        ``data.overlap``: fraction of test samples that equal a training or validation sample, bit by
        bit. It is missing for recordings that stay in their files.
        ``data.test_samples``: samples of the test split, on which an accuracy's sampling error depends.
    """
    counts = data.train.y.bincount(minlength=data.classes)
    return {
        BALANCE: Metric(int(counts.min()) / int(counts.max())),
        OVERLAP: _overlap(data),
        TEST_SAMPLES: Metric(float(len(data.test)), "samples"),
    }


def remarks(data: Dataset, facts: dict[str, Metric]) -> tuple[str, ...]:
    """Return what must stand beside an accuracy on ``data``, by its ``facts``."""
    return (*data.remarks, "overlap") if facts[OVERLAP].value else data.remarks


def _overlap(data: Dataset) -> Metric:
    if isinstance(data.test.x, Recordings):
        return Metric.missing("the recordings stay in their files")
    seen = {digest for split in (data.train, data.validation) for digest in digests(split.x)}
    return Metric(sum(digest in seen for digest in digests(data.test.x)) / len(data.test))


def digests(x: Samples) -> Iterator[bytes]:
    """Yield a digest of each sample."""
    samples = x.values if isinstance(x, Sequences) else x
    assert not isinstance(samples, Recordings)
    for sample in samples:
        yield _digest(sample)


def _digest(sample: Tensor) -> bytes:
    return hashlib.blake2b(sample.contiguous().numpy().data, digest_size=16).digest()
